"""Moving a store from SQLite to PostgreSQL, and back: all of it in one step, or nothing.

Into PostgreSQL everything goes in one transaction; into SQLite, into a file beside
the place of the store, which takes that place once it is whole. So there is never half
a store to be found, whenever a move is killed. Where the rows come from nothing is
changed, and nobody may write while they are read.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg import sql

from mien.domain.errors import StoreUnavailableError
from mien.store import postgresql, restore
from mien.store.account_schema import secrets
from mien.store.columns import metadata
from mien.store.engine import Row, Store, StoreRefusedError
from mien.store.portable import (
    END_FILE_EXPORTS,
    FORGET_ANALYTICS,
    Connection,
    Progress,
    TableDigest,
    digest_file,
    find_difference,
    find_problem,
    name_of,
    open_file,
    rows_of,
    translated,
)
from mien.store.schema import leases
from mien.store.setup import find_version, head, make_tables, prepare

_COUNTS = {
    table.name: sa.select(sa.func.count()).select_from(table) for table in metadata.sorted_tables
}
_MADE_BY_SERVERS = {secrets.name, leases.name}
"""What is in a store as soon as a server has been started on it."""

_NAMES = sql.SQL(", ").join(map(sql.Identifier, _COUNTS))
_KEEP_WRITERS_OFF = sql.SQL("LOCK TABLE {} IN SHARE MODE").format(_NAMES)
_KEEP_ALL_OFF = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_NAMES)

_FAILED = "Nothing was moved"


class Moved(msgspec.Struct, frozen=True):
    """What a move did: the names of both stores, and the rows of each table in both."""

    source: str
    target: str
    schema_version: str
    tables: dict[str, TableDigest]


def move_in(file: Store, database: Store, progress: Progress) -> Moved:
    """Copy the SQLite store `file` to an empty PostgreSQL database, and compare every row.

    Raises `StoreRefusedError` for a source that is missing, damaged, or in use by a
    server, a target that is not empty or in use, and for another version of either;
    `StoreUnavailableError` if it cannot be done. Then both are what they were.
    """
    _check_source(file)
    with restore.held(file):
        _make_ready(database)
        with (
            restore.held(database),
            translated(_FAILED),
            _kept_from_writers(file, progress) as source,
            postgresql.connect(database) as target,
        ):
            target.execute(_KEEP_ALL_OFF)
            _refuse_rows(target, database)
            tables = postgresql.load(target, source, "Moving", progress)
            target.execute(FORGET_ANALYTICS)
            target.execute(END_FILE_EXPORTS)
    with translated("All is moved, but PostgreSQL could not analyze its tables"):
        postgresql.analyze(database)
    return Moved(name_of(file), name_of(database), head(), tables)


def move_out(database: Store, file: Store, progress: Progress) -> Moved:
    """Copy a PostgreSQL store to the place of the SQLite store `file`, and compare every row.

    Raises as `move_in` does. A file that holds nothing yet is replaced.
    """
    _check_source(database)
    path = file.path or Path()
    with restore.held(database), restore.held(file), restore.workplace(file, "moving") as part:
        _refuse_store(file)
        with translated(_FAILED), postgresql.snapshot(database) as source:
            # Before anything is read: it shall be seen as it is when nobody can write any more.
            source.execute(_KEEP_WRITERS_OFF)
            tables = _copy(source, part, progress)
            # Fails if the connection ended, and with it what kept the writers off.
            source.commit()
            _refuse_store(file)
            restore.install_file(path, part, over_damaged=False, progress=progress)
    return Moved(name_of(database), name_of(file), head(), tables)


def _copy(
    source: "psycopg.Connection[Row]", part: Path, progress: Progress
) -> dict[str, TableDigest]:
    """Write a finished file with all rows, and compare them."""
    # What is in it is for nobody else to read.
    part.touch(mode=0o600)
    make_tables(f"sqlite:///{part}", head())
    tables = postgresql.copy_out(source, part, progress)
    with closing(open_file(part)) as copy:
        problem = find_problem(copy, progress)
        found = digest_file(copy, progress, tables)
        # After the rows were compared.
        copy.execute(END_FILE_EXPORTS)
    if (problem := problem or find_difference(tables, found)) is not None:
        msg = f"{_FAILED}, since the copy is not sound: {problem}."
        raise StoreUnavailableError(msg)
    restore.finish(part, is_cleansed=False)
    return tables


@contextmanager
def _kept_from_writers(file: Store, progress: Progress) -> Iterator[sqlite3.Connection]:
    """Open the file of a store that nobody may write to meanwhile, commands included."""
    with closing(sqlite3.connect(file.path or "", isolation_level=None, timeout=10)) as source:
        source.execute("BEGIN IMMEDIATE")
        if (problem := find_problem(source, progress)) is not None:
            msg = f"{_FAILED}: {name_of(file)} is damaged ({problem}); restore a backup first."
            raise StoreRefusedError(msg)
        yield source


def _check_source(store: Store) -> None:
    url = _url(store)
    if find_version(url) is None:
        msg = f"There is no store at {name_of(store)}: nothing to move."
        raise StoreRefusedError(msg)
    prepare(url, may_migrate=False).close()


def _make_ready(database: Store) -> None:
    """Make the tables of a new database; one of another version is refused."""
    prepare(_url(database), may_migrate=False).close()


def _url(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def _refuse_store(file: Store) -> None:
    """Raise `StoreRefusedError` if a file holds rows already, or is of another version."""
    if find_version(_url(file)) is None:
        return
    prepare(_url(file), may_migrate=False).close()
    with restore.opened(file) as connection:
        _refuse_rows(connection, file)


def _refuse_rows(connection: Connection, store: Store) -> None:
    counts = {name: rows_of(connection, count)[0][0] for name, count in _COUNTS.items()}
    held = [
        f"{name}: {count:,}"
        for name, count in counts.items()
        if count and name not in _MADE_BY_SERVERS
    ]
    if held:
        msg = (
            f"The store at {name_of(store)} is not empty ({', '.join(held)}). "
            "Move to one that holds nothing; nothing was changed."
        )
        raise StoreRefusedError(msg)
