"""Putting a backup back: all of it in one step, or nothing.

A restore works on a copy beside the store, where it is checked, migrated, given
what the replaced store hands on, and cleansed of the erased. Only then does it take
the store's place: one rename, or one transaction.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg import sql

from mien.domain.errors import StoreUnavailableError
from mien.store.backup import SEQUENCES, connect_postgresql, counters_of
from mien.store.engine import Row, Store, StoreRefusedError, Transaction
from mien.store.portable import (
    POSTGRESQL,
    SQLITE,
    Counted,
    Progress,
    Table,
    TableDigest,
    copy_pages,
    digest,
    find_difference,
    name_of,
    open_file,
    pieces,
    select_all,
    sync,
    tables_of,
    translated,
)
from mien.store.schema import (
    accounts,
    counters,
    environments,
    erasures,
    planned_erasures,
    secrets,
)
from mien.store.setup import DamagedStoreError, find_version, only_server, prepare

_SIDE_FILES = ("-journal", "-wal", "-shm")
_BUSY_SECONDS = 2.0

_ACCOUNTS = sa.select(sa.func.count()).select_from(accounts)
_ENVIRONMENTS = sa.select(environments.c.environment_id, environments.c.public_id)
_COUNTERS = sa.select(*counters.columns)
_SECRETS = sa.select(*secrets.columns)
_ERASURES = sa.select(*erasures.columns)
_PLANNED = sa.select(*planned_erasures.columns)
_UNPLAN = sa.delete(planned_erasures).where(
    planned_erasures.c.environment_id == sa.bindparam("environment"),
    planned_erasures.c.erasure_id == sa.bindparam("erasure"),
)
_HAS_PLANS = {
    True: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'planned_erasures'",
    False: "SELECT 1 WHERE to_regclass('planned_erasures') IS NOT NULL",
}
"""By engine: is it SQLite? A store of an earlier version has no such table."""
_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
_RAISE = sql.SQL("""
SELECT setval(%(sequence)s, greatest(
    (SELECT last_value FROM {}),
    (SELECT max(value) FROM counters WHERE name = %(name)s)
))
""")
_IDENTITIES = "SELECT environment_id, kind, value, profile_id FROM identities"
_NAMED_IN_REJECTS = "SELECT DISTINCT environment_id, person FROM rejects WHERE person <> x''"


Connection: TypeAlias = "sqlite3.Connection | psycopg.Connection[Row]"


class Remains(msgspec.Struct, frozen=True):
    """What must outlive a store that is replaced. Rows are those of the tables."""

    environments: dict[int, str] = {}
    counters: list[Row] = []
    secrets: list[Row] = []
    erasures: list[Row] = []
    planned: list[Row] = []
    is_damaged: bool = False


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Keep servers off a store; raises `StoreRefusedError` if one runs."""
    if store.path is not None:
        with only_server(store.path.absolute().parent):
            yield
        return
    with connect_postgresql(store) as connection:
        _refuse_sessions(connection)
    yield


def find_remains(store: Store, *, may_replace: bool) -> Remains:
    """Read what a store hands on to the one that takes its place.

    Raises `StoreRefusedError` for a store with accounts, or a damaged one, unless it
    may be replaced.
    """
    try:
        if find_version(store.url.render_as_string(hide_password=False)) is None:
            return Remains()
        with _opened(store) as connection:
            held = _rows(connection, _ACCOUNTS)[0][0]
            if held and not may_replace:
                msg = (
                    f"The store at {name_of(store)} is not empty "
                    f"(accounts: {held}). To replace all that it holds, add --replace."
                )
                raise StoreRefusedError(msg)
            return _remains(connection)
    except DamagedStoreError as error:
        if not may_replace:
            msg = f"{error} To give up what it holds, add --replace."
            raise StoreRefusedError(msg) from error
        return Remains(is_damaged=True)


def read_remains(file: Path) -> Remains:
    """Read the same from the file of a SQLite store, or from a later backup."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            return _remains(source)
    except sqlite3.Error as error:
        msg = f"The erasures in {file} cannot be read ({error})."
        raise StoreRefusedError(msg) from error


def hand_on(tx: Transaction, remains: Remains) -> list[Row]:
    """Give a restored store what the one before it must hand on; give the erasures new to it.

    Numbers that were handed out are not handed out again, secrets that it lacks are
    kept, and erasures that wait go on waiting, unless they were cancelled. Nothing passes
    between stores that have no environment in common.
    """
    own: dict[int, str] = dict(tx.rows(_ENVIRONMENTS))
    shared = own.keys() & remains.environments.keys()
    strangers = {each for each in shared if own[each] != remains.environments[each]}
    if strangers == shared:
        return []
    tx.insert_new(secrets, remains.secrets)
    values = {(row[0], row[1]): row[2] for row in tx.rows(_COUNTERS)}
    for environment, name, value in remains.counters:
        if environment not in strangers:
            values[environment, name] = max(value, values.get((environment, name), 0))
    tx.upsert(counters, [(*key, value) for key, value in values.items()])
    _hand_on_planned(tx, remains, shared - strangers)
    known = set(tx.rows(_ERASURES))
    return [row for row in remains.erasures if row[0] not in strangers and row not in known]


def _hand_on_planned(tx: Transaction, remains: Remains, shared: set[int]) -> None:
    """Let erasures that were asked for be as the replaced store has them, as far as it knows."""
    known = {
        environment: value
        for environment, name, value in remains.counters
        if name == "erasure" and environment in shared
    }
    kept = {(row[0], row[1]): row for row in remains.planned if row[0] in shared}
    for row in tx.rows(_PLANNED):
        environment, erasure, is_done = row[0], row[1], row[_DONE_AT] is not None
        if is_done:
            kept.pop((environment, erasure), None)
        elif erasure <= known.get(environment, 0) and (environment, erasure) not in kept:
            tx.run(_UNPLAN, environment=environment, erasure=erasure)
    tx.upsert(planned_erasures, list(kept.values()))


_DONE_AT = list(planned_erasures.columns.keys()).index("done_at")


def keep_erasures(tx: Transaction, rows: list[Row]) -> None:
    """Keep erasures as they were noted first."""
    tx.upsert(erasures, rows)


def walk_identities(file: Path) -> Iterator[Row]:
    """Give every identity of a file: environment, kind, value, profile."""
    with closing(open_file(file)) as source:
        yield from source.execute(_IDENTITIES)


def walk_named_in_rejects(file: Path) -> Iterator[Row]:
    """Give every id that a rejected record named: environment, value."""
    with closing(open_file(file)) as source:
        yield from source.execute(_NAMED_IN_REJECTS)


@contextmanager
def workplace(store: Store) -> Iterator[Path]:
    """Give the name of a file to restore into, beside the store if that is a file."""
    folder = (
        tempfile.TemporaryDirectory(prefix="mien-restore-")
        if store.path is None
        else nullcontext(store.path.absolute().parent)
    )
    with folder as where:
        staging = Path(where) / "mien.db.restoring"
        _remove(staging)
        try:
            yield staging
        finally:
            _remove(staging)


def finish(staging: Path, *, is_cleansed: bool) -> None:
    """Make a file of what was worked on: durable, one file, nothing of the erased left in it."""
    with closing(open_file(staging)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        if is_cleansed:
            connection.execute("VACUUM")
    sync(staging)


def install(store: Store, staging: Path, *, over_damaged: bool, progress: Progress) -> None:
    """Let a finished file take the place of a store, all at once.

    Raises `StoreUnavailableError` if it cannot; then the store is what it was.
    """
    with translated("Nothing was restored"):
        if store.path is None:
            _load_postgresql(store, staging, progress)
            return
        if store.path.exists() and not over_damaged:
            _load_sqlite(store.path, staging, progress)
            return
        # A log of what was there before must not be taken for one of the new file.
        _remove_beside(store.path)
        staging.replace(store.path)
        sync(store.path.absolute().parent)


def _remains(connection: Connection) -> Remains:
    """Read what a store hands on, counters with what PostgreSQL keeps in sequences."""
    return Remains(
        dict(_rows(connection, _ENVIRONMENTS)),
        _rows(connection, _COUNTERS)
        if isinstance(connection, sqlite3.Connection)
        else counters_of(connection),
        _rows(connection, _SECRETS),
        _rows(connection, _ERASURES),
        _rows(connection, _PLANNED) if _has_plans(connection) else [],
    )


def _has_plans(connection: Connection) -> bool:
    text = _HAS_PLANS[isinstance(connection, sqlite3.Connection)]
    found: list[Any] = connection.execute(text).fetchall()
    return bool(found)


def _rows(connection: Connection, statement: sa.Select[Any]) -> list[Row]:
    if isinstance(connection, sqlite3.Connection):
        return connection.execute(str(statement.compile(dialect=SQLITE))).fetchall()
    text = str(statement.compile(dialect=POSTGRESQL)).encode()
    return connection.execute(text).fetchall()


@contextmanager
def _opened(store: Store) -> Iterator[Connection]:
    if store.path is None:
        with connect_postgresql(store) as connection:
            yield connection
        return
    try:
        with closing(open_file(store.path)) as file:
            yield file
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        msg = f"The store at {name_of(store)} is damaged ({error})."
        raise DamagedStoreError(msg) from error


def _refuse_sessions(connection: "psycopg.Connection[Row]") -> None:
    """Raise unless this is the only session of its user in the database."""
    # A session that has just ended is listed for a moment longer.
    until = time.monotonic() + _BUSY_SECONDS
    while others := connection.execute(_SESSIONS).fetchall()[0][0]:
        connection.rollback()
        if time.monotonic() > until:
            msg = (
                f"The database is in use by other sessions ({others}). "
                "Stop every server that uses it, then restore."
            )
            raise StoreRefusedError(msg)
        time.sleep(0.05)


def _load_sqlite(path: Path, staging: Path, progress: Progress) -> None:
    """Replace the pages of a store by those of a file, in one transaction of SQLite."""
    with closing(open_file(staging)) as source, closing(sqlite3.connect(path, timeout=1)) as target:
        target.execute("PRAGMA synchronous = FULL")
        _fit_pages(source, target)
        copy_pages(source, target, progress, "Replacing the store")
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fit_pages(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Give a file pages of the size of another's: SQLite replaces none by those of another size."""
    wanted, has = (each.execute("PRAGMA page_size").fetchone()[0] for each in (target, source))
    if wanted != has:
        source.execute(f"PRAGMA page_size = {wanted}")
        source.execute("VACUUM")


def _load_postgresql(store: Store, staging: Path, progress: Progress) -> None:
    """Replace the rows of a store by those of a file, in one transaction, and compare them."""
    prepare(store.url.render_as_string(hide_password=False), may_migrate=True).close()
    with connect_postgresql(store) as target, closing(open_file(staging)) as source:
        tables = tables_of(source)
        names = [sql.Identifier(table.name) for table in tables]
        target.execute("SET LOCAL lock_timeout = '10s'")
        target.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
        counted = Counted("Restoring", 0)
        expected = {
            each.name: digest(_load(source, target, each, progress, counted)) for each in tables
        }
        total = sum(table.rows for table in expected.values())
        found = _digest_postgresql(target, tables, progress, Counted("Comparing every row", total))
        if (difference := find_difference(expected, found)) is not None:
            msg = f"Nothing was restored: {difference}."
            raise StoreUnavailableError(msg)
        _raise_sequences(target)
    with connect_postgresql(store) as target:
        target.execute("ANALYZE")


def _load(
    source: sqlite3.Connection,
    target: "psycopg.Connection[Row]",
    table: Table,
    progress: Progress,
    counted: Counted,
) -> Iterator[list[Row]]:
    """Copy a table, and give its rows as they were copied."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    rows = source.execute(select_all(table, SQLITE))
    with target.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in pieces(rows, progress, counted):
            for row in piece:
                copy.write_row(row)
            yield piece


def _digest_postgresql(
    target: "psycopg.Connection[Row]", tables: list[Table], progress: Progress, counted: Counted
) -> dict[str, TableDigest]:
    found = {}
    for table in tables:
        with target.cursor(name="compare") as cursor:
            cursor.execute(select_all(table, POSTGRESQL).encode(), binary=True)
            found[table.name] = digest(pieces(cursor, progress, counted))
    return found


def _raise_sequences(target: "psycopg.Connection[Row]") -> None:
    """Let the sequences go on after all that was handed out, here or in the backup."""
    for name, sequence in SEQUENCES.items():
        target.execute(
            _RAISE.format(sql.Identifier(sequence)), {"sequence": sequence, "name": name}
        )


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    _remove_beside(file)


def _remove_beside(file: Path) -> None:
    for suffix in _SIDE_FILES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)
