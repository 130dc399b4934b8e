"""Token records: the codes 530 to 535 as far as a record alone can tell."""

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.records import TOKEN_PLATFORMS
from mien.domain.rejects import RejectCode
from tests.domain.making import accepted_token, code_of, reject_of, token

KEYS = {"p256dh": "BNcR", "auth": "tBHI"}


# U-15
@pytest.mark.parametrize("kind", ["fcm", "gcm", "apns", "wns", "mpns", "FCM", "Apns"])
def test_a_token_of_a_phone_or_desktop_is_taken(kind: str) -> None:
    record = accepted_token({"id": "abc", "type": kind, "keys": None}, "-d1")
    assert record.device == Identity(IdentityKind.OBJECT_ID, "d1")
    assert (record.token, record.token_type, record.keys) == ("abc", kind.lower(), None)


# U-15
def test_a_token_of_chrome_is_taken_with_both_keys() -> None:
    record = accepted_token({"id": "abc", "type": "chrome", "keys": {**KEYS, "other": 1}})
    assert (record.token_type, record.keys) == ("chrome", KEYS)


# U-15
def test_every_documented_type_belongs_to_a_platform() -> None:
    assert set(TOKEN_PLATFORMS) == {"fcm", "gcm", "apns", "chrome", "wns", "mpns"}


# U-15
@pytest.mark.parametrize("object_id", [None, "", "a b", "-", [], 1.5], ids=repr)
def test_a_token_needs_an_object_id(object_id: object) -> None:
    data = {"id": "abc", "type": "fcm"}
    assert code_of(token(data, object_id)) == RejectCode.TOKEN_OBJECT_ID
    assert code_of({"type": "token", "tokenData": data}) == RejectCode.TOKEN_OBJECT_ID


# U-15
def test_a_token_is_not_given_to_a_person() -> None:
    raw = {"type": "token", "identity": "ana", "tokenData": {"id": "abc", "type": "fcm"}}
    assert code_of(raw) == RejectCode.TOKEN_OBJECT_ID


# U-15
@pytest.mark.parametrize("data", [[], "abc", 1, True, 0, ""], ids=repr)
def test_the_token_data_needs_to_be_an_object(data: object) -> None:
    assert code_of(token(data)) == RejectCode.TOKEN_DATA
    assert code_of({"type": "token", "objectId": "d1"}) == RejectCode.TOKEN_DATA


# U-15
def test_null_in_place_of_a_token_gives_it_up() -> None:
    record = accepted_token(None, "-d1")
    assert record.gives_up
    assert record.device == Identity(IdentityKind.OBJECT_ID, "d1")
    assert not accepted_token({"id": "abc", "type": "fcm"}).gives_up


# U-15
@pytest.mark.parametrize("value", [None, "", " ", 1, True, [], {}], ids=repr)
def test_a_token_needs_an_id(value: object) -> None:
    assert code_of(token({"id": value, "type": "fcm"})) == RejectCode.TOKEN_ID_MISSING
    assert code_of(token({"type": "fcm"})) == RejectCode.TOKEN_ID_MISSING


# U-15
@pytest.mark.parametrize("kind", [None, "", "sms", 1, True, [], {}, "fcm "], ids=repr)
def test_a_token_needs_a_known_type(kind: object) -> None:
    reject = reject_of(token({"id": "abc", "type": kind}))
    assert reject.code == RejectCode.TOKEN_TYPE_MISSING
    assert "fcm, gcm, apns, chrome, wns, mpns" in reject.reason
    assert code_of(token({"id": "abc"})) == RejectCode.TOKEN_TYPE_MISSING


# U-15
@pytest.mark.parametrize(
    "keys",
    [
        None,
        {},
        [],
        "keys",
        {"p256dh": "a"},
        {"auth": "a"},
        {"p256dh": "", "auth": "a"},
        {"p256dh": "a", "auth": 1},
        {"p256dh": "a", "auth": None},
    ],
    ids=repr,
)
def test_a_token_of_chrome_needs_both_keys(keys: object) -> None:
    assert code_of(token({"id": "abc", "type": "chrome", "keys": keys})) == RejectCode.TOKEN_KEYS
    assert code_of(token({"id": "abc", "type": "chrome"})) == RejectCode.TOKEN_KEYS


# U-15
@pytest.mark.parametrize("kind", ["fcm", "gcm", "apns", "wns", "mpns"])
@pytest.mark.parametrize("keys", [{}, KEYS, [], "keys", False], ids=repr)
def test_other_tokens_take_no_keys(kind: str, keys: object) -> None:
    reject = reject_of(token({"id": "abc", "type": kind, "keys": keys}))
    assert reject.code == RejectCode.TOKEN_KEYS
    assert kind in reject.reason


# U-15
def test_of_several_failures_the_first_is_told() -> None:
    assert code_of(token({}, "a b")) == RejectCode.TOKEN_OBJECT_ID
    assert code_of(token({"keys": {}})) == RejectCode.TOKEN_ID_MISSING
    assert code_of(token({"id": "abc", "keys": {}})) == RejectCode.TOKEN_TYPE_MISSING
