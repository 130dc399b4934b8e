"""The analytics copy where a store was moved to or restored: it tells of what is there (S-04, B-11)."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path

import pytest

from mien.config import Settings
from mien.domain.segments import All
from mien.services.copies import open_projection
from mien.services.counting import Counting
from mien.services.ingest import Ingest
from mien.services.questions import Questions
from mien.store import accounts
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.store.backups import back_up, opened, put_back
from tests.store.moves import move
from tests.support.postgres import Postgres
from tests.support.uploading import Desk, new_environment, profile

PATIENCE = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the data folder of a store with five people, and their copy."""
    made = tmp_path / "data"
    prepare(url_in(made), may_migrate=True).close()
    with opened(url_in(made)) as store:
        new_environment(store)
    upload(url_in(made), *"abcde")
    assert everybody(url_in(made), made) == 5
    return made


def url_in(folder: Path) -> str:
    """Give the URL of the store in a folder."""
    return f"sqlite:///{folder / 'mien.db'}"


def upload(url: str, *names: str) -> None:
    """Let people come to the first environment of a store."""
    with opened(url) as store, closing(Ingest(store)) as ingest:
        Desk(store, ingest, first(store).environment_id).upload(*map(profile, names))


def first(store: Store) -> accounts.Environment:
    """Give the first environment of a store."""
    with store.read() as tx:
        return accounts.list_environments(tx)[0]


def everybody(url: str, folder: Path) -> int:
    """Count the people of a store with the copy in a folder, as a server does."""
    with opened(url) as store, counting(store, folder) as counts:
        return counts.count(first(store).environment_id, All(()), UTC).size


@contextmanager
def counting(store: Store, folder: Path) -> Iterator[Counting]:
    """Bring a copy up to date, and give who counts with it."""
    projection = open_projection(store, Settings(data=folder, analytics_memory=200))
    try:
        while projection.advance_all():
            pass
        yield Counting(Questions(projection, fresh_seconds=PATIENCE, query_seconds=PATIENCE))
    finally:
        projection.analytics.close()


def test_a_copy_that_went_on_beside_the_old_store_is_not_believed_at_the_new_one(
    folder: Path, postgres: Postgres
) -> None:
    database = postgres.new_database()
    move(url_in(folder), database)
    upload(url_in(folder), "x", "y", "z")
    assert everybody(url_in(folder), folder) == 8
    upload(database, "f")
    assert everybody(database, folder) == 6


def test_a_copy_that_a_folder_still_has_is_not_believed_when_a_store_moves_there(
    folder: Path, postgres: Postgres, tmp_path: Path
) -> None:
    database = postgres.new_database()
    move(url_in(folder), database)
    upload(database, "f")
    assert everybody(database, tmp_path) == 6
    upload(url_in(folder), "x", "y", "z")
    assert everybody(url_in(folder), folder) == 8
    for file in folder.glob("mien.db*"):
        file.unlink()
    move(database, url_in(folder))
    assert everybody(url_in(folder), folder) == 6


def test_a_copy_of_what_a_restore_took_away_is_not_believed(folder: Path, tmp_path: Path) -> None:
    back_up(url_in(folder), tmp_path / "backup")
    upload(url_in(folder), "x", "y", "z")
    assert everybody(url_in(folder), folder) == 8
    put_back(tmp_path / "backup", url_in(folder), may_replace=True)
    assert everybody(url_in(folder), folder) == 5
