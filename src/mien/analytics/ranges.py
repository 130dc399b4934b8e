"""Conditions on numbers, as what a column of integers or of floats is compared with.

Numbers compare by their exact size (S-03), engines by that of the column. So every limit is
rounded here, exactly, to the next number that the column can hold: less than 0.5 is at most
0 of an integer, and more than 2^53 + 1 is at least 2^53 + 2 of a float.
"""

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

from mien.domain.conditions import (
    AnyOf,
    Between,
    Condition,
    Equals,
    Exists,
    LessOrEqual,
    LessThan,
    MoreOrEqual,
    MoreThan,
    Number,
    Scalar,
)
from mien.domain.holds import is_number
from mien.domain.values import INTEGER_MAX, INTEGER_MIN

N = TypeVar("N", int, float)


class Range(msgspec.Struct, Generic[N], frozen=True):
    """From `low` to `high`, both included; None leaves a side open."""

    low: N | None
    high: N | None


Wanted: TypeAlias = Range[N] | list[N]
"""A range of numbers, or these numbers alone; the empty list is none at all."""


class _Column(msgspec.Struct, Generic[N], frozen=True):
    """What a column holds: the next number of it from a number on, up and down, and beyond it."""

    up: Callable[[Number], N]
    down: Callable[[Number], N]
    above: Callable[[Number], N]
    below: Callable[[Number], N]
    least: N
    most: N


def wanted_integers(condition: Condition) -> Wanted[int]:
    """Give the integers of 64 bits that meet a condition."""
    return _wanted(condition, _INTEGERS)


def wanted_floats(condition: Condition) -> Wanted[float]:
    """Give the floats that meet a condition."""
    return _wanted(condition, _FLOATS)


def texts_of(condition: Equals | AnyOf) -> list[str]:
    """Give the texts that a condition asks for."""
    return [value for value in _values(condition) if isinstance(value, str)]


def booleans_of(condition: Equals | AnyOf) -> list[bool]:
    """Give what a condition asks for of true and false."""
    return [value for value in _values(condition) if isinstance(value, bool)]


def _values(condition: Equals | AnyOf) -> Sequence[Scalar]:
    return condition.values if isinstance(condition, AnyOf) else (condition.value,)


def _wanted(condition: Condition, column: _Column[N]) -> Wanted[N]:
    match condition:
        case Exists():
            return Range(None, None)
        case Equals() | AnyOf():
            numbers = [value for value in _values(condition) if is_number(value)]
            return [
                held
                for number in numbers
                if (held := column.up(number)) == number and column.least <= held <= column.most
            ]
        case Between(low, high):
            return _within(column.up(low), column.down(high), column)
        case _:
            return _one_sided(condition, column)


def _one_sided(condition: Condition, column: _Column[N]) -> Wanted[N]:
    match condition:
        case LessThan(limit):
            return _within(None, column.below(limit), column)
        case LessOrEqual(limit):
            return _within(None, column.down(limit), column)
        case MoreThan(limit):
            return _within(column.above(limit), None, column)
        case MoreOrEqual(limit):
            return _within(column.up(limit), None, column)
        case _:
            return []


def _within(low: N | None, high: N | None, column: _Column[N]) -> Wanted[N]:
    """Give a range without the limits that the column never passes."""
    least = column.least if low is None else low
    most = column.most if high is None else high
    if least > most or least > column.most or most < column.least:
        return []
    return Range(None if least <= column.least else low, None if most >= column.most else high)


def _float_up(number: Number) -> float:
    near = float(number)
    return near if near >= number else math.nextafter(near, math.inf)


def _float_down(number: Number) -> float:
    near = float(number)
    return near if near <= number else math.nextafter(near, -math.inf)


def _float_above(number: Number) -> float:
    return math.nextafter(_float_down(number), math.inf)


def _float_below(number: Number) -> float:
    return math.nextafter(_float_up(number), -math.inf)


def _integer_above(number: Number) -> int:
    return math.floor(number) + 1


def _integer_below(number: Number) -> int:
    return math.ceil(number) - 1


_INTEGERS: _Column[int] = _Column(
    math.ceil, math.floor, _integer_above, _integer_below, INTEGER_MIN, INTEGER_MAX
)
_LARGEST = math.nextafter(math.inf, 0)
_FLOATS: _Column[float] = _Column(
    _float_up, _float_down, _float_above, _float_below, -_LARGEST, _LARGEST
)
