"""Profiles: what a record changes, the cap of custom keys, devices, groups, type and age."""

from collections.abc import Callable
from datetime import date

import msgspec
import pytest

from mien.domain.devices import Device, PushToken
from mien.domain.documents import CUSTOM_KEYS, NATIVE, Document, Rules, is_identified
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.preferences import GroupChange
from mien.domain.profiles import Profile
from mien.domain.values import Value, day_of
from tests.domain.making import BIRTH_MS, changes_of, document, new_profile, write

FULL: dict[str, Value] = {f"k{number}": number for number in range(CUSTOM_KEYS)}


# U-10
def test_the_256th_custom_key_is_taken_and_the_257th_refused_and_named() -> None:
    nearly = {f"k{number}": number for number in range(CUSTOM_KEYS - 1)}
    assert changes_of(nearly, {"x": 1}).new == {"x": 1}
    changes = changes_of(nearly, {"x": 1, "y": 2, "z": 3})
    assert changes.new == {"x": 1}
    assert changes.refused == ("y", "z")


# U-10
def test_existing_keys_of_a_full_profile_are_still_written() -> None:
    changes = changes_of(FULL, {"k0": "new", "x": 1, "k1": {"$incr": 1}, "Name": "Ana"})
    assert changes.new == {"k0": "new", "k1": 2, "Name": "Ana"}
    assert changes.old == {"k0": 0, "k1": 1}
    assert changes.refused == ("x",)


# U-10
def test_standard_fields_do_not_count_as_custom_keys() -> None:
    standard: dict[str, Value] = dict.fromkeys(STANDARD_FIELDS, "x")
    nearly = {f"k{number}": number for number in range(CUSTOM_KEYS - 1)}
    changes = changes_of(standard | nearly, {"x": 1, "y": 1})
    assert changes.new == {"x": 1}
    assert changes.refused == ("y",)


# U-10
@pytest.mark.parametrize("first", ["k0", "x"])
def test_a_key_that_goes_makes_room_in_the_same_record(first: str) -> None:
    data = {"k0": {"$delete": 1}, "x": 1}
    ordered = {first: data[first], **data}
    assert changes_of(FULL, ordered).new == {"k0": None, "x": 1}


# U-10
def test_a_profile_over_the_cap_takes_no_new_key_and_keeps_the_others_writable() -> None:
    over = {**FULL, "more": 1}
    changes = changes_of(over, {"x": 1, "more": 2, "k0": {"$delete": 1}})
    assert changes.new == {"more": 2, "k0": None}
    assert changes.refused == ("x",)


# U-10
def test_natively_there_is_no_cap() -> None:
    assert changes_of(FULL, {"x": 1}, rules=NATIVE).new == {"x": 1}


# U-10
def test_the_cap_is_a_rule() -> None:
    assert changes_of({}, {"a": 1, "b": 2}, rules=Rules(custom_keys=1)).refused == ("b",)


# B-02
def test_a_value_that_is_there_already_is_no_change() -> None:
    before: dict[str, Value] = {"a": "x", "b": 1, "c": 1.5, "d": True, "e": ["x"]}
    changes = changes_of(before, before)
    assert (changes.new, changes.old) == ({}, {})


# U-11
@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (1.0, 1), (1, True), (False, 0), ("1", 1)])
def test_an_equal_value_of_another_type_is_a_change(before: Value, after: Value) -> None:
    changes = changes_of({"p": before}, {"p": after})
    assert changes.new == {"p": after}
    assert type(changes.new["p"]) is type(after)
    assert changes.old == {"p": before}


# U-11
def test_the_order_of_a_list_is_part_of_it() -> None:
    assert changes_of({"p": ["a", "b"]}, {"p": ["b", "a"]}).new == {"p": ["b", "a"]}


# P-02
def test_a_profile_comes_back_from_its_bytes_as_it_was() -> None:
    made = new_profile()
    write(made, {"plan": "pro", "n": 1, "f": 1.0, "tags": ["a"]})
    write(made, {"later": True}, at=1_600_000_000)
    made.attach([Identity(IdentityKind.IDENTITY, "ana"), Identity(IdentityKind.FBID, "f")])
    made.add_device(Device("-d1", token=PushToken("t", "chrome", {"p256dh": "a", "auth": "b"})))
    made.change_group(GroupChange("email", "News", is_subscribed=False))
    made.activity.add(3, 50)
    back = Profile(
        made.id,
        made.document_bytes(),
        made.activity_bytes(),
        last_change=1,
        last_event=2,
        created_at=3,
    )
    assert back.document_bytes() == made.document_bytes()
    assert back.activity_bytes() == made.activity_bytes()
    assert back.document == made.document
    assert back.activity == made.activity
    assert type(back.document.properties["f"]) is float
    assert back.document_bytes() == made.document_bytes()
    assert not back.is_new
    assert not back.is_touched


# P-02
def test_a_new_profile_is_written_and_has_its_times() -> None:
    made = Profile.create(ProfileId(7), created_at=5, base_at=6)
    assert (made.id, made.created_at, made.document.base_at) == (7, 5, 6)
    assert (made.last_change, made.last_event) == (0, 0)
    assert made.is_new
    assert made.is_touched
    assert made.activity.events == {}


# P-02
def test_what_is_changed_is_marked_to_be_written() -> None:
    stored = new_profile().document_bytes()

    def stored_profile() -> Profile:
        return Profile(ProfileId(1), stored, b"{}", last_change=0, last_event=0, created_at=0)

    writes: list[Callable[[Profile], object]] = [
        lambda each: each.attach([]),
        lambda each: each.add_device(Device("d")),
        lambda each: each.change_group(GroupChange("email", "News", is_subscribed=True)),
        lambda each: write(each, {"a": 1}),
    ]
    reads: list[Callable[[Profile], object]] = [
        lambda each: each.remove_device("d"),
        lambda each: each.find_device("d"),
        lambda each: each.document,
    ]
    for act in (*writes, *reads):
        profile = stored_profile()
        act(profile)
        assert profile.is_touched == (act in writes)


# P-06
@pytest.mark.parametrize("spelling", ["d1", "-d1"])
def test_a_device_is_found_and_let_go_by_its_id_without_a_leading_hyphen(spelling: str) -> None:
    profile = new_profile()
    other, device = Device("d2"), Device(spelling)
    profile.add_device(other)
    profile.add_device(device)
    assert profile.find_device("d1") is device
    assert profile.find_device("d3") is None
    assert profile.remove_device("d1") is device
    assert profile.remove_device("d1") is None
    assert profile.document.devices == [other]


# P-06
def test_a_profile_that_let_a_device_go_is_written() -> None:
    stored = msgspec.json.encode(document(devices=[Device("-d1")]))
    profile = Profile(ProfileId(1), stored, b"{}", last_change=0, last_event=0, created_at=0)
    assert profile.remove_device("d1") is not None
    assert profile.is_touched


# U-13
def test_a_group_changes_once() -> None:
    profile = new_profile()
    leave = GroupChange("email", "News", is_subscribed=False)
    assert profile.change_group(leave)
    assert not profile.change_group(leave)
    assert profile.change_group(GroupChange("sms", "News", is_subscribed=False))
    assert profile.change_group(GroupChange("email", "News", is_subscribed=True))
    assert profile.document.groups == {"email": {"News": True}, "sms": {"News": False}}


# P-03
@pytest.mark.parametrize(
    ("parts", "is_one"),
    [
        ({}, False),
        ({"properties": {"Name": "Ana", "plan": "pro", "email": "a@b.co"}}, False),
        ({"devices": [Device("d")]}, False),
        ({"groups": {"email": {"News": True}}}, False),
        ({"identities": [(IdentityKind.IDENTITY, "ana")]}, True),
        ({"identities": [(IdentityKind.FBID, "f")]}, True),
        ({"properties": {"Email": "ana@example.com"}}, True),
        ({"properties": {"Phone": "+14155551234"}}, True),
        ({"devices": [Device("d"), Device("e", token=PushToken("t", "fcm"))]}, True),
    ],
    ids=repr,
)
def test_the_type_follows_from_the_data(parts: dict[str, object], is_one: object) -> None:
    assert is_identified(Document(BIRTH_MS, **parts)) is is_one  # type: ignore[arg-type]


# P-03
def test_the_type_follows_at_once_when_the_data_changes() -> None:
    profile = new_profile()
    write(profile, {"Email": "ana@example.com"})
    assert is_identified(profile.document)
    write(profile, {"Email": {"$delete": 1}})
    assert not is_identified(profile.document)


# U-11
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("$D_19900131", date(1990, 1, 31)),
        ("$D_20240229", date(2024, 2, 29)),
        ("$D_0", date(1970, 1, 1)),
        ("$D_-1", date(1969, 12, 31)),
        ("$D_86399", date(1970, 1, 1)),
        ("$D_86400", date(1970, 1, 2)),
        ("$D_-62135596800", date(1, 1, 1)),
        ("$D_253402300799", date(9999, 12, 31)),
        # Eight digits that are no day count seconds.
        ("$D_20230229", date(1970, 8, 23)),
        ("$D_99999999", date(1973, 3, 3)),
        ("$D_-62135596801", None),
        ("$D_253402300800", None),
        ("19900131", None),
        ("$D_x", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_the_day_that_it_means(text: str, day: date | None) -> None:
    assert day_of(text) == day


# P-02
def test_a_document_leaves_out_what_is_unknown() -> None:
    assert msgspec.json.encode(document()) == b'{"base_at":%d}' % BIRTH_MS
    devices = [Device("d", token=PushToken("t", "fcm")), Device("e", seen_at=5)]
    assert msgspec.json.encode(devices) == (
        b'[{"object_id":"d","token":{"id":"t","type":"fcm"}},{"object_id":"e","seen_at":5}]'
    )
