"""Rows as a backup has them, the same from either engine: read by key, hashed, compared."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mien.domain.errors import StoreUnavailableError
from mien.store.engine import DriverError, Row, Store

_ROWS = 1_000
"""Rows that are hashed together: part of the format, since it decides where chunks end."""

_PAGES = 256
_LOCKED_SECONDS = 5.0

Connection: TypeAlias = "sqlite3.Connection | psycopg.Connection[Row]"

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


SQLITE: sa.Dialect = sqlite.dialect(paramstyle="qmark")
POSTGRESQL: sa.Dialect = postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]

FORGET_ANALYTICS = "DELETE FROM secrets WHERE name = 'analytics'"
"""Makes a store another record to the analytics copy beside it, which is made anew then."""

END_FILE_EXPORTS = (
    "UPDATE file_exports SET state = 'failed', size = 0, "
    "problem = 'The store was moved, and files of exports are not; begin it again.' "
    "WHERE state IN ('writing', 'done')"
)
"""Says of exports that their files are not where the store is now."""

_TABLES = """
SELECT t.name, c.name, c.pk FROM sqlite_schema t, pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT IN ('alembic_version', 'backup_manifest')
AND t.name NOT GLOB 'sqlite_*' ORDER BY t.name, c.cid
"""


class TableDigest(msgspec.Struct, frozen=True):
    """What a table holds: how many rows, and the hash of them all in the order of their key."""

    rows: int
    hash: str


class Table(msgspec.Struct, frozen=True):
    """A table as a backup has it: its columns in order, and those of its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


class Counted:
    """How many of so many rows were read."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0


class Reader(Protocol):
    """A driver's cursor that gives rows in pieces."""

    def fetchmany(self, size: int, /) -> list[Any]:
        """Give the next rows, none at the end."""
        ...


class Listed:
    """Rows in memory, read as a cursor is."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def fetchmany(self, size: int, /) -> list[Row]:
        """Give the next rows, none at the end."""
        piece, self._rows = self._rows[:size], self._rows[size:]
        return piece


def tables_of(connection: sqlite3.Connection) -> list[Table]:
    """Give the tables of a file, by name."""
    columns: dict[str, list[tuple[str, int]]] = {}
    for table, column, place in connection.execute(_TABLES):
        columns.setdefault(table, []).append((column, place))
    return [
        Table(
            name,
            tuple(column for column, _ in found),
            tuple(column for column, place in sorted(found, key=lambda each: each[1]) if place),
        )
        for name, found in columns.items()
    ]


def select_all(table: Table, dialect: sa.Dialect, *, zero: str = "") -> str:
    """Write the statement that gives all rows by key, with 0 in the column `zero`."""
    of = sa.table(table.name, *[sa.column(name) for name in table.columns])
    columns = [sa.literal_column("0") if name == zero else of.c[name] for name in table.columns]
    statement = sa.select(*columns).select_from(of).order_by(*[of.c[name] for name in table.key])
    return str(statement.compile(dialect=dialect))


def count_rows(connection: Connection, tables: Iterable[Table]) -> int:
    """Count all rows of some tables."""
    counts = [sa.select(sa.func.count()).select_from(sa.table(each.name)) for each in tables]
    return sum(rows_of(connection, count)[0][0] for count in counts)


def insert_row(table: Table) -> str:
    """Write the statement that puts a row into a SQLite file."""
    of = sa.table(table.name, *[sa.column(name) for name in table.columns])
    return str(sa.insert(of).compile(dialect=SQLITE))


def rows_of(connection: Connection, statement: sa.Select[Any]) -> list[Row]:
    """Run a statement without values on either driver, and give its rows."""
    if isinstance(connection, sqlite3.Connection):
        return connection.execute(str(statement.compile(dialect=SQLITE))).fetchall()
    text = str(statement.compile(dialect=POSTGRESQL)).encode()
    return connection.execute(text).fetchall()


def pieces(rows: Reader, progress: Progress, counted: Counted) -> Iterator[list[Row]]:
    """Give rows in pieces of the size that is hashed."""
    while piece := rows.fetchmany(_ROWS):
        counted.done += len(piece)
        progress(counted.what, counted.done, counted.total)
        yield piece


def digest(rows: Iterable[list[Row]]) -> TableDigest:
    """Hash rows that come in pieces."""
    total, running = 0, hashlib.sha256()
    encode = msgspec.msgpack.Encoder().encode
    for piece in rows:
        total += len(piece)
        running.update(encode(piece))
    return TableDigest(total, running.hexdigest())


def digest_file(
    connection: sqlite3.Connection, progress: Progress, expected: Mapping[str, TableDigest]
) -> dict[str, TableDigest]:
    """Hash every table of a file; `expected` says how many rows to announce, if known."""
    counted = Counted("Comparing every row", sum(each.rows for each in expected.values()))
    return {
        table.name: digest(pieces(connection.execute(select_all(table, SQLITE)), progress, counted))
        for table in tables_of(connection)
    }


def name_of(store: Store) -> str:
    """Name a store for people: its file, or its URL without the password."""
    if store.path is not None:
        return str(store.path.absolute())
    return store.url.render_as_string(hide_password=True)


def open_file(file: Path) -> sqlite3.Connection:
    """Open a SQLite file that no server uses."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def find_problem(connection: sqlite3.Connection, progress: Progress) -> str | None:
    """Tell what SQLite finds wrong with the pages of a file, None if all is well."""
    progress("Checking the file", 0, 0)
    problem: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if problem == "ok" else problem.strip().splitlines()[-1]


def find_difference(
    expected: Mapping[str, TableDigest], found: Mapping[str, TableDigest]
) -> str | None:
    """Tell which table does not hold the rows that it should, None if all do."""
    for name, table in expected.items():
        if found.get(name) != table:
            return f"the rows of the table {name} are not those that were read"
    return None


def copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress, what: str
) -> None:
    """Copy a whole database; raises `StoreUnavailableError` if the target stays locked."""
    moved, last = time.monotonic(), -1

    def step(_status: int, remaining: int, total: int) -> None:
        nonlocal moved, last
        if remaining != last:
            moved, last = time.monotonic(), remaining
        elif time.monotonic() - moved > _LOCKED_SECONDS:
            msg = "The store is in use by another program; stop that, then try again."
            raise StoreUnavailableError(msg)
        progress(what, total - remaining, total)

    source.backup(target, pages=_PAGES, progress=step)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of the drivers and of the disk into ours, beginning with what cannot be done."""
    try:
        yield
    except (*DriverError, OSError) as error:
        msg = f"{what}: {str(error).strip().splitlines()[0]}."
        raise StoreUnavailableError(msg) from error
