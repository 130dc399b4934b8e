"""Environments never cross: what one does is not seen in another, nor undone by it."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.identities import AddressKind, Identity, IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store import definitions, idempotency, log, people, profiles, rejects
from mien.store.columns import metadata
from mien.store.engine import Store
from tests.support.consistency import find_faults, rows_of
from tests.support.uploading import NOON_MS, Desk, Record, event, new_environment, profile

ANA = Identity(IdentityKind.IDENTITY, "ana")
FOREVER = 2**62

BATCHES: list[list[Record]] = [
    [profile("ana", plan="gold", Email="ana@example.com", **{"MSG-dndEmail": True})],
    [profile("bo", plan=1), event("bo", "Seen", 5, n=1)],
    [event("ana", "seen", 9, n="x"), event("ana", "Bought", 9)],
    [{**profile("ana"), "objectId": "device"}, {**profile("bo"), "objectId": "device"}],
    [{**profile("ana"), "FBID": "f"}, {**profile("bo"), "FBID": "f"}],
    [profile("", broken=True), profile("ana", Email="none")],
    [profile("ana", Phone="+14155551234", **{"MSG-dndPhone": True})],
]


def rows_in(store: Store, environment: EnvironmentId) -> dict[str, list[Any]]:
    """Give all rows of one environment."""
    with store.snapshot() as tx:
        return {name: rows_of(tx, name, only=environment) for name in metadata.tables}


async def send_all(desk: Desk) -> None:
    """Send everything, the last batch with a key."""
    for batch in BATCHES:
        await desk.send(*batch)
    await desk.send(profile("ana", last=1), key="k")


async def test_a_busy_environment_changes_no_row_of_its_neighbour(store: Store) -> None:
    ingest = Ingest(store)
    quiet, busy = (Desk(store, ingest, new_environment(store)) for _ in range(2))
    await send_all(quiet)
    before = rows_in(store, quiet.environment)
    await send_all(busy)
    await send_all(busy)
    for name in ("ana", "bo"):
        erase(store, busy.environment, Identity(IdentityKind.IDENTITY, name))
    ingest.close()
    assert rows_in(store, quiet.environment) == before
    assert find_faults(store) == []


async def test_an_empty_environment_sees_nothing_of_a_full_one(store: Store) -> None:
    ingest = Ingest(store)
    full, empty = (Desk(store, ingest, new_environment(store)) for _ in range(2))
    await send_all(full)
    ingest.close()
    here, ana = empty.environment, full.get("ana")
    bo = full.get("bo")
    with store.read() as tx:
        assert profiles.find_owners(tx, here, [ANA]) == {}
        assert profiles.load(tx, here, [ana.id]) == {}
        assert profiles.find(tx, here, ana.id) is None
        assert profiles.find_by_address(tx, here, AddressKind.EMAIL, "ana@example.com") == []
        assert profiles.page(tx, here, after=ProfileId(0), count=9) == []
        assert list(log.walk_changes(tx, here, ana.last_change)) == []
        assert list(log.walk_events(tx, here, ana.last_event)) == []
        assert log.load_events(tx, full.environment, [bo.last_event])
        assert log.load_events(tx, here, [bo.last_event]) == {}
        assert definitions.load_all(tx, here) == []
        assert rejects.page(tx, here, before=FOREVER, count=9) == []
        assert idempotency.find(tx, here, "k", since_ms=0) is None
        assert people.merge_suggestion_page(tx, here, after=(0, 0), count=9) == []
        assert people.blocked_states(tx, here, ["ana@example.com"]) == {}
    erase(store, here, ANA)
    assert full.get("ana").id == ana.id


async def test_the_same_key_means_another_request_in_another_environment(store: Store) -> None:
    ingest = Ingest(store)
    desks = [Desk(store, ingest, new_environment(store)) for _ in range(2)]
    await asyncio.gather(
        *(desk.send(profile("ana", who=n), key="k") for n, desk in enumerate(desks))
    )
    ingest.close()
    assert [desk.get("ana").document.properties for desk in desks] == [{"who": 0}, {"who": 1}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    turns=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, len(BATCHES) - 1)), min_size=1, max_size=12
    )
)
def test_however_environments_take_turns_each_is_as_if_alone(
    shared_store: Store, turns: list[tuple[int, int]]
) -> None:
    ingest = Ingest(shared_store)
    together = [Desk(shared_store, ingest, new_environment(shared_store)) for _ in range(3)]
    alone = [Desk(shared_store, ingest, new_environment(shared_store)) for _ in range(3)]

    async def send() -> None:
        await asyncio.gather(*(together[who].send(*BATCHES[what]) for who, what in turns))
        for which, desk in enumerate(alone):
            for who, what in turns:
                if who == which:
                    await desk.send(*BATCHES[what], at_ms=NOON_MS)

    asyncio.run(send())
    ingest.close()
    for one, other in zip(together, alone, strict=True):
        assert shown(one) == shown(other)


def shown(desk: Desk) -> dict[str, Any]:
    """Give what an environment knows of people, without numbers that differ between any two."""
    found = {name: desk.find(name) for name in ("ana", "bo")}
    return {name: each and each.document for name, each in found.items()}
