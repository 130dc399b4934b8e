"""Backups: one SQLite file with the tables of the record and a manifest of its rows.

The file is the same whichever engine it was taken from, so a backup of one can be
restored to the other (`store/restore.py`). It is one moment of the store: all its
rows are read in one snapshot, while servers go on writing. The manifest holds a
hash of each table's rows as the snapshot had them; what was written is read again
and compared before the file gets its name.

Two things differ between the engines and are made equal here: places that
PostgreSQL draws from sequences become rows of `counters`, and ids of its
transactions, which mean nothing elsewhere, become 0.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg import sql

from mien.domain.errors import StoreUnavailableError
from mien.store.engine import APPLICATION_ID, Row, Store, StoreRefusedError
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
    copy_pages,
    digest,
    digest_file,
    find_difference,
    insert_row,
    name_of,
    open_file,
    pieces,
    select_all,
    sync,
    tables_of,
    translated,
)
from mien.store.setup import find_version, make_tables

FORMAT = 1

SEQUENCES = {"log": log_sequence.name, "profile": profile_ids.name}
"""Which sequence of PostgreSQL stands for which counter of every environment."""

_COPY_BYTES = 1024 * 1024


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `taken_at` is epoch milliseconds, `tables` by name."""

    format: int
    mien: str
    engine: str
    schema_version: str
    taken_at: int
    tables: dict[str, TableDigest]


class BackupRefusedError(StoreRefusedError):
    """The file is no backup that can be restored; the sentence says why."""


_INDEXES = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
_LAST = sql.SQL("SELECT last_value FROM {}")
_COUNTERS = "SELECT environment_id, name, value FROM counters"
_ENVIRONMENTS = "SELECT environment_id FROM environments"


def back_up(store: Store, file: Path, *, mien: str, now_ms: int, progress: Progress) -> Manifest:
    """Write a backup of a store to a new file, which appears whole or not at all.

    Raises `StoreRefusedError` if there is no store, `StoreUnavailableError` if the
    file cannot be written or does not equal the store.
    """
    version = find_version(store.url.render_as_string(hide_password=False))
    if version is None:
        msg = f"There is no store at {name_of(store)}: nothing to back up."
        raise StoreRefusedError(msg)
    with _part_of(file) as part, translated(f"The backup {file} cannot be written"):
        copy = _copy_sqlite if store.is_sqlite else _copy_postgresql
        tables = copy(store, part, version, progress)
        engine = store.url.get_backend_name()
        manifest = Manifest(FORMAT, mien, engine, version, now_ms, tables)
        _seal(part, manifest)
        if (damage := find_damage(part, manifest, progress)) is not None:
            msg = f"No backup was written, since the copy of the store is not sound: {damage}."
            raise StoreUnavailableError(msg)
        sync(part)
        part.replace(file)
        sync(file.absolute().parent)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Read what a backup says that it holds; raises `BackupRefusedError` if it is none."""
    if not file.is_file():
        msg = f"There is no file {file}."
        raise BackupRefusedError(msg)
    try:
        with closing(open_file(file)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            found = connection.execute("SELECT manifest FROM backup_manifest").fetchone()
        manifest = msgspec.json.decode(found[0], type=Manifest)
    except (sqlite3.Error, msgspec.DecodeError, TypeError) as error:
        msg = f"{file} is not a backup of Mien, or it is damaged ({error})."
        raise BackupRefusedError(msg) from error
    if application != APPLICATION_ID or manifest.format != FORMAT:
        msg = f"{file} is not a backup that this version of Mien can read."
        raise BackupRefusedError(msg)
    return manifest


def find_damage(file: Path, manifest: Manifest, progress: Progress) -> str | None:
    """Tell in what a backup does not hold what its manifest says, None if it does."""
    try:
        with closing(open_file(file)) as connection:
            progress("Checking the file", 0, 0)
            problem: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if problem != "ok":
                return problem.strip().splitlines()[-1]
            found = digest_file(connection, progress, manifest.tables)
    except sqlite3.Error as error:
        return str(error)
    return find_difference(manifest.tables, found)


def copy_file(file: Path, to: Path, progress: Progress) -> None:
    """Copy a backup to where it is worked on."""
    total, done = file.stat().st_size, 0
    with file.open("rb") as source, _private(to).open("wb") as target:
        while piece := source.read(_COPY_BYTES):
            done += target.write(piece)
            progress("Copying the backup", done, total)


def drop_manifest(file: Path) -> None:
    """Make a checked copy of a backup a store like any other."""
    with closing(open_file(file)) as connection:
        connection.execute("DROP TABLE backup_manifest")


def connect_postgresql(store: Store) -> "psycopg.Connection[Row]":
    """Open a connection that may read or write for minutes."""
    url = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url)


def _private(file: Path) -> Path:
    """Make an empty file that only its owner may read: a backup holds people and secrets."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    return file


@contextmanager
def _part_of(file: Path) -> Iterator[Path]:
    """Give a new file beside the one that is wanted; what is left of it at the end is removed."""
    with translated(f"The backup {file} cannot be written"):
        handle, name = tempfile.mkstemp(".part", f"{file.name}.", file.absolute().parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _seal(part: Path, manifest: Manifest) -> None:
    """Write the manifest, and leave one file without a log beside it."""
    with closing(open_file(part)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("CREATE TABLE backup_manifest (manifest BLOB NOT NULL)")
        connection.execute(
            "INSERT INTO backup_manifest VALUES (?)", (msgspec.json.encode(manifest),)
        )


def _copy_sqlite(
    store: Store, part: Path, _version: str, progress: Progress
) -> dict[str, TableDigest]:
    with closing(sqlite3.connect(store.path or "", isolation_level=None, timeout=10)) as source:
        # A read pins the snapshot for the whole of the copy and the hashing: writers go on, and
        # neither sees what they write. Without it every write would start the copy anew.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        with closing(open_file(part)) as target:
            copy_pages(source, target, progress, "Copying the store")
        return digest_file(source, progress, {})


def _copy_postgresql(
    store: Store, part: Path, version: str, progress: Progress
) -> dict[str, TableDigest]:
    try:
        make_tables(f"sqlite:///{part}", version)
    except StoreRefusedError as error:
        msg = f"The backup {part} cannot be written: {error}"
        raise StoreUnavailableError(msg) from error
    with connect_postgresql(store) as source, closing(open_file(part)) as target:
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        source.read_only = True
        indexes = target.execute(_INDEXES).fetchall()
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("BEGIN")
        for name, _ in indexes:
            target.execute(str(sa.schema.DropIndex(sa.Index(name)).compile(dialect=SQLITE)))
        counted = Counted("Copying the store", 0)
        found = {
            table.name: digest(_copy_rows(source, target, table, progress, counted))
            for table in tables_of(target)
        }
        # Rows first, then their index: sorting once is far cheaper than placing each.
        for _, create in indexes:
            target.execute(create)
        target.execute("COMMIT")
    return found


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


def counters_of(source: "psycopg.Connection[Row]") -> list[Row]:
    """Give the rows of `counters` by key, with what PostgreSQL keeps in sequences among them."""
    # Sequences stand outside the snapshot: read after it began, they are never behind it.
    drawn = {
        name: source.execute(_LAST.format(sql.Identifier(sequence))).fetchall()[0][0]
        for name, sequence in SEQUENCES.items()
    }
    rows = {(row[0], row[1]): row[2] for row in source.execute(_COUNTERS)}
    for (environment,) in source.execute(_ENVIRONMENTS).fetchall():
        rows |= {(environment, name): last for name, last in drawn.items()}
    return [(*key, value) for key, value in sorted(rows.items())]
