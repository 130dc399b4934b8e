"""What came in lately, found by halving places (D-06)."""

import pytest

from mien.store import arrivals
from mien.store.arrivals import Kind
from tests.support.uploading import NOON_MS, Desk, event, profile


async def test_arrivals_are_counted_from_the_moment_on_that_is_asked(desk: Desk) -> None:
    for minute in range(20):
        at_ms = NOON_MS + minute * 60_000
        await desk.send(profile("a", n=minute), event("a", "Bought"), {"type": "x"}, at_ms=at_ms)

    def count(kind: Kind, since_ms: int) -> int:
        with desk.store.read() as tx:
            return arrivals.count_since(tx, desk.environment, kind, since_ms=since_ms)

    for kind in (Kind.EVENT, Kind.REJECT):
        for minute in range(20):
            assert count(kind, NOON_MS + minute * 60_000) == 20 - minute
        assert count(kind, NOON_MS - 1) == 20
        assert count(kind, NOON_MS + 20 * 60_000) == 0
    assert count(Kind.CHANGE, NOON_MS + 15 * 60_000) == 5


@pytest.mark.parametrize("kind", Kind)
async def test_of_nothing_there_is_none(desk: Desk, kind: Kind) -> None:
    with desk.store.read() as tx:
        assert arrivals.count_since(tx, desk.environment, kind, since_ms=0) == 0
        assert arrivals.first_place(tx, desk.environment, kind, since_ms=0) == 1
