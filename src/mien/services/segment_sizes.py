"""The sizes of saved segments over time: counted once a day, and again when a segment changes."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from mien import clock
from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.moments import day_at
from mien.services.counting import Counting
from mien.services.leases import Lease
from mien.services.retrying import write_retried
from mien.services.segments import SYSTEM_SEGMENTS, get_segment
from mien.store import accounts, segment_sizes
from mien.store.accounts import Environment
from mien.store.engine import Store, Transaction
from mien.store.segment_sizes import DaySize

KEPT_DAYS = 730
"""How long sizes are kept."""

_PUT_OFF_SECONDS = 900.0
"""When a segment that could not be counted is tried again."""


def list_sizes(
    store: Store, environment: EnvironmentId, segment: SegmentId, zone: ZoneInfo, *, days: int
) -> Sequence[DaySize]:
    """Give the sizes of a segment of so many days, of which today is the last; a day may be missing.

    Raises `NotFoundError`.
    """
    get_segment(store, environment, segment)
    first = clock.today(zone) - timedelta(days=days - 1)
    with store.read() as tx:
        return segment_sizes.since(tx, environment, segment, day=first.isoformat())


class SegmentSizes:
    """Counts what is due, one segment at a time, the environments in turn.

    Of several processes on one database one does it: whichever holds the lease, which is for
    another thread to keep, since a count may take longer than a lease lasts.
    """

    def __init__(self, store: Store, counting: Counting) -> None:
        self._store, self._counting = store, counting
        self._put_off: dict[tuple[EnvironmentId, SegmentId], float] = {}
        self._last = EnvironmentId(0)
        self.lease = None if store.is_sqlite else Lease(store, "sizes")

    def count_next(self, refused: Callable[[EnvironmentId, SegmentId, MienError], None]) -> bool:
        """Count one segment; false if none is due, or another process counts.

        One that cannot be counted is told to `refused`, and is due again after a while.
        """
        if self.lease is not None and not self.lease.is_held:
            return False
        with self._store.read() as tx:
            environments = accounts.list_environments(tx)
        for each in sorted(environments, key=self._turn):
            if (segment := self._due(each)) is not None:
                self._last = each.environment_id
                self._count(each, segment, refused)
                return True
        return False

    def _turn(self, environment: Environment) -> tuple[bool, int]:
        return environment.environment_id <= self._last, environment.environment_id

    def _due(self, environment: Environment) -> SegmentId | None:
        """Give a segment of an environment that is due today, and was not put off."""
        own, now = environment.environment_id, time.monotonic()
        self._put_off = {key: until for key, until in self._put_off.items() if until > now}
        later = {segment for of, segment in self._put_off if of == own}
        day = _today(environment)
        with self._store.read() as tx:
            due = segment_sizes.due(tx, own, day=day, count=len(later) + 1)
            due += [
                each
                for each in SYSTEM_SEGMENTS
                if not segment_sizes.is_counted(tx, own, each, day=day)
            ]
        return next((each for each in due if each not in later), None)

    def _count(
        self,
        environment: Environment,
        segment: SegmentId,
        refused: Callable[[EnvironmentId, SegmentId, MienError], None],
    ) -> None:
        own, now_ms = environment.environment_id, clock.now_ms()
        zone = ZoneInfo(environment.time_zone)
        try:
            tree = get_segment(self._store, own, segment).tree
            found = self._counting.count(own, tree, zone)
        except MienError as error:
            self._put_off[own, segment] = time.monotonic() + _PUT_OFF_SECONDS
            refused(own, segment, error)
            return
        if found.as_of is not None:
            # Of an earlier moment, which may be of yesterday: it is counted once the copy is there.
            self._put_off[own, segment] = time.monotonic() + _PUT_OFF_SECONDS
            return
        counted = DaySize(day_at(now_ms // 1_000, zone).isoformat(), found.size, now_ms)

        def save(tx: Transaction) -> None:
            segment_sizes.save(tx, own, segment, counted)

        write_retried(self._store, save)


def _today(environment: Environment) -> str:
    return clock.today(ZoneInfo(environment.time_zone)).isoformat()
