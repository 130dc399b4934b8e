"""Backups: one SQLite file with the tables of the record and a manifest of its rows.

The file is the same whichever engine it was taken from, so a backup of one can be
restored to the other (`store/restore.py`). It is one moment of the store: all its
rows are read in one snapshot, while servers go on writing. The manifest holds a
hash of each table's rows as the snapshot had them; what was written is read again
and compared before the file gets its name.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from mien.domain.errors import StoreUnavailableError
from mien.store import postgresql
from mien.store.engine import APPLICATION_ID, Store, StoreRefusedError
from mien.store.portable import (
    Progress,
    TableDigest,
    copy_pages,
    digest_file,
    find_difference,
    find_problem,
    name_of,
    open_file,
    sync,
    translated,
)
from mien.store.setup import find_version, make_tables

FORMAT = 1

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
            if (problem := find_problem(connection, progress)) is not None:
                return problem
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
    with postgresql.snapshot(store) as source:
        return postgresql.copy_out(source, part, progress)
