"""What every handler of a server shares."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from mien.config import Settings
from mien.domain.ids import EnvironmentId
from mien.http.limits import Limits, Pace
from mien.http.metrics import Metrics
from mien.http.sdk.repeats import Repeats
from mien.services.accounts import Doorkeeper
from mien.services.definitions import DiscardedEvents
from mien.services.email_links import EmailLinks
from mien.services.environments import SettingsCache
from mien.services.ingest import Ingest
from mien.services.places import Places
from mien.services.projection import Projection
from mien.services.reading import Reader
from mien.services.user_tokens import IdentityTokens, ProfileTokens
from mien.store.engine import Store

T = TypeVar("T")

ENVIRONMENT = "environment"
"""Where a request's state keeps the public id of its caller's environment, for the log."""


class Services(msgspec.Struct):
    """The parts of a running server, made once in `main.py`."""

    settings: Settings
    store: Store
    ingest: Ingest
    doorkeeper: Doorkeeper
    limits: Limits
    pace: Pace
    workers: ThreadPoolExecutor
    signing_key: bytes
    environments: SettingsCache
    profile_tokens: ProfileTokens
    identity_tokens: IdentityTokens
    discarded: DiscardedEvents
    email_links: EmailLinks
    projection: Projection
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    places: Places = msgspec.field(default_factory=Places)
    repeats: Repeats = msgspec.field(default_factory=Repeats)
    readers: dict[EnvironmentId, Reader] = msgspec.field(default_factory=dict)
    store_check: "asyncio.Future[bool] | None" = None
    is_stopping: bool = False

    def reader(self, environment: EnvironmentId) -> Reader:
        """Give the reader of an environment."""
        if (known := self.readers.get(environment)) is None:
            known = self.readers[environment] = Reader(environment)
        return known

    async def run_short(self, work: Callable[[], T]) -> T:
        """Run a point read: at once on SQLite, where it takes microseconds; else off the loop."""
        return work() if self.store.is_sqlite else await self.run_long(work)

    async def run_long(self, work: Callable[[], T]) -> T:
        """Run work that takes milliseconds on a thread, so that others are served meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.workers, work)
