"""Why a stored person is in a segment: asked of the record, with merged and without grey events."""

from zoneinfo import ZoneInfo

import pytest

from mien.domain.errors import InvalidSegmentError, LimitExceededError
from mien.domain.explain import FoundChannel, FoundEvents, FoundValue, Part
from mien.domain.identities import Identity, IdentityKind
from mien.domain.preferences import SubscriptionKind
from mien.domain.reachability import Reason
from mien.domain.segment_json import parse_segment
from mien.services.addresses import By, subscribe
from mien.services.explaining import EVENTS, explain_person
from mien.services.merges import merge_people
from mien.services.reading import Reader
from mien.services.segments import create_segment
from mien.store import profiles
from tests.support.uploading import NOON_MS, Desk, event, profile

NOW = NOON_MS // 1_000
DAY = 86_400


def named(name: str) -> Identity:
    """Give an identity."""
    return Identity(IdentityKind.IDENTITY, name)


def explained(desk: Desk, raw: object, name: str = "ana") -> Part:
    """Explain why a person who is there is in a segment, at noon."""
    told = explain_person(
        desk.store,
        Reader(desk.environment),
        named(name),
        parse_segment(raw, "tree"),
        now=NOW,
        zone=ZoneInfo("Europe/Paris"),
    )
    assert told is not None
    assert told.profile == desk.get(name).id
    return told.part


def events_found(desk: Desk, raw: object, name: str = "ana") -> FoundEvents:
    """Give the events that decided of a segment of one part."""
    found = explained(desk, raw, name).found
    assert isinstance(found, FoundEvents)
    return found


# S-06, B-08
async def test_a_person_is_explained_from_the_record(desk: Desk) -> None:
    await desk.send(
        profile("ana", Plan="Gold", DOB="$D_19900601"),
        event("ana", "Charged", NOW - 3 * DAY, Amount=10, Shop="a"),
        event("ana", "char ged", NOW - DAY, Amount=2.5, Shop="a"),
        event("ana", "Charged", NOW - 40 * DAY, Amount=99, Shop="a"),
        event("ana", "Viewed", NOW - 50 * DAY),
        event("bo", "Charged", NOW - DAY, Amount=1_000),
    )
    last_month = {
        "did": "Charged",
        "window": {"last_days": 30},
        "sum": {"of": "Amount", "op": "at_least", "value": 12.5},
    }
    part = explained(
        desk,
        {
            "all": [
                {"property": "Plan", "op": "equals", "value": "Gold"},
                {"derived": "Age", "op": "at_least", "value": 36},
                last_month,
                {"derived": "First Seen", "op": "before", "day": "2026-04-13"},
                {"derived": "Session Count", "op": "equals", "value": 0},
            ]
        },
    )
    assert part.holds
    plan, age, _, first, _ = [each.found for each in part.parts]
    assert (plan, age) == (FoundValue("Gold"), FoundValue(36))
    assert first == FoundValue(f"$D_{NOW - 50 * DAY}")
    found = events_found(desk, last_month)
    assert (found.figure, found.counting, found.known) == (12.5, 2, 3)
    assert [(each.name, each.at, each.properties) for each in found.newest] == [
        ("Charged", NOW - DAY, {"Amount": 2.5}),
        ("Charged", NOW - 3 * DAY, {"Amount": 10}),
    ]


# S-06
async def test_nobody_is_explained_for_an_id_that_nobody_has(desk: Desk) -> None:
    tree, reader = parse_segment({"all": []}), Reader(desk.environment)
    zone = ZoneInfo("UTC")
    assert explain_person(desk.store, reader, named("zoe"), tree, now=NOW, zone=zone) is None


# S-06, P-05
async def test_events_of_those_who_were_taken_in_count_and_grey_ones_do_not(desk: Desk) -> None:
    visit = {"type": "event", "objectId": "phone", "evtName": "Viewed"}
    log_in = {"type": "profile", "identity": "ana", "profileData": {}}
    await desk.send({**log_in, "objectId": "laptop"}, {**visit, "ts": NOW - 9})
    await desk.send({**log_in, "objectId": "phone"}, {**visit, "ts": NOW - 8})
    await desk.send(event("bo", "Viewed", NOW - 7), event("bo", "Viewed", NOW - 6))
    viewed = {"did": "Viewed"}
    assert [each.at for each in events_found(desk, viewed).newest] == [NOW - 8]
    merge_people(desk.store, desk.environment, named("ana"), named("bo"), source="test")
    for name in ("ana", "bo"):
        found = events_found(desk, viewed, name)
        assert [each.at for each in found.newest] == [NOW - 6, NOW - 7, NOW - 8]
        assert found.counting == found.known == 3


# S-06
async def test_a_blocked_address_is_told(desk: Desk) -> None:
    await desk.send(profile("ana", Email="ana@example.com"))
    email = {"channel": "email"}
    assert explained(desk, email).found == FoundChannel()
    key = (SubscriptionKind.EMAIL, "ana@example.com")
    subscribe(desk.store, desk.environment, {key: True}, by=By("api:1", NOON_MS))
    part = explained(desk, email)
    assert (part.holds, part.found) == (False, FoundChannel(reason=Reason.ADDRESS_BLOCKED))


# S-06, S-02
async def test_saved_segments_inside_are_explained_by_name(desk: Desk) -> None:
    await desk.send(profile("ana", Plan="Gold"))
    tree = parse_segment({"property": "Plan", "op": "equals", "value": "Silver"})
    made = create_segment(desk.store, desk.environment, name="Silver", tree=tree, source="v1:1")
    part = explained(desk, {"not": {"segment": made.head.segment_id}})
    (inside,) = part.parts
    assert (part.holds, inside.holds, inside.decides) == (True, False, True)
    assert inside.sentence == 'People who are in the segment "Silver".'
    assert inside.parts[0].found == FoundValue("Gold")
    with pytest.raises(InvalidSegmentError, match=r"^tree\.not\.segment: there is no segment '99'"):
        explained(desk, {"not": {"segment": "99"}})


async def test_a_person_who_did_too_much_is_refused_before_it_is_read(desk: Desk) -> None:
    await desk.send(event("ana", "Viewed", NOW), event("ana", "Charged", NOW))
    viewed = {"did": "Viewed"}
    assert explained(desk, viewed).holds
    found = desk.get("ana")
    for summary in found.activity.events.values():
        summary.count = EVENTS + 1
    with desk.store.write() as tx:
        profiles.save(tx, desk.environment, [found], now_ms=NOON_MS)
    with pytest.raises(LimitExceededError, match=f"{EVENTS + 1} sent"):
        explained(desk, viewed)
    assert explained(desk, {"property": "Plan", "op": "exists"}).found == FoundValue()
