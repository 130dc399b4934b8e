"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.domain.ids import EnvironmentId
from mien.services.ingest import Ingest
from mien.store.engine import Store
from tests.store.backups import NewUrl
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
