"""A clock that goes backwards: order is that of arrival, and nothing is lost."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.documents import NATIVE
from mien.services.ingest import Ingest
from mien.store import log
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.strategies import batches
from tests.support.uploading import NOON_MS, Desk, Record, new_environment, profile

HOUR_MS = 3_600_000


def history(desk: Desk, name: str) -> list[tuple[object, int]]:
    """Give the values of `n` with the time at which each came in, oldest first."""
    with desk.store.read() as tx:
        walked = list(log.walk_changes(tx, desk.environment, desk.get(name).last_change))
    return [(each.change.new["n"], each.received_at) for each in reversed(walked)]


async def test_the_last_to_arrive_wins_whatever_the_clock_says(desk: Desk) -> None:
    times = [NOON_MS, NOON_MS - 5 * HOUR_MS, NOON_MS + HOUR_MS, NOON_MS - 90 * 24 * HOUR_MS]
    for n, at_ms in enumerate(times):
        await desk.send(profile("ana", n=n), at_ms=at_ms)
    assert desk.get("ana").document.properties == {"n": 3}
    assert history(desk, "ana") == list(enumerate(times))
    assert find_faults(desk.store, only=desk.environment) == []


async def test_natively_too_a_record_without_a_time_of_its_own_is_never_late(desk: Desk) -> None:
    for n, at_ms in enumerate((NOON_MS, NOON_MS - HOUR_MS)):
        await desk.send(profile("ana", n=n), at_ms=at_ms, rules=NATIVE)
    assert desk.get("ana").document.properties == {"n": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    sent=st.lists(st.tuples(batches, st.integers(-100, 100)), min_size=1, max_size=5),
)
def test_at_whatever_times_records_arrive_the_store_stays_whole(
    shared_store: Store, sent: list[tuple[list[Record], int]]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))

    async def send() -> None:
        for batch, hours in sent:
            await desk.send(*batch, at_ms=NOON_MS + hours * HOUR_MS)

    asyncio.run(send())
    ingest.close()
    assert find_faults(shared_store, only=desk.environment) == []
