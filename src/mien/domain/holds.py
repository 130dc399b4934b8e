"""Whether a condition holds of a value, decided in memory: the meaning of each operator.

Of an absent value, and of one of another type, no condition holds. Source: S-01, S-03;
`docs/segments.md` has it for people.
"""

from collections.abc import Sequence
from datetime import UTC, date, tzinfo
from typing import TypeGuard, assert_never

from mien.domain.conditions import (
    After,
    Anniversary,
    AnyOf,
    Before,
    Between,
    Condition,
    Contains,
    DaysCondition,
    Equals,
    Exists,
    HasAll,
    HasAny,
    InLast,
    InNext,
    LessOrEqual,
    LessThan,
    ListCondition,
    MoreOrEqual,
    MoreThan,
    Number,
    NumberCondition,
    On,
    StartsWith,
    TextCondition,
    VersionAtLeast,
    VersionBelow,
)
from mien.domain.moments import comes_round, day_at, days_of, meant_by, span_of
from mien.domain.values import day_of
from mien.domain.versions import version_of


def holds(condition: Condition, value: object, now: int, zone: tzinfo) -> bool:
    """Tell whether a condition holds of a value; of none (None) and of another type it does not."""
    match condition:
        case Exists():
            return value is not None
        case Equals() | AnyOf():
            wanted = condition.values if isinstance(condition, AnyOf) else (condition.value,)
            return any(_is_same(each, value) for each in wanted)
        case Contains() | StartsWith() | VersionBelow() | VersionAtLeast():
            return isinstance(value, str) and not _is_date(value) and _has_text(condition, value)
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual() | Between():
            return is_number(value) and _compares(condition, value)
        case HasAny() | HasAll():
            return isinstance(value, list) and _has_items(condition, value)
        case _:
            return isinstance(value, str) and _holds_of_date(condition, value, now, zone)


def _holds_of_date(
    condition: DaysCondition | Anniversary, text: str, now: int, zone: tzinfo
) -> bool:
    when = meant_by(text)
    if when is None:
        return False
    if isinstance(condition, Anniversary):
        # Such a day is that of the age: by UTC.
        day = day_of(text)
        return day is not None and comes_round(day, day_at(now, zone), condition.days)
    if isinstance(when, date):
        return days_of(condition, day_at(now, zone)).has(when)
    return holds_at(condition, when, now, zone)


def holds_at(condition: Condition, moment: int | None, now: int, zone: tzinfo) -> bool:
    """Tell whether a condition on dates holds of a moment (epoch seconds; None: there is none)."""
    if moment is None:
        return False
    today = day_at(now, zone)
    match condition:
        case Exists():
            return True
        case Anniversary(days):
            return comes_round(day_at(moment, UTC), today, days)
        case Before() | On() | After() | InLast() | InNext():
            return span_of(condition, today, zone).has(moment)
        case _:
            return False


def _is_date(text: str) -> bool:
    return text.startswith("$D_")


def is_number(value: object) -> TypeGuard[Number]:
    """Is this a number? True and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same(wanted: object, value: object) -> bool:
    """Compare texts with texts, numbers with numbers by their exact size, booleans with booleans."""
    if is_number(wanted) and is_number(value):
        return wanted == value
    return type(wanted) is type(value) and wanted == value


def _has_text(condition: TextCondition, text: str) -> bool:
    match condition:
        case Contains(wanted):
            return _lowered(wanted) in _lowered(text)
        case StartsWith(wanted):
            return _lowered(text).startswith(_lowered(wanted))
        case VersionBelow(limit) | VersionAtLeast(limit):
            version, bound = version_of(text), version_of(limit)
            if version is None or bound is None:
                return False
            return (version < bound) is isinstance(condition, VersionBelow)
        case _:
            assert_never(condition)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _lowered(text: str) -> str:
    """Give a text with A to Z made small; other letters stay, so that every engine agrees."""
    return text.translate(_LOWER)


def _compares(condition: NumberCondition, number: Number) -> bool:
    match condition:
        case LessThan(limit):
            return number < limit
        case LessOrEqual(limit):
            return number <= limit
        case MoreThan(limit):
            return number > limit
        case MoreOrEqual(limit):
            return number >= limit
        case Between(low, high):
            return low <= number <= high
        case _:
            assert_never(condition)


def _has_items(condition: ListCondition, items: Sequence[object]) -> bool:
    found = (wanted in items for wanted in condition.values)
    return any(found) if isinstance(condition, HasAny) else all(found)
