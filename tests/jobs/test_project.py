"""The thread that copies: by itself, at once when asked, anew when it has to (S-04)."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

import pytest
from sqlglot import exp

from mien.analytics.catalog import Catalog
from mien.analytics.clickhouse_dialect import CLICKHOUSE
from mien.analytics.compile import question
from mien.analytics.scope import Scope
from mien.config import InvalidSettingError, Settings
from mien.domain.errors import AnalyticsBehindError, AnalyticsUnavailableError, QueryTimeoutError
from mien.domain.ids import EnvironmentId
from mien.jobs.project import Projector
from mien.services.copies import ANALYTICS_FILE, open_projection
from mien.services.ingest import Ingest
from mien.services.projection import Projection, Rebuild, wish_of
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.copies import clickhouse_url
from tests.support.uploading import Desk, event, new_environment, profile

PATIENCE = 20.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()
    store.close()


def opened(store: Store, folder: Path, url: str = "") -> Projection:
    return open_projection(store, Settings(data=folder, analytics_memory=200, analytics_url=url))


@pytest.fixture(params=["duckdb", "clickhouse"])
def projection(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Iterator[Projection]:
    """Give one, once with each engine."""
    made = opened(desk.store, tmp_path, clickhouse_url() if request.param == "clickhouse" else "")
    yield made
    made.analytics.close()


def people(projection: Projection, environment: EnvironmentId) -> int:
    """Count all people once what was uploaded is there."""
    catalog = projection.fresh_catalog(environment, seconds=PATIENCE)
    ((size,),) = projection.analytics.query(
        f"SELECT count(*) FROM {catalog.schema}.profiles", {}, seconds=PATIENCE
    )
    return int(size)


def files_in(folder: Path) -> list[Path]:
    """Give the databases of a folder, without their logs."""
    return [each for each in folder.iterdir() if each.suffix in (".db", ".duckdb", ".new")]


async def test_a_count_sees_the_upload_before_it(
    desk: Desk, projection: Projection, tmp_path: Path
) -> None:
    """S-04."""
    with Projector(projection, tmp_path):
        for size in range(1, 30):
            await desk.send(profile(f"p{size}"), event(f"p{size}", "E"))
            assert people(projection, desk.environment) == size


async def test_who_waits_too_long_is_told_how_far_it_is(desk: Desk, projection: Projection) -> None:
    """S-04: nobody copies here."""
    await desk.send(profile("a"))
    with pytest.raises(AnalyticsBehindError, match="1 entries of the log behind"):
        projection.fresh_catalog(desk.environment, seconds=0.01)
    projection.open(desk.environment)
    assert projection.behind() == 1
    while projection.advance_all():
        pass
    assert projection.behind() == 0


def test_many_ask_at_once(projection: Projection) -> None:
    def ask(number: int) -> object:
        scope = Scope(Catalog(EnvironmentId(1)), projection.analytics.dialect, 0, UTC)
        query = question(exp.select(scope.bind(number)), scope)
        return projection.analytics.query(query.sql, query.values, seconds=PATIENCE)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(500))) == [[(number,)] for number in range(500)]


def test_who_asks_after_the_end_is_told_so(desk: Desk, tmp_path: Path) -> None:
    projection = opened(desk.store, tmp_path)
    projection.analytics.close()
    with pytest.raises(AnalyticsUnavailableError, match="cannot answer now"):
        projection.analytics.query("SELECT 1", {}, seconds=PATIENCE)


async def test_who_waits_when_the_server_stops_is_let_go(
    desk: Desk, projection: Projection, tmp_path: Path
) -> None:
    await desk.send(profile("a"))
    with ThreadPoolExecutor(1) as pool:
        # Nobody copies: it would wait for longer than the time limit of the test.
        waits = pool.submit(projection.fresh_catalog, desk.environment, seconds=1_000)
        projection.stop()
        with pytest.raises(AnalyticsBehindError):
            waits.result()


async def test_one_environment_that_cannot_be_copied_stops_no_other(
    desk: Desk, projection: Projection, tmp_path: Path
) -> None:
    other = Desk(desk.store, desk.ingest, new_environment(desk.store))
    await desk.send(profile("a"))
    with sqlite3.connect(tmp_path / "mien.db") as broken:
        broken.execute("UPDATE profiles SET document = x'c1'")
    await other.send(profile("b"))
    with Projector(projection, tmp_path):
        assert people(projection, other.environment) == 1
        with pytest.raises(AnalyticsBehindError):
            projection.fresh_catalog(desk.environment, seconds=0.3)


async def test_a_damaged_or_lost_file_is_made_anew(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / ANALYTICS_FILE
    await desk.send(profile("a"))
    for damage in (b"no database at all", b"", None):
        projection = opened(desk.store, tmp_path)
        with Projector(projection, tmp_path):
            assert people(projection, desk.environment) == 1
        projection.analytics.close()
        if damage is None:
            file.unlink()
        else:
            file.write_bytes(damage)
    projection = opened(desk.store, tmp_path)
    with Projector(projection, tmp_path):
        assert people(projection, desk.environment) == 1
    projection.analytics.close()


async def test_a_copy_of_another_record_is_not_believed(desk: Desk, tmp_path: Path) -> None:
    other = prepare(f"sqlite:///{tmp_path / 'other.db'}", may_migrate=True)
    ingest = Ingest(other)
    there = Desk(other, ingest, new_environment(other))
    for name in "abc":
        await there.send(profile(name))
    projection = opened(other, tmp_path)
    with Projector(projection, tmp_path):
        assert people(projection, there.environment) == 3
    projection.analytics.close()
    ingest.close()
    other.close()
    await desk.send(profile("a"))
    projection = opened(desk.store, tmp_path)
    with Projector(projection, tmp_path):
        assert people(projection, desk.environment) == 1
    projection.analytics.close()


async def test_a_rebuild_answers_meanwhile_and_then_the_same(
    desk: Desk, projection: Projection, tmp_path: Path
) -> None:
    await desk.send(*[profile(f"p{n}", n=n) for n in range(500)])
    while projection.advance_all():
        pass
    rebuild = Rebuild(projection)
    assert people(projection, desk.environment) == 500
    while rebuild.advance():
        pass
    rebuild.finish()
    await desk.send(profile("new"))
    while projection.advance_all():
        pass
    assert people(projection, desk.environment) == 501
    if projection.analytics.dialect is not CLICKHOUSE:
        assert {each.name for each in files_in(tmp_path)} == {"mien.db", ANALYTICS_FILE}


async def test_a_wish_for_a_rebuild_is_carried_out_once(
    desk: Desk, projection: Projection, tmp_path: Path
) -> None:
    wish = wish_of(tmp_path)
    with Projector(projection, tmp_path):
        await desk.send(profile("a"))
        assert people(projection, desk.environment) == 1
        wish.touch()
        await desk.send(profile("b"))
        while wish.exists():
            assert people(projection, desk.environment) == 2
        assert people(projection, desk.environment) == 2


def test_a_question_that_takes_too_long_is_stopped(projection: Projection) -> None:
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b"
    if projection.analytics.dialect is CLICKHOUSE:
        endless = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"
    with pytest.raises(QueryTimeoutError, match=r"not answered within 0\.2 seconds"):
        projection.analytics.query(endless, {}, seconds=0.2)
    assert projection.analytics.query("SELECT 1", {}, seconds=PATIENCE) == [(1,)]


async def test_a_clickhouse_that_cannot_be_reached_is_told_and_waited_for(
    desk: Desk, tmp_path: Path
) -> None:
    """The server starts, questions say what is missing, and all is counted once it is there."""
    await desk.send(profile("a"))
    projection = opened(desk.store, tmp_path, "clickhouse://127.0.0.1:1/mien")
    with Projector(projection, tmp_path):
        with pytest.raises(AnalyticsBehindError):
            projection.fresh_catalog(desk.environment, seconds=0.5)
        with pytest.raises(AnalyticsUnavailableError, match="ClickHouse cannot answer now"):
            projection.analytics.query("SELECT 1", {}, seconds=1)
        there = opened(desk.store, tmp_path, clickhouse_url())
        projection.analytics = there.analytics
        assert people(projection, desk.environment) == 1


@pytest.mark.parametrize(
    ("url", "cluster", "problem"),
    [
        ("postgresql://host/mien", "", "MIEN_ANALYTICS_URL needs the form clickhouse://"),
        ("clickhouse://host/my-db", "", "MIEN_ANALYTICS_URL names the database 'my-db'"),
        ("clickhouse://host:many/mien", "", "MIEN_ANALYTICS_URL .*many"),
        ("", "main", "MIEN_ANALYTICS_CLUSTER names a cluster"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_the_start(
    desk: Desk, tmp_path: Path, url: str, cluster: str, problem: str
) -> None:
    settings = Settings(data=tmp_path, analytics_url=url, analytics_cluster=cluster)
    with pytest.raises(InvalidSettingError, match=problem):
        open_projection(desk.store, settings)
