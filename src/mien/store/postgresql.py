"""All rows of a PostgreSQL store, out into a SQLite file and in from one.

Two things differ between the engines and are made equal here: places that
PostgreSQL draws from sequences become rows of `counters`, and ids of its
transactions, which mean nothing elsewhere, become 0.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

from mien.domain.errors import StoreUnavailableError
from mien.store.engine import Row, Store, StoreRefusedError, connect_postgresql
from mien.store.numbers import log_sequence, profile_ids
from mien.store.portable import (
    POSTGRESQL,
    SQLITE,
    Counted,
    Listed,
    Progress,
    Reader,
    Table,
    TableDigest,
    count_rows,
    digest,
    find_difference,
    insert_row,
    open_file,
    pieces,
    select_all,
    tables_of,
)

_SEQUENCES = {"log": log_sequence.name, "profile": profile_ids.name}
"""Which sequence of PostgreSQL stands for which counter of every environment."""

_BUSY_SECONDS = 2.0
_PATIENT = "-c lock_timeout=10s -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"

_INDEXES = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
_LAST = sql.SQL("SELECT last_value FROM {}")
_COUNTERS = "SELECT environment_id, name, value FROM counters"
_ENVIRONMENTS = "SELECT environment_id FROM environments"
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


def connect(store: Store) -> "psycopg.Connection[Row]":
    """Open a connection that may read, write or wait for minutes, but not for locks."""
    return connect_postgresql(store.url, _PATIENT)


@contextmanager
def snapshot(store: Store) -> Iterator["psycopg.Connection[Row]"]:
    """Open a connection that sees one moment: that of its first statement that reads."""
    with connect(store) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def refuse_sessions(connection: "psycopg.Connection[Row]") -> None:
    """Raise `StoreRefusedError` unless this is the only session of its user in the database."""
    # A session that has just ended is listed for a moment longer.
    until = time.monotonic() + _BUSY_SECONDS
    while others := connection.execute(_SESSIONS).fetchall()[0][0]:
        connection.rollback()
        if time.monotonic() > until:
            msg = (
                f"The database is in use by other sessions ({others}). "
                "Stop every server that uses it, then try again."
            )
            raise StoreRefusedError(msg)
        time.sleep(0.05)


def copy_out(
    source: "psycopg.Connection[Row]", part: Path, progress: Progress
) -> dict[str, TableDigest]:
    """Copy all rows into a file with empty tables, and give what was read of each."""
    with closing(open_file(part)) as target:
        indexes = target.execute(_INDEXES).fetchall()
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("BEGIN")
        for name, _ in indexes:
            target.execute(str(sa.schema.DropIndex(sa.Index(name)).compile(dialect=SQLITE)))
        tables = tables_of(target)
        counted = Counted("Copying the store", count_rows(source, tables))
        found = {
            table.name: digest(_copy_rows(source, target, table, progress, counted))
            for table in tables
        }
        # Rows first, then their index: sorting once is far cheaper than placing each.
        for _, create in indexes:
            target.execute(create)
        target.execute("COMMIT")
    return found


def load(
    target: "psycopg.Connection[Row]", source: sqlite3.Connection, what: str, progress: Progress
) -> dict[str, TableDigest]:
    """Replace all rows by those of a file, within the open transaction, and compare them.

    Raises `StoreUnavailableError` if they are not equal. `what` is shown as progress.
    """
    tables = tables_of(source)
    names = [sql.Identifier(table.name) for table in tables]
    target.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    counted = Counted(what, count_rows(source, tables))
    expected = {
        each.name: digest(_load(source, target, each, progress, counted)) for each in tables
    }
    total = sum(table.rows for table in expected.values())
    found = _digest(target, tables, progress, Counted("Comparing every row", total))
    if (difference := find_difference(expected, found)) is not None:
        msg = f"Nothing was written: {difference}."
        raise StoreUnavailableError(msg)
    _raise_sequences(target)
    return expected


def analyze(store: Store) -> None:
    """Let PostgreSQL learn how its tables are filled, after many rows came at once."""
    with connect(store) as connection:
        connection.execute("ANALYZE")


def counters_of(source: "psycopg.Connection[Row]") -> list[Row]:
    """Give the rows of `counters` by key, with what PostgreSQL keeps in sequences among them."""
    # Sequences stand outside the snapshot: read after it began, they are never behind it.
    drawn = {
        name: source.execute(_LAST.format(sql.Identifier(sequence))).fetchall()[0][0]
        for name, sequence in _SEQUENCES.items()
    }
    rows = {(row[0], row[1]): row[2] for row in source.execute(_COUNTERS)}
    for (environment,) in source.execute(_ENVIRONMENTS).fetchall():
        rows |= {(environment, name): last for name, last in drawn.items()}
    return [(*key, value) for key, value in sorted(rows.items())]


def _copy_rows(
    source: "psycopg.Connection[Row]",
    target: sqlite3.Connection,
    table: Table,
    progress: Progress,
    counted: Counted,
) -> Iterator[list[Row]]:
    """Copy a table, and give its rows as they were copied."""
    insert = insert_row(table)
    with source.cursor(name="backup") as cursor:
        cursor.execute(select_all(table, POSTGRESQL, zero="transaction_id").encode(), binary=True)
        rows: Reader = Listed(counters_of(source)) if table.name == "counters" else cursor
        for piece in pieces(rows, progress, counted):
            target.executemany(insert, piece)
            yield piece


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


def _digest(
    target: "psycopg.Connection[Row]", tables: list[Table], progress: Progress, counted: Counted
) -> dict[str, TableDigest]:
    found = {}
    for table in tables:
        with target.cursor(name="compare") as cursor:
            cursor.execute(select_all(table, POSTGRESQL).encode(), binary=True)
            found[table.name] = digest(pieces(cursor, progress, counted))
    return found


def _raise_sequences(target: "psycopg.Connection[Row]") -> None:
    """Let the sequences go on after all that was handed out, here or where the rows come from."""
    for name, sequence in _SEQUENCES.items():
        target.execute(
            _RAISE.format(sql.Identifier(sequence)), {"sequence": sequence, "name": name}
        )
