"""Properties of events that become properties of the person, by the time of the event (P-12)."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.documents import NATIVE, PropertyChanges
from mien.domain.identities import AddressKind, Identity, IdentityKind
from mien.domain.latest import LatestValue
from mien.domain.mappings import EventMapping
from mien.domain.rejects import Reject, RejectCode
from mien.services.environments import change_settings
from mien.services.ingest import Ingest
from mien.services.latest import latest_values
from mien.services.merges import merge_people, undo_merge
from mien.services.reading import Reader
from mien.services.receipts import Applied
from mien.services.rejects import list_rejects
from mien.services.trails import Trail
from mien.store import log
from mien.store import profiles as profile_store
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, event, new_environment, profile

NOON = NOON_MS // 1_000


def map_onto(desk: Desk, *mappings: tuple[str, str, str]) -> None:
    """Say which properties of events are mapped onto which of profiles."""
    chosen = tuple(EventMapping(*each) for each in mappings)
    change_settings(desk.store, desk.environment, {"mappings": chosen}, source="test")


def properties(desk: Desk, name: str) -> dict[str, object]:
    return dict(desk.get(name).document.properties)


def latest(desk: Desk, name: str, *, count: int = 1_000) -> dict[str, object]:
    """Give the latest value of `n` by event, put together from pages of so many events."""
    person, reader = desk.get(name), Reader(desk.environment)
    known: dict[str, LatestValue] = {}
    rest: Trail | None = None
    while rest is None or rest:
        page = latest_values(desk.store, reader, person.id, rest, count=count)
        assert page is not None
        for event_name, each in page.values:
            if event_name not in known or each.at > known[event_name].at:
                known[event_name] = each
        rest = page.rest
    return {event_name: each.value for event_name, each in known.items()}


# P-12
async def test_a_mapped_property_follows_the_latest_event_and_not_the_last_arrival(
    desk: Desk,
) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(event("ana", "Charged", NOON - 50, Amount=50, Other=1))
    await desk.send(event("ana", "charged ", NOON - 90, Amount=90))
    assert properties(desk, "ana") == {"last amount": 50}
    await desk.send(event("ana", "CHARGED", NOON - 10, Amount=10), event("ana", "Seen", Amount=1))
    assert properties(desk, "ana") == {"last amount": 10}
    assert find_faults(desk.store, only=desk.environment) == []


# P-12
async def test_a_value_that_was_set_later_than_the_event_stays_and_the_receipt_says_so(
    desk: Desk,
) -> None:
    map_onto(desk, ("Moved", "To", "city"))
    await desk.send({**profile("ana", city="Rome"), "ts": NOON - 20})
    receipt = await desk.send(event("ana", "Moved", NOON - 30, To="Oslo"))
    assert properties(desk, "ana") == {"city": "Rome"}
    assert _applied(receipt.results[0]).stale == ("city",)
    await desk.send(event("ana", "Moved", To="Bern"), profile("ana", mood="fine"))
    assert properties(desk, "ana") == {"city": "Bern", "mood": "fine"}
    await desk.send({**profile("ana", city={"$delete": 1}), "ts": NOON + 5})
    await desk.send(event("ana", "Moved", NOON + 4, To="Oslo"))
    assert properties(desk, "ana") == {"mood": "fine"}
    assert find_faults(desk.store, only=desk.environment) == []


# P-12
async def test_the_history_says_which_event_set_a_property_and_when(desk: Desk) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(event("ana", "Charged", NOON - 5, Amount=5), source="v1:9")
    with desk.store.read() as tx:
        place = desk.get("ana").last_change
        (only,) = log.walk_changes(tx, desk.environment, place)
    assert only.source == "v1:9"
    assert only.change.new == {"last amount": 5}
    assert (only.change.mapped_from, only.change.at) == ("Charged", NOON - 5)


# P-12
async def test_a_value_that_does_not_fit_is_refused_and_the_event_counts(desk: Desk) -> None:
    map_onto(desk, ("Signed", "Age", "Age"), ("Signed", "Mail", "Email"), ("Signed", "x", "y"))
    bad = event("ana", "Signed", NOON - 5, Age="old", Mail="ana@example.com", x={"incr": 1})
    receipt = await desk.send(bad)
    (result,) = receipt.results
    assert isinstance(result, Applied)
    assert result.is_event
    assert result.refused is not None
    assert result.refused.code == RejectCode.MAPPING
    assert result.refused.reason == (
        "The event was taken; of what it is mapped onto this was not written: 'Age', 'y' "
        "(Age is invalid; The value of 'y' is an object)"
    )
    assert result.refused.record == {
        "type": "profile",
        "identity": "ana",
        "ts": NOON - 5,
        "profileData": {"Age": "old", "y": {"incr": 1}},
    }
    assert properties(desk, "ana") == {"Email": "ana@example.com"}
    assert [done.count for done in desk.get("ana").activity.events.values()] == [1]
    (kept,) = list_rejects(desk.store, desk.environment, before=None, count=10)
    assert kept.code == RejectCode.MAPPING
    assert b'"Age":"old"' in bytes(kept.record)
    assert b"evtName" not in bytes(kept.record)
    assert find_faults(desk.store, only=desk.environment) == []


# P-12
async def test_a_mapped_address_finds_the_person(desk: Desk) -> None:
    map_onto(desk, ("Signed", "Mail", "Email"))
    await desk.send(event("ana", "Signed", Mail="Ana@Example.com"))
    with desk.store.read() as tx:
        found = profile_store.find_by_address(
            tx, desk.environment, AddressKind.EMAIL, "ana@example.com"
        )
    assert [each.id for each in found] == [desk.get("ana").id]
    assert find_faults(desk.store, only=desk.environment) == []


# P-12, U-10
async def test_a_full_profile_takes_no_mapped_property_on_the_compatible_api(desk: Desk) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(profile("ana", **{f"key {n}": n for n in range(256)}))
    (result,) = (await desk.send(event("ana", "Charged", Amount=5))).results
    assert isinstance(result, Applied)
    assert result.refused is not None
    assert "256 custom keys" in result.refused.reason
    (result,) = (await desk.send(event("ana", "Charged", Amount=5), rules=NATIVE)).results
    assert isinstance(result, Applied)
    assert result.refused is None
    assert properties(desk, "ana")["last amount"] == 5


# P-12, U-17
async def test_a_dry_run_says_what_a_mapping_would_change(desk: Desk) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(profile("ana"))
    sent = event("ana", "Charged", NOON, Amount=5)
    tried = await desk.send(sent, is_dry_run=True)
    assert _applied(tried.results[0]).new == {"last amount": 5}
    assert properties(desk, "ana") == {}
    assert (await desk.send(sent)).results == tried.results


# P-12
async def test_what_is_no_longer_mapped_stays_and_is_no_longer_changed(desk: Desk) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(event("ana", "Charged", Amount=5))
    map_onto(desk)
    (result,) = (await desk.send(event("ana", "Charged", Amount=6))).results
    assert isinstance(result, Applied)
    assert result.properties is None
    assert properties(desk, "ana") == {"last amount": 5}


# P-12, K-01
async def test_what_the_system_raises_is_mapped_too(desk: Desk) -> None:
    map_onto(desk, ("Session Concluded", "Session Length", "last visit"))
    for began, at in ((NOON - 900, NOON - 860), (NOON - 100, NOON - 100)):
        seen = {"type": "event", "objectId": "d", "evtName": "Seen", "ts": at}
        seen["sessionData"] = {"session_id": began}
        await desk.send(seen, follows_sessions=True)
    visitor = desk.get("d", IdentityKind.OBJECT_ID)
    assert visitor.document.properties == {"last visit": 40}
    with desk.store.read() as tx:
        newest = next(log.walk_changes(tx, desk.environment, visitor.last_change))
    assert (newest.change.mapped_from, newest.change.at) == ("Session Concluded", NOON - 860)
    assert find_faults(desk.store, only=desk.environment) == []


# P-07, P-12
async def test_an_undone_merge_leaves_a_mapped_value_with_the_id_that_sent_the_event(
    desk: Desk,
) -> None:
    map_onto(desk, ("Charged", "Amount", "last amount"))
    await desk.send(event("ana", "Charged", NOON - 50, Amount=50), profile("bo"))
    ana, bo = (Identity(IdentityKind.IDENTITY, name) for name in ("ana", "bo"))
    merge = merge_people(desk.store, desk.environment, ana, bo, source="test").merge
    await desk.send(event("bo", "Charged", NOON - 40, Amount=40))
    await desk.send(event("bo", "Charged", NOON - 60, Amount=60))
    assert properties(desk, "ana") == properties(desk, "bo") == {"last amount": 40}
    undo_merge(desk.store, desk.environment, merge, source="test")
    assert properties(desk, "ana") == {"last amount": 50}
    assert properties(desk, "bo") == {"last amount": 40}
    assert find_faults(desk.store, only=desk.environment) == []


happened = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["A", "B"]), st.integers(NOON - 9, NOON), st.integers(0, 99)),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


# P-12
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(happened)
def test_in_any_order_of_arrival_the_property_is_the_latest_value(
    shared_store: Store, sent: list[list[tuple[str, int, int]]]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    map_onto(desk, ("A", "n", "a"), ("B", "n", "b"), ("A", "n", "both"), ("B", "n", "both"))
    for batch in sent:
        asyncio.run(desk.send(*[event("ana", name, at, n=n) for name, at, n in batch]))
    ingest.close()
    flat = [each for batch in sent for each in batch]
    expected = {
        to: max(enumerate(known), key=lambda each: (each[1][1], each[0]))[1][2]
        for to, names in (("a", "A"), ("b", "B"), ("both", "AB"))
        if (known := [each for each in flat if each[0] in names])
    }
    assert properties(desk, "ana") == expected
    found = {name.lower(): value for name, value in latest(desk, "ana").items()}
    assert found == {name: value for name, value in expected.items() if name != "both"}
    assert find_faults(shared_store, only=desk.environment) == []


# P-07, P-12
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(happened, st.data())
def test_the_latest_values_of_a_merged_person_are_those_of_all_that_they_did(
    shared_store: Store, sent: list[list[tuple[str, int, int]]], data: st.DataObject
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    people, place = ("ana", "bo", "chi"), st.sampled_from(("ana", "bo", "chi"))
    asyncio.run(desk.send(*map(profile, people)))
    flat = [each for batch in sent for each in batch]
    middle = data.draw(st.integers(0, len(flat)))
    for number, (name, at, n) in enumerate(flat):
        if number == middle:
            _merge_all(desk)
        asyncio.run(desk.send(event(data.draw(place), name, at, n=n)))
    if middle == len(flat):
        _merge_all(desk)
    ingest.close()
    expected = {
        name: max(enumerate(known), key=lambda each: (each[1][1], each[0]))[1][2]
        for name in ("A", "B")
        if (known := [each for each in flat if each[0] == name])
    }
    assert latest(desk, "bo") == expected
    assert latest(desk, "bo", count=2) == expected
    assert find_faults(shared_store, only=desk.environment) == []


def _merge_all(desk: Desk) -> None:
    ana, *others = (Identity(IdentityKind.IDENTITY, name) for name in ("ana", "bo", "chi"))
    for other in others:
        merge_people(desk.store, desk.environment, ana, other, source="test")


def _applied(result: Applied | Reject) -> PropertyChanges:
    assert isinstance(result, Applied)
    assert result.properties is not None
    return result.properties
