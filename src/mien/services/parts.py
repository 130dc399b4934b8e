"""What every door of a running server shares: the API and the dashboard stand on these parts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

import msgspec

from mien.analytics.asker import Asker
from mien.config import Settings
from mien.domain.ids import EnvironmentId
from mien.services.counting import Counting
from mien.services.environments import SettingsCache
from mien.services.file_exports import FileExports
from mien.services.ingest import Ingest
from mien.services.insights import Insights
from mien.services.people_list import PeopleList
from mien.services.projection import Projection
from mien.services.reading import Reader
from mien.services.reports import Reports
from mien.store.engine import Store

T = TypeVar("T")

Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, object]]]
"""Gives the next message of a client (ASGI)."""


class Parts(msgspec.Struct, kw_only=True):
    """The parts of a running server, made once in `serving.py`."""

    settings: Settings
    store: Store
    ingest: Ingest
    workers: ThreadPoolExecutor
    signing_key: bytes
    environments: SettingsCache
    projection: Projection
    reports: Reports
    counting: Counting
    insights: Insights
    people: PeopleList
    exports: FileExports
    readers: dict[EnvironmentId, Reader] = msgspec.field(default_factory=dict)

    def reader(self, environment: EnvironmentId) -> Reader:
        """Give the reader of an environment."""
        if (known := self.readers.get(environment)) is None:
            known = self.readers[environment] = Reader(environment)
        return known

    async def run_short(self, work: Callable[[], T]) -> T:
        """Run a point read: at once on SQLite, where it takes microseconds; else off the loop."""
        return work() if self.store.is_sqlite else await self.run_long(work)

    async def run_awaited(self, work: Callable[[], T], receive: Receive) -> T:
        """Run questions on a thread; they are stopped when the client of the request goes.

        They are stopped as well when this call is cancelled, since its time is over. `receive`
        gives what comes from the client, of whose request all is read.
        """
        asker = Asker()

        async def leave() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            asker.leave()

        leaving = asyncio.create_task(leave())
        try:
            return await self.run_long(lambda: asker.ask(work))
        finally:
            leaving.cancel()
            asker.leave()

    async def run_long(self, work: Callable[[], T]) -> T:
        """Run work that takes milliseconds on a thread, so that others are served meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.workers, work)
