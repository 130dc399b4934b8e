"""Operators and values of the query language as conditions of the segment language.

Clients write booleans, and often numbers, as texts: such a text means both. Source: G-11.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta, tzinfo

import msgspec

from mien.domain.condition_json import parse_condition
from mien.domain.conditions import Condition, Exists, Scalar
from mien.domain.cql.parts import Raw
from mien.domain.errors import InvalidInputError, InvalidSegmentError
from mien.domain.moments import day_at, meant_by
from mien.domain.values import ValueType
from mien.domain.versions import next_version

VALUES = 500
"""How many values one filter has at most."""

FILTER_KEYS = frozenset({"name", "operator", "value"})

_NEGATIONS = {"not_equals": "equals", "does_not_contain": "contains", "does_not_exist": "exists"}
_COMPARISONS = {
    "greater_than": "more_than",
    "greater_than_equals": "at_least",
    "less_than": "less_than",
    "less_than_equals": "at_most",
}
OPERATORS = ("equals", "contains", "exists", *_NEGATIONS, *_COMPARISONS)

_SPELLED = {"True": True, "true": True, "False": False, "false": False}
_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}", re.ASCII)
_DAY = timedelta(days=1)


class Asked(msgspec.Struct, frozen=True):
    """What a filter asks: that one of these conditions holds or, if negated, that none does."""

    conditions: tuple[Condition, ...]
    is_negated: bool = False


class Manner(msgspec.Struct, frozen=True):
    """How values are read.

    `zone` is that of the account, whose days dates are compared by; `of` is their type if it is
    known; `in_lists` looks into lists too; `is_version` compares texts such as `2.10.3` number
    by number.
    """

    zone: tzinfo
    of: ValueType | None = None
    in_lists: bool = False
    is_version: bool = False


def parse_asked(raw: Raw, path: str, manner: Manner, *, default: str | None = None) -> Asked:
    """Read `operator` and `value` of a filter, or raise `InvalidInputError` with the path.

    Without an operator the `default` is meant; if that is None, one is needed.
    """
    said = raw.get("operator", default)
    if said not in OPERATORS:
        shown = "is missing" if said is None else f"{str(said)[:40]!r} is none"
        problem = f"{shown}; the operators are {', '.join(OPERATORS)}"
        raise InvalidInputError(path=f"{path}.operator", problem=problem)
    operator = _NEGATIONS.get(str(said), str(said))
    return Asked(_conditions(operator, raw, path, manner), is_negated=said in _NEGATIONS)


def _conditions(operator: str, raw: Raw, path: str, manner: Manner) -> tuple[Condition, ...]:
    if operator == "exists":
        return (Exists(),)
    values = values_of(raw, path)
    if operator == "equals":
        return _equal(values, path, manner)
    if operator == "contains":
        return tuple(_containing(value, at, manner) for value, at in values)
    if len(values) > 1:
        raise InvalidInputError(path=f"{path}.value", problem=f"{operator} takes one value")
    return (_compared(operator, *values[0], manner),)


def values_of(raw: Raw, path: str) -> list[tuple[Scalar, str]]:
    """Give the value of a filter, or each of its list, with its path."""
    value, at = raw.get("value"), f"{path}.value"
    listed = value if isinstance(value, list) else [value]
    if not 1 <= len(listed) <= VALUES:
        raise InvalidInputError(at, f"1 to {VALUES} values are needed, {len(listed)} came")
    paths = [at] if listed is not value else [f"{at}[{place}]" for place in range(len(listed))]
    for each, place in zip(listed, paths, strict=True):
        if not isinstance(each, str | int | float):
            raise InvalidInputError(place, "a text, a number or a list of these is needed")
    return list(zip(listed, paths, strict=True))


def _equal(values: list[tuple[Scalar, str]], path: str, manner: Manner) -> tuple[Condition, ...]:
    """Ask for one of these values: dates by their day, others as they may be stored."""
    days = [(value, at) for value, at in values if manner.of is None and _is_date(value)]
    forms: list[Scalar] = []
    for value, at in values:
        if (value, at) not in days:
            forms += _forms(value, at, manner)
    conditions = [_on("on", _day(value, at, manner.zone), at) for value, at in days]
    if forms:
        conditions.insert(0, _condition("any_of", path, manner.of, values=forms))
    texts = [form for form in forms if isinstance(form, str)]
    if manner.in_lists and texts:
        conditions.append(_condition("has_any", path, None, values=texts))
    return tuple(conditions)


def _forms(value: Scalar, path: str, manner: Manner) -> list[Scalar]:
    """Give the forms in which a value may be stored, the first as it was written."""
    if manner.of is ValueType.STRING:
        value = _text(value, path)
    elif manner.of is ValueType.INTEGER:
        value = _number(value, path)
    _condition("equals", path, manner.of, value=value)
    if manner.of is not None or not isinstance(value, str):
        return [value]
    if value in _SPELLED:
        return [value, _SPELLED[value]]
    number = _spelled_number(value)
    return [value] if number is None else [value, number]


def _containing(value: Scalar, path: str, manner: Manner) -> Condition:
    if manner.of not in (None, ValueType.STRING):
        raise InvalidInputError(path, "contains is for texts")
    if _is_date(value):
        raise InvalidInputError(path, "a date is compared by equals, greater_than and less_than")
    return _condition("contains", path, manner.of, value=_text(value, path))


def _compared(operator: str, value: Scalar, path: str, manner: Manner) -> Condition:
    if manner.is_version:
        return _compared_version(operator, _text(value, path), path)
    if manner.of is ValueType.STRING:
        raise InvalidInputError(path, f"{operator} is for numbers and dates")
    if manner.of is None and _is_date(value):
        return _compared_day(operator, _day(value, path, manner.zone), path)
    return _condition(_COMPARISONS[operator], path, manner.of, value=_number(value, path))


def _compared_day(operator: str, day: date, path: str) -> Condition:
    """Compare days. The next day and the one before stand for the day being included."""
    try:
        match operator:
            case "greater_than":
                return _on("after", day, path)
            case "greater_than_equals":
                return _on("after", day - _DAY, path)
            case "less_than":
                return _on("before", day, path)
            case _:
                return _on("before", day + _DAY, path)
    except OverflowError:
        raise InvalidInputError(path, "a day nearer to today is needed") from None


def _compared_version(operator: str, text: str, path: str) -> Condition:
    """Compare versions. The least one after it stands for a version being included or not."""
    op = "version_at_least" if operator.startswith("greater") else "version_below"
    bound = text
    if operator in ("greater_than", "less_than_equals"):
        # Of a text that is no version the reader of conditions says so.
        bound = next_version(text) or text
    return _condition(op, path, ValueType.STRING, value=bound)


def _text(value: Scalar, path: str) -> str:
    if isinstance(value, bool):
        raise InvalidInputError(path, "a text is needed")
    return str(value)


def _number(value: Scalar, path: str) -> int | float:
    number = _spelled_number(value) if isinstance(value, str) else value
    if number is None or isinstance(number, bool):
        raise InvalidInputError(path, f"a number is needed, {str(value)[:40]!r} is none")
    return number


def _spelled_number(text: str) -> int | float | None:
    """Read a number that stands in a text in its usual form; None if none does."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else None


def _is_date(value: Scalar) -> bool:
    return isinstance(value, str) and value.startswith("$D_")


def _day(value: Scalar, path: str, zone: tzinfo) -> date:
    """Read the day that is meant: of a moment, the day that it is then in the zone."""
    when = meant_by(str(value))
    try:
        day = day_at(when, zone) if isinstance(when, int) else when
    except (OverflowError, ValueError):
        day = None
    if day is None:
        raise InvalidInputError(path, f"{str(value)[:40]!r} is not a date: $D_ and epoch seconds")
    return day


def _on(op: str, day: date, path: str) -> Condition:
    return _condition(op, path, None, day=day.isoformat())


def _condition(op: str, path: str, of: ValueType | None, **parts: object) -> Condition:
    """Read a condition of the segment language, which knows the limits of values."""
    raw: Mapping[str, object] = {"op": op, **parts}
    try:
        return parse_condition(raw, path, of=of)
    except InvalidSegmentError as error:
        raise InvalidInputError(path, error.problem) from None
