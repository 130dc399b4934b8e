"""Definitions: types of values, counting, and how a type widens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.schema import Definition, DefinitionKind, DefinitionState, Tally, widen
from mien.domain.values import ValueType, type_of

STRING, INTEGER, FLOAT = ValueType.STRING, ValueType.INTEGER, ValueType.FLOAT
BOOLEAN, DATE, LIST = ValueType.BOOLEAN, ValueType.DATE, ValueType.LIST
MIXED, OBJECT = ValueType.MIXED, ValueType.OBJECT

OF_ONE_VALUE = [each for each in ValueType if each is not MIXED]


# P-14, U-11
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", STRING),
        ("", STRING),
        ("$d_1", STRING),
        ("$D_0", DATE),
        (1, INTEGER),
        (1.0, FLOAT),
        (True, BOOLEAN),
        (["a"], LIST),
        ({"a": 1}, OBJECT),
    ],
    ids=repr,
)
def test_a_value_has_a_type(value: object, expected: ValueType) -> None:
    assert type_of(value) is expected


# P-14
def test_values_are_counted_by_name_and_type_and_what_was_removed_is_not() -> None:
    tally = Tally()
    tally.add([("a", 1), ("b", "x"), ("c", None)])
    tally.add([("a", 2), ("a", 1.5), ("b", "$D_0")])
    assert tally.by_name() == {"a": {INTEGER: 2, FLOAT: 1}, "b": {STRING: 1, DATE: 1}}


# P-14
def test_of_each_name_the_first_type_stands_first() -> None:
    tally = Tally()
    tally.add([("other", 1), ("a", "x"), ("a", 1)])
    assert list(tally.by_name()["a"]) == [STRING, INTEGER]


# P-14
@pytest.mark.parametrize("kind", OF_ONE_VALUE)
def test_the_first_value_gives_the_type_and_the_same_type_keeps_it(kind: ValueType) -> None:
    assert widen(None, {kind: 3}) == (kind, 0)
    assert widen(kind, {kind: 3}) == (kind, 0)


# P-14
@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (INTEGER, {FLOAT: 2}, (FLOAT, 0)),
        (FLOAT, {INTEGER: 2}, (FLOAT, 0)),
        (None, {INTEGER: 1, FLOAT: 1}, (FLOAT, 0)),
        (None, {FLOAT: 1, INTEGER: 1}, (FLOAT, 0)),
        (INTEGER, {STRING: 2}, (MIXED, 2)),
        (STRING, {INTEGER: 1, FLOAT: 2}, (MIXED, 3)),
        (None, {STRING: 2, INTEGER: 1}, (MIXED, 1)),
        (STRING, {DATE: 1}, (MIXED, 1)),
        (BOOLEAN, {INTEGER: 1}, (MIXED, 1)),
        (LIST, {STRING: 1}, (MIXED, 1)),
        (MIXED, {STRING: 2, LIST: 1}, (MIXED, 3)),
        (None, {INTEGER: 1, FLOAT: 1, STRING: 4}, (MIXED, 4)),
    ],
    ids=repr,
)
def test_integers_and_floats_widen_to_float_and_all_else_is_mixed_and_counted(
    known: ValueType | None, seen: dict[ValueType, int], expected: tuple[ValueType, int]
) -> None:
    assert widen(known, seen) == expected


# P-14
def test_a_definition_without_any_value_has_no_type() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        widen(None, {})
    assert widen(INTEGER, {}) == (INTEGER, 0)


# P-14
def test_a_new_definition_is_in_use() -> None:
    made = Definition(1, DefinitionKind.EVENT, 0, "eventname", "Event Name", None, 5, "api:1")
    assert (made.state, made.count, made.conflicts) == (DefinitionState.ACTIVE, 0, 0)


# Stored in every row: a number that has been given never means anything else.
def test_the_kinds_and_states_of_definitions_keep_their_numbers() -> None:
    assert {kind.name: int(kind) for kind in DefinitionKind} == {
        "PROPERTY": 1,
        "EVENT": 2,
        "EVENT_PROPERTY": 3,
    }
    assert {state.name: int(state) for state in DefinitionState} == {
        "ACTIVE": 1,
        "INACTIVE": 2,
        "DISCARDED": 3,
    }


seen_types = st.lists(st.sampled_from(OF_ONE_VALUE), min_size=1, max_size=6)


# P-14
@given(seen_types, st.data())
def test_the_type_does_not_depend_on_the_order_of_values(
    kinds: list[ValueType], data: st.DataObject
) -> None:
    known: ValueType | None = None
    for kind in data.draw(st.permutations(kinds)):
        known, _ = widen(known, {kind: 1})
    one_by_one: ValueType | None = None
    for kind in kinds:
        one_by_one, _ = widen(one_by_one, {kind: 1})
    assert known is one_by_one


# P-14
@given(seen_types, st.integers(0, 6))
def test_type_and_conflicts_do_not_depend_on_how_values_are_batched(
    kinds: list[ValueType], cut: int
) -> None:
    kinds = sorted(kinds)

    def after(*batches: list[ValueType]) -> tuple[ValueType | None, int]:
        known, conflicts = None, 0
        for batch in batches:
            if batch:
                counts = {kind: batch.count(kind) for kind in batch}
                known, more = widen(known, counts)
                conflicts += more
        return known, conflicts

    known, conflicts = after(kinds[:cut], kinds[cut:])
    whole, all_conflicts = after(kinds)
    assert known is whole
    # A type that went on after the definition became Mixed conflicts from there on.
    assert 0 <= conflicts - all_conflicts <= len(kinds)


# P-14
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 1.0, "x", None]))), st.data())
def test_a_tally_does_not_depend_on_the_order_of_values(
    named: list[tuple[str, object]], data: st.DataObject
) -> None:
    one, other, halves = Tally(), Tally(), Tally()
    one.add(named)
    other.add(data.draw(st.permutations(named)))
    halves.add(named[: len(named) // 2])
    halves.add(named[len(named) // 2 :])
    assert one.by_name() == other.by_name() == halves.by_name()
