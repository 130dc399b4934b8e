"""Mien's end of counting: fills the analytics copy by its own writer, and asks it questions."""

import time
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import duckdb

from bench import handshake
from bench.crowd import (
    BUYS,
    BUYS_DAYS,
    CITY,
    EVENT,
    EVENTS,
    HIGH,
    LOW,
    OPENS_DAYS,
    PERSON,
    SCATTERED,
    STEP,
)
from bench.jobs import Changes, Crowd, FloorOrder, Question, Report
from mien.analytics.catalog import Catalog
from mien.analytics.columns import make_catalog
from mien.analytics.compiled import Compiled
from mien.analytics.duckdb import DuckDB
from mien.analytics.occurrences import sizes
from mien.analytics.scope import Scope
from mien.analytics.step import Step
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.schema import Definition, DefinitionKind
from mien.domain.segment_json import parse_segment
from mien.domain.values import ValueType
from mien.services.steps import ENTRIES

ENVIRONMENT = EnvironmentId(1)
MEMORY_MB = 800
SECONDS = 600.0

TYPES = {
    "Gender": ValueType.STRING,
    "DOB": ValueType.DATE,
    "city": ValueType.STRING,
    "plan": ValueType.STRING,
    "score": ValueType.INTEGER,
    "balance": ValueType.FLOAT,
}
OF_EVENTS = {
    "price": ValueType.FLOAT,
    "quantity": ValueType.INTEGER,
    "product": ValueType.STRING,
}

_DOCUMENTS = """
SELECT string_agg(concat_ws(chr(9), person, CAST($now AS BIGINT) * 1000, json_object(
    'base_at', CAST($now AS BIGINT) * 1000, 'properties', json_object('Gender', gender,
    'DOB', '$D_' || strftime(born, '%Y%m%d'), 'city', city, 'plan', plan, 'score', score,
    'balance', balance), 'identities', [[1, person]])), chr(10)), list(person) FROM
"""
DOCUMENTS, CHANGED = f"{_DOCUMENTS} ({PERSON})", f"{_DOCUMENTS} ({SCATTERED})"
LINES = f"""
SELECT name, string_agg(concat_ws(chr(9), sequence + 1, person, moment,
    json_object('price', price, 'quantity', quantity, 'product', product)), chr(10))
FROM ({EVENT}) GROUP BY name
"""
PROPERTIES = [
    {"property": "Gender", "op": "equals", "value": "F"},
    {"property": "city", "op": "equals", "value": CITY},
]
TREES = {
    "properties": {"all": PROPERTIES},
    "sentence": {
        "all": [
            *PROPERTIES,
            {"derived": "Age", "op": "between", "low": LOW, "high": HIGH},
            {
                "did": "Charged",
                "window": {"last_days": BUYS_DAYS},
                "count": {"op": "at_least", "value": BUYS},
            },
            {"not": {"did": "App Launched", "window": {"last_days": OPENS_DAYS}}},
        ]
    },
}


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    engine = DuckDB(Path(order.database), memory_mb=MEMORY_MB)
    if isinstance(order.job, Crowd):
        report = fill(engine, order.job)
    elif isinstance(order.job, Changes):
        report = change(engine, order.job)
    else:
        assert isinstance(order.job, Question)
        report = ask(engine, order.job)
    engine.close()
    handshake.send(report)


def catalog() -> Catalog:
    """Give the tables and columns of these people and events."""
    made = [
        Definition(place, DefinitionKind.EVENT, 0, event_key(name), name, None, 0, "bench")
        for place, name in enumerate(EVENTS, 1)
    ]
    wanted = [(DefinitionKind.PROPERTY, 0, name, kind) for name, kind in TYPES.items()]
    wanted += [
        (DefinitionKind.EVENT_PROPERTY, event.id, name, kind)
        for event in made
        for name, kind in OF_EVENTS.items()
    ]
    made += [
        Definition(place, kind, parent, name, name, of, 0, "bench")
        for place, (kind, parent, name, of) in enumerate(wanted, len(made) + 1)
    ]
    return make_catalog(ENVIRONMENT, made)


def fill(engine: DuckDB, job: Crowd) -> Report:
    """Write everybody and everything; only the writing is timed."""
    maker, today = duckdb.connect(), _day(job.now)
    handshake.wait_for_go()
    took: list[float] = []
    write = partial(_write, engine, catalog(), took)
    for first in range(1, job.people + 1, STEP):
        last = min(first + STEP, job.people + 1)
        values = {"first": first, "last": last, "now": job.now, "today": today}
        write(_people(maker, DOCUMENTS, values))
    for first in range(0, job.events, STEP):
        last = min(first + STEP, job.events)
        values = {
            "first": first,
            "last": last,
            "now": job.now,
            "people": job.people,
            "events": job.events,
        }
        rows = maker.execute(LINES, values).fetchall()
        write(Step(last, events={EventNameId(name): lines for name, lines in rows}))
    return _written(job.people + job.events, took)


def change(engine: DuckDB, job: Changes) -> Report:
    """Write steps of changed people; only the writing is timed."""
    maker, tables = duckdb.connect(), catalog()
    by = max(1, job.people // ENTRIES)
    values = {"people": job.people, "by": by, "now": job.now, "today": _day(job.now)}
    steps = [
        _people(maker, CHANGED, {"first": 1 + number % by, **values}) for number in range(job.steps)
    ]
    _write(engine, tables, [], steps[0])
    handshake.wait_for_go()
    took: list[float] = []
    for step in steps:
        _write(engine, tables, took, step)
    return _written(sum(len(each.touched) for each in steps), took)


def _day(now: int) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _people(maker: "duckdb.DuckDBPyConnection", documents: str, values: dict[str, object]) -> Step:
    lines, people = maker.execute(documents, values).fetchall()[0]
    return Step(0, [ProfileId(each) for each in people], profiles=lines)


def _write(engine: DuckDB, tables: Catalog, took: list[float], step: Step) -> None:
    started = time.perf_counter()
    engine.apply(tables, step)
    took.append(time.perf_counter() - started)


def _written(records: int, took: list[float]) -> Report:
    report = handshake.Stopwatch().report(records=records, call_seconds=took)
    return Report(report.records, sum(took), report.p50_ms, report.p99_ms, 0.0)


def ask(engine: DuckDB, job: Question) -> Report:
    """Ask one question again and again, as a server does, from its JSON to the number."""
    tables, compiled = catalog(), Compiled(sizes)

    def count() -> None:
        tree = parse_segment(TREES[job.about])
        query = compiled(tree, Scope(tables, engine.dialect, job.now, UTC))
        engine.query(query.sql, query.values, seconds=SECONDS)

    count()
    return handshake.repeat(count, job.times)


if __name__ == "__main__":
    main()
