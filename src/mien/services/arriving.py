"""What arrives now, told to whoever looks on: one reader of the log, any number of viewers (D-06).

A viewer holds a bounded number of what it was not yet shown; when it is too slow, or more comes
than is worth showing, it is told that something was left out.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, tzinfo
from functools import partial

import msgspec
import structlog

from mien import clock
from mien.domain.errors import LimitExceededError, StoreUnavailableError
from mien.domain.identities import server_object_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.moments import day_at
from mien.services.history import name_actors
from mien.services.parts import Parts
from mien.services.positions import settled_place
from mien.services.reading import ProfileView
from mien.store import arrivals
from mien.store import profiles as profile_store
from mien.store.arrivals import Arrival, Kind
from mien.store.engine import Store, Transaction

VIEWERS = 200
"""How many may look on at once, in one process."""

SHOWN_AT_ONCE = 50
"""How many of a kind are read at a time, the newest ones."""

_WAITING = 8
_KEPT = 3
_PAUSE_SECONDS = 1.0

_log = structlog.get_logger()


class Arrived(msgspec.Struct, frozen=True):
    """Something that came in, as it is shown: who it is about, what it is called, from whom."""

    arrival: Arrival
    object_id: str = ""
    view: ProfileView | None = None
    event: str = ""
    actors: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """What tells it from all others of the environment."""
        return f"{self.arrival.kind}-{self.arrival.place}"


class Batch(msgspec.Struct, frozen=True):
    """What came since the last batch, oldest first, and whether some was left out."""

    arrived: Sequence[Arrived]
    has_left_out: bool = False


class Places(msgspec.Struct, frozen=True):
    """Up to where the log was read, by kind."""

    upto: Mapping[Kind, int]


def read_newest(
    parts: Parts, environment: EnvironmentId, zone: tzinfo, *, now_ms: int, after: Places | None
) -> tuple[Batch, Places]:
    """Give the newest that came after some places, or the newest of all."""
    store = parts.store
    last = last_places(store, environment)
    if last == after:
        return Batch([]), last
    upto = last.upto
    found: list[Arrival] = []
    has_left_out = False
    with store.snapshot() as tx:
        for kind in Kind:
            first = 1 if after is None else after.upto[kind] + 1
            some = arrivals.newest(
                tx, environment, kind, first=first, upto=upto[kind], count=SHOWN_AT_ONCE + 1
            )
            has_left_out |= after is not None and len(some) > SHOWN_AT_ONCE
            found += some[:SHOWN_AT_ONCE]
        shown = _show(parts, tx, environment, found, day_at(now_ms // 1_000, zone))
    shown.sort(key=lambda each: (each.arrival.received_at, each.arrival.kind, each.arrival.place))
    return Batch(shown, has_left_out), last


def last_places(store: Store, environment: EnvironmentId) -> Places:
    """Give up to where the log can be read now."""
    settled = None if store.is_sqlite else settled_place(store, environment)
    with store.read() as tx:
        places = {kind: arrivals.last_place(tx, environment, kind) for kind in Kind}
    if settled is not None:
        # What others are still writing may come with an earlier place: it waits for its turn.
        for kind in (Kind.EVENT, Kind.CHANGE):
            places[kind] = min(places[kind], settled)
    return Places(places)


def _show(
    parts: Parts, tx: Transaction, environment: EnvironmentId, found: list[Arrival], today: date
) -> list[Arrived]:
    reader = parts.reader(environment)
    names = reader.event_names(tx, {each.name for each in found if each.name})
    profiles = profile_store.load(
        tx, environment, sorted({each.profile for each in found if each.profile})
    )
    views = dict(zip(profiles, reader.views(tx, list(profiles.values()), today=today), strict=True))
    actors = name_actors(tx, environment, {each.source for each in found})
    return [
        Arrived(
            each,
            server_object_id(each.profile) if each.profile else "",
            views.get(ProfileId(each.profile)),
            names.get(each.name, ""),
            actors,
        )
        for each in found
    ]


class _Viewer:
    """What one viewer was not yet shown; None ends it."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[Batch | None] = asyncio.Queue(_WAITING)

    def tell(self, batch: Batch | None) -> None:
        if self.waiting.full():
            self.waiting.get_nowait()
            batch = None if batch is None else msgspec.structs.replace(batch, has_left_out=True)
        self.waiting.put_nowait(batch)


class _Watch:
    """The reader of one environment, while anybody looks on."""

    def __init__(self, task: "asyncio.Task[None] | None" = None) -> None:
        self.viewers: set[_Viewer] = set()
        self.recent: deque[Batch] = deque(maxlen=_KEPT)
        self.task = task


class Arriving:
    """Tells viewers what arrives in their environment; belongs to one event loop."""

    def __init__(self, parts: Parts, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """`pause_seconds` lie between two looks at the log."""
        self._parts, self._pause_seconds = parts, pause_seconds
        self._watches: dict[EnvironmentId, _Watch] = {}
        self._is_closed = False

    def count_viewers(self) -> int:
        """Tell how many look on."""
        return sum(len(watch.viewers) for watch in self._watches.values())

    def check_room(self) -> None:
        """Raise `LimitExceededError` if as many look on as may."""
        if (size := self.count_viewers()) >= VIEWERS:
            what = "Live views at once"
            raise LimitExceededError(what, limit=VIEWERS, size=size + 1)

    @asynccontextmanager
    async def look_on(
        self, environment: EnvironmentId, zone: tzinfo
    ) -> AsyncIterator["asyncio.Queue[Batch | None]"]:
        """Give a queue of what arrives, with what just came; None in it is the end.

        Ask `check_room` before.
        """
        watch, viewer = self._watches.setdefault(environment, _Watch()), _Viewer()
        for batch in watch.recent:
            viewer.tell(batch)
        watch.viewers.add(viewer)
        if watch.task is None or watch.task.done():
            watch.task = asyncio.create_task(self._read(environment, zone, watch))
        if self._is_closed:
            viewer.tell(None)
        try:
            yield viewer.waiting
        finally:
            watch.viewers.discard(viewer)
            if not watch.viewers and self._watches.get(environment) is watch:
                del self._watches[environment]
                watch.task.cancel()

    def close(self) -> None:
        """End all views: the server stops."""
        self._is_closed = True
        for watch in self._watches.values():
            self._end(watch)

    async def _read(self, environment: EnvironmentId, zone: tzinfo, watch: _Watch) -> None:
        places: Places | None = None
        try:
            while True:
                with suppress(StoreUnavailableError):
                    places = await self._read_once(environment, zone, watch, places)
                await asyncio.sleep(self._pause_seconds)
        except Exception as error:  # noqa: BLE001 - nobody else would see it
            _log.error("live.failed", exc_info=error)
            self._end(watch)

    async def _read_once(
        self, environment: EnvironmentId, zone: tzinfo, watch: _Watch, places: Places | None
    ) -> Places:
        read = partial(
            read_newest, self._parts, environment, zone, now_ms=clock.now_ms(), after=places
        )
        batch, reached = await self._parts.run_long(read)
        if batch.arrived:
            watch.recent.append(batch)
            for viewer in watch.viewers:
                viewer.tell(batch)
        return reached

    @staticmethod
    def _end(watch: _Watch) -> None:
        for viewer in watch.viewers:
            viewer.tell(None)
