"""The async client: `Mien` with `await`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from mien_client import clock, requests, talks
from mien_client.batches import DEFAULT_BATCH_RECORDS
from mien_client.outcomes import Outcome, outcome_of_error, outcome_of_response
from mien_client.records import Record
from mien_client.requests import Request
from mien_client.results import HistoryEntry, HistoryPage, Profile, Receipt, Reject, RejectPage
from mien_client.settings import (
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT_SECONDS,
    Settings,
    http_options,
    rules,
)
from mien_client.talks import Done, Page, Send, Talk

T = TypeVar("T")


class AsyncMien:
    """A client of one environment of a Mien server. Tasks of one event loop may share it.

    `timeout` is in seconds, for connecting and for each read and write.
    `max_retries` counts the sendings after the first. `batch_size` is the most
    records of one request, up to 1,000. `transport` is for own certificates or
    proxies (see httpx). `sleep`, `chance`, `now` and `new_key` are the real
    ones unless a test hands in its own. A setting that cannot work is a ValueError.
    """

    def __init__(
        self,
        base_url: str,
        *,
        account_id: str,
        passcode: str,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = DEFAULT_MAX_RETRIES,
        batch_size: int = DEFAULT_BATCH_RECORDS,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = clock.chance,
        now: Callable[[], datetime] = clock.now,
        new_key: Callable[[], str] = clock.new_key,
    ) -> None:
        """Check the settings; nothing is sent yet."""
        settings = Settings(base_url, account_id, passcode, timeout, max_retries, batch_size)
        self._rules = rules(settings, chance=chance, now=now, new_key=new_key)
        self._sleep = sleep
        self._http = httpx.AsyncClient(**http_options(settings), transport=transport)

    async def upload(
        self, records: Iterable[Record], *, dry_run: bool = False, key: str | None = None
    ) -> Receipt:
        """Send records in batches, in order; gives one result per record.

        A rejected record does not stop the others. `dry_run` answers what would
        happen, batch by batch, and writes nothing. A batch that is sent again
        after a lost answer is not counted twice; with a `key` of your own (1 to
        200 visible ASCII characters) that holds for a second `upload` of the
        same records too, for 24 hours.

        Raises NotAllowedError, InvalidRequestError, UnavailableError or
        UnexpectedAnswerError if nothing was confirmed, else UploadInterruptedError.
        """
        return await self._run(talks.upload(self._rules, records, key=key, dry_run=dry_run))

    async def profile(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> Profile | None:
        """Read the profile with this id, one of the two; None if there is none."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return await self._run(talks.profile(self._rules, person))

    def history(
        self, *, distinct_id: str | None = None, object_id: str | None = None, page_size: int = 100
    ) -> AsyncIterator[HistoryEntry]:
        """Read the changes of a profile, in the order of the server; pages are fetched as needed.

        An unknown id is an InvalidRequestError (404) when the first is asked for.
        """
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._pages(requests.history_page(person, page_size=page_size), HistoryPage)

    async def erase(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> dict[str, Any]:
        """Remove all that is known of a profile, for ever; gives the server's receipt.

        An unknown id is an InvalidRequestError (404).
        """
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return await self._run(talks.erase(self._rules, person))

    def rejects(self, *, page_size: int = 100) -> AsyncIterator[Reject]:
        """Read the records that the server could not apply; pages are fetched as needed."""
        return self._pages(requests.rejects_page(page_size=page_size), RejectPage)

    async def replay(
        self,
        ids: Iterable[int] = (),
        *,
        mended: Mapping[int, Record | Mapping[str, Any]] | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Apply kept rejects again; gives one result per id, in order.

        `mended` maps the id of a reject to the record that takes its place;
        such an id need not be in `ids` as well. `key` and errors as in `upload`.
        """
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
