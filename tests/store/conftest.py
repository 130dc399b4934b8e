"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.domain.ids import EnvironmentId
from mien.services.ingest import Ingest
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.store.backups import NewUrl, fill, opened_desk
from tests.store.moves import Way
from tests.support.postgres import Postgres
from tests.support.uploading import Desk, fresh_environment, new_environment


@pytest.fixture
def here() -> EnvironmentId:
    """Give an environment that no other test has."""
    return fresh_environment()


@pytest.fixture
def desk(shared_store: Store) -> Iterator[Desk]:
    """Give what takes records into a new environment, once on each engine."""
    ingest = Ingest(shared_store)
    yield Desk(shared_store, ingest, new_environment(shared_store))
    ingest.close()


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Give the URLs of further stores, by engine; nothing is there yet."""
    made: list[str] = []

    def url(engine: str) -> str:
        if engine == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            return server.new_database()
        made.append(engine)
        return f"sqlite:///{tmp_path / f'store-{len(made)}' / 'mien.db'}"

    return url


@pytest.fixture(params=["in", "out"])
def way(request: pytest.FixtureRequest, new_url: NewUrl) -> Way:
    """Give an empty store and where it moves to, once each way."""
    engines = ["sqlite", "postgresql"]
    source, target = engines if request.param == "in" else reversed(engines)
    found = Way(new_url(source), new_url(target))
    prepare(found.url, may_migrate=True).close()
    return found


@pytest.fixture
def moving(way: Way) -> Iterator[Desk]:
    """Give an environment of the store that moves; its writer has stopped by then."""
    store = prepare(way.url, may_migrate=False)
    with opened_desk(store) as made:
        fill(made, range(5))
    store.close()
    yield made
    made.store.close()
