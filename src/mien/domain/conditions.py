"""Conditions on one value: the leaves of the segment language, their form and their limits.

They are read by `domain.condition_json`. What each one means is told by `domain.holds`;
`docs/segments.md` has it for people. Source: S-01.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, TypeAlias, get_args

import msgspec

VALUES = 1_000
"""How many values one list of a condition has at most."""

DAYS = 3_650
"""How many days one may look back or ahead at most: ten years."""

Number: TypeAlias = int | float
Scalar: TypeAlias = str | bool | int | float
DayCount = Annotated[int, msgspec.Meta(ge=1, le=DAYS)]


class _Condition(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """What all conditions share: the tag `op`, and no further keys."""


class Exists(_Condition, frozen=True, tag="exists"):
    """There is a value."""


class Equals(_Condition, frozen=True, tag="equals"):
    """The value is this text, number, true or false."""

    value: Scalar


class AnyOf(_Condition, frozen=True, tag="any_of"):
    """The value equals one of these."""

    values: tuple[Scalar, ...]


class Contains(_Condition, frozen=True, tag="contains"):
    """The text has this text in it."""

    value: str


class StartsWith(_Condition, frozen=True, tag="starts_with"):
    """The text starts with this text."""

    value: str


class VersionBelow(_Condition, frozen=True, tag="version_below"):
    """The text is a version before this one."""

    value: str


class VersionAtLeast(_Condition, frozen=True, tag="version_at_least"):
    """The text is this version or a later one."""

    value: str


class LessThan(_Condition, frozen=True, tag="less_than"):
    """The number is less than this one."""

    value: Number


class LessOrEqual(_Condition, frozen=True, tag="at_most"):
    """The number is this one or less."""

    value: Number


class MoreThan(_Condition, frozen=True, tag="more_than"):
    """The number is more than this one."""

    value: Number


class MoreOrEqual(_Condition, frozen=True, tag="at_least"):
    """The number is this one or more."""

    value: Number


class Between(_Condition, frozen=True, tag="between"):
    """The number lies between these two, both included."""

    low: Number
    high: Number


class Before(_Condition, frozen=True, tag="before"):
    """The date is before this day."""

    day: date


class On(_Condition, frozen=True, tag="on"):
    """The date is on this day."""

    day: date


class After(_Condition, frozen=True, tag="after"):
    """The date is after this day."""

    day: date


class InLast(_Condition, frozen=True, tag="in_last"):
    """The date is on one of so many days, of which today is the last."""

    days: DayCount


class InNext(_Condition, frozen=True, tag="in_next"):
    """The date is on one of so many days, of which today is the first."""

    days: DayCount


class Anniversary(_Condition, frozen=True, tag="anniversary"):
    """The day comes round, in a later year, on one of so many days from today on."""

    days: Annotated[int, msgspec.Meta(ge=1, le=365)]


class HasAny(_Condition, frozen=True, tag="has_any"):
    """At least one of these texts is in the list."""

    values: tuple[str, ...]


class HasAll(_Condition, frozen=True, tag="has_all"):
    """All of these texts are in the list."""

    values: tuple[str, ...]


TextCondition: TypeAlias = Contains | StartsWith | VersionBelow | VersionAtLeast
NumberCondition: TypeAlias = LessThan | LessOrEqual | MoreThan | MoreOrEqual | Between
DaysCondition: TypeAlias = Before | On | After | InLast | InNext
ListCondition: TypeAlias = HasAny | HasAll
Condition: TypeAlias = (
    Exists
    | Equals
    | AnyOf
    | TextCondition
    | NumberCondition
    | DaysCondition
    | Anniversary
    | ListCondition
)

OPERATORS: Mapping[str, type[Condition]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Condition)
}
"""All conditions by their operator."""
