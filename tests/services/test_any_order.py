"""Where the rules say that order does not matter, it does not, whatever the records are."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.documents import NATIVE
from mien.domain.identities import IdentityKind
from mien.services.environments import change_settings
from mien.services.ingest import Ingest
from mien.services.receipts import Applied
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.merging import told
from tests.support.uploading import NOON_MS, Desk, Record, new_environment

IDS = [(kind, f"{kind}{n}") for kind in ("FBID", "GPID") for n in range(4)]
"""Of kinds of which a person may have several: they join whom they name together."""

_values = st.one_of(st.integers(0, 3), st.sampled_from(["a", "b"]), st.just({"$delete": 1}))


@st.composite
def sent(draw: st.DrawFn) -> list[Record]:
    """Give records by one or two ids each, no two of the same second."""
    records: list[Record] = []
    for place in range(draw(st.integers(1, 9))):
        ids = dict(draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=2)))
        record: Record = {**ids, "ts": NOON_MS // 1_000 - 60 + place}
        if draw(st.booleans()):
            record |= {"type": "event", "evtName": draw(st.sampled_from(["E", "F"]))}
        else:
            data = draw(st.dictionaries(st.sampled_from(["x", "y", "z"]), _values))
            record |= {"type": "profile", "profileData": data}
        records.append(record)
    return records


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[Record], list[Record]]:
    """Give the same records in two orders."""
    records = draw(sent())
    return records, draw(st.permutations(records))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(both=two_orders())
def test_the_same_records_in_any_order_make_the_same_people(
    shared_store: Store, both: tuple[list[Record], list[Record]]
) -> None:
    """P-07, U-22: who is one person, and what is known of each; the time of a record decides."""
    ingest = Ingest(shared_store)
    one, other = (known(shared_store, ingest, records) for records in both)
    ingest.close()
    assert one == other


def known(store: Store, ingest: Ingest, records: list[Record]) -> dict[frozenset[Any], Any]:
    """Send records, each as a call of its own, and give what is told of each person, by its ids."""
    desk = Desk(store, ingest, new_environment(store))
    change_settings(store, desk.environment, {"merges_per_call": 99}, source="test")

    async def send() -> None:
        for record in records:
            receipt = await desk.send(record, rules=NATIVE)
            assert [type(each) for each in receipt.results] == [Applied]

    asyncio.run(send())
    assert find_faults(store, only=desk.environment) == []
    found = [desk.find(value, IdentityKind[kind]) for kind, value in IDS]
    return {
        frozenset(each.document.identities): told(desk, each) for each in found if each is not None
    }
