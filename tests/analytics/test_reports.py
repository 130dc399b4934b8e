"""Questions of reports: no text of a user becomes SQL, and each can be asked of the engine (S-07, G-12)."""

from collections.abc import Iterator
from datetime import UTC

import duckdb
import pytest

from mien.analytics import activity, columns, occurrences, tops
from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.analytics.compile import Query
from mien.analytics.dialects import DUCKDB
from mien.analytics.duckdb_writer import EVENT_COLUMNS, TABLES
from mien.analytics.scope import Scope
from mien.analytics.trends import Calendar, keys_of, trend
from mien.domain.cql.query import parse_event_query
from mien.domain.cql.reports import Measure, Ranked, Side, Step, Top, Trend
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId
from mien.domain.moments import Span, span_of_window
from mien.domain.segments import All

NOW = 1_767_225_600
EVIL = "x' OR 1=1; DROP TABLE e1 --"
"""A text that would be SQL, of characters that names and values may have."""

NAME = "x OR 1=1) DROP TABLE e1 -- 😀"
KINDS = frozenset(Kind) - {Kind.JSON}
CATALOG = Catalog(
    EnvironmentId(1),
    {NAME: Columns(5, KINDS), "rest": Columns(6, in_rest=True), "Age": Columns(7, KINDS)},
    {event_key(NAME): EventTable(3, {NAME: Columns(8, frozenset(Kind) - {Kind.LIST})})},
    has_merged=True,
    has_blocks=True,
)
RANKED = [
    Ranked(Side.EVENT, NAME),
    Ranked(Side.SESSION, EVIL),
    Ranked(Side.PROPERTY, NAME),
    Ranked(Side.PROPERTY, "rest"),
    Ranked(Side.DERIVED, "Age"),
    Ranked(Side.DERIVED, "Country"),
    Ranked(Side.FACT, "os"),
    Ranked(Side.CHANNEL, "whatsapp"),
]
QUERY = {
    "event_name": NAME,
    "from": 20260101,
    "to": 20260331,
    "event_properties": [{"name": NAME, "operator": "not_equals", "value": EVIL}],
    "session_properties": [
        {"name": EVIL.replace("'", "").replace(";", ""), "operator": "contains", "value": EVIL},
        {"name": "first_time", "value": "True"},
    ],
    "common_profile_properties": {
        "profile_fields": [{"name": NAME, "operator": "equals", "value": EVIL}],
        "geo_fields": [[EVIL]],
        "reachability": ["email"],
    },
    "advanced_query": {"did_not": [{"event_name": NAME}]},
}


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an engine with the tables of the catalog, empty."""
    connection = duckdb.connect()
    for signature, body in columns.MACROS.items():
        connection.execute(f"CREATE MACRO {signature} AS {body}")
    connection.execute("CREATE SCHEMA e1")
    properties = columns.with_kinds(CATALOG.properties.values())
    of_event = columns.with_kinds(CATALOG.events[event_key(NAME)].properties.values())
    for name, fixed in {**TABLES, "events_3": EVENT_COLUMNS}.items():
        more = {"profiles": properties, "events_3": of_event}.get(name, [])
        wanted = ", ".join(f"{column} {kind}" for column, kind in [*fixed, *more])
        connection.execute(f"CREATE TABLE e1.{name} ({wanted})")
    yield connection
    connection.close()


def questions() -> Iterator[Query]:
    event, query = parse_event_query(QUERY, UTC)
    people = All(query.people)

    def scope() -> Scope:
        return Scope(CATALOG, DUCKDB, NOW, UTC)

    yield occurrences.count_people(query.tree, scope())
    yield occurrences.pages_of_people(query.tree, scope())
    span = Span(NOW - 300, NOW + 1)
    calendar = Calendar.of(span_of_window(event.window, NOW, UTC), UTC)
    found = [
        occurrences.count_events(event, people, scope()),
        occurrences.pages_of_events(event, people, scope()),
        activity.count_active(span, scope()),
        activity.by_age(span, scope()),
        activity.by_source(span, scope()),
        activity.by_fact(span, "os", scope()),
    ]
    for measure in Measure:
        asked = Trend(measure, NAME, {})
        keys = keys_of(calendar, Step.MONTH)
        found.append(trend(event, people, asked, keys, calendar, scope()))
    for ranked in RANKED:
        ranking = tops.ranking(event, people, Top(ranked), scope())
        assert ranking is not None
        found.append(ranking.question)
    for each in found:
        assert each is not None
        yield each


def test_no_text_of_a_user_is_in_the_sql_of_a_report(engine: duckdb.DuckDBPyConnection) -> None:
    asked = 0
    for question in questions():
        sql = question.sql()
        assert "DROP" not in sql
        assert "1=1" not in sql.replace(" ", "")
        engine.execute(sql, dict(question.values)).fetchall()
        asked += 1
    assert asked == 2 + 6 + len(Measure) + len(RANKED)
