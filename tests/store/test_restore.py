"""Restores: all or nothing, on either engine, without those who were erased."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.services.accounts import create_account, list_accounts
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store import people, rejects
from mien.store.engine import Store, StoreRefusedError
from mien.store.setup import find_version, only_server, prepare
from tests.store.backups import (
    back_up,
    fill,
    opened,
    opened_desk,
    person,
    put_back,
    rows_by_table,
    url_of,
)
from tests.support.consistency import find_faults
from tests.support.postgres import Postgres
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

NewUrl = Callable[[str], str]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Give the URLs of further stores, by engine; nothing is there yet."""
    made: list[str] = []

    def url(engine: str) -> str:
        if engine == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            return server.new_database()
        made.append(engine)
        return f"sqlite:///{tmp_path / f'store-{len(made)}' / 'mien.db'}"

    return url


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Path:
    """Give a backup of 20 people."""
    with opened_desk(store) as desk:
        fill(desk, range(20))
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
    with pytest.raises(StoreRefusedError, match=r"not empty \(1 accounts\).*--replace"):
        put_back(filled, url)
    assert names_of(url) == ["Other"]
    put_back(filled, url, may_replace=True)
    assert names_of(url) == ["Test"]
    with opened(url) as store:
        assert find_faults(store) == []


def test_a_server_that_was_started_and_stopped_leaves_an_empty_store(
    filled: Path, new_url: NewUrl
) -> None:
    url = new_url("sqlite")
    prepare(url, may_migrate=True).close()
    put_back(filled, url)
    assert names_of(url) == ["Test"]


def test_a_folder_that_a_server_holds_is_not_restored_to(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "held"
    with only_server(folder), pytest.raises(StoreRefusedError, match="in use by another server"):
        put_back(filled, f"sqlite:///{folder / 'mien.db'}")


def test_a_database_with_other_sessions_is_not_restored_to(filled: Path, new_url: NewUrl) -> None:
    url = new_url("postgresql")
    make_other(url)
    refusal = pytest.raises(StoreRefusedError, match=r"in use by other sessions \(1\)")
    with opened(url) as busy, busy.snapshot(), refusal:
        put_back(filled, url, may_replace=True)
    put_back(filled, url, may_replace=True)


def test_a_file_that_is_no_backup_is_refused(filled: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'mien.db'}"
    text = tmp_path / "notes"
    text.write_text("not a database at all, but long enough to have a header of one " * 100)
    make_other(f"sqlite:///{tmp_path / 'other' / 'mien.db'}")
    for file in (text, tmp_path / "other" / "mien.db", tmp_path / "missing"):
        with pytest.raises(StoreRefusedError):
            put_back(file, url)
    assert not (tmp_path / "new" / "mien.db").exists()


def test_a_backup_with_a_flipped_bit_or_a_missing_end_is_refused(
    filled: Path, new_url: NewUrl, tmp_path: Path
) -> None:
    whole = filled.read_bytes()
    place = whole.index(b"Zo\xc3\xab 7")
    flipped = bytearray(whole)
    flipped[place] ^= 1
    for damaged in (bytes(flipped), whole[: len(whole) // 2]):
        (tmp_path / "damaged").write_bytes(damaged)
        url = new_url("sqlite")
        with pytest.raises(StoreRefusedError, match="damaged"):
            put_back(tmp_path / "damaged", url)
        assert find_version(url) is None


def test_a_row_that_was_changed_in_a_backup_is_noticed(filled: Path, new_url: NewUrl) -> None:
    connection = sqlite3.connect(filled)
    connection.execute("UPDATE accounts SET name = 'Forged'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreRefusedError, match="the rows of the table accounts are not those"):
        put_back(filled, new_url("sqlite"))


def test_a_damaged_store_is_given_up_only_when_asked(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged" / "mien.db"
    url = f"sqlite:///{path}"
    make_other(url)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StoreRefusedError, match="--replace"):
        put_back(filled, url)
    assert not put_back(filled, url, may_replace=True).knows_erasures
    assert names_of(url) == ["Test"]


def test_a_database_of_another_program_is_never_replaced(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign" / "mien.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreRefusedError, match="another program"):
        put_back(filled, f"sqlite:///{path}", may_replace=True)
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


@ENGINES
def test_who_was_erased_since_the_backup_stays_erased(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    url = new_url(engine)
    file = tmp_path / "backup"
    back_up(url_of(store), file)
    put_back(file, url)
    gone = Identity(IdentityKind.IDENTITY, "person-1")
    with opened(url) as serving:
        assert erase(serving, desk.environment, gone) is not None
    assert put_back(file, url, may_replace=True).erased == 1
    with opened(url) as restored:
        there = Desk(restored, desk.ingest, desk.environment)
        assert there.find("person-1") is None
        assert there.find("device-1", IdentityKind.OBJECT_ID) is None
        assert there.get("person-2").document.properties["Name"] == "Zoë 2 \N{ROCKET}"
        assert find_faults(restored) == []
        with restored.read() as tx:
            assert rejects.page(tx, desk.environment, before=2**60, count=10) == []
    # And once more, since the restored store knows it too.
    assert put_back(file, url, may_replace=True).erased == 1


def test_nothing_of_the_erased_is_left_in_the_file(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    file, url = tmp_path / "backup", f"sqlite:///{tmp_path / 'new' / 'mien.db'}"
    back_up(url_of(store), file)
    gone = Identity(IdentityKind.IDENTITY, "person-3")
    assert erase(store, desk.environment, gone) is not None
    back_up(url_of(store), tmp_path / "later")
    put_back(file, url, erasures=tmp_path / "later")
    assert b"p4@example.com" in (tmp_path / "new" / "mien.db").read_bytes()
    assert b"p3@example.com" not in (tmp_path / "new" / "mien.db").read_bytes()


@ENGINES
def test_a_later_backup_says_who_was_erased_when_the_store_is_lost(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
        back_up(url_of(store), tmp_path / "early")
        erase(store, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
        desk.upload(*person(1))
    back_up(url_of(store), tmp_path / "late")
    url = new_url(engine)
    assert put_back(tmp_path / "early", url, erasures=tmp_path / "late").erased == 1
    with opened(url) as restored:
        there = Desk(restored, desk.ingest, desk.environment)
        assert there.find("person-1") is None
        with restored.read() as tx:
            kept = {row[1] for row in people.all_erasures(tx)}
    with store.read() as tx:
        assert {row[1] for row in people.all_erasures(tx)} <= kept


@ENGINES
def test_who_came_back_after_the_erasure_is_in_the_backup_and_stays(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(3))
        erase(store, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
        desk.upload(*person(1))
    back_up(url_of(store), tmp_path / "backup")
    url = new_url(engine)
    put_back(tmp_path / "backup", url)
    assert put_back(tmp_path / "backup", url, may_replace=True).erased == 0
    with opened(url) as restored:
        assert Desk(restored, desk.ingest, desk.environment).find("person-1") is not None


@ENGINES
def test_erasures_of_another_company_are_not_applied(
    filled: Path, engine: str, new_url: NewUrl
) -> None:
    url = new_url(engine)
    other = prepare(url, may_migrate=True)
    with opened_desk(other) as desk:
        fill(desk, range(20))
        erase(other, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
    other.close()
    assert put_back(filled, url, may_replace=True).erased == 0
    with opened(url) as restored:
        assert Desk(restored, desk.ingest, desk.environment).find("person-1") is not None
        with restored.read() as tx:
            assert people.all_erasures(tx) == []
