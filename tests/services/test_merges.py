"""Merging people and taking them apart again: nothing is lost, whatever came in between (P-07, B-01)."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.documents import NATIVE
from mien.domain.errors import NotFoundError
from mien.domain.identities import IdentityKind, own_id
from mien.services.environments import change_settings
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.services.merges import (
    LaterMergeError,
    demerge,
    list_merges,
    list_suggestions,
)
from mien.services.reading import find_in
from mien.store.engine import Store
from tests.support.merging import device, events_of, faults, fb, join, person, told, undo
from tests.support.uploading import NOON_MS, Desk, Record, event, new_environment, profile


# P-07
async def test_the_newest_write_wins_lists_unite_and_a_no_stays_a_no(desk: Desk) -> None:
    await desk.send(
        profile("ana", plan="old", city="Rome", tags=["a", "b"], **{"MSG-sms": False}),
        at_ms=NOON_MS,
    )
    await desk.send(
        profile("bo", plan="new", tags=["b", "c"], **{"MSG-sms": True}), at_ms=NOON_MS + 5
    )
    await desk.send(profile("ana", city="Oslo"), at_ms=NOON_MS + 9)
    report = join(desk, "bo", "ana")
    shown = desk.get("bo")
    assert shown.id == desk.get("ana").id == report.survivor
    properties = shown.document.properties
    assert properties == {
        "plan": "new",
        "city": "Oslo",
        "tags": ["a", "b", "c"],
        "MSG-sms": False,
    }
    assert {each.property for each in report.conflicts} == {"plan", "tags", "MSG-sms"}
    assert faults(desk) == []


# P-07
@pytest.mark.parametrize("of", ["ana", "bo"])
async def test_disabled_wins_and_undoing_gives_each_its_own_again(desk: Desk, of: str) -> None:
    await desk.send(profile("ana", **{"MSG-disabled": of == "ana"}), at_ms=NOON_MS)
    await desk.send(profile("bo", **{"MSG-disabled": of == "bo"}), at_ms=NOON_MS + 5)
    report = join(desk, "ana", "bo")
    assert desk.get("ana").document.properties == {"MSG-disabled": True}
    undo(desk, report.merge)
    for name in ("ana", "bo"):
        assert desk.get(name).document.properties == {"MSG-disabled": name == of}
    assert faults(desk) == []


# P-07
async def test_the_oldest_identified_profile_survives(desk: Desk) -> None:
    await desk.send({"type": "profile", "objectId": "web", "profileData": {}}, at_ms=NOON_MS)
    await desk.send(profile("ana"), at_ms=NOON_MS + 1)
    await desk.send(profile("bo"), at_ms=NOON_MS + 2)
    anonymous, ana = desk.get("web", IdentityKind.OBJECT_ID), desk.get("ana")
    report = join(desk, device("web"), "ana")
    assert (report.survivor, report.absorbed) == (ana.id, anonymous.id)
    assert join(desk, "bo", "ana").survivor == ana.id
    assert faults(desk) == []


# B-01
async def test_a_preview_says_what_the_merge_then_does_and_changes_nothing(desk: Desk) -> None:
    await desk.send(profile("ana", a=1, b=2), event("ana", "Seen", 10))
    await desk.send(profile("bo", a=2, c=3), event("bo", "Seen", 20), event("bo", "Paid", 30))
    preview = join(desk, "ana", "bo", is_preview=True)
    assert desk.get("ana").id != desk.get("bo").id
    assert list_merges(desk.store, desk.environment, before=2**60, count=9) == []
    done = join(desk, "ana", "bo")
    assert (preview.merge, done.merge > 0) == (0, True)
    for part in ("survivor", "absorbed", "moved", "conflicts", "changes", "events"):
        assert getattr(preview, part) == getattr(done, part)
    assert preview.events == 2


# P-07
async def test_a_record_with_ids_of_two_people_makes_them_one(desk: Desk) -> None:
    await desk.send(profile("ana", a=1), fb("f1", b=2))
    receipt = await desk.send({"type": "event", "identity": "ana", "FBID": "f1", "evtName": "E"})
    assert receipt.results[0].merged == (person("f1", IdentityKind.FBID),)  # type: ignore[union-attr]
    shown = desk.get("ana")
    assert shown.id == desk.get("f1", IdentityKind.FBID).id
    assert shown.document.properties == {"a": 1, "b": 2}
    assert shown.activity.events != {}
    assert faults(desk) == []


# P-07
async def test_two_values_of_a_kind_that_is_one_per_person_are_only_suggested(desk: Desk) -> None:
    await desk.send(profile("ana"), {**profile("bo"), "FBID": "f1"})
    receipt = await desk.send({**profile("ana", a=1), "FBID": "f1"})
    assert receipt.results[0].conflicts == (person("f1", IdentityKind.FBID),)  # type: ignore[union-attr]
    found, _ = list_suggestions(desk.store, desk.environment, after=(0, 0), count=9)
    assert [(row.profile, row.other) for row in found] == [(desk.get("ana").id, desk.get("bo").id)]
    join(desk, "ana", "bo")
    assert list_suggestions(desk.store, desk.environment, after=(0, 0), count=9)[0] == []
    assert faults(desk) == []


# P-07
async def test_what_people_took_apart_no_record_joins_again(desk: Desk) -> None:
    await desk.send(profile("ana"), fb("f1"))
    both = {"type": "profile", "identity": "ana", "FBID": "f1", "profileData": {}}
    await desk.send(both)
    (merge,) = list_merges(desk.store, desk.environment, before=2**60, count=9)
    undo(desk, merge.id)
    receipt = await desk.send(both)
    assert receipt.results[0].conflicts == (person("f1", IdentityKind.FBID),)  # type: ignore[union-attr]
    assert desk.get("ana").id != desk.get("f1", IdentityKind.FBID).id
    assert faults(desk) == []


# P-07
async def test_a_call_that_would_merge_more_than_its_share_suggests_the_rest(desk: Desk) -> None:
    change_settings(desk.store, desk.environment, {"merges_per_call": 2}, source="test")
    for n in range(3):
        await desk.send(profile(f"p{n}"), fb(f"f{n}"))
    receipt = await desk.send(*[{**profile(f"p{n}"), "FBID": f"f{n}"} for n in range(3)])
    merged = [len(each.merged) for each in receipt.results]  # type: ignore[union-attr]
    assert merged == [1, 1, 0]
    assert len(list_suggestions(desk.store, desk.environment, after=(0, 0), count=9)[0]) == 1
    assert faults(desk) == []


# P-07
async def test_an_e_mail_address_joins_where_the_environment_unifies_on_it(desk: Desk) -> None:
    await desk.send(fb("f1", Email="ana@x.example", a=1))
    await desk.send(profile("ana", Email="Ana@X.example"))
    assert desk.get("ana").id != desk.get("f1", IdentityKind.FBID).id
    change_settings(desk.store, desk.environment, {"unify_on": ("email",)}, source="test")
    await desk.send(fb("f2", Email="bo@x.example"))
    await desk.send(profile("bo", Email="BO@x.example", b=2))
    assert desk.get("bo").id == desk.get("f2", IdentityKind.FBID).id
    await desk.send(profile("cy", Email="bo@x.example"))
    assert desk.get("cy").id != desk.get("bo").id
    await desk.send(profile("bo", Email="new@x.example"))
    await desk.send(fb("f3", Email="bo@x.example"))
    assert desk.get("f3", IdentityKind.FBID).id != desk.get("bo").id
    assert faults(desk) == []


# P-08
async def test_blocked_and_too_many_ids_join_nobody(desk: Desk) -> None:
    changes: dict[str, object] = {"blocked_ids": ("guest",), "ids_per_kind": {"FBID": 1}}
    change_settings(desk.store, desk.environment, changes, source="test")
    receipt = await desk.send(
        profile("guest"),
        {**profile("ana"), "FBID": "f1"},
        {**profile("ana", a=1), "FBID": "f2"},
        {**profile("bo"), "GPID": "guest"},
    )
    codes = [getattr(each, "code", None) for each in receipt.results]
    assert codes == [523, None, 626, 523]
    assert desk.get("ana").document.properties == {}
    assert desk.find("guest") is None


# P-05
async def test_what_was_done_before_logging_in_elsewhere_is_grey(desk: Desk) -> None:
    await desk.send({**profile("x"), "objectId": "first"})
    await desk.send({"type": "event", "objectId": "second", "evtName": "A"})
    visitor = desk.get("second", IdentityKind.OBJECT_ID)
    await desk.send({**profile("x"), "objectId": "second"})
    await desk.send({"type": "event", "objectId": "second", "evtName": "B", "evtData": {"b": 1}})
    x = desk.get("x")
    assert events_of(desk, x) == [(b'{"b":1}', False), (b"{}", True)]
    assert sum(done.count for done in x.activity.events.values()) == 1
    with desk.store.read() as tx:
        rest = find_in(tx, desk.environment, own_id(visitor.id))
    assert rest is not None
    assert sum(done.count for done in rest.activity.events.values()) == 1
    assert events_of(desk, rest) == [(b"{}", False)]
    receipt = erase(desk.store, desk.environment, person("x"))
    assert receipt is not None
    assert receipt.removed["grey_profiles"] == 1
    assert receipt.removed["events"] == 2
    assert faults(desk) == []


# P-04
async def test_what_was_done_before_a_first_log_in_is_the_persons_own(desk: Desk) -> None:
    await desk.send({"type": "event", "objectId": "web", "evtName": "A"})
    await desk.send({**profile("x"), "objectId": "web"})
    await desk.send({"type": "event", "objectId": "web", "evtName": "B"})
    assert events_of(desk, desk.get("x")) == [(b"{}", False), (b"{}", False)]
    assert sum(done.count for done in desk.get("x").activity.events.values()) == 2


# P-06
async def test_switching_users_on_one_device_leaves_nothing_grey(desk: Desk) -> None:
    for name in ("x", "y", "x"):
        await desk.send({**profile(name), "objectId": "web"})
        await desk.send({"type": "event", "objectId": "web", "evtName": "E"})
    assert [len(events_of(desk, desk.get(name))) for name in ("x", "y")] == [2, 1]
    assert not any(is_grey for name in ("x", "y") for _, is_grey in events_of(desk, desk.get(name)))


# B-01
async def test_merging_and_undoing_twice_is_as_once(desk: Desk) -> None:
    await desk.send(profile("ana", a=1), profile("bo", b=2))
    first = join(desk, "ana", "bo")
    again = join(desk, "bo", "ana")
    assert again.is_done_before
    assert again.merge == first.merge
    assert not undo(desk, first.merge).is_done_before
    assert undo(desk, first.merge).is_done_before
    assert join(desk, "ana", "bo").merge > first.merge
    with pytest.raises(NotFoundError):
        undo(desk, 10**6)
    with pytest.raises(NotFoundError):
        join(desk, "ana", "nobody")
    assert faults(desk) == []


# B-01
async def test_merges_are_undone_from_the_last_one_on(desk: Desk) -> None:
    await desk.send(*[profile(name, **{name: 1}) for name in ("a", "b", "c", "d")])
    first, second = join(desk, "a", "b"), join(desk, "c", "d")
    third = join(desk, "b", "d")
    shown = desk.get("d")
    assert {desk.get(name).id for name in "abcd"} == {shown.id}
    assert shown.document.properties == {"a": 1, "b": 1, "c": 1, "d": 1}
    for earlier in (first, second):
        with pytest.raises(LaterMergeError) as refused:
            undo(desk, earlier.merge)
        assert refused.value.later == third.merge
    undo(desk, third.merge)
    assert desk.get("c").id == desk.get("d").id != desk.get("a").id
    assert desk.get("c").document.properties == {"c": 1, "d": 1}
    assert faults(desk) == []
    join(desk, "a", "c")
    assert demerge(desk.store, desk.environment, [person("d")], source="api:1") == 3
    assert len({desk.get(name).id for name in "abcd"}) == 4
    assert demerge(desk.store, desk.environment, [person("d")], source="api:1") == 0
    assert faults(desk) == []


# P-15
async def test_who_was_merged_is_erased_whole(desk: Desk) -> None:
    await desk.send(profile("ana", a=1), profile("bo", Email="bo@x.example"), event("bo", "E"))
    join(desk, "ana", "bo")
    receipt = erase(desk.store, desk.environment, person("bo"))
    assert receipt is not None
    assert receipt.removed["profiles"] == 2
    assert receipt.removed["merges"] == 1
    assert desk.find("ana") is desk.find("bo") is None
    assert faults(desk) == []


A_SIDE: list[Record] = [{"identity": "ana"}, {"FBID": "fa"}, {"objectId": "da"}]
B_SIDE: list[Record] = [{"identity": "bo"}, {"FBID": "fb"}, {"objectId": "db"}]
FIRST: list[Record] = [
    {"type": "profile", "identity": "ana", "FBID": "fa", "objectId": "da", "profileData": {"n": 1}},
    {"type": "profile", "identity": "bo", "FBID": "fb", "objectId": "db", "profileData": {"n": 5}},
]
"""Two people; each later record comes by one of their ids."""

_numbers = st.one_of(st.integers(-9, 9), st.builds(lambda by: {"$incr": by}, st.integers(1, 9)))
_texts = st.one_of(st.sampled_from(["x", "y"]), st.just({"$delete": 1}))
_items = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)
_lists = st.one_of(
    _items, st.builds(lambda i: {"$add": i}, _items), st.builds(lambda i: {"$remove": i}, _items)
)
_data = st.fixed_dictionaries(
    {},
    optional={
        "n": _numbers,
        "text": _texts,
        "list": _lists,
        "Email": st.sampled_from(["a@x.example", "b@x.example"]),
        "MSG-sms": st.booleans(),
        "category-unsubscribe": st.just({"email": ["news"]}),
        "GPID": st.sampled_from(["ga", "gb"]),
    },
)
_sent_by = st.sampled_from([*A_SIDE, *B_SIDE])


@st.composite
def later(draw: st.DrawFn) -> Record:
    """Give a record by one of the ids; further ids in it never cross over."""
    sender = draw(_sent_by)
    if draw(st.booleans()):
        return {"type": "event", "evtName": draw(st.sampled_from(["E", "F"])), **sender}
    data = draw(_data)
    data.pop("GPID", None)
    record: Record = {"type": "profile", **sender, "profileData": data}
    if draw(st.booleans()):
        record["ts"] = NOON_MS // 1_000 + draw(st.integers(-50, 50))
    if "objectId" not in sender and draw(st.integers(0, 3)) == 0:
        record["objectId"] = draw(st.sampled_from(["da", "db", "dc"]))
    return record


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    before=st.lists(later(), max_size=6),
    between=st.lists(later(), max_size=10),
    after=st.lists(later(), max_size=3),
)
def test_both_are_as_if_they_had_never_met(
    shared_store: Store, before: list[Record], between: list[Record], after: list[Record]
) -> None:
    """B-01: whatever is sent between a merge and its undo, each side has what its ids sent."""
    ingest = Ingest(shared_store)
    met = Desk(shared_store, ingest, new_environment(shared_store))
    never = Desk(shared_store, ingest, new_environment(shared_store))

    async def send(desk: Desk, records: list[Record], at: int) -> None:
        for place, record in enumerate(records):
            await desk.send(record, at_ms=NOON_MS + at + place, rules=NATIVE)

    async def play() -> None:
        for desk in (met, never):
            await send(desk, [*FIRST, *before], 0)
        merge = join(met, "ana", "bo").merge
        for desk in (met, never):
            await send(desk, between, 100)
        assert faults(met) == []
        undo(met, merge)
        assert faults(met) == []
        for desk in (met, never):
            await send(desk, after, 200)

    asyncio.run(play())
    ingest.close()
    assert faults(met) == []
    for name in ("ana", "bo"):
        one, other = met.get(name), never.get(name)
        assert told(met, one) == told(never, other)
        assert events_of(met, one) == events_of(never, other)
