"""What the tests of the store share."""

from collections.abc import Iterator

import pytest

from mien.domain.ids import EnvironmentId
from mien.services.ingest import Ingest
from mien.store.engine import Store
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
