"""Sizes of saved segments: once a day of the account, and again when one changes."""

import time
from collections.abc import Iterator
from datetime import timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mien import clock
from mien.analytics.duckdb import DuckDB
from mien.domain.errors import AnalyticsBehindError, MienError, NotFoundError
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.jobs.sizes import SizeKeeper
from mien.services.counting import Counting, Size
from mien.services.leases import Lease
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.services.segment_sizes import SegmentSizes, list_sizes
from mien.services.segments import change_segment, create_segment, delete_segment
from mien.store import segment_sizes
from mien.store.segment_sizes import DaySize
from tests.support.uploading import Desk, profile

UTC = ZoneInfo("UTC")
TEST_USERS = SegmentId("test-users")
GOLD = parse_segment({"property": "Plan", "op": "equals", "value": "Gold"})
TIN = parse_segment({"property": "Plan", "op": "equals", "value": "Tin"})


class Keeper:
    """Counts the segments of one environment, and notes what could not be counted."""

    def __init__(self, desk: Desk, analytics: DuckDB) -> None:
        self.desk, self.refusals = desk, list[tuple[SegmentId, MienError]]()
        self.projection = Projection(desk.store, analytics)
        questions = Questions(self.projection, fresh_seconds=0.01, query_seconds=10)
        self.sizes = SegmentSizes(desk.store, Counting(questions))

    def copy(self) -> None:
        while self.projection.advance_all():
            pass

    def count_all(self) -> int:
        """Count until nothing is due, and give how many were."""
        self.copy()
        counted = 0
        while self.count_next():
            counted += 1
        return counted

    def count_next(self) -> bool:
        """Count one, with the lease if there is one to have."""
        if self.sizes.lease is not None:
            self.sizes.lease.keep()
        return self.sizes.count_next(self._refuse)

    def release(self) -> None:
        if self.sizes.lease is not None:
            self.sizes.lease.release()

    def _refuse(self, environment: EnvironmentId, segment: SegmentId, error: MienError) -> None:
        if environment == self.desk.environment:
            self.refusals.append((segment, error))

    def read(self, segment: SegmentId, *, days: int = 90) -> list[tuple[str, int]]:
        found = list_sizes(self.desk.store, self.desk.environment, segment, UTC, days=days)
        return [(each.day, each.size) for each in found]


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    """Give one whose store is copied as a whole."""
    return own_desk


@pytest.fixture
def pg_desk(own_two_desks: tuple[Desk, Desk]) -> Desk:
    """Give one on PostgreSQL whose store is copied as a whole."""
    return own_two_desks[0]


@pytest.fixture
def keeper(desk: Desk, tmp_path: Path) -> Iterator[Keeper]:
    analytics = DuckDB(tmp_path / "analytics.duckdb", memory_mb=200)
    opened = Keeper(desk, analytics)
    yield opened
    opened.release()
    analytics.close()


def create(desk: Desk, name: str = "Gold") -> SegmentId:
    made = create_segment(desk.store, desk.environment, name=name, tree=GOLD, source="v1:1")
    return made.head.segment_id


def today() -> str:
    return clock.today(UTC).isoformat()


async def test_each_segment_is_counted_once_a_day(desk: Desk, keeper: Keeper) -> None:
    await desk.send(profile("ana", Plan="Gold"), profile("bo", Plan="Tin"))
    segment = create(desk)
    assert keeper.count_all() >= 2
    assert keeper.read(segment) == [(today(), 1)]
    assert keeper.read(TEST_USERS) == [(today(), 0)]
    assert keeper.count_all() == 0
    await desk.send(profile("cy", Plan="Gold"))
    assert keeper.count_all() == 0
    yesterday = clock.today(UTC) - timedelta(days=1)
    with desk.store.write() as tx:
        segment_sizes.expire(tx, desk.environment, before_day="9")
        old = DaySize(yesterday.isoformat(), 7, 0)
        segment_sizes.save(tx, desk.environment, segment, old)
    assert keeper.count_all() == 2
    assert keeper.read(segment) == [(yesterday.isoformat(), 7), (today(), 2)]
    assert keeper.read(segment, days=1) == [(today(), 2)]


async def test_a_segment_is_counted_again_when_it_changes(desk: Desk, keeper: Keeper) -> None:
    await desk.send(profile("ana", Plan="Gold"), profile("b", Plan="Tin"), profile("c", Plan="Tin"))
    segment = create(desk)
    keeper.count_all()
    change_segment(desk.store, desk.environment, segment, tree=TIN, source="v1:1")
    assert keeper.count_all() == 1
    assert keeper.read(segment) == [(today(), 2)]


async def test_the_sizes_of_a_segment_go_with_it(desk: Desk, keeper: Keeper) -> None:
    await desk.send(profile("ana", Plan="Gold"))
    segment = create(desk)
    keeper.count_all()
    delete_segment(desk.store, desk.environment, segment)
    with pytest.raises(NotFoundError):
        keeper.read(segment)
    with desk.store.read() as tx:
        assert segment_sizes.since(tx, desk.environment, segment, day="") == []


async def test_what_cannot_be_counted_is_put_off_and_keeps_no_other_waiting(
    desk: Desk, keeper: Keeper
) -> None:
    """Nothing was copied yet, so nothing can be counted; then the rest can."""
    keeper.count_all()
    keeper.refusals.clear()
    segment = create(desk)
    keeper.projection.recover()
    # No copy is known by now, and nobody makes one.
    while keeper.count_next():
        pass
    assert [(each, type(error)) for each, error in keeper.refusals] == [
        (segment, AnalyticsBehindError)
    ]
    other = create(desk, "Other")
    assert keeper.count_all() == 1
    assert keeper.read(segment) == []
    assert keeper.read(other) == [(today(), 0)]


async def test_an_answer_of_before_is_no_size_of_today(desk: Desk, keeper: Keeper) -> None:
    await desk.send(profile("ana", Plan="Gold"))
    keeper.count_all()
    await desk.send(profile("bo", Plan="Gold"))
    segment = create(desk)
    while keeper.count_next():
        pass
    assert (keeper.read(segment), keeper.refusals) == ([], [])


async def test_one_of_several_processes_counts(
    pg_desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copies = [DuckDB(tmp_path_factory.mktemp("copy") / "a.duckdb", memory_mb=100) for _ in "ab"]
    one, other = (Keeper(pg_desk, copy) for copy in copies)
    create(pg_desk)
    assert one.count_all() >= 1
    create(pg_desk, "Later")
    assert other.count_all() == 0
    assert one.count_all() == 1
    create(pg_desk, "Last")
    one.release()
    assert other.count_all() == 1
    other.release()
    for copy in copies:
        copy.close()


class SlowCounting(Counting):
    """Takes longer for a count than a lease lasts."""

    def count(self, environment: EnvironmentId, tree: Node, zone: tzinfo) -> Size:
        time.sleep(3)
        return super().count(environment, tree, zone)


def test_who_counts_for_long_keeps_the_lease(pg_desk: Desk, tmp_path: Path) -> None:
    copy = DuckDB(tmp_path / "a.duckdb", memory_mb=100)
    questions = Questions(Projection(pg_desk.store, copy), fresh_seconds=0.01, query_seconds=10)
    sizes = SegmentSizes(pg_desk.store, SlowCounting(questions))
    mine, other = (Lease(pg_desk.store, "sizes", seconds=1) for _ in "ab")
    mine.keep()
    sizes.lease = mine
    with SizeKeeper(sizes):
        for _ in range(25):
            other.keep()
            assert (mine.is_held, other.is_held) == (True, False)
            time.sleep(0.1)
    other.keep()
    assert (mine.is_held, other.is_held) == (False, True)
    other.release()
    copy.close()
