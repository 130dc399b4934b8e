"""Whom a record names: which ids are taken, and how they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.fields import normalise_email
from mien.domain.identities import (
    PERSON_KINDS,
    REFUSED_VALUES,
    WIRE_NAMES,
    AddressKind,
    Identity,
    IdentityKind,
    object_identity,
    profile_of_server_object_id,
    server_object_id,
)
from mien.domain.ids import ProfileId
from mien.domain.records import EventRecord, ProfileRecord
from mien.domain.rejects import RejectCode
from tests.domain.making import accepted, accepted_profile, code_of, event, profile, reject_of

DOCUMENTED_AS_REFUSED = (
    "undefined null na n/a 0 nil -1 infinity -infinity inf -inf nan -nan empty xxxxxx none"
)
NAMES = [WIRE_NAMES[kind] for kind in PERSON_KINDS]
OBJECT_ID = IdentityKind.OBJECT_ID


# U-05, P-08
def test_the_refused_values_are_the_documented_ones() -> None:
    assert frozenset(DOCUMENTED_AS_REFUSED.split()) == REFUSED_VALUES


# U-05, P-08
@pytest.mark.parametrize("value", DOCUMENTED_AS_REFUSED.split())
@pytest.mark.parametrize("name", NAMES)
def test_a_refused_value_names_nobody_in_any_case(name: str, value: str) -> None:
    for spelling in (value, value.upper(), value.title(), f" {value}\t"):
        assert code_of(profile({}, **{name: spelling})) == RejectCode.IDENTITY
        assert code_of(profile({name: spelling})) == RejectCode.IDENTITY


# U-05
@pytest.mark.parametrize("value", [0, -1])
def test_a_refused_number_names_nobody(value: int) -> None:
    assert code_of(profile({}, identity=value)) == RejectCode.IDENTITY


# U-05
@pytest.mark.parametrize("value", ["", " ", "\t\n", "\u00a0", True, False, 1.0, [], {}, ["ana"]])
@pytest.mark.parametrize("name", NAMES)
def test_a_blank_or_an_id_of_another_type_is_refused(name: str, value: object) -> None:
    assert code_of(profile({}, **{name: value})) == RejectCode.IDENTITY


# U-05
@pytest.mark.parametrize("value", ["a\x00b", "a\nb", "\x7f", "ana\r"])
def test_an_id_with_a_control_character_is_refused(value: str) -> None:
    assert code_of(profile({}, identity=value)) == RejectCode.IDENTITY


# U-05
@pytest.mark.parametrize("character", ["a", "é", "😀"])
def test_an_id_of_1024_characters_is_taken_and_of_1025_refused(character: str) -> None:
    assert accepted_profile({}, identity=character * 1_024).person[0].value == character * 1_024
    reject = reject_of(profile({}, identity=character * 1_025))
    assert reject.code == RejectCode.IDENTITY
    assert reject.reason == "identity is 1025 characters, the limit is 1024"


# U-05
@pytest.mark.parametrize("value", ["ana silva", "a\u00a0b", "a\u200db", "안나", "n/a2", "nulls"])
def test_an_id_may_be_any_other_text(value: str) -> None:
    assert accepted_profile({}, identity=value).person[0].value == value


# U-05
def test_an_integer_is_taken_as_its_text() -> None:
    for value in (1189549, "1189549"):
        assert accepted_profile({}, identity=value).person == (
            Identity(IdentityKind.IDENTITY, "1189549"),
        )
    assert accepted_profile({}, objectId=34322425).device == Identity(OBJECT_ID, "34322425")


# U-05
def test_an_identity_is_compared_exactly_and_an_email_case_folded() -> None:
    assert accepted_profile({}, identity=" Ana ").person[0].value == " Ana "
    assert normalise_email(" Straße@Example.COM ") == "strasse@example.com"


# U-05
def test_the_ids_of_a_person_are_read_in_the_documented_order() -> None:
    record = accepted_profile({}, objectId="d", GPID="g", FBID="f", identity="i")
    assert [(kind.name, value) for kind, value in record.person] == [
        ("IDENTITY", "i"),
        ("FBID", "f"),
        ("GPID", "g"),
    ]
    assert record.device == Identity(OBJECT_ID, "d")
    assert record.alias_from == 3


# U-05
@pytest.mark.parametrize("top", [{}, {"identity": None}, {"FBID": None, "objectId": None}])
def test_a_record_that_names_nobody_is_refused(top: dict[str, object]) -> None:
    for raw in (
        {"type": "profile", "profileData": {}, **top},
        {"type": "event", "evtName": "x", **top},
    ):
        reject = reject_of(raw)
        assert reject.code == RejectCode.IDENTITY
        assert "at least one of identity, FBID, GPID or objectId" in reject.reason


# U-05
@pytest.mark.parametrize("name", [*NAMES, "objectId"])
def test_one_id_of_any_kind_is_enough(name: str) -> None:
    for raw in (profile({}, **{name: "x1"}), {"type": "event", "evtName": "x", name: "x1"}):
        record = accepted(raw)
        assert isinstance(record, ProfileRecord | EventRecord)
        assert len(record.person) + (record.device is not None) == 1


# U-05
def test_a_null_id_is_as_if_it_were_absent() -> None:
    record = accepted_profile({}, identity=None, FBID="f")
    assert record.person == (Identity(IdentityKind.FBID, "f"),)
    assert accepted_profile({}, identity="ana", objectId=None).device is None


# U-05
@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("d1", "d1"),
        ("-d1", "d1"),
        ("--d1", "-d1"),
        ("-g0123", "g0123"),
        ("__h!:@$()x", "__h!:@$()x"),
        ("_w_abc", "_w_abc"),
        ("a" * 64, "a" * 64),
        ("_w_" + "a" * 64, "_w_" + "a" * 64),
        ("__h" + "a" * 64, "__h" + "a" * 64),
        ("-h" + "a" * 64, "h" + "a" * 64),
        ("-" + "a" * 63, "a" * 63),
        ("0", "0"),
        ("null", "null"),
    ],
)
def test_one_leading_hyphen_of_an_object_id_does_not_count(value: str, key: str) -> None:
    assert object_identity(value) == Identity(OBJECT_ID, key)
    assert accepted_profile({}, objectId=value).object_id == value


# U-05
@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        " ",
        "a b",
        "a" * 65,
        "_w_" + "a" * 65,
        "é",
        "a/b",
        "a.b",
        "a\n",
        "a\x00",
        "😀",
        True,
        1.5,
        [],
        {},
    ],
)
def test_a_malformed_object_id_is_refused(value: object) -> None:
    assert code_of(profile({}, objectId=value)) == RejectCode.OBJECT_ID
    assert code_of(event(objectId=value)) == RejectCode.OBJECT_ID


# P-07
@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("identity", IdentityKind.IDENTITY),
        ("Identity", IdentityKind.IDENTITY),
        ("FBID", IdentityKind.FBID),
        ("GPID", IdentityKind.GPID),
    ],
)
def test_an_id_inside_the_data_is_a_further_id_of_the_person(key: str, kind: IdentityKind) -> None:
    record = accepted_profile({key: 7, "plan": "pro"})
    assert record.person == (Identity(IdentityKind.IDENTITY, "ana"), Identity(kind, "7"))
    assert record.alias_from == 1
    assert record.changes == {"plan": "pro"}


# P-07
def test_ids_inside_the_data_are_read_in_the_documented_order_too() -> None:
    for data in ({"GPID": "g", "identity": "i"}, {"identity": "i", "GPID": "g"}):
        record = accepted_profile(data, objectId="d")
        assert [kind for kind, _ in record.person] == [IdentityKind.IDENTITY, IdentityKind.GPID]
        assert record.alias_from == 0


# U-12
@pytest.mark.parametrize("operation", [{"$delete": 1}, {"$set": "x"}, {}])
@pytest.mark.parametrize("key", ["identity", "Identity", "FBID", "GPID"])
def test_an_operator_on_an_id_is_refused(key: str, operation: object) -> None:
    assert code_of(profile({key: operation})) == RejectCode.IDENTITY_DELETE


# Stored in every row: a number that has been given never means anything else.
def test_the_kinds_of_identities_and_addresses_keep_their_numbers() -> None:
    assert {kind.name: int(kind) for kind in IdentityKind} == {
        "IDENTITY": 1,
        "FBID": 2,
        "GPID": 3,
        "OBJECT_ID": 4,
        "PUSH_TOKEN": 5,
        "EMAIL": 6,
    }
    assert {kind.name: int(kind) for kind in AddressKind} == {"EMAIL": 1, "PHONE": 2}


# P-01
@given(st.integers(1, 2**63 - 1))
def test_an_object_id_made_by_the_server_leads_back_to_its_profile(number: int) -> None:
    made = server_object_id(ProfileId(number))
    assert profile_of_server_object_id(made) == number
    assert object_identity(made).value == made


# P-01
@given(st.text() | st.text(alphabet="0123456789abcdef", max_size=17).map("mien_".__add__))
def test_only_one_text_stands_for_each_profile(text: str) -> None:
    number = profile_of_server_object_id(text)
    assert number is None or server_object_id(number) == text


# P-01
@pytest.mark.parametrize(
    "value",
    ["1f", "mien_", "mien_0", "mien_01", "mien_1F", "mien_g", "mien_8000000000000000", "MIEN_1"],
)
def test_an_object_id_that_the_server_would_not_make_is_nobodys(value: str) -> None:
    assert profile_of_server_object_id(value) is None
