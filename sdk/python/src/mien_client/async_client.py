"""The async client: `Mien` with `await`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from mien_client import requests, talks
from mien_client.outcomes import Outcome, outcome_of_error, outcome_of_response
from mien_client.records import Record
from mien_client.requests import Request
from mien_client.results import (
    HistoryEntry,
    HistoryPage,
    Profile,
    ProfileToken,
    Receipt,
    Reject,
    RejectPage,
)
from mien_client.settings import DEFAULT_TOKEN_LIFETIME, Options, configure
from mien_client.talks import Done, Page, Send, Talk

T = TypeVar("T")


class AsyncMien:
    """`Mien` with `await`, but for `user`: what that says waits for nobody, so `Mien` has it.

    Tasks of one event loop may share it. `options` are those of `Options`; `transport`
    and `sleep` are as in `Mien`, and so is every verb.
    """

    def __init__(
        self,
        base_url: str,
        *,
        account_id: str,
        passcode: str,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> None:
        """Check the settings; nothing is sent yet."""
        http, self._rules = configure(
            base_url, account_id=account_id, passcode=passcode, options=options
        )
        self._sleep = sleep
        self._http = httpx.AsyncClient(**http, transport=transport)

    async def upload(
        self, records: Iterable[Record], *, dry_run: bool = False, key: str | None = None
    ) -> Receipt:
        """Do what `Mien.upload` does."""
        return await self._run(talks.upload(self._rules, records, key=key, dry_run=dry_run))

    async def profile(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> Profile | None:
        """Do what `Mien.profile` does."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return await self._run(talks.profile(self._rules, person))

    def history(
        self, *, distinct_id: str | None = None, object_id: str | None = None, page_size: int = 100
    ) -> AsyncIterator[HistoryEntry]:
        """Give what `Mien.history` gives, as an async iterator."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._pages(requests.history_page(person, page_size=page_size), HistoryPage)

    async def erase(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> dict[str, Any]:
        """Do what `Mien.erase` does."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return await self._run(talks.erase(self._rules, person))

    async def create_profile_token(
        self,
        *,
        distinct_id: str | None = None,
        object_id: str | None = None,
        lifetime: timedelta = DEFAULT_TOKEN_LIFETIME,
    ) -> ProfileToken:
        """Do what `Mien.create_profile_token` does."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return await self._run(talks.profile_token(self._rules, person, lifetime=lifetime))

    async def settings(self) -> dict[str, Any]:
        """Do what `Mien.settings` does."""
        return await self._run(talks.settings(self._rules))

    async def change_settings(self, **changes: Any) -> dict[str, Any]:
        """Do what `Mien.change_settings` does."""
        return await self._run(talks.settings(self._rules, changes))

    def rejects(self, *, page_size: int = 100) -> AsyncIterator[Reject]:
        """Give what `Mien.rejects` gives, as an async iterator."""
        return self._pages(requests.rejects_page(page_size=page_size), RejectPage)

    async def replay(
        self,
        ids: Iterable[int] = (),
        *,
        mended: Mapping[int, Record | Mapping[str, Any]] | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Do what `Mien.replay` does."""
        return await self._run(talks.replay(self._rules, ids, mended=mended or {}, key=key))

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used after."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def _run(self, talk: Talk[T]) -> T:
        step = talks.start(talk)
        while not isinstance(step, Done):
            step = talks.go_on(talk, await self._send(step))
        return step.value

    async def _send(self, send: Send) -> Outcome:
        if send.after_seconds:
            await self._sleep(send.after_seconds)
        request = send.request
        try:
            response = await self._http.request(
                request.method,
                request.path,
                params=request.params,
                content=request.body,
                headers=request.headers,
            )
        except httpx.RequestError as error:
            return outcome_of_error(error)
        return outcome_of_response(response)

    async def _pages(self, first: Request, shape: type[Page[T]]) -> AsyncIterator[T]:
        page = await self._run(talks.page(self._rules, first, shape, None))
        for item in page.items:
            yield item
        while page.next_cursor is not None:
            page = await self._run(talks.page(self._rules, first, shape, page.next_cursor))
            for item in page.items:
                yield item
