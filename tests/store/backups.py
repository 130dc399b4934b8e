"""Backing up and restoring in tests, and stores that are worth it."""

from collections.abc import Iterator
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
