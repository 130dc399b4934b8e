"""What an analytics copy has, compared with the record."""

import json
from collections.abc import Mapping
from typing import Any

from mien.analytics.catalog import Catalog, Columns, Kind
from mien.analytics.clickhouse_dialect import CLICKHOUSE, number_of
from mien.analytics.engine import Analytics
from mien.domain.ids import EnvironmentId
from mien.domain.values import day_of
from mien.services.projection import Projection
from mien.store import feed
from mien.store import profiles as profile_store
from mien.store.engine import Store


def catch_up(projection: Projection, environment: EnvironmentId) -> Catalog:
    """Take all steps, and give what there is then."""
    while projection.advance(environment):
        pass
    return projection.fresh_catalog(environment, seconds=0)


def select(analytics: Analytics, sql: str) -> list[Any]:
    """Ask a copy in its own words."""
    return analytics.query(sql, {}, seconds=10)


def _values_of(row: Mapping[str, object], properties: Mapping[str, Columns]) -> dict[str, object]:
    """Put the values of a row together again, by name; a date is its day and its moment."""
    values: dict[str, object] = {}
    for name, columns in properties.items():
        found = {kind: row[columns.name(kind)] for kind in columns.kinds}
        held = {kind: value for kind, value in found.items() if value is not None}
        if not held:
            continue
        if Kind.DAY in held or Kind.MOMENT in held:
            values[name] = (held.get(Kind.DAY), held.get(Kind.MOMENT))
        else:
            (values[name],) = held.values()
    return values


def _expected(value: object, analytics: Analytics) -> object:
    """Give a value as the engine holds it: a list in ClickHouse is JSON, a day a number."""
    if isinstance(value, list) and analytics.dialect is CLICKHOUSE:
        return _compact(value)
    if not isinstance(value, str) or not value.startswith("$D_"):
        return value
    day = day_of(value)
    is_day = day is not None and value == f"$D_{day.isoformat().replace('-', '')}"
    held = number_of(day) if day is not None and analytics.dialect is CLICKHOUSE else day
    return held, None if is_day else int(value[3:])


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def assert_copied(store: Store, analytics: Analytics, catalog: Catalog) -> None:
    """Compare every profile and every event of the copy with the record."""
    of = catalog.schema
    cursor = analytics.query(f"SELECT * FROM {of}.profiles ORDER BY profile_id", {}, seconds=10)
    names = [row[0] for row in select(analytics, f"DESCRIBE {of}.profiles")]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    with store.read() as tx:
        people = profile_store.page(tx, catalog.environment, after=0, count=10_000)  # type: ignore[arg-type]
        events = feed.new_events(tx, catalog.environment, 0, 2**62)
    assert [row["profile_id"] for row in rows] == [each.id for each in people]
    for row, person in zip(rows, people, strict=True):
        wanted = {
            name: _expected(value, analytics) for name, value in person.document.properties.items()
        }
        assert _values_of(row, catalog.properties) == wanted
        count = f"SELECT count(*) FROM {of}.devices WHERE profile_id = {person.id}"
        assert select(analytics, count) == [(len(person.document.devices),)]
    for table in catalog.events.values():
        lines = events.get(table.definition, "").splitlines()  # type: ignore[call-overload]
        if lines:
            found = (
                f"SELECT sequence, profile_id, occurred_at FROM {of}.{table.name} ORDER BY sequence"
            )
            ids = sorted(tuple(map(int, line.split("\t")[:3])) for line in lines)
            assert select(analytics, found) == ids
