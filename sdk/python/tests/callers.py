"""One face for both clients, so that each claim is tested on each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol, Self, TypeVar

from mien_client import (
    AsyncMien,
    HistoryEntry,
    Profile,
    ProfileToken,
    Receipt,
    Record,
    Reject,
)

T = TypeVar("T")


class Client(AbstractContextManager["Client"], Protocol):
    """The verbs, as `Mien` has them."""

    def upload(
        self, records: Iterable[Record], *, dry_run: bool = False, key: str | None = None
    ) -> Receipt: ...

    def profile(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> Profile | None: ...

    def history(
        self, *, distinct_id: str | None = None, object_id: str | None = None, page_size: int = 100
    ) -> Iterator[HistoryEntry]: ...

    def erase(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> dict[str, Any]: ...

    def create_profile_token(
        self,
        *,
        distinct_id: str | None = None,
        object_id: str | None = None,
        lifetime: timedelta = timedelta(hours=1),
    ) -> ProfileToken: ...

    def settings(self) -> dict[str, Any]: ...

    def change_settings(self, **changes: Any) -> dict[str, Any]: ...

    def rejects(self, *, page_size: int = 100) -> Iterator[Reject]: ...

    def replay(
        self,
        ids: Iterable[int] = (),
        *,
        mended: Mapping[int, Record | Mapping[str, Any]] | None = None,
        key: str | None = None,
    ) -> Receipt: ...

    def close(self) -> None: ...


Connect = Callable[..., Client]


class Awaited:
    """An `AsyncMien` whose every verb is awaited on a loop of its own."""

    def __init__(self, client: AsyncMien) -> None:
        self._client = client
        self._runner = asyncio.Runner()

    def upload(
        self, records: Iterable[Record], *, dry_run: bool = False, key: str | None = None
    ) -> Receipt:
        return self._wait(self._client.upload(records, dry_run=dry_run, key=key))

    def profile(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> Profile | None:
        return self._wait(self._client.profile(distinct_id=distinct_id, object_id=object_id))

    def history(
        self, *, distinct_id: str | None = None, object_id: str | None = None, page_size: int = 100
    ) -> Iterator[HistoryEntry]:
        pages = self._client.history(
            distinct_id=distinct_id, object_id=object_id, page_size=page_size
        )
        return self._each(pages)

    def erase(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> dict[str, Any]:
        return self._wait(self._client.erase(distinct_id=distinct_id, object_id=object_id))

    def create_profile_token(
        self,
        *,
        distinct_id: str | None = None,
        object_id: str | None = None,
        lifetime: timedelta = timedelta(hours=1),
    ) -> ProfileToken:
        made = self._client.create_profile_token(
            distinct_id=distinct_id, object_id=object_id, lifetime=lifetime
        )
        return self._wait(made)

    def settings(self) -> dict[str, Any]:
        return self._wait(self._client.settings())

    def change_settings(self, **changes: Any) -> dict[str, Any]:
        return self._wait(self._client.change_settings(**changes))

    def rejects(self, *, page_size: int = 100) -> Iterator[Reject]:
        return self._each(self._client.rejects(page_size=page_size))

    def replay(
        self,
        ids: Iterable[int] = (),
        *,
        mended: Mapping[int, Record | Mapping[str, Any]] | None = None,
        key: str | None = None,
    ) -> Receipt:
        return self._wait(self._client.replay(ids, mended=mended, key=key))

    def close(self) -> None:
        self._wait(self._client.aclose())
        self._runner.close()

    def __enter__(self) -> Self:
        self._wait(self._client.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _each(self, items: AsyncIterator[T]) -> Iterator[T]:
        async def following() -> tuple[T, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._wait(following()):
            yield from found
