"""Events and changes of one profile: a chain from its newest row to its first."""

import asyncio
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.profiles import Profile
from mien.services.ingest import Ingest
from mien.store import log
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, event, new_environment, profile

PEOPLE = ("ana", "bo", "chi", "dee")

acts = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["change", "event"]))
batches = st.lists(st.lists(acts, min_size=1, max_size=8), min_size=1, max_size=6)


def changes_of(desk: Desk, found: Profile, *, step: int = 1_000) -> list[int]:
    """Give the values of `n` in the changes of a profile, newest first."""
    with desk.store.read() as tx:
        walked = list(log.walk_changes(tx, desk.environment, found.last_change, step=step))
    assert all(each.profile == found.id for each in walked)
    assert all(newer.sequence > older.sequence for newer, older in pairwise(walked))
    return [number for each in walked if isinstance(number := each.change.new.get("n"), int)]


def events_of(desk: Desk, found: Profile) -> list[int]:
    """Give the times of the events of a profile, newest first."""
    with desk.store.read() as tx:
        walked = list(log.walk_events(tx, desk.environment, found.last_event))
    assert all(each.profile == found.id for each in walked)
    assert all(newer.sequence > older.sequence for newer, older in pairwise(walked))
    return [each.occurred_at for each in walked]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(sent=batches)
def test_however_profiles_take_turns_each_chain_is_whole_and_in_order(
    shared_store: Store, sent: list[list[tuple[str, str]]]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    told: dict[tuple[str, str], list[int]] = {}
    number = 0
    for batch in sent:
        records = []
        for name, act in batch:
            number += 1
            told.setdefault((name, act), []).insert(0, number)
            is_event = act == "event"
            records.append(event(name, "E", number) if is_event else profile(name, n=number))
        desk.upload(*records)
    ingest.close()
    for name in {name for name, _ in told}:
        found = desk.get(name)
        assert changes_of(desk, found, step=2) == told.get((name, "change"), [])
        assert events_of(desk, found) == told.get((name, "event"), [])
    assert find_faults(shared_store, only=desk.environment) == []


async def test_a_long_history_is_walked_in_steps(desk: Desk) -> None:
    for start in (0, 1_000, 2_000):
        await desk.send(*(event("ana", "E", start + n) for n in range(1, 1_001)))
        await desk.send(*(profile("ana", n=start + n) for n in range(1, 1_001)))
    found = desk.get("ana")
    assert events_of(desk, found) == list(range(3_000, 0, -1))
    for step in (7, 1_000, 3_000):
        assert changes_of(desk, found, step=step) == list(range(3_000, 0, -1))


async def test_one_profile_in_many_batches_at_once_has_one_chain(desk: Desk) -> None:
    batches = [(profile("ana", n=n), event("ana", "E", n + 1)) for n in range(60)]
    await asyncio.gather(*(desk.send(*batch) for batch in batches))
    found = desk.get("ana")
    assert sorted(changes_of(desk, found)) == list(range(60))
    assert sorted(events_of(desk, found)) == list(range(1, 61))
