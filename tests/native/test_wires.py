"""The two shapes of a record: nothing is lost between them, and reasons keep to one of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.rejects import RejectCode
from mien.services.wires import (
    Wire,
    from_raw,
    ignored_keys,
    native_reason,
    shape_of,
    to_raw,
    wire_of,
)

_keys = st.sampled_from(
    [
        "type",
        "distinct_id",
        "identity",
        "properties",
        "profileData",
        "evtData",
        "evtName",
        "name",
        "at",
        "ts",
        "token",
        "tokenData",
        "object_id",
        "objectId",
        "$identity",
        "$$",
        "x",
    ]
)
_records = st.dictionaries(
    _keys, st.sampled_from(["profile", "event", "token", 1, None, {"identity": "a"}])
)


@given(_records)
def test_a_record_comes_back_as_it_was(record: dict[str, object]) -> None:
    back = from_raw(to_raw(record))
    assert back == record
    assert isinstance(back, dict)
    assert list(back) == list(record)


@given(_records)
def test_no_key_of_the_other_wire_has_a_meaning(record: dict[str, object]) -> None:
    raw = to_raw(record)
    assert isinstance(raw, dict)
    assert ("identity" in raw) is ("distinct_id" in record)
    assert ("ts" in raw) is ("at" in record)
    assert {"profileData", "evtData"}.isdisjoint(raw) is ("properties" not in record)


@pytest.mark.parametrize("thing", [None, 5, "text", [1], True])
def test_what_is_no_object_stays_as_it_is(thing: object) -> None:
    assert to_raw(thing) == thing
    assert from_raw(thing) == thing
    assert ignored_keys(thing) == ()


@pytest.mark.parametrize("wire", list(Wire))
def test_a_source_tells_its_wire(wire: Wire) -> None:
    assert wire_of(wire.source(12)) is wire


def test_sources_of_other_kinds_are_read_as_the_compatible_api() -> None:
    assert wire_of("cli") is Wire.COMPATIBLE


@pytest.mark.parametrize(
    ("record", "wire"),
    [
        ({"distinct_id": "a", "properties": {}}, Wire.NATIVE),
        ({"identity": "a", "profileData": {}}, Wire.COMPATIBLE),
    ],
)
def test_the_keys_of_a_record_tell_its_shape(record: dict[str, Any], wire: Wire) -> None:
    for otherwise in Wire:
        assert shape_of(record, otherwise) is wire


@pytest.mark.parametrize("record", [{"type": "profile"}, {"distinct_id": "a", "ts": 1}, 5])
def test_a_record_with_keys_of_both_or_neither_is_read_as_expected(record: object) -> None:
    for otherwise in Wire:
        assert shape_of(record, otherwise) is otherwise


def test_names_are_translated_and_quoted_values_are_not() -> None:
    reason = "objectId 'the identity' is of no known device; ts and tokenData"
    assert (
        native_reason(RejectCode.TOKEN_OBJECT_ID, reason)
        == "object_id 'the identity' is of no known device; at and token"
    )


def test_a_key_of_the_properties_keeps_its_name() -> None:
    reason = "identity is an id of the person and takes no operator"
    assert native_reason(RejectCode.IDENTITY_DELETE, reason) == reason


@pytest.mark.parametrize(
    ("record", "ignored"),
    [
        ({"type": "profile", "distinct_id": "a", "properties": {}, "at": 1}, ()),
        ({"type": "profile", "name": "Ana", "token": {}}, ("name", "token")),
        ({"type": "token", "object_id": "d", "token": {}, "distinct_id": "a"}, ("distinct_id",)),
        ({"type": "unheard of", "x": 1}, ()),
        ({"type": ["profile"], "x": 1}, ()),
    ],
)
def test_keys_without_a_meaning_are_named(
    record: dict[str, object], ignored: tuple[str, ...]
) -> None:
    assert ignored_keys(record) == ignored
