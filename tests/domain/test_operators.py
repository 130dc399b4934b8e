"""Operators on properties, in all combinations with the value that is there."""

import pytest

from mien.domain.documents import NATIVE, Rules
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, LIST_ITEMS, Value
from tests.domain.making import accepted_profile, changes_of, code_of_data, profile, reject_of

HUNDRED = [str(number) for number in range(LIST_ITEMS)]

# What is there, the operator, what is there then; None is nothing.
OUTCOMES: list[tuple[Value | None, dict[str, object], Value | None]] = [
    # $set replaces whatever is there.
    (None, {"$set": "b"}, "b"),
    ("a", {"$set": "b"}, "b"),
    ("a", {"$set": ["b", "c", "b"]}, ["b", "c"]),
    (["a"], {"$set": 1}, 1),
    (1, {"$set": 1.0}, 1.0),
    (1, {"$set": True}, True),
    ("a", {"$set": []}, []),
    # $add unites; what is no list becomes one first.
    (None, {"$add": "a"}, ["a"]),
    (None, {"$add": ["a", "b", "a"]}, ["a", "b"]),
    (["a"], {"$add": "b"}, ["a", "b"]),
    (["a"], {"$add": ["b", "a", "c"]}, ["a", "b", "c"]),
    ("x", {"$add": ["a"]}, ["x", "a"]),
    ("a", {"$add": ["a"]}, ["a"]),
    (5, {"$add": "a"}, ["5", "a"]),
    (1.5, {"$add": "a"}, ["1.5", "a"]),
    (True, {"$add": "a"}, ["true", "a"]),
    (False, {"$add": "a"}, ["false", "a"]),
    ("$D_0", {"$add": "a"}, ["$D_0", "a"]),
    (["a"], {"$add": []}, ["a"]),
    # Beyond the limit the oldest go.
    (HUNDRED, {"$add": "x"}, [*HUNDRED[1:], "x"]),
    (HUNDRED, {"$add": ["x", "y", "z"]}, [*HUNDRED[3:], "x", "y", "z"]),
    (HUNDRED, {"$add": "0"}, HUNDRED),
    (HUNDRED, {"$add": [f"n{number}" for number in range(100)]}, [f"n{i}" for i in range(100)]),
    # $remove takes away; an empty list is no property.
    (None, {"$remove": "a"}, None),
    (["a", "b"], {"$remove": "a"}, ["b"]),
    (["a", "b"], {"$remove": ["a", "b", "c"]}, None),
    (["a"], {"$remove": "x"}, ["a"]),
    (["a"], {"$remove": []}, ["a"]),
    ("a", {"$remove": "a"}, None),
    ("a", {"$remove": "b"}, ["a"]),
    (5, {"$remove": "5"}, None),
    (5, {"$remove": "6"}, ["5"]),
    (1.5, {"$remove": "1.5"}, None),
    (True, {"$remove": "true"}, None),
    ([], {"$remove": "a"}, None),
    # $delete takes any property away.
    (None, {"$delete": 1}, None),
    ("a", {"$delete": 1}, None),
    (["a"], {"$delete": True}, None),
    (0, {"$delete": 1}, None),
    (False, {"$delete": True}, None),
    # $incr and $decr count; a float makes a float.
    (5, {"$incr": 2}, 7),
    (5, {"$decr": 2}, 3),
    (5, {"$incr": -2}, 3),
    (5, {"$incr": 0.5}, 5.5),
    (5, {"$incr": 2.0}, 7.0),
    (5, {"$incr": 0.0}, 5.0),
    (5.5, {"$decr": 1}, 4.5),
    (0, {"$incr": 0}, 0),
    (2**53, {"$incr": 1}, 2**53 + 1),
    (INTEGER_MAX - 1, {"$incr": 1}, INTEGER_MAX),
    (INTEGER_MIN + 1, {"$decr": 1}, INTEGER_MIN),
    (-1, {"$decr": INTEGER_MIN}, INTEGER_MAX),
    (INTEGER_MAX, {"$incr": 1.0}, float(2**63)),
]


# U-12
@pytest.mark.parametrize(
    ("before", "operator", "after"), OUTCOMES, ids=lambda case: repr(case)[:40]
)
def test_an_operator_gives_the_value_that_the_table_says(
    before: Value | None, operator: dict[str, object], after: Value | None
) -> None:
    properties = {} if before is None else {"p": before}
    changes = changes_of(properties, {"p": operator})
    result = {**properties, **changes.new}.get("p")
    assert result == after
    assert type(result) is type(after)
    if changes.new:
        assert changes.old == properties
    else:
        assert changes.old == {}


# U-10
def test_the_items_that_go_are_in_the_history() -> None:
    changes = changes_of({"tags": HUNDRED}, {"tags": {"$add": "x"}})
    assert changes.old == {"tags": HUNDRED}


# U-12
@pytest.mark.parametrize("operator", ["$incr", "$decr"])
@pytest.mark.parametrize("before", ["5", True, ["5"], "$D_0"], ids=repr)
def test_counting_what_is_no_number_is_refused_with_advice(before: Value, operator: str) -> None:
    for rules in (Rules(), NATIVE):
        with pytest.raises(Rejected) as refusal:
            changes_of({"p": before}, {"p": {operator: 1}}, rules=rules)
        assert refusal.value.code == RejectCode.NOT_A_NUMBER
        assert "'p'" in refusal.value.reason
        assert "not a number; set it to a number first" in refusal.value.reason


# U-12
@pytest.mark.parametrize("operator", ["$incr", "$decr"])
def test_counting_what_is_missing_is_refused_with_advice(operator: str) -> None:
    with pytest.raises(Rejected) as refusal:
        changes_of({}, {"p": {operator: 1}})
    assert refusal.value.code == RejectCode.NOT_A_NUMBER
    assert "missing; set it to a number first" in refusal.value.reason


# U-12
@pytest.mark.parametrize("rules", [Rules(missing_is_zero=True), NATIVE])
def test_an_environment_may_take_what_is_missing_for_zero(rules: Rules) -> None:
    assert changes_of({}, {"p": {"$incr": 2}}, rules=rules).new == {"p": 2}
    assert changes_of({}, {"p": {"$decr": 2.5}}, rules=rules).new == {"p": -2.5}


# U-11, U-12
@pytest.mark.parametrize(
    ("before", "operator"),
    [(INTEGER_MAX, {"$incr": 1}), (INTEGER_MIN, {"$decr": 1}), (0, {"$decr": INTEGER_MIN})],
)
def test_a_sum_beyond_64_bits_is_refused(before: int, operator: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        changes_of({"p": before}, {"p": operator})
    assert refusal.value.code == RejectCode.INTEGER_RANGE


# U-11, U-12
@pytest.mark.parametrize("operator", [{"$incr": 1.7e308}, {"$decr": -1.7e308}])
def test_a_sum_beyond_all_floats_is_refused(operator: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        changes_of({"p": 1.7e308}, {"p": operator})
    assert refusal.value.code == RejectCode.NOT_A_NUMBER


# U-08, U-12
@pytest.mark.parametrize(
    ("before", "operator"),
    [(34, {"$incr": 117}), (34, {"$decr": 35}), (34, {"$incr": 0.5}), (34, {"$incr": 1.0})],
)
def test_an_age_stays_a_whole_number_of_years(before: int, operator: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refusal:
        changes_of({"Age": before}, {"Age": operator})
    assert (refusal.value.code, refusal.value.reason) == (RejectCode.AGE, "Age is invalid")


# U-12
def test_an_age_may_be_counted() -> None:
    assert changes_of({"Age": 34}, {"Age": {"$incr": 1}}).new == {"Age": 35}
    assert changes_of({"Age": 34}, {"Age": {"$delete": 1}}).new == {"Age": None}


# U-10
@pytest.mark.parametrize("operator", ["$add", "$remove"])
def test_a_text_over_the_limit_does_not_become_an_item(operator: str) -> None:
    with pytest.raises(Rejected) as refusal:
        changes_of({"p": "x" * 513}, {"p": {operator: "a"}})
    assert refusal.value.code == RejectCode.VALUE_TOO_LONG


# U-12
def test_several_operators_and_plain_values_of_one_record_are_applied_in_order() -> None:
    before: dict[str, Value] = {"n": 1, "tags": ["a"], "old": "x"}
    changes = changes_of(
        before,
        {"n": {"$incr": 1}, "plan": "pro", "tags": {"$add": "b"}, "old": {"$delete": 1}},
    )
    assert list(changes.new.items()) == [
        ("n", 2),
        ("plan", "pro"),
        ("tags", ["a", "b"]),
        ("old", None),
    ]
    assert changes.old == before


# U-12
@pytest.mark.parametrize("operand", [0, 2, False, "1", None, 1.0, [1], {}], ids=repr)
def test_delete_takes_one_or_true(operand: object) -> None:
    assert code_of_data("p", {"$delete": operand}) == RejectCode.OPERATOR_OPERAND
    assert code_of_data("Name", {"$delete": operand}) == RejectCode.OPERATOR_OPERAND


# U-12
@pytest.mark.parametrize("operator", ["$incr", "$decr"])
@pytest.mark.parametrize("operand", ["1", True, None, [1], {}], ids=repr)
def test_counting_takes_a_number(operator: str, operand: object) -> None:
    assert code_of_data("p", {operator: operand}) == RejectCode.OPERATOR_OPERAND


# U-12
@pytest.mark.parametrize("operator", ["$add", "$remove"])
@pytest.mark.parametrize("operand", [1, 1.5, True, None, {}, ["a", 1]], ids=repr)
def test_adding_and_removing_take_texts(operator: str, operand: object) -> None:
    assert code_of_data("p", {operator: operand}) == RejectCode.LIST_INVALID


# U-12
@pytest.mark.parametrize("name", ["$push", "add", "", "$ADD", "a"])
def test_an_unknown_operator_is_refused_and_named(name: str) -> None:
    reject = reject_of(profile({"p": {name: 1}}))
    assert reject.code == RejectCode.OPERATOR_UNKNOWN
    assert repr(name) in reject.reason


# U-12
def test_an_object_with_several_operators_is_refused() -> None:
    assert code_of_data("p", {"$add": "a", "$remove": "b"}) == RejectCode.VALUE_TYPE
    assert code_of_data("Name", {"$set": "a", "$delete": 1}) == RejectCode.VALUE_TYPE


# U-12
def test_a_list_in_the_document_is_not_changed_in_place() -> None:
    tags = ["a"]
    changes_of({"tags": tags}, {"tags": {"$add": "b"}})
    changes_of({"tags": tags}, {"tags": {"$remove": "a"}})
    assert tags == ["a"]
    assert accepted_profile({"tags": tags}).changes["tags"] is not tags
