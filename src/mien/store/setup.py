"""Making a store ready: new ones are made, older ones migrated, foreign ones refused."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from mien.store.engine import (
    APPLICATION_ID,
    PAGE_BYTES,
    DriverError,
    Row,
    Store,
    StoreRefusedError,
    connect_postgresql,
    open_store,
)

_MIGRATIONS = Path(__file__).parent / "migrations"


class DamagedStoreError(StoreRefusedError):
    """The store's file is no longer a database that can be read."""


class FolderInUseError(StoreRefusedError):
    """Another process has the data folder; `holder` is its id, as it wrote it."""

    def __init__(self, data: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(
            f"The data folder {data} is in use by another server (process {holder}). "
            "Stop it, or choose another --data: servers that share a PostgreSQL database "
            "(MIEN_STORE_URL) have a folder each."
        )


def prepare(url: str, *, may_migrate: bool) -> Store:
    """Open the store at a URL, ready for use.

    Makes the tables of a new store. A store of an earlier version is migrated if
    `may_migrate`, else refused with what to run. Raises `StoreRefusedError` for a
    file that is no store of ours, a damaged one, or one of a later version.
    """
    store = open_store(url)
    if store.path is not None:
        _refuse_foreign(store.path)
        store.path.parent.mkdir(parents=True, exist_ok=True)
    with _connected(store) as connection:
        _migrate(connection, _shown(store.url), may_migrate=may_migrate)
    return store


def find_version(url: str) -> str | None:
    """Find the schema version of the store at a URL, None if there is none; makes nothing.

    Raises `DamagedStoreError` for a file that cannot be read, `StoreRefusedError`
    for a database of another program.
    """
    store = open_store(url)
    if store.path is not None:
        if not store.path.exists() or store.path.stat().st_size == 0:
            return None
        _refuse_foreign(store.path)
    with _connected(store) as connection:
        return _version(connection)


def make_tables(url: str, version: str) -> None:
    """Make the tables that a store of a schema version has, in an empty database."""
    with _connected(open_store(url)) as connection:
        _version(connection)
        _upgrade(connection, version)


@contextmanager
def _connected(store: Store) -> Iterator[sa.Connection]:
    engine = _make_engine(store.url)
    try:
        with engine.connect() as connection:
            yield connection
    except (sa.exc.DBAPIError, *DriverError, UnicodeDecodeError) as error:
        cause = getattr(error, "orig", None) or error
        is_damaged = type(cause) in (sqlite3.DatabaseError, UnicodeDecodeError)
        msg = f"The store at {_shown(store.url)} cannot be opened: {_cause(error)}."
        raise (DamagedStoreError if is_damaged else StoreRefusedError)(msg) from error
    finally:
        engine.dispose()


@contextmanager
def only_server(data: Path) -> Iterator[None]:
    """Hold a data folder for one server; raises `FolderInUseError` if another has it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "server.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise FolderInUseError(data, lock.read().strip() or "unknown") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@cache
def head() -> str:
    """Give the newest schema version."""
    return str(ScriptDirectory(str(_MIGRATIONS)).get_current_head())


def _migrate(connection: sa.Connection, shown: str, *, may_migrate: bool) -> None:
    current = _version(connection)
    if current == head():
        return
    script = ScriptDirectory(str(_MIGRATIONS))
    known = {revision.revision for revision in script.walk_revisions()}
    store = f"The store at {shown}"
    if current is not None and current not in known:
        msg = (
            f"{store} has schema version {current}, which this version of Mien does not know. "
            "It was written by a later one; install that."
        )
        raise StoreRefusedError(msg)
    if current is not None and not may_migrate:
        msg = (
            f"{store} has schema version {current}, this version of Mien needs {head()}. "
            "Make a backup, then run `mien migrate`."
        )
        raise StoreRefusedError(msg)
    _upgrade(connection, "head")


def _upgrade(connection: sa.Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
    connection.commit()


def _version(connection: sa.Connection) -> str | None:
    """Give the schema version, None for an empty database; refuses one of somebody else."""
    tables = sa.inspect(connection).get_table_names()
    if "alembic_version" in tables and "profiles" in tables:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return str(found)
    if tables:
        msg = f"The database holds tables that are not Mien's ({', '.join(sorted(tables)[:5])})."
        raise StoreRefusedError(msg)
    if connection.dialect.name == "sqlite":
        # Before anything is written: a file keeps the size of its first page.
        connection.exec_driver_sql(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.commit()
    return None


def _refuse_foreign(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    # By SQLite alone: who opens and closes the file otherwise lets go of the locks of all
    # connections that this process has to it.
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = connection.execute("PRAGMA application_id").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            msg = f"{path} is not a SQLite database; choose another --data or restore a backup."
            raise DamagedStoreError(msg) from error
        msg = f"{path} is damaged ({error}); restore a backup with `mien restore`."
        raise DamagedStoreError(msg) from error
    if found != APPLICATION_ID:
        msg = f"{path} is a database of another program; choose another --data."
        raise StoreRefusedError(msg)


def _make_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        return sa.create_engine(url, poolclass=NullPool)
    driver = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(driver, poolclass=NullPool, creator=partial(_connect_utf8, url))


def _connect_utf8(url: sa.URL) -> "psycopg.Connection[Row]":
    connection = connect_postgresql(url, "")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        msg = (
            f"The database at {_shown(url)} has the encoding {encoding}, which cannot hold every "
            "text. Make another with: createdb --encoding=UTF8 --template=template0 NAME"
        )
        raise StoreRefusedError(msg)
    return connection


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
