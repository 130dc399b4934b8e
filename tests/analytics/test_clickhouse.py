"""ClickHouse as an engine: addresses, tables of a cluster, days, and steps that are taken again."""

from datetime import UTC, date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.analytics.catalog import Catalog
from mien.analytics.clickhouse import LAYOUT, ClickHouse
from mien.analytics.clickhouse_client import Address
from mien.analytics.clickhouse_dialect import CLICKHOUSE, number_of
from mien.analytics.clickhouse_schema import EVENT_COLUMNS, MERGED_COLUMNS, Layout
from mien.analytics.columns import make_catalog
from mien.analytics.compile import compile_tree
from mien.analytics.engine import Analytics
from mien.analytics.step import Step
from mien.domain.conditions import AnyOf, Contains
from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.schema import Definition, DefinitionKind
from mien.domain.segments import Any as AnyNode
from mien.domain.segments import Property
from mien.domain.values import ValueType
from tests.analytics.loading import new_environment
from tests.support.clickhouse_http import running_clickhouse
from tests.support.copies import clickhouse_url

ENDLESS = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("clickhouse://host", "mien"),
        ("clickhouses://me:p%40ss@host:9440/shop", "shop"),
        ("chdb:///folder?database=shop", "shop"),
    ],
)
def test_an_address_names_a_database(url: str, database: str) -> None:
    assert Address(url).database == database


@pytest.mark.parametrize(
    "url",
    ["", "http://host", "clickhouse:///mien", "clickhouse://h/a-b", "clickhouse://h:port/a"],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"needs the form|names the database|[Pp]ort"):
        Address(url)


def test_who_cannot_be_reached_is_told_when_asked() -> None:
    analytics = ClickHouse("clickhouse://127.0.0.1:1/mien")
    with pytest.raises(AnalyticsUnavailableError, match="ClickHouse cannot answer now"):
        analytics.position(EnvironmentId(1))


def test_a_question_that_takes_long_is_stopped(clickhouse: Analytics) -> None:
    with pytest.raises(QueryTimeoutError):
        clickhouse.query(ENDLESS, {}, seconds=0.2)
    assert clickhouse.query("SELECT 1", {}, seconds=5) == [(1,)]


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_the_day_of_a_moment_is_that_of_the_calendar(clickhouse: Analytics, at: int) -> None:
    """From the year 1 to the year 9999, though dates of ClickHouse end in 2299."""
    piece = CLICKHOUSE.pieces["day_of"].replace(":moment", "{at: Int64}")
    [(found,)] = clickhouse.query(f"SELECT {piece}", {"at": at}, seconds=5)
    day = date.fromordinal(date(1970, 1, 1).toordinal() + at // 86_400)
    assert found == number_of(day)
    assert CLICKHOUSE.day(found) == day


def catalog_of(analytics: Analytics) -> Catalog:
    made = make_catalog(
        new_environment(),
        [
            Definition(1, DefinitionKind.PROPERTY, 0, "Plan", "Plan", ValueType.STRING, 0, ""),
            Definition(2, DefinitionKind.EVENT, 0, "charged", "Charged", None, 0, ""),
        ],
    )
    return msgspec.structs.replace(made, within=analytics.within)


def one_step(upto: int, *people: int, plan: str = "Gold") -> Step:
    return Step(
        upto,
        [ProfileId(each) for each in people],
        profiles="\n".join(
            f'{each}\t1\t{{"base_at":0,"properties":{{"Plan":"{plan}"}}}}' for each in people
        ),
        merged=[(100 + each, each) for each in people],
        events={EventNameId(2): "\n".join(f"{each}\t{each}\t5\t{{}}\t" for each in people)},
    )


def seen(analytics: Analytics, catalog: Catalog) -> list[object]:
    return [
        analytics.query(f"SELECT {what} FROM {catalog.schema}.{table} ORDER BY ALL", {}, seconds=9)
        for what, table in (
            ("profile_id, p1_s", "profiles"),
            ("profile_id, root_id", "merged"),
            ("sequence, profile_id", "events_2"),
        )
    ]


def test_a_step_that_is_taken_again_changes_nothing(clickhouse: Analytics) -> None:
    catalog = catalog_of(clickhouse)
    clickhouse.apply(catalog, one_step(5, 1, 2))
    before = seen(clickhouse, catalog)
    assert before == [[(1, "Gold"), (2, "Gold")], [(101, 1), (102, 2)], [(1, 1), (2, 2)]]
    clickhouse.apply(catalog, one_step(5, 1, 2))
    assert seen(clickhouse, catalog) == before
    assert clickhouse.position(catalog.environment) == 5


def test_a_late_writer_overwrites_nothing_that_is_newer(clickhouse: Analytics) -> None:
    """As one that was stopped in the middle of a step, and went on after another took over."""
    catalog = catalog_of(clickhouse)
    clickhouse.apply(catalog, one_step(9, 1, plan="Lead"))
    clickhouse.apply(catalog, one_step(5, 1, plan="Gold"))
    assert seen(clickhouse, catalog)[0] == [(1, "Lead")]
    assert clickhouse.position(catalog.environment) == 9


def test_who_is_gone_is_gone_with_all_that_they_did(clickhouse: Analytics) -> None:
    catalog = catalog_of(clickhouse)
    clickhouse.apply(catalog, one_step(5, 1, 2))
    clickhouse.apply(catalog, Step(6, [ProfileId(1)], [ProfileId(1)]))
    assert seen(clickhouse, catalog) == [[(2, "Gold")], [(102, 2)], [(2, 2)]]
    on_disk = (
        f"SELECT count() FROM {catalog.schema}.profiles WHERE p1_s = 'Gold' SETTINGS final = 0"
    )
    assert clickhouse.query(on_disk, {}, seconds=5) == [(1,)]


def test_who_was_hidden_before_they_were_gone_is_removed_from_disk(clickhouse: Analytics) -> None:
    """The row that hides a part of somebody came with an earlier step than the erasure."""
    catalog = catalog_of(clickhouse)
    clickhouse.apply(catalog, one_step(5, 1, 2))
    clickhouse.apply(catalog, Step(6, [ProfileId(1)]))
    clickhouse.apply(catalog, Step(7, [ProfileId(1)], [ProfileId(1)]))
    on_disk = f"SELECT p1_s FROM {catalog.schema}.profiles WHERE p1_s <> '' SETTINGS final = 0"
    assert clickhouse.query(on_disk, {}, seconds=5) == [("Gold",)]


def test_a_new_generation_takes_over_for_all_processes() -> None:
    url = clickhouse_url()
    first, other = (ClickHouse(url, mark="0123456789", kept_seconds=0) for _ in range(2))
    catalog = catalog_of(first)
    first.apply(catalog, one_step(5, 1))
    fresh = first.beside()
    assert fresh.position(catalog.environment) == 0
    fresh.apply(msgspec.structs.replace(catalog, within=fresh.within), one_step(9, 2))
    assert other.position(catalog.environment) == 5
    first.replace_by(fresh)
    for each in (first, other):
        assert each.position(catalog.environment) == 9
        now = msgspec.structs.replace(catalog, within=each.within)
        assert seen(each, now)[0] == [(2, "Gold")]
    # Who asks the old one still may, until the next step.
    assert seen(other, catalog)[0] == [(1, "Gold")]
    first.apply(msgspec.structs.replace(catalog, within=first.within), one_step(10, 3))
    with pytest.raises(AnalyticsUnavailableError):
        seen(other, catalog)


def test_copies_of_earlier_layouts_are_removed_as_earlier_generations_are() -> None:
    """P-15: nobody writes to them any more, so whoever is erased would stay in them for ever."""
    url = clickhouse_url()
    engine = ClickHouse(url, mark="0123456789", kept_seconds=0)
    name = Address(url).database
    earlier = [f"{name}_01234567_{LAYOUT - 1}_{each}_e1" for each in (0, 3)]
    others = [f"{name}_01234567_{LAYOUT + 1}_0_e1", f"{name}_fedcba98_{LAYOUT - 1}_0_e1"]
    engine._connection.command(*(f"CREATE DATABASE {each}" for each in (*earlier, *others)))
    engine.beside()
    assert databases(engine, name) == sorted([*earlier, *others])
    catalog = catalog_of(engine)
    engine.apply(catalog, one_step(5, 1))
    assert databases(engine, name) == sorted([*others, catalog.schema])


def databases(engine: ClickHouse, name: str) -> list[str]:
    asked = "SELECT name FROM system.databases WHERE startsWith(name, {name: String}) ORDER BY name"
    return [row[0] for row in engine.query(asked, {"name": f"{name}_"}, seconds=5)]


def test_two_records_have_nothing_in_common() -> None:
    url = clickhouse_url()
    one, other = (ClickHouse(url, mark=mark) for mark in ("a" * 64, "b" * 64))
    catalog = catalog_of(one)
    one.apply(catalog, one_step(5, 1))
    assert other.position(catalog.environment) == 0
    assert one.position(catalog.environment) == 5


def test_tables_of_a_cluster_are_sharded_by_person() -> None:
    layout = Layout("main")
    local, spread = layout.make_table("m_1_e1", "events_3", EVENT_COLUMNS)
    assert "m_1_e1.events_3_local ON CLUSTER 'main'" in local
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/m_1_e1/events_3', '{replica}')"
        in local
    )
    assert spread.endswith(
        "ENGINE = Distributed('main', 'm_1_e1', 'events_3_local', cityHash64(profile_id))"
    )
    merged = layout.make_table("m_1_e1", "merged", MERGED_COLUMNS)[0]
    assert "'{replica}', version, is_deleted)" in merged
    assert [each.split(" ADD ")[0] for each in layout.add_columns("d", "t", [("a", "String")])] == [
        "ALTER TABLE d.t_local ON CLUSTER 'main'",
        "ALTER TABLE d.t ON CLUSTER 'main'",
    ]
    assert layout.delete("d", "t", "1").startswith("DELETE FROM d.t_local ON CLUSTER 'main'")
    assert layout.make_database("d") == "CREATE DATABASE IF NOT EXISTS d ON CLUSTER 'main'"
    assert all("ON CLUSTER 'main' AS SELECT" in each for each in layout.make_views("d"))


def test_days_of_the_year_one_are_numbers_too() -> None:
    assert [number_of(date.min + timedelta(days=each)) for each in (0, 31)] == [10101, 10201]


def test_a_large_question_goes_over_http_too(tmp_path: Path) -> None:
    """Its values are fields of a form, and none of them is larger than a field may be."""
    several = [f"\t{each}\\" + "x" * 500 for each in range(2_000)]
    with running_clickhouse(tmp_path) as url:
        analytics = ClickHouse(url, mark="http")
        catalog = catalog_of(analytics)
        analytics.apply(catalog, one_step(5, 1, 2))
        tree = AnyNode(
            (Property("Plan", AnyOf((*several, "Gold"))), Property("Plan", Contains("\t")))
        )
        query = compile_tree(tree, catalog, 0, UTC, dialect=CLICKHOUSE)
        sizes = [len(str(value)) for value in query.values.values()]
        assert max(sizes) < 128 * 1024
        assert sorted(analytics.query(query.sql, query.values, seconds=30)) == [(1,), (2,)]
        with pytest.raises(QueryTimeoutError):
            analytics.query(ENDLESS, {}, seconds=0.2)
        analytics.close()
