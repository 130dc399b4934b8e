"""Servers as processes of their own, and the stores under them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crowds import Place
from tests.support.postgres import Postgres
from tests.support.servers import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give where servers may be started, once on each engine; they are ended after the test."""
    url = ""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    opened = Place(tmp_path, url)
    yield opened
    opened.close()


@pytest.fixture
def shared_place(postgres: Postgres, tmp_path: Path) -> Iterator[Place]:
    """Give a PostgreSQL store that several servers may share."""
    opened = Place(tmp_path, postgres.new_database())
    yield opened
    opened.close()


@pytest.fixture
def file_place(tmp_path: Path) -> Iterator[Place]:
    """Give a folder for servers on SQLite."""
    opened = Place(tmp_path, "")
    yield opened
    opened.close()


@pytest.fixture
def two_servers(shared_place: Place) -> tuple[Server, Server]:
    """Give two servers on one PostgreSQL store."""
    return shared_place.serve(), shared_place.serve()
