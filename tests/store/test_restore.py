"""Restores: all or nothing, on either engine."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from mien.domain.errors import StoreUnavailableError
from mien.services.accounts import create_account, list_accounts
from mien.services.ingest import Ingest
from mien.store.engine import PAGE_BYTES, Store, StoreRefusedError
from mien.store.setup import find_version, only_server, prepare
from tests.store.backups import (
    NewUrl,
    back_up,
    fill,
    opened,
    opened_desk,
    person,
    put_back,
    rows_by_table,
    spoil_page,
    url_of,
)
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, profile

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])

RESTORE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from mien.services.backup import put_back

last, seen = "", 0

def die(what, done, total):
    global last, seen
    seen += what != last and what == sys.argv[3]
    last = what
    # In the middle of it: something is done, but not all.
    if seen == int(sys.argv[4]) and what == sys.argv[3] and (0 < done < total or not total):
        os.kill(os.getpid(), signal.SIGKILL)

put_back(Path(sys.argv[1]), sys.argv[2], erasures=None, may_replace=True, progress=die)
"""


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Path:
    """Give a backup of 20 people."""
    with opened_desk(store) as desk:
        fill(desk, range(20))
    back_up(url_of(store), tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Give a backup for tests to which it does not matter where it was taken."""
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
    with opened_desk(store) as desk:
        fill(desk, range(20))
    store.close()
    back_up(url_of(store), tmp_path / "backup")
    return tmp_path / "backup"


def names_of(url: str) -> list[str]:
    """Give the names of all accounts of a store."""
    with opened(url) as store:
        return [account.name for account, _ in list_accounts(store)]


def make_other(url: str) -> None:
    """Make a store with an account that no backup knows."""
    store = prepare(url, may_migrate=True)
    create_account(store, name="Other")
    store.close()


@ENGINES
def test_a_backup_of_either_engine_is_restored_to_either_with_every_row(
    filled: Path, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    url = new_url(engine)
    restored = put_back(filled, url)
    again = back_up(url, tmp_path / "again")
    assert rows_by_table(again) == rows_by_table(restored.manifest)
    with opened(url) as store:
        assert find_faults(store) == []


@ENGINES
def test_a_restored_store_is_served_and_written_to(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    back_up(url_of(store), tmp_path / "backup")
    url = new_url(engine)
    put_back(tmp_path / "backup", url)
    with opened(url) as restored:
        ingest = Ingest(restored)
        there = Desk(restored, ingest, desk.environment)
        there.upload(*person(1), *person(99))
        ingest.close()
        assert there.get("person-1").activity.events != desk.get("person-1").activity.events
        assert there.get("person-99").id > max(desk.get(f"person-{n}").id for n in range(5))
        assert find_faults(restored) == []


@ENGINES
def test_a_store_that_holds_accounts_is_replaced_only_when_asked(
    filled: Path, engine: str, new_url: NewUrl
) -> None:
    url = new_url(engine)
    make_other(url)
    with pytest.raises(StoreRefusedError, match=r"not empty \(accounts: 1\).*--replace"):
        put_back(filled, url)
    assert names_of(url) == ["Other"]
    put_back(filled, url, may_replace=True)
    assert names_of(url) == ["Test"]
    with opened(url) as store:
        assert find_faults(store) == []


@pytest.mark.parametrize("bytes_each", [1_024, 4_096])
def test_a_backup_with_pages_of_another_size_replaces_a_store(
    sound: Path, new_url: NewUrl, bytes_each: int
) -> None:
    with closing(sqlite3.connect(sound)) as backup:
        backup.execute(f"PRAGMA page_size = {bytes_each}")
        backup.execute("VACUUM")
    url = new_url("sqlite")
    make_other(url)
    put_back(sound, url, may_replace=True)
    assert names_of(url) == ["Test"]
    with opened(url) as store:
        assert find_faults(store) == []
        with store.read() as tx:
            assert tx.rows(sa.text("PRAGMA page_size")) == [(PAGE_BYTES,)]


def test_a_server_that_was_started_and_stopped_leaves_an_empty_store(
    sound: Path, new_url: NewUrl
) -> None:
    url = new_url("sqlite")
    prepare(url, may_migrate=True).close()
    put_back(sound, url)
    assert names_of(url) == ["Test"]


def test_a_folder_that_a_server_holds_is_not_restored_to(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "held"
    with only_server(folder), pytest.raises(StoreRefusedError, match="in use by another server"):
        put_back(sound, f"sqlite:///{folder / 'mien.db'}")


def test_a_database_with_other_sessions_is_not_restored_to(sound: Path, new_url: NewUrl) -> None:
    url = new_url("postgresql")
    make_other(url)
    refusal = pytest.raises(StoreRefusedError, match=r"in use by other sessions \(1\)")
    with opened(url) as busy, busy.snapshot(), refusal:
        put_back(sound, url, may_replace=True)
    put_back(sound, url, may_replace=True)


def test_a_file_that_is_no_backup_is_refused(sound: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'mien.db'}"
    text = tmp_path / "notes"
    text.write_text("not a database at all, but long enough to have a header of one " * 100)
    make_other(f"sqlite:///{tmp_path / 'other' / 'mien.db'}")
    for file in (text, tmp_path / "other" / "mien.db", tmp_path / "missing"):
        with pytest.raises(StoreRefusedError):
            put_back(file, url)
    assert not (tmp_path / "new" / "mien.db").exists()


def test_a_backup_with_a_flipped_bit_or_a_missing_end_is_refused(
    sound: Path, new_url: NewUrl, tmp_path: Path
) -> None:
    whole = sound.read_bytes()
    place = whole.index(b"Zo\xc3\xab 7")
    flipped = bytearray(whole)
    flipped[place] ^= 1
    for damaged in (bytes(flipped), whole[: len(whole) // 2]):
        (tmp_path / "damaged").write_bytes(damaged)
        url = new_url("sqlite")
        with pytest.raises(StoreRefusedError, match="damaged"):
            put_back(tmp_path / "damaged", url)
        assert find_version(url) is None


def test_a_row_that_was_changed_in_a_backup_is_noticed(sound: Path, new_url: NewUrl) -> None:
    connection = sqlite3.connect(sound)
    connection.execute("UPDATE accounts SET name = 'Forged'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreRefusedError, match="the rows of the table accounts are not those"):
        put_back(sound, new_url("sqlite"))


def test_a_damaged_store_is_given_up_only_when_asked(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged" / "mien.db"
    url = f"sqlite:///{path}"
    make_other(url)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StoreRefusedError, match="--replace"):
        put_back(sound, url)
    assert not put_back(sound, url, may_replace=True).knows_erasures
    assert names_of(url) == ["Test"]


def test_a_store_with_a_damaged_table_is_given_up_only_when_asked(
    sound: Path, tmp_path: Path
) -> None:
    path = tmp_path / "spoilt" / "mien.db"
    url = f"sqlite:///{path}"
    make_other(url)
    spoil_page(path, "environments")
    spoil_page(path, "erasures")
    with pytest.raises(StoreRefusedError, match="--replace"):
        put_back(sound, url)
    assert not put_back(sound, url, may_replace=True).knows_erasures
    assert names_of(url) == ["Test"]


def test_a_store_that_another_program_locks_is_left_as_it_is(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked" / "mien.db"
    url = f"sqlite:///{path}"
    make_other(url)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="in use by another program"):
        put_back(sound, url, may_replace=True)
    other.execute("ROLLBACK")
    other.close()
    assert names_of(url) == ["Other"]


def test_a_database_of_another_program_is_never_replaced(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign" / "mien.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreRefusedError, match="another program"):
        put_back(sound, f"sqlite:///{path}", may_replace=True)
    assert path.read_bytes() == before


STAGES = [
    ("sqlite", "Copying the backup"),
    ("sqlite", "Comparing every row"),
    ("sqlite", "Erasing the erased"),
    ("sqlite", "Replacing the store"),
    ("postgresql", "Restoring"),
    ("postgresql", "Comparing every row"),
]


@pytest.mark.parametrize(("engine", "stage"), STAGES)
def test_a_restore_that_is_killed_leaves_what_was_there(
    engine: str, stage: str, new_url: NewUrl, tmp_path: Path
) -> None:
    backed_up, url, file = new_url("sqlite"), new_url(engine), tmp_path / "backup"
    make_other(url)
    store = prepare(backed_up, may_migrate=True)
    with opened_desk(store) as desk:
        for start in range(0, 5_000, 1_000):
            desk.upload(*[profile(f"person-{n}", Name="Ada") for n in range(start, start + 1_000)])
    store.close()
    back_up(backed_up, file)
    # The rows are compared twice: in the copy, and in PostgreSQL before the commit.
    times = 2 if (engine, stage) == STAGES[-1] else 1
    done = subprocess.run(
        [sys.executable, "-c", RESTORE_AND_DIE, file, url, stage, str(times)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert names_of(url) == ["Other"]
    with opened(url) as left:
        assert find_faults(left) == []
    put_back(file, url, may_replace=True)
    assert names_of(url) == ["Test"]


@ENGINES
def test_numbers_that_were_handed_out_are_not_handed_out_again(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(3))
        back_up(url_of(store), tmp_path / "early")
        desk.upload(profile("later"))
        later = desk.get("later")
    back_up(url_of(store), tmp_path / "late")
    url = new_url(engine)
    put_back(tmp_path / "late", url)
    put_back(tmp_path / "early", url, may_replace=True)
    with opened(url) as restored:
        ingest = Ingest(restored)
        there = Desk(restored, ingest, desk.environment)
        assert there.find("later") is None
        there.upload(profile("later"))
        ingest.close()
        assert there.get("later").id > later.id
        assert there.get("later").last_change > later.last_change
