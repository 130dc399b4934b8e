"""Every reject code: an example, or the service that decides on it; and its help."""

import pytest

from mien.domain.documents import COMPATIBLE, property_changes
from mien.domain.records import ProfileRecord, parse_records
from mien.domain.rejects import REJECT_CODES, Reject, RejectCode, Rejected
from tests.domain.making import NOW, document, event, profile, read, token

CODES = RejectCode
EXAMPLES: dict[RejectCode, object] = {
    CODES.EVENT_NAME_MISSING: event(name=""),
    CODES.EVENT_NAME_TOO_LONG: event(name="n" * 1_025),
    CODES.CHARGED_INVALID: event({"Items": 1, "a": []}, name="Charged"),
    CODES.EVENT_INVALID: event({"a": None}),
    CODES.EVENT_RESTRICTED: event(name="App Launched"),
    CODES.GENDER: profile({"Gender": "x"}),
    CODES.EMAIL: profile({"Email": "x"}),
    CODES.PHONE: profile({"Phone": "x"}),
    CODES.EMPLOYED: profile({"Employed": "x"}),
    CODES.EDUCATION: profile({"Education": "x"}),
    CODES.MARRIED: profile({"Married": "x"}),
    CODES.AGE: profile({"Age": "x"}),
    CODES.EVENT_VALUE_TOO_LONG: event({"a": "x" * 513}),
    CODES.EVENT_TOO_MANY_PROPERTIES: event({f"p{number}": 1 for number in range(257)}),
    CODES.IDENTITY: profile({}, identity="null"),
    CODES.RECORD_TYPE: {"type": "person", "identity": "ana"},
    CODES.TIMESTAMP: profile({}, ts=0),
    CODES.OBJECT_ID: profile({}, objectId="a b"),
    CODES.TOKEN_OBJECT_ID: token({}, "a b"),
    CODES.TOKEN_DATA: token("abc"),
    CODES.TOKEN_ID_MISSING: token({}),
    CODES.TOKEN_TYPE_MISSING: token({"id": "abc"}),
    CODES.TOKEN_KEYS: token({"id": "abc", "type": "chrome"}),
    CODES.NESTED_TOO_DEEP: event({"a": [[[[1]]]]}),
    CODES.NESTED_TOO_LONG: event({"a": [1] * 101}),
    CODES.NESTED_TOO_MANY_KEYS: event({"a": {f"k{number}": 1 for number in range(101)}}),
    CODES.DATE_OF_BIRTH: profile({"DOB": "x"}),
    CODES.NAME: profile({"Name": 1}),
    CODES.PHOTO: profile({"Photo": "ana.jpg"}),
    CODES.TIME_ZONE: profile({"tz": 1}),
    CODES.CUSTOMER_TYPE: profile({"Customer Type": 1}),
    CODES.KEY_TOO_LONG: profile({"k" * 121: 1}),
    CODES.VALUE_TOO_LONG: profile({"a": "x" * 513}),
    CODES.LIST_INVALID: profile({"a": [1]}),
    CODES.KEY_CHARACTERS: profile({"a.b": 1}),
    CODES.VALUE_TYPE: profile({"a": None}),
    CODES.OPERATOR_UNKNOWN: profile({"a": {"$what": 1}}),
    CODES.OPERATOR_OPERAND: profile({"a": {"$delete": 0}}),
    CODES.NOT_A_NUMBER: profile({"a": {"$incr": 1}}),
    CODES.IDENTITY_DELETE: profile({"identity": {"$delete": 1}}),
    CODES.PROFILE_DATA: profile(None),
    CODES.INTEGER_RANGE: profile({"a": 2**63}),
    CODES.PREFERENCE: profile({"MSG-sms": "x"}),
    CODES.RECORD_TOO_LARGE: event({f"p{number}": "x" * 512 for number in range(256)}),
    CODES.DATE_VALUE: profile({"a": "$D_x"}),
    CODES.DEVICE: profile({}, deviceData={"shoe": "42"}),
}
"""A record for each code."""

DECIDED_WITH_THE_STORE = {
    CODES.EVENT_DISCARDED,
    CODES.TOKEN_PLATFORM,
    CODES.TOO_MANY_KEYS,
    CODES.TOO_MANY_IDS,
    CODES.IDENTITY_UNSIGNED,
    CODES.MAPPING,
}
"""These depend on definitions, devices, profiles, keys and settings: `services` decides on them."""

OF_ADDRESSES = {CODES.ADDRESS_TYPE, CODES.ADDRESS_STATUS}
"""These are about items that are no records: `test_subscriptions.py` has their examples."""


# U-08, U-14, U-15
@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.name)
def test_a_code_is_given_for_its_example(code: RejectCode) -> None:
    record = read(EXAMPLES[code])
    if isinstance(record, ProfileRecord):
        with pytest.raises(Rejected) as refusal:
            property_changes(document(), record.changes, rules=COMPATIBLE, late_at=None)
        assert refusal.value.code == code
    else:
        assert isinstance(record, Reject)
        assert record.code == code
        assert record.record == EXAMPLES[code]
        assert record.reason


# U-25
def test_every_code_has_an_example_or_is_decided_with_the_store() -> None:
    assert set(EXAMPLES) | DECIDED_WITH_THE_STORE | OF_ADDRESSES == set(RejectCode)


# U-25
def test_every_code_has_a_cause_and_a_mend() -> None:
    assert set(REJECT_CODES) == set(RejectCode)
    for help_ in REJECT_CODES.values():
        assert help_.cause.endswith(".")
        assert help_.mend.endswith(".")


# U-05
@pytest.mark.parametrize("raw", [None, 1, "profile", [], True, 1.5], ids=repr)
def test_a_record_needs_to_be_an_object(raw: object) -> None:
    reject = read(raw)
    assert isinstance(reject, Reject)
    assert (reject.code, reject.record) == (CODES.RECORD_TYPE, raw)


# U-05
@pytest.mark.parametrize("kind", [None, "", "Profile", "events", 1, [], {}], ids=repr)
def test_a_record_needs_a_known_type(kind: object) -> None:
    for raw in ({"type": kind, "identity": "ana", "profileData": {}}, {"identity": "ana"}):
        reject = read(raw)
        assert isinstance(reject, Reject)
        assert reject.code == CODES.RECORD_TYPE


# U-16
def test_records_are_numbered_from_one_and_a_bad_one_does_not_stop_its_neighbours() -> None:
    raws = [profile({}), profile({"Email": "x"}), event(), 7]
    records = parse_records(raws, now=NOW)
    assert [record.position for record in records] == [1, 2, 3, 4]
    assert [isinstance(record, Reject) for record in records] == [False, True, False, True]
    assert parse_records([], now=NOW) == []


# U-08
def test_unknown_keys_beside_the_known_ones_are_ignored() -> None:
    assert not isinstance(read(profile({}, source="Segment", evtName=5)), Reject)
