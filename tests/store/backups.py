"""Backing up and restoring in tests, and stores that are worth it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.services import backup
from mien.services.backup import Restored
from mien.services.ingest import Ingest
from mien.store.backup import Manifest
from mien.store.engine import Store
from mien.store.portable import TableDigest
from mien.store.setup import prepare
from tests.support.uploading import Desk, Record, event, new_environment, profile

NewUrl = Callable[[str], str]
"""Gives the URL of a further store by engine."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def back_up(url: str, file: Path) -> Manifest:
    """Write a backup, which replaces one of that name."""
    return backup.back_up(url, file, mien="0", may_replace=True, progress=silent)


def put_back(
    file: Path, url: str, *, may_replace: bool = False, erasures: Path | None = None
) -> Restored:
    """Restore a backup."""
    return backup.put_back(file, url, erasures=erasures, may_replace=may_replace, progress=silent)


def url_of(store: Store) -> str:
    """Give the URL that opens a store."""
    return store.url.render_as_string(hide_password=False)


def rows_by_table(manifest: Manifest) -> dict[str, TableDigest]:
    """Give what is equal on both engines: not the counters, which PostgreSQL keeps for all."""
    return {name: table for name, table in manifest.tables.items() if name != "counters"}


def person(number: int) -> list[Record]:
    """Give what one person sends: who they are, a device, an event."""
    identity = f"person-{number}"
    device = {"type": "profile", "objectId": f"device-{number}", "identity": identity}
    return [
        profile(
            identity, Name=f"Zoë {number} \N{ROCKET}", Email=f"p{number}@example.com", Age=number
        ),
        {**device, "profileData": {"plan": "gold" if number % 2 else "free"}},
        event(identity, "Charged", Amount=number / 7, Items=[{"sku": "a"}]),
    ]


@contextmanager
def opened_desk(store: Store) -> Iterator[Desk]:
    """Give a new environment of a store, whose writer stops at the end."""
    ingest = Ingest(store)
    try:
        yield Desk(store, ingest, new_environment(store))
    finally:
        ingest.close()


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Open a store that is there."""
    store = prepare(url, may_migrate=False)
    try:
        yield store
    finally:
        store.close()


def fill(desk: Desk, people: range) -> None:
    """Let these people send their records, and one record be rejected."""
    for number in people:
        desk.upload(*person(number))
    desk.upload({"type": "event", "identity": "person-1", "evtName": ""})


def empty_page(path: Path, name: str) -> None:
    """Say on the page where a small table or an index is that nothing is on it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    row = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
    (page,) = row.fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    whole = bytearray(path.read_bytes())
    # The number of cells on a page stands 3 bytes after its start.
    start = (page - 1) * size + 3
    assert whole[start : start + 2] != b"\0\0"
    whole[start : start + 2] = b"\0\0"
    path.write_bytes(whole)


def spoil_page(path: Path, name: str) -> None:
    """Overwrite the page where a small table or an index begins."""
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
    (page,) = row.fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
