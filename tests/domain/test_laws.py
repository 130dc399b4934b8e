"""Laws that hold for any record: parsing never raises, operators do as a simple model says."""

from contextlib import suppress
from copy import deepcopy

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mien.domain.changes import Change, decode_change, encode_change
from mien.domain.documents import COMPATIBLE, CUSTOM_KEYS, NATIVE, Document, property_changes
from mien.domain.identities import IdentityKind
from mien.domain.records import ProfileRecord
from mien.domain.rejects import REJECT_CODES, Reject, Rejected
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, LIST_ITEMS, Value
from tests.domain.making import (
    LATE_LOSES,
    accepted_profile,
    changes_of,
    document,
    new_profile,
    profile,
    read,
    write,
)
from tests.domain.strategies import (
    any_json,
    custom_keys,
    floats,
    integers,
    items,
    lists,
    near_data,
    near_records,
    properties,
    texts,
    values,
)

OPERATORS = ("$set", "$add", "$remove", "$delete", "$incr", "$decr")
operands = values | items | st.just(1)
operations = st.dictionaries(st.sampled_from(OPERATORS), operands, min_size=1, max_size=1)


def same(one: object, other: object) -> bool:
    """Are these equal, with types, so that 1, 1.0 and True differ?"""
    return repr(one) == repr(other)


# U-05 to U-15
@given(any_json | near_records)
@example({"type": "profile", "identity": 10**4_299, "profileData": {}})
@example({"type": "profile", "identity": "ana", "profileData": {"Age": "\x1c18"}})
@example({"type": "profile", "identity": "ana", "profileData": {"tags": [10**4_299]}})
def test_parsing_gives_a_record_or_a_reject_and_leaves_its_input(raw: object) -> None:
    before = deepcopy(raw)
    record = read(raw, 3)
    assert record.position == 3
    assert same(raw, before)
    if isinstance(record, Reject):
        assert record.code in REJECT_CODES
        assert record.reason
        assert not record.reason.endswith(". ")
        msgspec.json.encode(record.record)
    else:
        assert record.raw is raw


# U-05 to U-15
@given(any_json | near_records)
def test_parsing_the_same_record_again_gives_the_same(raw: object) -> None:
    assert same(read(raw), read(raw))


# U-16
@given(near_records)
def test_a_rejected_record_can_be_mended_and_sent_again(raw: dict[str, object]) -> None:
    record = read(raw)
    if isinstance(record, Reject):
        echoed = record.record
        assert isinstance(echoed, dict)
        assert echoed.keys() == raw.keys()
        assert {**echoed, "profileData": 0} == {**raw, "profileData": 0}


# U-12
@given(properties, near_data | st.dictionaries(custom_keys, values | operations, max_size=4))
def test_a_record_that_fails_leaves_the_document_as_it_was(
    held: dict[str, Value], data: dict[str, object]
) -> None:
    record = read(profile(data))
    if not isinstance(record, ProfileRecord):
        return
    before = document(held)
    stored = msgspec.json.encode(before)
    for rules in (COMPATIBLE, NATIVE):
        with suppress(Rejected):
            property_changes(before, record.changes, rules=rules, late_at=1)
        assert msgspec.json.encode(before) == stored


# U-18, B-02
@given(properties, properties)
def test_the_same_plain_record_changes_nothing_the_second_time(
    held: dict[str, Value], data: dict[str, Value]
) -> None:
    target = new_profile(held)
    write(target, data)
    before = target.document_bytes()
    again = write(target, data)
    assert (again.new, again.old) == ({}, {})
    assert target.document_bytes() == before


# U-11
@given(custom_keys, values, values)
def test_a_value_that_was_set_is_read_with_its_type(key: str, before: Value, value: Value) -> None:
    for data in ({key: value}, {key: {"$set": value}}):
        target = new_profile()
        write(target, data)
        read_back = msgspec.json.decode(target.document_bytes(), type=Document).properties
        assert same(read_back, {key: value})
        other = new_profile({key: before})
        write(other, data)
        assert other.document.properties == {key: value}
        assert type(other.document.properties[key]) is type(value)


# U-11
@given(integers | floats)
def test_integers_and_floats_come_back_as_they_went_in(number: float) -> None:
    target = new_profile()
    write(target, {"n": number})
    read_back = msgspec.json.decode(target.document_bytes(), type=Document).properties["n"]
    assert same(read_back, number)


def as_items(value: Value | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def model(before: Value | None, operator: str, operand: object) -> Value | None:
    """Say what an operator does, as simply as can be."""
    if operator == "$delete":
        return None
    if operator == "$set":
        assert isinstance(operand, str | bool | int | float | list)
        return operand
    if operator in ("$incr", "$decr"):
        assert isinstance(operand, int | float)
        assert before is None or isinstance(before, int | float)
        by = operand if operator == "$incr" else -operand
        return by if before is None else before + by
    given_items = as_items(operand)  # type: ignore[arg-type]
    if operator == "$remove":
        return [item for item in as_items(before) if item not in given_items] or None
    united = list(as_items(before))
    united.extend(item for item in given_items if item not in united)
    return united[-LIST_ITEMS:]


def steps(*operators: str) -> st.SearchStrategy[tuple[str, object]]:
    operand: dict[str, st.SearchStrategy[object]] = {
        "$set": values,
        "$add": items | lists,
        "$remove": items | lists,
        "$delete": st.just(1) | st.just(value=True),
        "$incr": st.integers(-5, 5) | st.floats(-5, 5),
        "$decr": st.integers(-5, 5) | st.floats(-5, 5),
    }
    return st.sampled_from(operators).flatmap(lambda each: st.tuples(st.just(each), operand[each]))


# U-12
@given(st.none() | values, st.lists(steps("$set", "$add", "$remove", "$delete"), max_size=6))
def test_operators_on_texts_and_lists_do_as_the_model_says(
    first: Value | None, done: list[tuple[str, object]]
) -> None:
    target = new_profile({} if first is None else {"p": first})
    expected = first
    for operator, operand in done:
        write(target, {"p": {operator: operand}})
        expected = model(expected, operator, operand)
        result = target.document.properties.get("p")
        assert result == expected
        assert type(result) is type(expected)


# U-12
@given(
    st.none() | st.integers(-5, 5) | st.floats(-5, 5), st.lists(steps("$incr", "$decr"), max_size=6)
)
def test_operators_on_numbers_do_as_the_model_says(
    first: Value | None, done: list[tuple[str, object]]
) -> None:
    target = new_profile({} if first is None else {"p": first})
    expected = first
    for operator, operand in done:
        write(target, {"p": {operator: operand}}, rules=NATIVE)
        expected = model(expected, operator, operand)
        result = target.document.properties.get("p")
        assert result == expected
        assert type(result) is type(expected)


# U-12
@given(integers, integers)
def test_a_count_is_exact_or_refused(number: int, by: int) -> None:
    total = number + by
    if INTEGER_MIN <= total <= INTEGER_MAX:
        target = new_profile({"n": number})
        write(target, {"n": {"$incr": by}})
        assert target.document.properties == {"n": total}
    else:
        with pytest.raises(Rejected):
            changes_of({"n": number}, {"n": {"$incr": by}})


# U-10, U-12
@given(lists, st.lists(st.text(max_size=3), max_size=LIST_ITEMS))
def test_a_list_never_has_repeats_nor_more_than_100_items(held: list[str], more: list[str]) -> None:
    before = [*held, *(f"n{number}" for number in range(95))][:LIST_ITEMS]
    target = new_profile({"tags": before})
    write(target, {"tags": {"$add": more}})
    tags = target.document.properties["tags"]
    assert isinstance(tags, list)
    assert len(tags) == len(set(tags)) <= LIST_ITEMS
    # What was there already keeps its place, so it may be the oldest that goes.
    assert set(more) - set(before) <= set(tags)


# B-04
@given(properties, st.dictionaries(custom_keys, values | st.just({"$delete": 1}), max_size=6))
def test_the_history_leads_from_before_to_after_and_back(
    held: dict[str, Value], data: dict[str, object]
) -> None:
    target = new_profile(held)
    changes = write(target, data)
    after = target.document.properties
    forward: dict[str, Value | None] = {**held, **changes.new}
    assert same({key: value for key, value in forward.items() if value is not None}, after)
    back = {key: value for key, value in after.items() if key not in changes.new} | changes.old
    assert back == held
    assert changes.old.keys() <= changes.new.keys() & held.keys()
    assert all(changes.new[key] is not None or key in changes.old for key in changes.new)


# B-04
@given(properties, st.none() | st.integers(1, 10**10), texts)
def test_a_change_comes_back_from_the_log_as_it_was_written(
    new: dict[str, Value], at: int | None, token: str
) -> None:
    change = Change(
        created=True,
        new={**new, "gone": None},
        old=new,
        attached=((IdentityKind.FBID, token),),
        device="-d1",
        device_from=5,
        token=token,
        flags={"MSG-dndEmail": True},
        groups={"email": {"News": False}},
        conflicts=((IdentityKind.IDENTITY, token, 7),),
        at=at,
    )
    assert same(decode_change(encode_change(change)), change)
    assert encode_change(Change()) == b"{}"


# U-10
@given(
    st.integers(CUSTOM_KEYS - 4, CUSTOM_KEYS + 4),
    st.dictionaries(
        st.integers(0, CUSTOM_KEYS + 20).map(lambda number: f"k{number}"),
        st.just("new") | st.just({"$delete": 1}),
        max_size=20,
    ),
)
def test_a_full_profile_keeps_its_keys_writable_and_never_grows(
    held: int, data: dict[str, object]
) -> None:
    before: dict[str, Value] = {f"k{number}": number for number in range(held)}
    target = new_profile(before)
    changes = write(target, data)
    after = target.document.properties
    for key, wanted in data.items():
        if key in before:
            assert after.get(key) == ("new" if wanted == "new" else None)
    assert not set(changes.refused) & (before.keys() | after.keys())
    assert len(after) <= max(CUSTOM_KEYS, held)
    # Nothing is refused while there is room.
    assert not changes.refused or len(after) >= CUSTOM_KEYS


# U-18
@given(properties, st.lists(properties, max_size=4))
def test_records_of_one_batch_see_each_other(
    held: dict[str, Value], batch: list[dict[str, Value]]
) -> None:
    target = new_profile(held)
    expected = dict(held)
    for data in batch:
        write(target, data)
        expected |= data
    assert target.document.properties == expected


# U-08
@given(near_data)
def test_reading_a_record_that_is_fine_twice_gives_the_same_changes(
    data: dict[str, object],
) -> None:
    if not isinstance(read(profile(data)), Reject):
        assert same(accepted_profile(data).changes, accepted_profile(data).changes)


# U-22
@given(properties, properties)
def test_without_late_data_the_rule_for_it_changes_nothing(
    held: dict[str, Value], data: dict[str, Value]
) -> None:
    one, other = changes_of(held, data), changes_of(held, data, rules=LATE_LOSES)
    assert same(one, other)
