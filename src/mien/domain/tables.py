"""People and events as tables: which columns one has, and how its cells are written.

A cell is written by its value, never by the type that its column has by then, so whatever
comes while a file is written fits into it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from mien.domain.errors import InvalidInputError
from mien.domain.values import ValueType, day_of, is_date

COLUMNS = 2_500
"""How many columns may be chosen."""

OF_PEOPLE: Mapping[str, ValueType] = {
    "object_id": ValueType.STRING,
    "distinct_id": ValueType.STRING,
    "identities": ValueType.LIST,
    "type": ValueType.STRING,
    "age": ValueType.INTEGER,
    "created_at": ValueType.DATE,
    "event_count": ValueType.INTEGER,
    "last_event_at": ValueType.DATE,
}
"""The columns that every table of people has, before those of properties."""

OF_EVENTS: Mapping[str, ValueType] = {
    "event": ValueType.STRING,
    "at": ValueType.DATE,
    "object_id": ValueType.STRING,
    "distinct_id": ValueType.STRING,
    "device_id": ValueType.STRING,
    "received_at": ValueType.DATE,
    "session": ValueType.OBJECT,
}
"""The columns that every table of events has, before those of properties."""

Cell: TypeAlias = object

_PROPERTY = "property:"
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9][0-9 .,()-]*", re.ASCII)
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$|^$')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800
_ERA_SECONDS = 146_097 * 86_400
"""400 years, after which the calendar repeats."""

_encode = msgspec.json.Encoder().encode


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column: what stands at its head, and the name of the property or fixed part it is of."""

    head: str
    name: str
    is_property: bool = False


class Row(msgspec.Struct, frozen=True):
    """A person or an event: its fixed parts, and its properties. Times are `$D_` and seconds."""

    fixed: Mapping[str, Cell]
    properties: Mapping[str, Cell]


def choose_columns(
    fixed: Iterable[str], known: Iterable[str], wanted: Sequence[str] | None
) -> list[Column]:
    """Give the columns of a table, in order: those wanted, or all fixed ones and known properties.

    A wanted name is that of a fixed part or else of a property; `property:` before it makes it
    that of a property. Raises `InvalidInputError` for an unknown name. Heads differ by more than
    case: one that does not has a number behind it.
    """
    fixed, properties = list(fixed), set(known)
    if wanted is None:
        chosen = [(name, False) for name in fixed]
        chosen += [(name, True) for name in sorted(properties)]
    else:
        chosen = [
            _chosen(name, place, fixed, properties)
            for place, name in enumerate(dict.fromkeys(wanted))
        ]
    taken: set[str] = set()
    return [Column(_head(name, taken), name, is_property) for name, is_property in chosen]


def _chosen(
    wanted: str, place: int, fixed: Sequence[str], properties: set[str]
) -> tuple[str, bool]:
    name = wanted.removeprefix(_PROPERTY)
    if wanted in fixed:
        return wanted, False
    if name in properties:
        return name, True
    problem = f"{name[:120]!r} is no property that was ever seen, and none of {', '.join(fixed)}"
    path = f"columns[{place}]"
    raise InvalidInputError(path, problem)


def _head(name: str, taken: set[str]) -> str:
    head, number = name, 1
    while head.casefold() in taken:
        number += 1
        head = f"{name} {number}"
    taken.add(head.casefold())
    return head


def cells(row: Row, columns: Sequence[Column]) -> list[Cell]:
    """Give the cells of a row, None for what is absent."""
    return [(row.properties if each.is_property else row.fixed).get(each.name) for each in columns]


def csv_head(columns: Sequence[Column], *, keeps_formulas: bool) -> bytes:
    """Write the first line of a CSV file."""
    return csv_line([each.head for each in columns], keeps_formulas=keeps_formulas)


def csv_line(values: Sequence[Cell], *, keeps_formulas: bool) -> bytes:
    """Write a line of CSV (RFC 4180, lines end with LF): absent is empty, an empty text is `""`.

    A text that a spreadsheet would take for a formula has `'` before it, unless these are kept.
    """
    return (",".join(_csv_cell(each, keeps_formulas) for each in values) + "\n").encode()


def _csv_cell(value: Cell, keeps_formulas: bool) -> str:  # noqa: FBT001 - private, and hot
    if value is None:
        return ""
    text = text_of(value)
    if not keeps_formulas and isinstance(value, str) and is_formula(text):
        text = f"'{text}"
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet may take a text for a formula; phone numbers and others it may not."""
    return _FORMULA.match(text) is not None and not _PLAIN_NUMBER.fullmatch(text)


def text_of(value: Cell) -> str:
    """Give a value as text: dates in the form of ISO 8601, lists and objects as JSON."""
    if isinstance(value, str):
        return iso_of(value)
    return _encode(value).decode()


def table_line(values: Sequence[Cell]) -> bytes:
    """Write a row as a line of JSON by the numbers of its columns: `c0`, `c1` …; dates are ISO 8601."""
    named = {
        f"c{place}": iso_of(value) if isinstance(value, str) else value
        for place, value in enumerate(values)
        if value is not None
    }
    return _encode(named) + b"\n"


def json_line(row: Row, columns: Sequence[Column], *, all_properties: bool) -> bytes:
    """Write a row as a line of JSON: the fixed parts, then `properties`, as they went in."""
    line: dict[str, Any] = {
        each.name: iso_of(value) if isinstance(value, str) else value
        for each in columns
        if not each.is_property and (value := row.fixed.get(each.name)) is not None
    }
    names = [each.name for each in columns if each.is_property]
    if all_properties:
        line["properties"] = dict(row.properties)
    elif names:
        line["properties"] = {
            name: value for name in names if (value := row.properties.get(name)) is not None
        }
    return _encode(line) + b"\n"


def iso_of(text: str) -> str:
    """Give a date in the form of ISO 8601, by UTC; any other text as it is."""
    if text[:3] != "$D_" or not is_date(text):
        return text
    day = day_of(text)
    if day is not None and f"{day:%Y%m%d}".rjust(8, "0") == text[3:]:
        return day.isoformat()
    return _moment(int(text[3:]))


def _moment(seconds: int) -> str:
    """Write epoch seconds of any year; years before 1 as SQL does, with (BC)."""
    if _YEAR_1 <= seconds < _YEAR_10000:
        return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]}Z"
    eras, within = divmod(seconds, _ERA_SECONDS)
    at = _EPOCH + timedelta(seconds=within)
    year = at.year + 400 * eras
    if year < 1:
        return f"{1 - year:04}-{at:%m-%d} (BC) {at:%H:%M:%S}Z"
    return f"{year}-{at:%m-%dT%H:%M:%S}Z"
