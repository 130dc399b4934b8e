"""Operators on a property: `$set $add $remove $delete $incr $decr`.

An operator is parsed once, into an `Operation`; `operate` gives the value that
a property has after it. Source: U-12.
"""

from enum import Enum
from typing import assert_never

import msgspec

from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    LIST_ITEMS,
    VALUE_BYTES,
    Value,
    check_integer,
    check_item,
    check_list,
    check_text,
    is_too_long,
)


class Operator(Enum):
    """What is done to the value that is there; `$set` parses to its plain value."""

    ADD = "$add"
    REMOVE = "$remove"
    DELETE = "$delete"
    INCREMENT = "$incr"


class Operation(msgspec.Struct, frozen=True):
    """An operator and its operand: texts for add and remove, a number for increment."""

    operator: Operator
    items: tuple[str, ...] = ()
    number: int | float = 0


DELETE = Operation(Operator.DELETE)


def parse_operation(key: str, raw: dict[str, object]) -> Operation | Value:
    """Read `{"$op": operand}`, or raise `Rejected`."""
    if len(raw) != 1:
        reason = f"The value of '{key}' is an object with {len(raw)} keys, not one operator"
        raise Rejected(RejectCode.VALUE_TYPE, reason)
    name, operand = next(iter(raw.items()))
    match name:
        case "$set":
            return parse_plain(key, operand)
        case "$add":
            return Operation(Operator.ADD, items=_items(key, name, operand))
        case "$remove":
            return Operation(Operator.REMOVE, items=_items(key, name, operand))
        case "$delete":
            return _deletion(key, operand)
        case "$incr":
            return Operation(Operator.INCREMENT, number=_number(key, name, operand))
        case "$decr":
            return Operation(Operator.INCREMENT, number=-_number(key, name, operand))
        case _:
            raise Rejected(RejectCode.OPERATOR_UNKNOWN, f"'{key}' has an unknown operator {name!r}")


def parse_value(key: str, raw: object) -> Operation | Value:
    """Read what a record says of one custom property, or raise `Rejected`."""
    # By type, not by `match`: this runs for every value of every record.
    kind = type(raw)
    if kind is str:
        return check_text(key, raw)  # type: ignore[arg-type]
    if kind is int:
        return check_integer(key, raw)  # type: ignore[arg-type]
    if kind is list:
        return check_list(key, raw)  # type: ignore[arg-type]
    if kind is dict:
        return parse_operation(key, raw)  # type: ignore[arg-type]
    return parse_plain(key, raw)


def operate(
    key: str, old: Value | None, operation: Operation, *, missing_is_zero: bool
) -> Value | None:
    """Give the value after an operation, None for no value, or raise `Rejected`."""
    match operation.operator:
        case Operator.DELETE:
            return None
        case Operator.INCREMENT:
            return _sum(key, old, operation.number, missing_is_zero=missing_is_zero)
        case Operator.ADD:
            # Beyond the limit the oldest items go; the change log keeps them (U-10).
            return list(dict.fromkeys((*_as_list(key, old), *operation.items)))[-LIST_ITEMS:]
        case Operator.REMOVE:
            gone = frozenset(operation.items)
            return [item for item in _as_list(key, old) if item not in gone] or None
        case _:
            assert_never(operation.operator)


def parse_plain(key: str, raw: object) -> Value:
    """Read a value of one custom property that is no operator, or raise `Rejected`."""
    match raw:
        case str():
            return check_text(key, raw)
        case bool() | float():
            return raw
        case int():
            return check_integer(key, raw)
        case list():
            return check_list(key, raw)
        case None:
            reason = f"The value of '{key}' is null; remove a property with $delete"
            raise Rejected(RejectCode.VALUE_TYPE, reason)
        case _:
            raise Rejected(RejectCode.VALUE_TYPE, f"The value of '{key}' is an object")


def _items(key: str, name: str, operand: object) -> tuple[str, ...]:
    items = operand if isinstance(operand, list) else [operand]
    if len(items) > LIST_ITEMS:
        reason = f"{name} on '{key}' has {len(items)} items, the limit is {LIST_ITEMS}"
        raise Rejected(RejectCode.LIST_INVALID, reason)
    return tuple(check_item(key, item) for item in items)


def _deletion(key: str, operand: object) -> Operation:
    if operand is True or (type(operand) is int and operand == 1):
        return DELETE
    raise Rejected(RejectCode.OPERATOR_OPERAND, f"$delete on '{key}' takes 1 or true")


def _number(key: str, name: str, operand: object) -> int | float:
    if type(operand) is int:
        return check_integer(key, operand)
    if type(operand) is float:
        return operand
    raise Rejected(RejectCode.OPERATOR_OPERAND, f"{name} on '{key}' takes a number")


def _sum(key: str, old: Value | None, by: int | float, *, missing_is_zero: bool) -> int | float:
    if old is None and missing_is_zero:
        old = 0
    if type(old) is not int and type(old) is not float:
        state = "missing" if old is None else "not a number"
        reason = f"$incr or $decr on '{key}', which is {state}; set it to a number first"
        raise Rejected(RejectCode.NOT_A_NUMBER, reason)
    total = old + by
    if isinstance(total, int) and not INTEGER_MIN <= total <= INTEGER_MAX:
        raise Rejected(RejectCode.INTEGER_RANGE, f"'{key}' would not fit into 64 bits")
    if isinstance(total, float) and total - total != 0:
        raise Rejected(RejectCode.NOT_A_NUMBER, f"'{key}' would not be a finite number")
    return total


def _as_list(key: str, value: Value | None) -> list[str]:
    """Promote a scalar to a list of its text, before items are added or removed."""
    match value:
        case None:
            return []
        case list():
            return value
        case bool():
            return ["true" if value else "false"]
        case _:
            text = str(value)
            if is_too_long(text):
                reason = f"'{key}' is over {VALUE_BYTES} bytes"
                raise Rejected(RejectCode.VALUE_TOO_LONG, reason)
            return [text]
