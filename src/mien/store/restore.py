"""Putting a backup back: all of it in one step, or nothing.

A restore works on a copy beside the store, where it is checked, migrated, given
what the replaced store hands on, and cleansed of the erased. Only then does it take
the store's place: one rename, or one transaction.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from mien.store import postgresql
from mien.store.account_schema import accounts, environments, secrets
from mien.store.engine import Row, Store, StoreRefusedError, Transaction
from mien.store.portable import (
    FORGET_ANALYTICS,
    Connection,
    Progress,
    copy_pages,
    name_of,
    open_file,
    rows_of,
    sync,
    translated,
)
from mien.store.schema import counters, erasures, planned_erasures
from mien.store.setup import DamagedStoreError, find_version, only_server, prepare

_SIDE_FILES = ("-journal", "-wal", "-shm")

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
_IDENTITIES = "SELECT environment_id, kind, value, profile_id FROM identities"
_NAMED_IN_REJECTS = "SELECT DISTINCT environment_id, person FROM rejects WHERE person <> x''"


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
    with postgresql.connect(store) as connection:
        postgresql.refuse_sessions(connection)
    yield


@contextmanager
def opened(store: Store) -> Iterator[Connection]:
    """Open a store of either engine to look at its rows; raises `DamagedStoreError`."""
    if store.path is None:
        with postgresql.connect(store) as connection:
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


def find_remains(store: Store, *, may_replace: bool) -> Remains:
    """Read what a store hands on to the one that takes its place.

    Raises `StoreRefusedError` for a store with accounts, or a damaged one, unless it
    may be replaced.
    """
    try:
        if find_version(store.url.render_as_string(hide_password=False)) is None:
            return Remains()
        with opened(store) as connection:
            held = rows_of(connection, _ACCOUNTS)[0][0]
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
def workplace(store: Store, doing: str) -> Iterator[Path]:
    """Give the name of a file to work on, beside the store if that is a file."""
    folder = (
        tempfile.TemporaryDirectory(prefix="mien-")
        if store.path is None
        else nullcontext(store.path.absolute().parent)
    )
    with folder as where:
        staging = Path(where) / f"mien.db.{doing}"
        _remove(staging)
        try:
            yield staging
        finally:
            _remove(staging)


def finish(staging: Path, *, is_cleansed: bool) -> None:
    """Make a file of what was worked on: durable, one file, nothing of the erased left in it."""
    with closing(open_file(staging)) as connection:
        connection.execute(FORGET_ANALYTICS)
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
        install_file(store.path, staging, over_damaged=over_damaged, progress=progress)


def install_file(path: Path, staging: Path, *, over_damaged: bool, progress: Progress) -> None:
    """Let a finished file take the place of a SQLite store, if there is one, all at once."""
    if path.exists() and not over_damaged:
        _load_sqlite(path, staging, progress)
        return
    # A log of what was there before must not be taken for one of the new file.
    _remove_beside(path)
    staging.replace(path)
    sync(path.absolute().parent)


def _remains(connection: Connection) -> Remains:
    """Read what a store hands on, counters with what PostgreSQL keeps in sequences."""
    return Remains(
        dict(rows_of(connection, _ENVIRONMENTS)),
        rows_of(connection, _COUNTERS)
        if isinstance(connection, sqlite3.Connection)
        else postgresql.counters_of(connection),
        rows_of(connection, _SECRETS),
        rows_of(connection, _ERASURES),
        rows_of(connection, _PLANNED) if _has_plans(connection) else [],
    )


def _has_plans(connection: Connection) -> bool:
    text = _HAS_PLANS[isinstance(connection, sqlite3.Connection)]
    found: list[Any] = connection.execute(text).fetchall()
    return bool(found)


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
    """Replace the rows of a store by those of a file, in one transaction."""
    prepare(store.url.render_as_string(hide_password=False), may_migrate=True).close()
    with postgresql.connect(store) as target, closing(open_file(staging)) as source:
        postgresql.load(target, source, "Restoring", progress)
    postgresql.analyze(store)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    _remove_beside(file)


def _remove_beside(file: Path) -> None:
    for suffix in _SIDE_FILES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)
