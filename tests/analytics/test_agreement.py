"""SQL gives the same people as the meaning in memory does, for random people and segments (S-03).

`make law` does it for long.
"""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.analytics.engine import Analytics
from mien.domain.conditions import Condition
from mien.domain.documents import Document
from mien.domain.ids import ProfileId
from mien.domain.matching import Occurrence, Person
from mien.domain.segments import (
    AT_LEAST_ONCE,
    Aggregate,
    Did,
    Filter,
    HasItem,
    ItemFilter,
    Node,
    Property,
    Told,
)
from mien.domain.values import Value
from tests.analytics.loading import assert_agree, drop, load, new_environment
from tests.domain.crowd import MOMENT, ZONES, items, people, values
from tests.domain.trees import NAMES, aggregates, conditions, has_items, trees

zones = st.sampled_from(ZONES)
on_one_copy = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
on_clickhouse = settings(on_one_copy, max_examples=max(20, settings().max_examples // 5))
"""Each example makes tables, which takes it half a second."""


crowds = given(
    crowd=st.lists(people(), min_size=1, max_size=6, unique_by=lambda person: person.profile),
    segments=st.lists(trees, min_size=3, max_size=8),
    zone=zones,
    in_rest=st.sets(st.sampled_from(NAMES), max_size=2),
    is_merged=st.booleans(),
)


def check_that_sql_selects_whom_the_meaning_has(
    analytics: Analytics,
    *,
    crowd: list[Person],
    segments: list[Node],
    zone: ZoneInfo,
    in_rest: set[str],
    is_merged: bool,
) -> None:
    environment = new_environment()
    catalog = load(analytics, environment, crowd, in_rest=in_rest, is_merged=is_merged)
    for tree in segments:
        assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@on_one_copy
@crowds
def test_duckdb_selects_whom_the_meaning_has(duckdb: Analytics, **drawn: Any) -> None:
    check_that_sql_selects_whom_the_meaning_has(duckdb, **drawn)


@on_clickhouse
@crowds
def test_clickhouse_selects_whom_the_meaning_has(clickhouse: Analytics, **drawn: Any) -> None:
    check_that_sql_selects_whom_the_meaning_has(clickhouse, **drawn)


several_values = given(
    several=st.lists(values, min_size=5, max_size=30),
    asked=st.lists(conditions, min_size=3, max_size=8),
    zone=zones,
    in_rest=st.sampled_from([(), ("Plan", "Items")]),
)


def check_that_each_condition_holds_of_the_same_values(
    analytics: Analytics,
    *,
    several: list[Value],
    asked: list[Condition],
    zone: ZoneInfo,
    in_rest: tuple[str, ...],
) -> None:
    """Of properties of people, of their events, of the sessions and of the items of these."""
    crowd = [
        Person(
            ProfileId(place),
            Document(0, properties={"Plan": value}),
            0,
            [
                Occurrence(
                    "Charged",
                    MOMENT,
                    {"Plan": value, "Items": ["Plan", {"Plan": value}]},
                    {"Plan": value},
                )
            ],
        )
        for place, value in enumerate(several, 1)
    ]
    catalog = load(analytics, new_environment(), crowd, in_rest=in_rest)
    for condition in asked:
        for tree in (
            Property("Plan", condition),
            Did("Charged", where=(Filter("Plan", condition),)),
            Did("Charged", where=(Filter("Plan", condition, Told.SESSION, is_negated=True),)),
            Did("Charged", where=(HasItem("Items", (ItemFilter("Plan", condition),)),)),
        ):
            assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@on_one_copy
@several_values
def test_each_condition_holds_of_the_same_values_in_duckdb(duckdb: Analytics, **drawn: Any) -> None:
    check_that_each_condition_holds_of_the_same_values(duckdb, **drawn)


@on_clickhouse
@several_values
def test_each_condition_holds_of_the_same_values_in_clickhouse(
    clickhouse: Analytics, **drawn: Any
) -> None:
    check_that_each_condition_holds_of_the_same_values(clickhouse, **drawn)


baskets = given(
    several=st.lists(items, min_size=3, max_size=10),
    asked=st.lists(has_items, min_size=3, max_size=8),
    zone=zones,
    in_rest=st.sampled_from([(), ("Items",)]),
)


def check_that_one_item_meets_all_of_it(
    analytics: Analytics,
    *,
    several: list[object],
    asked: list[HasItem],
    zone: ZoneInfo,
    in_rest: tuple[str, ...],
) -> None:
    """Each person has an event with one of these lists."""
    crowd = [
        Person(ProfileId(place), Document(0), 0, [Occurrence("Charged", MOMENT, {"Items": each})])
        for place, each in enumerate(several, 1)
    ]
    catalog = load(analytics, new_environment(), crowd, in_rest=in_rest)
    for part in asked:
        tree = Did("Charged", where=(HasItem("Items", part.has, part.is_negated),))
        assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@on_one_copy
@baskets
def test_one_item_meets_all_of_it_in_duckdb(duckdb: Analytics, **drawn: Any) -> None:
    check_that_one_item_meets_all_of_it(duckdb, **drawn)


@on_clickhouse
@baskets
def test_one_item_meets_all_of_it_in_clickhouse(clickhouse: Analytics, **drawn: Any) -> None:
    check_that_one_item_meets_all_of_it(clickhouse, **drawn)


figures = given(
    amounts=st.lists(st.lists(values, max_size=6), min_size=3, max_size=10),
    asked=st.lists(aggregates, min_size=3, max_size=8),
    zone=zones,
    in_rest=st.sampled_from([(), ("Plan",)]),
    is_merged=st.booleans(),
)


def check_that_each_figure_meets_the_same_conditions(
    analytics: Analytics,
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
    environment = new_environment()
    catalog = load(analytics, environment, crowd, in_rest=in_rest, is_merged=is_merged)
    for aggregate in [AT_LEAST_ONCE, *asked]:
        of = None if aggregate.of is None else "Plan"
        figure = Aggregate(aggregate.figure, aggregate.condition, of)
        tree = Did("Charged", aggregate=figure)
        assert_agree(analytics, catalog, tree, crowd, MOMENT, zone)
    drop(analytics, catalog)


@on_one_copy
@figures
def test_each_figure_meets_the_same_conditions_in_duckdb(duckdb: Analytics, **drawn: Any) -> None:
    check_that_each_figure_meets_the_same_conditions(duckdb, **drawn)


@on_clickhouse
@figures
def test_each_figure_meets_the_same_conditions_in_clickhouse(
    clickhouse: Analytics, **drawn: Any
) -> None:
    check_that_each_figure_meets_the_same_conditions(clickhouse, **drawn)
