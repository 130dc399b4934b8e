"""Questions of reports: no text of a user becomes SQL, and each can be asked of the engine (S-07, G-12)."""

from collections.abc import Iterator
from datetime import UTC

import msgspec
import pytest

from mien.analytics import activity, occurrences, tops
from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.analytics.compile import Query
from mien.analytics.dialects import Dialect
from mien.analytics.engine import Analytics
from mien.analytics.scope import Scope
from mien.analytics.step import Step as Copied
from mien.analytics.trends import Calendar, keys_of, trend
from mien.domain.cql.query import parse_event_query
from mien.domain.cql.reports import Measure, Ranked, Side, Step, Top, Trend
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId, EventNameId
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
def catalog(analytics: Analytics) -> Catalog:
    """Give the catalog, whose tables are there, with one event."""
    there = msgspec.structs.replace(CATALOG, within=analytics.within)
    analytics.apply(there, Copied(1, events={EventNameId(3): f"1\t1\t{NOW}\t{{}}\t"}))
    return there


def questions(catalog: Catalog, dialect: Dialect) -> Iterator[Query]:
    event, query = parse_event_query(QUERY, UTC)
    people = All(query.people)

    def scope() -> Scope:
        return Scope(catalog, dialect, NOW, UTC)

    yield occurrences.count_people(query.tree, scope())
    yield occurrences.ids_of_people(query.tree, scope())
    span = Span(NOW - 300, NOW + 1)
    calendar = Calendar.of(span_of_window(event.window, NOW, UTC), UTC)
    found = [
        occurrences.count_events(event, people, scope()),
        occurrences.places_of_events(event, people, scope()),
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


def test_no_text_of_a_user_is_in_the_sql_of_a_report(
    analytics: Analytics, catalog: Catalog
) -> None:
    asked = 0
    for question in questions(catalog, analytics.dialect):
        sql = question.sql
        assert "DROP" not in sql
        assert "1=1" not in sql.replace(" ", "")
        analytics.query(sql, question.values, seconds=30)
        asked += 1
    assert asked == 2 + 6 + len(Measure) + len(RANKED)
