"""Conditions as JSON: read from `{"op": …}` with what the operator takes, each part with its path.

Source: S-01, S-02. The forms are shown in `docs/segments.md`.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar, assert_never, get_args

import msgspec

from mien.domain.conditions import (
    OPERATORS,
    VALUES,
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
    MoreOrEqual,
    MoreThan,
    Number,
    NumberCondition,
    On,
    Scalar,
    StartsWith,
    TextCondition,
    VersionAtLeast,
    VersionBelow,
)
from mien.domain.errors import InvalidSegmentError
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, VALUE_BYTES, ValueType, is_too_long
from mien.domain.versions import version_of

LAST_YEAR = 9_998
"""The last year of a day in a segment; the day after a day needs to exist."""

_SAME = (Exists, Equals, AnyOf)
_OF_TYPE: Mapping[ValueType, tuple[type[Condition], ...]] = {
    ValueType.STRING: (*_SAME, *get_args(TextCondition)),
    ValueType.INTEGER: (*_SAME, *get_args(NumberCondition)),
    ValueType.DATE: (Exists, *get_args(DaysCondition), Anniversary),
}
_NO_DAY = "Invalid RFC3339 encoded date"
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
        case Contains() | StartsWith() | VersionBelow() | VersionAtLeast():
            _check_text(condition, f"{path}.value")
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
        if problem == _NO_DAY:
            problem = "a day such as 2026-01-31 is needed"
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
    known = OPERATORS if of is None else fitting(of)
    if isinstance(op, str) and op in known:
        return known[op]
    about = "" if of is None else f" for a value of type {of}"
    said = "is missing" if op is None else f"{str(op)[:40]!r} is none"
    raise InvalidSegmentError(path, f"{said}; the operators{about} are {', '.join(known)}")


def fitting(of: ValueType) -> dict[str, type[Condition]]:
    """Give the conditions, by operator, that make sense of a text, an integer or a date."""
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


def _check_text(condition: TextCondition, path: str) -> None:
    text = condition.value
    if isinstance(condition, VersionBelow | VersionAtLeast):
        if version_of(text) is None:
            problem = "a version such as 2.10.3 is needed: 1 to 8 whole numbers between dots"
            raise InvalidSegmentError(path, problem)
        return
    if not text:
        raise InvalidSegmentError(path, "the empty text is in every text; take exists")
    _text(text, path)


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
