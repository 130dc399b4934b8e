"""Sums as every engine works them out: in whole millionths, as integers.

Added up as fractions of two, numbers give another sum in another order. So each number
becomes so many millionths first, and sums, averages and what they are compared with are
integers. Source: S-03; `docs/segments.md` has it for people.
"""

import math

import msgspec

from mien.domain.conditions import (
    AnyOf,
    Between,
    Condition,
    Equals,
    LessOrEqual,
    LessThan,
    MoreOrEqual,
    MoreThan,
)

MILLION = 1_000_000

TOO_LARGE = 1e24
"""A float of this size, or larger, is not counted: its millionths fit into no integer of an engine."""


def millionths(number: float) -> int | None:
    """Give a number in millionths: exactly for an integer, rounded (halves up) for a float.

    None for a float that is too large to count. The arithmetic of floats is that of doubles.
    """
    if isinstance(number, int):
        return number * MILLION
    if abs(number) >= TOO_LARGE:
        return None
    return math.floor(number * 1e6 + 0.5)


def limits_of(condition: Condition) -> list[float]:
    """Give the numbers that a condition compares with."""
    limits: list[float] = []
    for value in msgspec.structs.astuple(condition):
        each = value if isinstance(value, tuple) else (value,)
        limits += [number for number in each if isinstance(number, int | float)]
    return limits


def in_millionths(condition: Condition, times: int = 1) -> Condition:
    """Give a condition on a sum as one on the sum in millionths.

    For an average `times` is of how many: the sum is compared with so many times the limit.
    None of `limits_of` may be too large to count.
    """

    def scaled(limit: object) -> int:
        size = millionths(limit) if isinstance(limit, int | float) else None
        assert size is not None  # noqa: S101 - checked when the condition was read
        return size * times

    match condition:
        case Equals(value):
            return Equals(scaled(value))
        case AnyOf(values):
            return AnyOf(tuple(map(scaled, values)))
        case Between(low, high):
            return Between(scaled(low), scaled(high))
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual():
            return type(condition)(scaled(condition.value))
        case _:
            return condition
