"""What the tests of the services share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.analytics.engine import Analytics
from mien.services.ingest import Ingest
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.copies import open_copy
from tests.support.postgres import Postgres
from tests.support.uploading import Desk, new_environment


@pytest.fixture
def desk(shared_store: Store) -> Iterator[Desk]:
    """Give what takes records into a new environment, once on each engine."""
    ingest = Ingest(shared_store)
    yield Desk(shared_store, ingest, new_environment(shared_store))
    ingest.close()


@pytest.fixture
def own_desk(store: Store) -> Iterator[Desk]:
    """Give what takes records into a store without those of other tests, once on each engine."""
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()


@pytest.fixture(params=["duckdb", "clickhouse"])
def analytics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Analytics]:
    """Give an empty analytics copy, once in each engine."""
    opened = open_copy(request.param, tmp_path)
    yield opened
    opened.close()


@contextmanager
def pair_of_stores_on(url: str) -> Iterator[tuple[Store, Store]]:
    """Open two stores over one empty PostgreSQL database, as two servers have them."""
    stores = prepare(url, may_migrate=True), prepare(url, may_migrate=False)
    yield stores
    for each in stores:
        each.close()


@contextmanager
def desks_of(pair: tuple[Store, Store]) -> Iterator[tuple[Desk, Desk]]:
    """Open two writers, which know nothing of each other, in one new environment."""
    environment = new_environment(pair[0])
    one, other = (Desk(store, Ingest(store), environment) for store in pair)
    yield one, other
    for each in (one, other):
        each.ingest.close()


@pytest.fixture(scope="session")
def pair_of_stores(postgres: Postgres) -> Iterator[tuple[Store, Store]]:
    """Give two stores over the database that the tests of this worker share."""
    with pair_of_stores_on(postgres.new_database()) as stores:
        yield stores


@pytest.fixture
def two_desks(pair_of_stores: tuple[Store, Store]) -> Iterator[tuple[Desk, Desk]]:
    """Give one environment on PostgreSQL, with two writers that know nothing of each other."""
    with desks_of(pair_of_stores) as desks:
        yield desks


@pytest.fixture
def own_two_desks(postgres: Postgres) -> Iterator[tuple[Desk, Desk]]:
    """Give the same in a database without the environments of other tests."""
    with pair_of_stores_on(postgres.new_database()) as stores, desks_of(stores) as desks:
        yield desks


@pytest.fixture
def pg_desk(two_desks: tuple[Desk, Desk]) -> Desk:
    """Give what takes records into a new environment on PostgreSQL."""
    return two_desks[0]


@pytest.fixture(params=["sqlite", "postgresql", "two processes"])
def desks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, ...]]:
    """Give one environment on SQLite, on PostgreSQL, and with two writers on PostgreSQL."""
    if request.param == "sqlite":
        store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
        ingest = Ingest(store)
        yield (Desk(store, ingest, new_environment(store)),)
        ingest.close()
        store.close()
        return
    both: tuple[Desk, ...] = request.getfixturevalue("two_desks")
    yield both if request.param == "two processes" else both[:1]
