"""Opening a store, and the transactions that its functions run in.

Statements are written with SQLAlchemy Core, compiled once per store (`store.statements`),
and run on the driver's own cursor: at 30,000 records a second the layers between would
cost more than the work. Rows come back as plain tuples.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from mien.domain.errors import StoreUnavailableError
from mien.store.statements import StatementCompiler

APPLICATION_ID = 0x4D69656E
"""Marks a SQLite file as ours: `Mien` in ASCII."""

PAGE_BYTES = 2_048
"""Size of a page of a SQLite store that is made now; one that is there keeps its own (ADR 0016)."""

_ROWS_PER_INSERT = 64
"""One statement of 64 rows lets go of the interpreter lock once, not 64 times."""

_WRITER_CACHE_KIB = 56 * 1024
_READER_CACHE_KIB = 3 * 1024
"""Readers are many, one a thread, and the system keeps the file's pages for them all."""

_WAL_PAGES = 131_072
"""Where a writer checkpoints by itself, if no `Checkpointer` runs beside it: 256 MiB."""

_ENGINES = ("sqlite", "postgresql", "postgres")
_NO_ADDRESS = (
    "The address of the store is not of the form postgresql://user:password@host/database; "
    "look for a typing mistake, and write special characters in the password as %XX."
)

Row = tuple[Any, ...]
DriverError = (sqlite3.Error, psycopg.Error)


class StoreRefusedError(Exception):
    """The store cannot be opened as it is; the sentence says what to do."""


class RetryTransactionError(Exception):
    """Another process got in between (lost race, deadlock, moved row); run the whole again."""


class Cursor(Protocol):
    """What both drivers offer."""

    rowcount: int

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: Any, parameters: Any, /) -> Any:
        """Run one statement for each row."""
        ...

    def fetchall(self) -> list[Any]:
        """Give all rows."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Give row after row."""
        ...


class Connection(Protocol):
    """A driver's connection."""

    def cursor(self) -> Any:
        """Open a cursor."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Transaction:
    """Runs statements on one connection. What `store.write()` yields commits at its end."""

    __slots__ = ("_compiler", "_cursor", "is_sqlite")

    def __init__(self, cursor: Cursor, compiler: StatementCompiler) -> None:
        self._cursor, self._compiler = cursor, compiler
        self.is_sqlite = compiler.is_sqlite

    def rows(self, statement: sa.sql.ClauseElement, **values: object) -> list[Row]:
        """Run a statement and give all its rows."""
        self._execute(statement, values)
        return self._cursor.fetchall()

    def row(self, statement: sa.sql.ClauseElement, **values: object) -> Row | None:
        """Run a statement and give its first row."""
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def run(self, statement: sa.sql.ClauseElement, **values: object) -> int:
        """Run a statement that changes rows, and give how many."""
        self._execute(statement, values)
        return self._cursor.rowcount

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, given as tuples in the order of the table's columns."""
        self._insert_many(table, rows, "fail")

    def insert_new(self, table: sa.Table, rows: Sequence[Row]) -> int:
        """Insert those rows whose key is not there yet, and give how many."""
        return self._insert_many(table, rows, "ignore")

    def upsert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, or replace those that have the same key."""
        self._insert_many(table, rows, "replace")

    def _execute(self, statement: sa.sql.ClauseElement, values: dict[str, object]) -> None:
        compiled = self._compiler.statement(statement)
        if compiled.constants:
            values |= compiled.constants
        if compiled.lists and self.is_sqlite:
            for name in compiled.lists:
                values[name] = msgspec.json.encode(values[name]).decode()
        self._cursor.execute(compiled.text, tuple([values[name] for name in compiled.names]))

    def _insert_many(self, table: sa.Table, rows: Sequence[Row], conflict: str) -> int:
        if not rows:
            return 0
        if not self.is_sqlite:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._cursor.execute(self._compiler.insert(table, conflict, 1), columns)
            return self._cursor.rowcount
        whole = len(rows) - len(rows) % _ROWS_PER_INSERT
        inserted = 0
        for start in range(0, whole, _ROWS_PER_INSERT):
            values = [v for row in rows[start : start + _ROWS_PER_INSERT] for v in row]
            self._cursor.execute(self._compiler.insert(table, conflict, _ROWS_PER_INSERT), values)
            inserted += self._cursor.rowcount
        if whole < len(rows):
            self._cursor.executemany(self._compiler.insert(table, conflict, 1), rows[whole:])
            inserted += self._cursor.rowcount
        return inserted


class Store:
    """The record of all environments: one SQLite file or one PostgreSQL database.

    Reads use a connection of the calling thread. Writes take turns on one
    connection of this process.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._compiler = StatementCompiler(is_sqlite=self.is_sqlite)
        self._local = threading.local()
        self._writer: Connection | None = None
        self._write_lock = threading.Lock()
        self._opened: list[Connection] = []
        self.commits = 0

    @property
    def path(self) -> Path | None:
        """The SQLite file, None on another engine."""
        return Path(self.url.database or "") if self.is_sqlite else None

    def close(self) -> None:
        """Close every connection that this store opened."""
        while self._opened:
            self._opened.pop().close()
        self._writer, self._local = None, threading.local()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Run single statements, each of which sees all that is committed."""
        with self._reader() as reader:
            yield Transaction(reader.cursor(), self._compiler)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Run several statements that all see the same moment."""
        begin = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._reader() as reader:
            cursor = reader.cursor()
            cursor.execute(begin)
            try:
                yield Transaction(cursor, self._compiler)
            finally:
                cursor.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Run statements that commit together at the end, or not at all on an error.

        Raises `RetryTransactionError` when another process got in between, and
        `StoreUnavailableError` when the engine cannot write (disk full).
        """
        with self._write_lock, _translated():
            cursor = self._begin()
            try:
                yield Transaction(cursor, self._compiler)
                cursor.execute("COMMIT")
                self.commits += 1
            except BaseException:
                self._roll_back(cursor)
                raise

    @contextmanager
    def hold_writes(self) -> Iterator[None]:
        """Keep the writers of this process waiting."""
        with self._write_lock:
            yield

    def _begin(self) -> Cursor:
        """Open a transaction, on a new connection if the server ended the old one meanwhile."""
        if self._writer is not None:
            try:
                return self._begun(self._writer)
            except psycopg.OperationalError:
                self._drop_writer()
        self._writer = self._connect(_WRITER_CACHE_KIB)
        return self._begun(self._writer)

    def _begun(self, connection: Connection) -> Cursor:
        cursor: Cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        return cursor

    def _roll_back(self, cursor: Cursor) -> None:
        try:
            cursor.execute("ROLLBACK")
        except DriverError:
            # SQLite has rolled back by itself (disk full), or the connection is gone.
            self._drop_writer()

    def _drop_writer(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            self._drop(connection)

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """Give the connection of this thread; one that fails is not used again."""
        connection: Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            with _translated():
                connection = self._local.reader = self._connect(_READER_CACHE_KIB)
        try:
            yield connection
        except DriverError:
            self._local.reader = None
            self._drop(connection)
            # Entered only now: this runs for each request, and costs as much as reading a row.
            with _translated():
                raise

    def _drop(self, connection: Connection) -> None:
        self._opened.remove(connection)
        connection.close()

    def _connect(self, cache_kib: int) -> Connection:
        connection = (
            self._connect_sqlite(cache_kib) if self.is_sqlite else self._connect_postgresql()
        )
        self._opened.append(connection)
        return connection

    def _connect_sqlite(self, cache_kib: int) -> Connection:
        connection = sqlite3.connect(
            self.url.database or "",
            isolation_level=None,
            check_same_thread=False,
            timeout=10,
            cached_statements=256,
        )
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"cache_size = -{cache_kib}",
            f"wal_autocheckpoint = {_WAL_PAGES}",
            "temp_store = MEMORY",
            "foreign_keys = ON",
            # What is erased is not to be found in the file either; not all builds do so by default.
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _connect_postgresql(self) -> Connection:
        connection = connect_postgresql(
            self.url, "-c lock_timeout=10s -c idle_in_transaction_session_timeout=30s"
        )
        connection.autocommit = True
        return connection


def connect_postgresql(url: sa.URL, options: str) -> "psycopg.Connection[Row]":
    """Connect with options of the session, beside those that the URL gives."""
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = conninfo_to_dict(text).get("options") or ""
    return psycopg.connect(text, options=f"{given} {options}")


def open_store(url: str) -> Store:
    """Give a store by its URL; connections open when first used.

    Raises `StoreRefusedError` for what is no URL of SQLite or PostgreSQL. The sentence
    does not repeat it: there may be a password in it.
    """
    try:
        store = Store(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreRefusedError(_NO_ADDRESS) from error
    if store.url.get_backend_name() not in _ENGINES:
        raise StoreRefusedError(_NO_ADDRESS)
    return store


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the drivers' errors into ours."""
    try:
        yield
    except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
        raise RetryTransactionError from error
    except (sqlite3.IntegrityError, psycopg.IntegrityError):
        raise
    except (sqlite3.DatabaseError, psycopg.OperationalError) as error:
        msg = f"The store cannot be used now ({error}); send the request again in a moment."
        raise StoreUnavailableError(msg) from error
