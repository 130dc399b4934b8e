"""Conditions on one value: the leaves of the segment language, their form and their limits.

A condition is read from `{"op": …}` with what the operator takes. What each one means is
told by `domain.matching`; `docs/segments.md` has it for people. Source: S-01, S-02.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, TypeAlias, TypeVar, assert_never, get_args

import msgspec

from mien.domain.errors import InvalidSegmentError
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, VALUE_BYTES, ValueType, is_too_long

VALUES = 1_000
"""How many values one list of a condition has at most."""

DAYS = 3_650
"""How many days one may look back or ahead at most: ten years."""

LAST_YEAR = 9_998
"""The last year of a day in a segment; the day after a day needs to exist."""

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


TextCondition: TypeAlias = Contains | StartsWith
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

_SAME = (Exists, Equals, AnyOf)
_OF_TYPE: Mapping[ValueType, tuple[type[Condition], ...]] = {
    ValueType.STRING: (*_SAME, *get_args(TextCondition)),
    ValueType.INTEGER: (*_SAME, *get_args(NumberCondition)),
    ValueType.DATE: (Exists, *get_args(DaysCondition), Anniversary),
}
_AT = re.compile(r"(?s)(.*) - at `\$(.*)`")


def parse_condition(
    raw: Mapping[str, object], path: str, *, of: ValueType | None = None
) -> Condition:
    """Read a condition, or raise `InvalidSegmentError`.

    `of` is the type of the value when it is known; the condition has to make sense for it.
    """
    kind = _operator(raw.get("op"), f"{path}.op", of)
    _check_listed(raw.get("values"), f"{path}.values")
    return _checked(convert(raw, kind, path), path, of)


def _checked(condition: Condition, path: str, of: ValueType | None) -> Condition:
    """Give a condition with its values in normal form, or raise `InvalidSegmentError`."""
    match condition:
        case Equals(value):
            return Equals(_scalar(value, f"{path}.value", of))
        case AnyOf(values):
            return AnyOf(_sorted(_scalar(each, at, of) for each, at in _each(values, path)))
        case HasAny(texts) | HasAll(texts):
            return type(condition)(_sorted(_item(each, at) for each, at in _each(texts, path)))
        case Contains(text) | StartsWith(text):
            return type(condition)(_sought(text, f"{path}.value"))
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual() | Between():
            return _compared(condition, path)
        case Before(day) | On(day) | After(day):
            check_day(day, f"{path}.day")
        case Exists() | InLast() | InNext() | Anniversary():
            pass
        case _:
            assert_never(condition)
    return condition


def _compared(condition: NumberCondition, path: str) -> NumberCondition:
    if not isinstance(condition, Between):
        return type(condition)(_number(condition.value, f"{path}.value"))
    at = f"{path}.low"
    low, high = _number(condition.low, at), _number(condition.high, f"{path}.high")
    if low > high:
        raise InvalidSegmentError(at, f"{low} is more than high, {high}")
    return Between(low, high)


S = TypeVar("S", str, Scalar)
K = TypeVar("K")


def convert(raw: object, kind: type[K], path: str) -> K:
    """Read a struct out of decoded JSON, or raise `InvalidSegmentError` at the part that is wrong."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        problem, at = str(error), path
        if found := _AT.fullmatch(problem):
            problem, at = found[1], path + found[2]
        raise InvalidSegmentError(at, problem) from None


def check_unicode(text: str, path: str) -> None:
    """Raise `InvalidSegmentError` for a text with half a character, which no value has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidSegmentError(path, "the text has half a character (a surrogate)") from None


def check_day(day: date, path: str) -> None:
    """Raise `InvalidSegmentError` for a day after the year 9998."""
    if day.year > LAST_YEAR:
        raise InvalidSegmentError(path, f"a day up to the year {LAST_YEAR} is needed")


def _operator(op: object, path: str, of: ValueType | None) -> type[Condition]:
    known = OPERATORS if of is None else _fitting(of)
    if isinstance(op, str) and op in known:
        return known[op]
    about = "" if of is None else f" for a value of type {of}"
    said = "is missing" if op is None else f"{str(op)[:40]!r} is none"
    raise InvalidSegmentError(path, f"{said}; the operators{about} are {', '.join(known)}")


def _fitting(of: ValueType) -> dict[str, type[Condition]]:
    return {op: kind for op, kind in OPERATORS.items() if kind in _OF_TYPE[of]}


def _check_listed(values: object, path: str) -> None:
    """Check that a list has a fair number of texts, numbers and booleans, and say which is none."""
    if not isinstance(values, list):
        return
    if not 1 <= len(values) <= VALUES:
        raise InvalidSegmentError(path, f"1 to {VALUES} values are needed, {len(values)} came")
    for place, value in enumerate(values):
        if not isinstance(value, str | int | float):
            at = f"{path}[{place}]"
            raise InvalidSegmentError(at, "a text, number, true or false is needed")


def _each(values: tuple[S, ...], path: str) -> Iterable[tuple[S, str]]:
    return ((value, f"{path}.values[{place}]") for place, value in enumerate(values))


def _scalar(value: Scalar, path: str, of: ValueType | None) -> Scalar:
    is_text = isinstance(value, str)
    if of is ValueType.STRING and not is_text:
        raise InvalidSegmentError(path, "a text is needed")
    if of is ValueType.INTEGER and (is_text or isinstance(value, bool)):
        raise InvalidSegmentError(path, "a number is needed")
    if isinstance(value, bool):
        return value
    return _text(value, path) if isinstance(value, str) else _number(value, path)


def _sought(text: str, path: str) -> str:
    if not text:
        raise InvalidSegmentError(path, "the empty text is in every text; take exists")
    return _text(text, path)


def _text(text: str, path: str) -> str:
    if text.startswith("$D_"):
        raise InvalidSegmentError(path, "dates are compared by on, before, after, in_last, in_next")
    return _item(text, path)


def _item(text: str, path: str) -> str:
    check_unicode(text, path)
    if is_too_long(text):
        raise InvalidSegmentError(path, f"the text is over {VALUE_BYTES} bytes, as no value is")
    return text


def _number(number: Number, path: str) -> Number:
    """Give a number that a value may have; a whole one as an integer, so that it has one form."""
    if isinstance(number, float) and not math.isfinite(number):
        raise InvalidSegmentError(path, "a finite number is needed")
    if isinstance(number, int) and not INTEGER_MIN <= number <= INTEGER_MAX:
        raise InvalidSegmentError(path, "the integer does not fit into 64 bits")
    if number == int(number) and INTEGER_MIN <= number <= INTEGER_MAX:
        return int(number)
    return number


def _sorted(values: Iterable[S]) -> tuple[S, ...]:
    """Give values once each, in one order: the same set has one form."""
    unique = {(isinstance(value, str), isinstance(value, bool), value) for value in values}
    return tuple(value for _, _, value in sorted(unique))
