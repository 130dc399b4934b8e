"""Compiled questions are kept for just as long as they hold."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.analytics.compile import Query
from mien.analytics.compiled import KEPT, Compiled
from mien.analytics.dialects import DUCKDB
from mien.analytics.occurrences import sizes
from mien.analytics.scope import Scope
from mien.domain import conditions as c
from mien.domain import segments as s
from mien.domain.ids import EnvironmentId

KINDS = frozenset({Kind.TEXT, Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.DAY})
CATALOG = Catalog(
    EnvironmentId(1), properties={"n": Columns(1, KINDS)}, events={"bought": EventTable(2)}
)
NOON = int(datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp())


def having(condition: c.Condition) -> s.Node:
    return s.Property("n", condition)


ONE = having(c.Equals(1))
BEFORE = having(c.InLast(3))
AN_HOUR = s.Did("Bought", s.LastHours(1))


@pytest.fixture
def asked() -> list[s.Node]:
    """What had to be compiled."""
    return []


@pytest.fixture
def ask(asked: list[s.Node]) -> Callable[..., Query]:
    """Ask for sizes, and compare with what is compiled anew."""

    def compiles(tree: s.Node, scope: Scope) -> Query:
        asked.append(tree)
        return sizes(tree, scope)

    compiled = Compiled(compiles)

    def ask(
        tree: s.Node, *, of: Catalog = CATALOG, now: int = NOON, zone: ZoneInfo | None = None
    ) -> Query:
        scope = partial(Scope, of, DUCKDB, now, zone or UTC)
        found = compiled(tree, scope())
        assert found == sizes(tree, scope())
        return found

    return ask


def test_the_same_question_is_compiled_once(ask: Callable[..., Query], asked: list[s.Node]) -> None:
    assert ask(ONE) is ask(ONE, now=NOON + 3_600)
    assert len(asked) == 1


def test_values_of_different_types_are_different_questions(ask: Callable[..., Query]) -> None:
    """They are equal in Python."""
    assert len({ask(having(c.Equals(value))).sql for value in (1, 1.0, True)}) > 1
    assert ask(having(c.Equals(value=True))).values != ask(ONE).values


def test_it_is_compiled_anew_for_other_tables(ask: Callable[..., Query]) -> None:
    narrow = Catalog(EnvironmentId(1), properties={"n": Columns(1, frozenset({Kind.TEXT}))})
    other = Catalog(EnvironmentId(2), properties=CATALOG.properties)
    questions = [ask(ONE, of=of).sql for of in (CATALOG, narrow, other, CATALOG)]
    assert len(set(questions)) == 3


def test_it_is_compiled_anew_on_another_day_and_in_another_zone(ask: Callable[..., Query]) -> None:
    tonight, tokyo = ask(BEFORE), ask(BEFORE, zone=ZoneInfo("Pacific/Kiritimati"))
    assert tonight.values != ask(BEFORE, now=NOON + 86_400).values
    assert tonight.values != tokyo.values


def test_what_looks_at_the_hour_is_compiled_each_time(
    ask: Callable[..., Query], asked: list[s.Node]
) -> None:
    assert ask(AN_HOUR).values != ask(AN_HOUR, now=NOON + 1).values
    ask(AN_HOUR)
    assert len(asked) == 3


def test_only_so_many_are_kept_and_none_that_is_very_long(
    ask: Callable[..., Query], asked: list[s.Node]
) -> None:
    for value in range(KEPT + 1):
        ask(having(c.Equals(value)))
    ask(having(c.Equals(KEPT)))
    assert len(asked) == KEPT + 1
    ask(having(c.Equals(0)))
    assert len(asked) == KEPT + 2
    long = having(c.AnyOf(tuple(f"value {n}" for n in range(1_000))))
    ask(long)
    ask(long)
    assert len(asked) == KEPT + 4
