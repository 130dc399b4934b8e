"""What ClickHouse takes in: the lines of a step as columns of typed values.

The JSON is read here, by the rules of the domain, and not by the engine: it reads floats and
large integers in its own way, and has no dates before 1900.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.analytics.clickhouse_dialect import number_of
from mien.analytics.clickhouse_schema import (
    DEVICE,
    EVENT_COLUMNS,
    MERGED_COLUMNS,
    OTHER_KINDS,
    PROFILE_COLUMNS,
    SIGHT_COLUMNS,
    TYPES,
)
from mien.analytics.columns import pointer
from mien.analytics.step import Step
from mien.domain.devices import Device
from mien.domain.documents import Document, is_identified
from mien.domain.ids import ProfileId
from mien.domain.moments import meant_by
from mien.domain.names import key_of_name
from mien.domain.reachability import WEB_PUSH_TOKEN
from mien.domain.values import day_of

Rest = dict[str, tuple[Any, ...]]


class _Known(Document):
    """A document with whatever values it has: none of them keeps the others from being counted."""

    properties: dict[str, Any] = {}


_decode_document = msgspec.json.Decoder(_Known).decode
_decode_values = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.encode
_NO_DEVICES: list[list[Any]] = [[] for _ in DEVICE]
_PLACES: dict[Kind, int] = {kind: place for place, kind in enumerate(OTHER_KINDS)}


class Rows:
    """Rows of one table, a column a list; a cell that is not set is that of an empty row."""

    def __init__(self, types: Mapping[str, str]) -> None:
        """Begin without rows; `types` are those of the columns that each row sets."""
        self.count = 0
        self._types = dict(types)
        self._columns: dict[str, list[Any]] = {name: [] for name in types}
        self._sparse: dict[str, dict[int, Any]] = {}

    def add(self, *row: object) -> int:
        """Add a row, and give its place."""
        for column, value in zip(self._columns.values(), row, strict=True):
            column.append(value)
        self.count += 1
        return self.count - 1

    def set(self, place: int, columns: Columns, kinds: Iterable[tuple[Kind, Any]]) -> None:
        """Set the cells of a property in a row."""
        for kind, value in kinds:
            if kind in columns.kinds:
                name = columns.name(kind)
                self._types.setdefault(name, TYPES[kind])
                self._sparse.setdefault(name, {})[place] = value

    def columns(self) -> Iterator[tuple[str, str, list[Any]]]:
        """Give each column that any row has: its name, its type and its cells."""
        for name, column in self._columns.items():
            kind = self._types[name]
            # What is empty in every row is so without being sent, which is dear.
            if any(column) or not kind.startswith(("Map", "Array")):
                yield name, kind, column
        for name, cells in self._sparse.items():
            yield name, self._types[name], [cells.get(place) for place in range(self.count)]


def kinds_of(value: object, *, of_profile: bool = False) -> Iterator[tuple[Kind, Any]]:
    """Give in which columns a value is, and how."""
    match value:
        case bool():
            yield Kind.BOOLEAN, value
        case int():
            yield Kind.INTEGER, value
        case float():
            yield Kind.FLOAT, value
        case str() if value.startswith("$D_"):
            yield from _of_date(value)
        case str():
            yield Kind.TEXT, value
        case list():
            texts = [item for item in value if isinstance(item, str)]
            if of_profile:
                yield Kind.LIST, _encode(texts).decode()
            else:
                yield Kind.JSON, _of_list(texts, value)
        case _:
            yield Kind.JSON, _of_list((), (value,))


def _of_list(texts: Sequence[str], values: Iterable[object]) -> str:
    """Give a list as JSON that is read apart: its texts, then its objects as `VALUES` has them."""
    items = [
        {pointer(name): dict(kinds_of(inner)) for name, inner in item.items()}
        for item in values
        if isinstance(item, dict)
    ]
    return _encode((texts, items)).decode()


def profile_rows(catalog: Catalog, step: Step) -> Rows:
    """Give a row for each person that a step tells anew; one who is not shown any more is deleted."""
    rows = Rows(PROFILE_COLUMNS)
    blocked: dict[int, list[int]] = {}
    for profile, kind in step.blocks:
        blocked.setdefault(profile, []).append(kind)
    shown = set()
    for line in _lines(step.profiles):
        profile_id, created_at, body = line.split("\t")
        profile, document = int(profile_id), _decode_document(body)
        shown.add(profile)
        rest: Rest = {}
        of_devices = _of_devices(document.devices)
        place = rows.add(
            profile,
            int(created_at),
            is_identified(document),
            _name_key(document.properties),
            document.identities[0][1] if document.identities else None,
            _born(document.properties),
            _has_token(document.devices, is_web=False),
            _has_token(document.devices, is_web=True),
            _groups(document),
            rest,
            *of_devices,
            blocked.get(profile, []),
            step.upto,
            0,
        )
        _set_values(rows, place, catalog.properties, document.properties, rest, of_profile=True)
    nobody: tuple[object, ...] = (
        0,
        False,
        None,
        None,
        None,
        False,
        False,
        {},
        {},
        *_of_devices(()),
        [],
        step.upto,
        1,
    )
    for hidden in step.touched:
        if hidden not in shown:
            rows.add(hidden, *nobody)
    return rows


def merged_rows(step: Step, before: Sequence[ProfileId]) -> Rows:
    """Give a row for each profile that became part of another, or, if it was `before`, no longer is."""
    rows = Rows(MERGED_COLUMNS)
    now = dict(step.merged)
    for other in set(before) - now.keys():
        rows.add(other, 0, step.upto, 1)
    for part, root in step.merged:
        rows.add(part, root, step.upto, 0)
    return rows


def event_rows(table: EventTable, lines: str) -> Rows:
    """Give a row for each event of one name."""
    rows = Rows(EVENT_COLUMNS)
    for line in _lines(lines):
        sequence, profile, occurred_at, body, session = line.split("\t")
        rest: Rest = {}
        told = _rest_of(_decode_values(session)) if session else {}
        place = rows.add(int(sequence), int(profile), int(occurred_at), told, rest)
        _set_values(rows, place, table.properties, _decode_values(body), rest)
    return rows


def sight_rows(step: Step) -> Rows:
    """Give a row for each profile that something of the step came with: its first and its last."""
    spans: dict[int, tuple[int, int]] = {}
    for lines in step.events.values():
        for line in _lines(lines):
            _, profile_id, occurred_at, _ = line.split("\t", 3)
            profile, at = int(profile_id), int(occurred_at)
            first, last = spans.get(profile, (at, at))
            spans[profile] = (min(first, at), max(last, at))
    rows = Rows(SIGHT_COLUMNS)
    for profile, (first, last) in spans.items():
        rows.add(profile, first, last)
    return rows


def _name_key(properties: Mapping[str, Any]) -> str | None:
    name = properties.get("Name")
    return key_of_name(name) if isinstance(name, str) and not name.startswith("$D_") else None


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _set_values(
    rows: Rows,
    place: int,
    properties: Mapping[str, Columns],
    values: Mapping[str, object],
    rest: Rest,
    *,
    of_profile: bool = False,
) -> None:
    for name, value in values.items():
        if (columns := properties.get(name)) is None:
            continue
        if columns.in_rest:
            rest |= _rest_of({name: value})
        else:
            rows.set(place, columns, kinds_of(value, of_profile=of_profile))


def _rest_of(values: Mapping[str, object]) -> Rest:
    found: Rest = {}
    for name, value in values.items():
        cells: list[Any] = [None] * len(OTHER_KINDS)
        for kind, cell in kinds_of(value):
            cells[_PLACES[kind]] = cell
        found[pointer(name)] = tuple(cells)
    return found


def _of_date(text: str) -> Iterator[tuple[Kind, Any]]:
    """Give the day of a date, and its moment if it is one."""
    when = meant_by(text)
    if isinstance(when, date):
        yield Kind.DAY, number_of(when)
    elif when is not None:
        yield Kind.MOMENT, when
        if (day := day_of(text)) is not None:
            yield Kind.DAY, number_of(day)


def _born(properties: Mapping[str, object]) -> int | None:
    for name in ("DOB", "Birthday"):
        value = properties.get(name)
        if isinstance(value, str) and (day := day_of(value)) is not None:
            return number_of(day)
    return None


def _groups(document: Document) -> dict[str, str]:
    return {
        pointer(channel, group): "true" if is_subscribed else "false"
        for channel, groups in document.groups.items()
        for group, is_subscribed in groups.items()
    }


def _has_token(devices: Sequence[Device], *, is_web: bool) -> bool:
    tokens = [device.active_token for device in devices]
    return any(each is not None and (each.type == WEB_PUSH_TOKEN) is is_web for each in tokens)


def _of_devices(devices: Sequence[Device]) -> list[list[Any]]:
    if not devices:
        return _NO_DEVICES
    return [[getattr(device, name) for device in devices] for name in DEVICE]
