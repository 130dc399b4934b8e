"""Merging at its limits: what comes in one call, many merges, many devices, long ids (P-07, P-08)."""

import pytest

from mien.domain.identities import Identity, IdentityKind, own_id, server_object_id
from mien.domain.merged_profiles import MERGES_PER_PROFILE
from mien.services.environments import change_settings
from mien.services.erase import erase
from mien.services.merges import (
    LaterMergeError,
    MergeTooManyError,
    demerge,
    list_merges,
    list_suggestions,
)
from mien.services.receipts import Applied, Receipt
from tests.support.merging import events_of, faults, fb, join, person, told, undo
from tests.support.uploading import NOON_MS, Desk, Record, event, profile

BOTH: Record = {"type": "profile", "identity": "ana", "FBID": "f1", "profileData": {"a": 1}}
"""Joins Ana and f1."""

EMOJI = "🧑" * 1_024
"""As long as an id may be, and four bytes a character."""


def codes(receipt: Receipt) -> list[int]:
    """Give the codes of those records that were rejected."""
    return [each.code for each in receipt.results if not isinstance(each, Applied)]


def fb_id(name: str) -> Identity:
    return person(name, IdentityKind.FBID)


def suggested(desk: Desk) -> int:
    return len(list_suggestions(desk.store, desk.environment, after=(0, 0), count=99)[0])


@pytest.mark.parametrize("is_older", [True, False])
async def test_a_record_may_name_the_device_of_whom_it_merges(
    desk: Desk, *, is_older: bool
) -> None:
    """P-06, P-07: the device is the person's already; from now on the sender's side has it."""
    await desk.send({**fb("f1"), "objectId": "d"}, at_ms=NOON_MS + (-5 if is_older else 5))
    await desk.send(profile("ana"))
    await desk.send({**BOTH, "objectId": "d"})
    assert desk.get("d", IdentityKind.OBJECT_ID).id == desk.get("ana").id
    assert faults(desk) == []
    (merge,) = list_merges(desk.store, desk.environment, before=2**60, count=9)
    undo(desk, merge.id)
    assert desk.get("d", IdentityKind.OBJECT_ID).id == desk.get("ana").id
    assert desk.get("f1", IdentityKind.FBID).document.devices == []
    assert faults(desk) == []


async def test_later_records_of_the_same_call_find_whom_an_earlier_one_merged(desk: Desk) -> None:
    """P-07, U-18: by its ids, by the objectId that the server made, by an address that joins."""
    await desk.send(profile("ana"), fb("f1", Email="f1@x.example"))
    own = server_object_id(desk.get("f1", IdentityKind.FBID).id)
    change_settings(desk.store, desk.environment, {"unify_on": ("email",)}, source="test")
    receipt = await desk.send(
        BOTH,
        {"type": "profile", "objectId": own, "profileData": {"own": 1}},
        {"type": "profile", "GPID": "g1", "profileData": {"Email": "f1@x.example"}},
        {"type": "event", "FBID": "f1", "evtName": "Seen"},
        {**fb("f2"), "objectId": own},
    )
    assert codes(receipt) == []
    shown = desk.get("ana")
    for identity in (fb_id("f1"), person("g1", IdentityKind.GPID)):
        assert desk.get(identity.value, identity.kind).id == shown.id
    assert shown.document.properties == {"a": 1, "own": 1, "Email": "f1@x.example"}
    assert len(events_of(desk, shown)) == 1
    assert faults(desk) == []


async def test_new_people_may_be_merged_in_the_call_that_makes_them(desk: Desk) -> None:
    """P-07, U-18"""
    seen: Record = {"type": "event", "FBID": "f1", "evtName": "Seen"}
    await desk.send(profile("ana", n=1), fb("f1", n=2), seen, BOTH, seen)
    shown = desk.get("f1", IdentityKind.FBID)
    assert shown.id == desk.get("ana").id
    assert len(events_of(desk, shown)) == 2
    assert faults(desk) == []
    assert demerge(desk.store, desk.environment, [person("ana")], source="v1:1") == 1
    assert len(events_of(desk, desk.get("f1", IdentityKind.FBID))) == 2
    assert faults(desk) == []


async def test_those_taken_apart_are_joined_by_no_third(desk: Desk) -> None:
    """P-07: neither by one record that names all, nor one after the other."""
    await desk.send(
        profile("ana", a=1), fb("f1"), {"type": "profile", "GPID": "g", "profileData": {}}
    )
    merged = join(desk, "ana", fb_id("f1"))
    undo(desk, merged.merge)
    receipt = await desk.send({**BOTH, "GPID": "g"}, {**fb("f1"), "GPID": "g"})
    first, second = receipt.results
    assert isinstance(first, Applied)
    assert isinstance(second, Applied)
    assert first.merged == (person("g", IdentityKind.GPID),)
    assert first.conflicts == (fb_id("f1"),)
    assert second.merged == ()
    assert desk.get("ana").id == desk.get("g", IdentityKind.GPID).id
    assert desk.get("ana").id != desk.get("f1", IdentityKind.FBID).id
    assert suggested(desk) == 2
    assert faults(desk) == []


async def test_records_join_no_more_ids_than_one_profile_may_have(desk: Desk) -> None:
    """P-08"""
    change_settings(desk.store, desk.environment, {"ids_per_kind": {"FBID": 1}}, source="test")
    await desk.send({**profile("ana"), "FBID": "f0"}, fb("f1"))
    receipt = await desk.send(BOTH)
    assert isinstance(receipt.results[0], Applied)
    assert receipt.results[0].conflicts == (fb_id("f1"),)
    assert desk.get("ana").id != desk.get("f1", IdentityKind.FBID).id
    assert suggested(desk) == 1
    assert faults(desk) == []


# B-01
async def test_going_round_in_circles_comes_back_to_the_start(desk: Desk) -> None:
    names = "abcd"
    await desk.send(*[profile(each, **{each: 1}) for each in names])
    before = {each: told(desk, desk.get(each)) for each in names}
    for _ in range(3):
        done = [join(desk, one, other) for one, other in zip("abcd", "bcda", strict=True)]
        assert [each.is_done_before for each in done] == [False, False, False, True]
        assert join(desk, "b", "a").is_done_before
        for merge in reversed(done[:3]):
            undo(desk, merge.merge)
        assert {each: told(desk, desk.get(each)) for each in names} == before
    assert faults(desk) == []


# B-01
async def test_a_tree_of_merges_is_felled_from_the_top(desk: Desk) -> None:
    names = [f"p{n}" for n in range(16)]
    for place, name in enumerate(names):
        await desk.send(
            {**profile(name, **{name: place}), "objectId": f"d-{name}"},
            event(name, "Seen", n=place),
            at_ms=NOON_MS + place,
        )
    before = {each: told(desk, desk.get(each)) for each in names}
    made: list[int] = []
    step = 1
    while step < len(names):
        # Each time another one of a pair is named first, and the younger may be asked for.
        for low in range(0, len(names), 2 * step):
            made += [join(desk, names[low + 2 * step - 1], names[low]).merge]
        step *= 2
    shown = desk.get("p9")
    assert shown.document.properties == {name: place for place, name in enumerate(names)}
    assert len(events_of(desk, shown)) == len(names)
    assert len(shown.document.devices) == len(names)
    assert faults(desk) == []
    with pytest.raises(LaterMergeError):
        undo(desk, made[0])
    for merge in reversed(made):
        undo(desk, merge)
    assert {each: told(desk, desk.get(each)) for each in names} == before
    assert faults(desk) == []


# P-07
async def test_beyond_the_limit_a_merge_is_refused_and_changes_nothing(desk: Desk) -> None:
    count = MERGES_PER_PROFILE + 2
    await desk.send(*[{**profile(f"p{n}", n=n), "objectId": f"d{n}"} for n in range(count)])
    for n in range(1, MERGES_PER_PROFILE + 1):
        join(desk, "p0", f"p{n}")
    last = f"p{count - 1}"
    before = told(desk, desk.get("p0")), told(desk, desk.get(last))
    for is_preview in (True, False):
        with pytest.raises(MergeTooManyError):
            join(desk, last, "p0", is_preview=is_preview)
    receipt = await desk.send(
        fb("f1"), {"type": "event", "identity": "p3", "FBID": "f1", "evtName": "E"}
    )
    assert isinstance(receipt.results[1], Applied)
    assert receipt.results[1].conflicts == (fb_id("f1"),)
    assert told(desk, desk.get(last)) == before[1]
    assert told(desk, desk.get("p0"))["properties"] == before[0]["properties"]
    assert faults(desk) == []
    assert demerge(desk.store, desk.environment, [person("p7")], source="v1:1") == count - 2
    assert [desk.get(f"p{n}").document.properties for n in range(count)] == [
        {"n": n} for n in range(count)
    ]
    assert [len(desk.get(f"p{n}").document.devices) for n in range(count)] == [1] * count
    assert faults(desk) == []


async def test_one_record_joins_no_more_than_the_limit_either(desk: Desk) -> None:
    """P-07: what each of those brings that it names counts too."""
    half = MERGES_PER_PROFILE // 2
    for kind in ("FBID", "GPID"):
        await desk.send(
            *[{"type": "profile", kind: f"{n}-x", "profileData": {}} for n in range(half + 1)]
        )
        for n in range(1, half + 1):
            one, other = (person(f"{each}-x", IdentityKind[kind]) for each in (0, n))
            join(desk, one, other)
    await desk.send(profile("ana"))
    receipt = await desk.send({**profile("ana"), "FBID": "0-x", "GPID": "0-x"})
    assert isinstance(receipt.results[0], Applied)
    assert (len(receipt.results[0].merged), len(receipt.results[0].conflicts)) == (1, 1)
    assert faults(desk) == []


# P-08
async def test_devices_for_which_a_merge_has_no_room_come_back_with_its_undo(desk: Desk) -> None:
    await desk.send(profile("ana"), profile("bo"))
    for n in range(50):
        await desk.send(
            {**profile("ana"), "objectId": f"a{n}"},
            {**profile("bo"), "objectId": f"b{n}"},
            at_ms=NOON_MS + n * 1_000,
        )
    merge = join(desk, "ana", "bo").merge
    assert len(desk.get("ana").document.devices) == 50
    assert desk.find("a0", IdentityKind.OBJECT_ID) is None
    assert faults(desk) == []
    # One that was let go comes to the other side, one to somebody else, and a new one to Ana.
    later = NOON_MS + 100_000
    await desk.send({**profile("bo"), "objectId": "a0"}, at_ms=later)
    await desk.send({**profile("chi"), "objectId": "a1"}, at_ms=later)
    await desk.send({**event("ana", "Seen"), "objectId": "a50"}, at_ms=later)
    await desk.send({**event("ana", "Seen"), "objectId": "b49"}, at_ms=later)
    assert len(desk.get("ana").document.devices) == 50
    assert faults(desk) == []
    undo(desk, merge)
    held = {
        name: {each.key for each in desk.get(name).document.devices}
        for name in ("ana", "bo", "chi")
    }
    assert all(len(each) <= 50 for each in held.values())
    assert {"a50", "b49", "a49"} <= held["ana"]
    assert {"a0", "b48"} <= held["bo"]
    assert held["chi"] == {"a1"}
    assert faults(desk) == []


# P-07, P-15
async def test_ids_of_1024_emoji_go_all_the_way(desk: Desk) -> None:
    """Also found by their hash alone: what follows in the index is the same for each."""
    one, other, third = (f"{EMOJI[:-1]}{end}" for end in "🦊🦉🐝")
    await desk.send(profile(one), {**fb(other, m=2), "objectId": "d"}, fb(third))
    assert desk.get(one).document.identities == [(IdentityKind.IDENTITY, one)]
    await desk.send({**profile(one), "GPID": EMOJI})
    receipt = await desk.send({**profile(one), "FBID": other})
    assert receipt.results[0].merged == (fb_id(other),)  # type: ignore[union-attr]
    assert desk.get(EMOJI, IdentityKind.GPID).id == desk.get(other, IdentityKind.FBID).id
    await desk.send({**profile("bo"), "FBID": third})
    await desk.send({**profile("bo"), "GPID": EMOJI})
    (suggestion,), _ = list_suggestions(desk.store, desk.environment, after=(0, 0), count=9)
    assert (suggestion.kind, suggestion.value) == (IdentityKind.GPID, EMOJI)
    (merge,) = list_merges(desk.store, desk.environment, before=2**60, count=9)
    assert merge.value == other
    assert faults(desk) == []
    assert fb_id(other) in undo(desk, merge.id).moved
    assert desk.get(other, IdentityKind.FBID).document.properties == {"m": 2}
    join(desk, one, "bo")
    receipt_of_erasure = erase(desk.store, desk.environment, fb_id(third))
    assert receipt_of_erasure is not None
    # Each was known by the objectId of the server too.
    assert receipt_of_erasure.hashes_kept == len((one, EMOJI, "bo", third)) + 2
    assert desk.find(one) is desk.find(third, IdentityKind.FBID) is None
    assert suggested(desk) == 0
    assert faults(desk) == []
    too_long = await desk.send(profile(f"{EMOJI}x"), {**profile("bo"), "FBID": f"{EMOJI}x"})
    assert codes(too_long) == [523, 523]


# P-15
async def test_a_device_that_left_is_not_erased_with_whom_it_left(desk: Desk) -> None:
    await desk.send({**profile("ana"), "objectId": "d"}, profile("bo"))
    join(desk, "ana", "bo")
    await desk.send({**profile("chi"), "objectId": "d"})
    receipt = erase(desk.store, desk.environment, person("bo"))
    assert receipt is not None
    assert desk.get("d", IdentityKind.OBJECT_ID).id == desk.get("chi").id
    assert faults(desk) == []


# P-01
async def test_the_ids_that_the_server_made_find_both_whatever_became_of_them(desk: Desk) -> None:
    await desk.send(profile("ana", a=1), profile("bo", b=1))
    owns = {name: own_id(desk.get(name).id) for name in ("ana", "bo")}
    merge = join(desk, "ana", "bo").merge
    for name, own in owns.items():
        assert desk.get(own.value, own.kind).id == desk.get("ana").id
        await desk.send({"type": "profile", "objectId": own.value, "profileData": {name: 2}})
    assert join(desk, *owns.values()).is_done_before
    undo(desk, merge)
    for name, own in owns.items():
        assert desk.get(own.value, own.kind).document.properties == {name[0]: 1, name: 2}
    assert faults(desk) == []
