"""The limits of keys, values and lists: exactly at them, and one over."""

import pytest

from mien.domain.devices import DEVICES
from mien.domain.documents import CUSTOM_KEYS
from mien.domain.events import (
    CHARGED_ITEMS,
    NESTED_KEYS,
    NESTED_LEVELS,
    NESTED_LIST_ITEMS,
    PROPERTIES,
    RECORD_BYTES,
)
from mien.domain.identities import IDENTITY_CHARACTERS
from mien.domain.records import RECORDS_PER_CALL
from mien.domain.rejects import RejectCode
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, KEY_BYTES, LIST_ITEMS, VALUE_BYTES
from tests.domain.making import (
    accepted_event,
    accepted_profile,
    code_of_data,
    code_of_event,
    event,
    profile,
    reject_of,
)

KEYS_OF_120_BYTES = ["k" * 120, "é" * 60, "한" * 40, "😀" * 30]
TEXTS_OF_512_BYTES = ["v" * 512, "é" * 256, "한" * 170 + "xx", "😀" * 128]


# U-01, U-05, U-10, U-14, P-08
def test_the_limits_are_the_documented_ones() -> None:
    assert (RECORDS_PER_CALL, IDENTITY_CHARACTERS) == (1_000, 1_024)
    assert (KEY_BYTES, VALUE_BYTES, LIST_ITEMS, CUSTOM_KEYS, DEVICES) == (120, 512, 100, 256, 50)
    assert (PROPERTIES, CHARGED_ITEMS, NESTED_LEVELS) == (256, 256, 3)
    assert (NESTED_LIST_ITEMS, NESTED_KEYS, RECORD_BYTES) == (100, 100, 131_072)


# U-10
@pytest.mark.parametrize("key", KEYS_OF_120_BYTES)
def test_a_key_of_120_bytes_is_taken(key: str) -> None:
    assert accepted_profile({key: 1}).changes == {key: 1}
    assert accepted_event({key: 1}).properties == {key: 1}


# U-10
@pytest.mark.parametrize("key", KEYS_OF_120_BYTES)
def test_a_key_of_121_bytes_is_refused_with_its_size(key: str) -> None:
    for raw in (profile({key + "x": 1}), event({key + "x": 1})):
        reject = reject_of(raw)
        assert reject.code == RejectCode.KEY_TOO_LONG
        assert key[:40] in reject.reason
        assert "121 bytes" in reject.reason
        assert "limit is 120" in reject.reason


# U-10
@pytest.mark.parametrize("text", TEXTS_OF_512_BYTES)
def test_a_text_of_512_bytes_is_taken(text: str) -> None:
    data = {
        "note": text,
        "list": [text],
        "Name": text,
        "Customer Type": text,
        "set": {"$set": text},
    }
    assert accepted_profile(data).changes == {**data, "set": text}
    assert accepted_event({"note": text, "list": [text]}).properties["note"] == text


# U-10
@pytest.mark.parametrize("text", TEXTS_OF_512_BYTES)
@pytest.mark.parametrize("key", ["note", "Name", "Customer Type"])
def test_a_text_of_513_bytes_is_refused_with_its_size(text: str, key: str) -> None:
    reject = reject_of(profile({key: text + "x"}))
    assert reject.code == RejectCode.VALUE_TOO_LONG
    assert reject.reason == f"The value of '{key}' is 513 bytes, the limit is 512"


# U-14
@pytest.mark.parametrize("text", TEXTS_OF_512_BYTES)
def test_a_text_of_513_bytes_in_an_event_is_refused_with_its_size(text: str) -> None:
    reject = reject_of(event({"note": text + "x"}))
    assert reject.code == RejectCode.EVENT_VALUE_TOO_LONG
    assert reject.reason == "The value of 'note' is 513 bytes, the limit is 512"


# U-10
@pytest.mark.parametrize("text", TEXTS_OF_512_BYTES)
@pytest.mark.parametrize("operator", ["$set", "$add", "$remove"])
def test_an_item_of_513_bytes_is_refused_with_its_size(text: str, operator: str) -> None:
    reject = reject_of(profile({"tags": {operator: [text + "x"]}}))
    assert reject.code == RejectCode.LIST_INVALID
    assert reject.reason == "An item of 'tags' is 513 bytes, the limit is 512"


# U-10
@pytest.mark.parametrize("operator", ["$set", "$add", "$remove"])
def test_a_list_of_100_items_is_taken_and_of_101_refused(operator: str) -> None:
    items = [str(number) for number in range(100)]
    accepted_profile({"tags": {operator: items}})
    reject = reject_of(profile({"tags": {operator: [*items, "x"]}}))
    assert reject.code == RejectCode.LIST_INVALID
    assert "'tags'" in reject.reason
    assert "101 items, the limit is 100" in reject.reason


# U-10
def test_a_plain_list_of_100_items_is_taken_and_of_101_refused() -> None:
    items = [str(number) for number in range(100)]
    assert accepted_profile({"tags": items}).changes == {"tags": items}
    assert code_of_data("tags", [*items, "x"]) == RejectCode.LIST_INVALID


# U-10
@pytest.mark.parametrize("character", "%><!|&.:;$'\"\\#\x00\x1f\x7f\n")
def test_a_prohibited_character_in_a_key_is_refused_and_named(character: str) -> None:
    reject = reject_of(profile({f"a{character}b": 1}))
    assert reject.code == RejectCode.KEY_CHARACTERS
    assert repr(character) in reject.reason


# U-14
@pytest.mark.parametrize("character", "%><!|&.:;$'\"\\\x00\x1f\x7f\n")
def test_a_prohibited_character_in_a_key_of_an_event_is_refused(character: str) -> None:
    assert code_of_event(f"a{character}b", 1) == RejectCode.KEY_CHARACTERS


# U-14
def test_a_hash_in_a_key_is_fine_in_an_event() -> None:
    assert accepted_event({"a#b": 1}).properties == {"a#b": 1}


# U-10
@pytest.mark.parametrize("key", ["", " ", "\t\n"])
def test_a_blank_key_is_refused(key: str) -> None:
    assert code_of_data(key, 1) == RejectCode.KEY_TOO_LONG
    assert code_of_event(key, 1) == RejectCode.KEY_TOO_LONG


# U-11
@pytest.mark.parametrize("number", [INTEGER_MIN, INTEGER_MAX, 0, 2**53 + 1])
def test_an_integer_of_64_bits_is_exact(number: int) -> None:
    assert accepted_profile({"n": number, "m": {"$set": number}}).changes == {
        "n": number,
        "m": number,
    }
    assert accepted_event({"n": number}).body == b'{"n":%d}' % number


# U-11
@pytest.mark.parametrize("number", [INTEGER_MIN - 1, INTEGER_MAX + 1, 10**40])
def test_an_integer_of_more_than_64_bits_is_refused(number: int) -> None:
    assert code_of_data("n", number) == RejectCode.INTEGER_RANGE
    assert code_of_data("n", {"$set": number}) == RejectCode.INTEGER_RANGE
    assert code_of_data("n", {"$incr": number}) == RejectCode.INTEGER_RANGE
    assert code_of_event("n", number) == RejectCode.INTEGER_RANGE
    assert code_of_event("n", [number]) == RejectCode.INTEGER_RANGE


# U-11
@pytest.mark.parametrize(
    "text", ["$D_0", "$D_-1", "$D_1468308340", "$D_19900131", "$D_-99999999999"]
)
def test_a_date_before_or_after_1970_is_taken(text: str) -> None:
    assert accepted_profile({"since": text}).changes == {"since": text}
    assert accepted_event({"since": text}).properties == {"since": text}


# U-11
@pytest.mark.parametrize(
    "text", ["$D_", "$D_x", "$D_1.5", "$D_ 1", "$D_1 ", "$D_--1", "$D_\u0661", "$D_" + "1" * 13]
)
def test_a_broken_date_is_refused(text: str) -> None:
    assert code_of_data("since", text) == RejectCode.DATE_VALUE
    assert code_of_data("since", {"$set": text}) == RejectCode.DATE_VALUE
    assert code_of_event("since", text) == RejectCode.DATE_VALUE


# U-11
@pytest.mark.parametrize("value", [None, {}, {"$set": 1, "$add": 1}, {"$set": None}, {"$set": {}}])
def test_a_value_that_is_null_or_an_object_is_refused(value: object) -> None:
    assert code_of_data("plan", value) == RejectCode.VALUE_TYPE


# U-11
@pytest.mark.parametrize("item", [1, 1.5, True, None, [], {}])
def test_a_list_holds_texts_only(item: object) -> None:
    assert code_of_data("tags", ["a", item]) == RejectCode.LIST_INVALID
    assert code_of_data("tags", {"$add": ["a", item]}) == RejectCode.LIST_INVALID


# U-11
def test_a_list_has_no_repeats_and_keeps_its_order() -> None:
    assert accepted_profile({"tags": ["b", "a", "b"]}).changes == {"tags": ["b", "a"]}


# P-09
def test_a_custom_property_needs_no_declaration() -> None:
    data = {"plan": "pro", "score": 1, "ratio": 1.0, "ok": True, "email": "not checked"}
    record = accepted_profile(data)
    assert record.changes == data
    assert [type(value) for value in record.changes.values()] == [str, int, float, bool, str]
