"""Values of properties in forms: what each type is typed as, and how that is read (D-04).

What nobody touched is read as it was: a form that cannot show a value exactly, such as the
second of two equal hours of a clock, does not change it.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from mien.domain.errors import InvalidInputError
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.values import Value, ValueType, day_of, type_of

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
_NUMBER_CHARACTERS = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_decode_list = msgspec.json.Decoder(list[str]).decode


class Typed(StrEnum):
    """How a value is typed."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    LIST = "list"


LABELS = {
    Typed.TEXT: "Text",
    Typed.INTEGER: "Whole number",
    Typed.DECIMAL: "Decimal number",
    Typed.BOOLEAN: "Yes or no",
    Typed.DATE: "Date",
    Typed.MOMENT: "Date and time",
    Typed.LIST: "List",
}
"""What people call each, in the order in which they are offered."""

CHOICES = {
    "Gender": ("M", "F", "O", "U"),
    "Employed": ("Y", "N"),
    "Married": ("Y", "N"),
    "Education": ("School", "College", "Graduate"),
}
"""Standard fields that have one of a few values."""

_TYPED = {
    ValueType.STRING: Typed.TEXT,
    ValueType.INTEGER: Typed.INTEGER,
    ValueType.FLOAT: Typed.DECIMAL,
    ValueType.BOOLEAN: Typed.BOOLEAN,
    ValueType.LIST: Typed.LIST,
    ValueType.DATE: Typed.DATE,
}


def typed_as(value: Value) -> Typed:
    """Tell how a value is typed; a date that no calendar has is typed as its text."""
    kind = _TYPED[type_of(value)]
    if kind is not Typed.DATE:
        return kind
    day = day_of(str(value))
    if day is None:
        return Typed.TEXT
    return Typed.DATE if value == f"$D_{day.year:04}{day:%m%d}" else Typed.MOMENT


def typed_for(name: str) -> Typed:
    """Tell how the first value of a property is typed: text unless it is a standard field."""
    field = STANDARD_FIELDS.get(name)
    return Typed.TEXT if field is None else _TYPED[field.type]


def write(value: Value, zone: ZoneInfo) -> str:
    """Give a value as a form shows it; moments are in a time zone."""
    match typed_as(value):
        case Typed.DATE:
            return f"{value[3:7]}-{value[7:9]}-{value[9:]}"  # type: ignore[index]  # it is a text
        case Typed.MOMENT:
            at = _EPOCH + timedelta(seconds=int(str(value)[3:]))
            return _local(at, zone, str(value))
        case Typed.BOOLEAN:
            return "yes" if value else "no"
        case Typed.LIST:
            return _lines(value)  # type: ignore[arg-type]  # it is a list
        case _:
            return str(value)


def read(typed: Typed, text: str, zone: ZoneInfo, *, before: Value | None) -> Value:
    """Read what was typed, or raise `InvalidInputError`; `before` is the value that was shown."""
    text = text.replace("\r\n", "\n")
    if before is not None and typed is typed_as(before) and text == _sent(write(before, zone)):
        return before
    if typed in (Typed.DATE, Typed.MOMENT):
        return _date(text.strip(), zone, has_time=typed is Typed.MOMENT)
    return _READERS[typed](text)


def _local(at: datetime, zone: ZoneInfo, otherwise: str) -> str:
    try:
        return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")
    except OverflowError:
        return otherwise


def _lines(items: list[str]) -> str:
    """Write a list an item a line, or as JSON where lines would not come back as they were."""
    lines = "\n".join(items)
    return lines if items and _list_or_none(lines) == items else msgspec.json.encode(items).decode()


def _sent(text: str) -> str:
    """Give a text as a browser sends it back: all ends of lines are alike."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(text: str) -> str:
    if not text:
        raise InvalidInputError(path="", problem="Give a value, or remove the property.")
    return text


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text := text.strip()):
        raise InvalidInputError(path="", problem="Give a whole number, such as 42.")
    return int(text)


def _decimal(text: str) -> float:
    text = text.strip()
    if len(text) > _NUMBER_CHARACTERS or not _NUMBER.fullmatch(text):
        raise InvalidInputError(path="", problem="Give a number, such as 9.5.")
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInputError(path="", problem="This number is too large.")
    return number


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise InvalidInputError(path="", problem="Choose yes or no.")
    return text == "yes"


def _date(text: str, zone: ZoneInfo, *, has_time: bool) -> str:
    asked = "Give a day and a time, such as 2026-01-31T09:30." if has_time else ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            path="", problem=asked or "Give a day, such as 2026-01-31."
        ) from error
    if not has_time:
        return f"$D_{at.year:04}{at:%m%d}"
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return f"$D_{(at - _EPOCH) // timedelta(seconds=1)}"


def _list(text: str) -> list[str]:
    items = _list_or_none(text)
    if items is None:
        raise InvalidInputError(
            path="", problem='A list in JSON has texts alone, such as ["a", "b"].'
        )
    if not items:
        raise InvalidInputError(path="", problem="Give an item, or remove the property.")
    return items


def _list_or_none(text: str) -> list[str] | None:
    """Read a list an item a line, or JSON, None if that is broken."""
    if not text.lstrip().startswith("["):
        return [line for line in text.split("\n") if line.strip()]
    try:
        return _decode_list(text)
    except msgspec.MsgspecError:
        return None


_READERS: Mapping[Typed, Callable[[str], Value]] = {
    Typed.TEXT: _text,
    Typed.INTEGER: _integer,
    Typed.DECIMAL: _decimal,
    Typed.BOOLEAN: _yes_or_no,
    Typed.LIST: _list,
}
