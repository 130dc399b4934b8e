"""SQL gives the same people as the meaning in memory does, for random people and segments (S-03)."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.analytics.catalog import Catalog
from mien.analytics.compile import compile_tree
from mien.analytics.duckdb import DuckDB
from mien.domain.conditions import Condition
from mien.domain.documents import Document
from mien.domain.english import describe
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.segments import AT_LEAST_ONCE, Aggregate, Did, Filter, Node, Property, Told
from mien.domain.values import Value
from tests.analytics.loading import load, members
from tests.domain.crowd import MOMENT, ZONES, people, values
from tests.domain.trees import NAMES, aggregates, conditions, trees

_environments = count(1)


@pytest.fixture(scope="module")
def analytics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    path: Path = tmp_path_factory.mktemp("analytics") / "analytics.duckdb"
    opened = DuckDB(path, memory_mb=200)
    yield opened
    opened.close()


def assert_agree(
    analytics: DuckDB,
    catalog: Catalog,
    tree: Node,
    crowd: Sequence[Person],
    now: int,
    zone: ZoneInfo,
) -> None:
    """Compare who is in a segment by SQL with who is by `matches`."""
    query = compile_tree(tree, catalog, now, zone)
    expected = sorted(each.profile for each in crowd if matches(tree, each, now, zone))
    found = members(analytics, query.sql(), query.values)
    assert found == expected, f"{describe(tree)}\n{tree}\n{query.sql()}\n{query.values}"


zones = st.sampled_from(ZONES)
on_one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(on_one_file, max_examples=60)
@given(
    crowd=st.lists(people(), min_size=1, max_size=6, unique_by=lambda person: person.profile),
    segments=st.lists(trees, min_size=4, max_size=12),
    zone=zones,
    in_rest=st.sets(st.sampled_from(NAMES), max_size=2),
    is_merged=st.booleans(),
)
def test_sql_selects_whom_the_meaning_has(
    analytics: DuckDB,
    *,
    crowd: list[Person],
    segments: list[Node],
    zone: ZoneInfo,
    in_rest: set[str],
    is_merged: bool,
) -> None:
    environment = EnvironmentId(next(_environments))
    catalog = load(analytics, environment, crowd, in_rest=in_rest, is_merged=is_merged)
    for tree in segments:
        assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@settings(on_one_file, max_examples=30)
@given(
    several=st.lists(values, min_size=10, max_size=40),
    asked=st.lists(conditions, min_size=5, max_size=20),
    zone=zones,
    in_rest=st.sampled_from([(), ("Plan",)]),
)
def test_each_condition_holds_of_the_same_values(
    analytics: DuckDB,
    *,
    several: list[Value],
    asked: list[Condition],
    zone: ZoneInfo,
    in_rest: tuple[str, ...],
) -> None:
    """Of properties of people, of their events, and of the sessions of these."""
    crowd = [
        Person(
            ProfileId(place),
            Document(0, properties={"Plan": value}),
            0,
            [Occurrence("Charged", MOMENT, {"Plan": value}, {"Plan": value})],
        )
        for place, value in enumerate(several, 1)
    ]
    catalog = load(analytics, EnvironmentId(next(_environments)), crowd, in_rest=in_rest)
    for condition in asked:
        for tree in (
            Property("Plan", condition),
            Did("Charged", where=(Filter("Plan", condition),)),
            Did("Charged", where=(Filter("Plan", condition, Told.SESSION, is_negated=True),)),
        ):
            assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@settings(on_one_file, max_examples=30)
@given(
    amounts=st.lists(st.lists(values, max_size=6), min_size=3, max_size=10),
    asked=st.lists(aggregates, min_size=5, max_size=20),
    zone=zones,
    in_rest=st.sampled_from([(), ("Plan",)]),
    is_merged=st.booleans(),
)
def test_each_figure_meets_the_same_conditions(
    analytics: DuckDB,
    *,
    amounts: list[list[Value]],
    asked: list[Aggregate],
    zone: ZoneInfo,
    in_rest: tuple[str, ...],
    is_merged: bool,
) -> None:
    """Each person has events with these values."""
    crowd = [
        Person(
            ProfileId(place),
            Document(0),
            0,
            [Occurrence("Charged", MOMENT, {"Plan": value}) for value in several],
        )
        for place, several in enumerate(amounts, 1)
    ]
    environment = EnvironmentId(next(_environments))
    catalog = load(analytics, environment, crowd, in_rest=in_rest, is_merged=is_merged)
    for aggregate in [AT_LEAST_ONCE, *asked]:
        of = None if aggregate.of is None else "Plan"
        figure = Aggregate(aggregate.figure, aggregate.condition, of)
        tree = Did("Charged", aggregate=figure)
        assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


def drop(analytics: DuckDB, catalog: Catalog) -> None:
    analytics.query(f"DROP SCHEMA {catalog.schema} CASCADE", {}, seconds=30)
