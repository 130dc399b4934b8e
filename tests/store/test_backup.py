"""Backups: one moment of a store that is written to meanwhile, and nothing but what it held."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from mien.domain.errors import StoreUnavailableError
from mien.services import backup
from mien.store.backup import find_damage, read_manifest
from mien.store.engine import Store, StoreRefusedError
from mien.store.setup import prepare
from tests.store.backups import (
    back_up,
    empty_page,
    fill,
    opened,
    opened_desk,
    put_back,
    silent,
    url_of,
)
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, event, profile


def test_a_backup_holds_every_row_of_the_store(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(50))
    file = tmp_path / "backup.mien"
    manifest = back_up(url_of(store), file)
    assert manifest == read_manifest(file)
    assert manifest.tables["profiles"].rows == 50
    assert manifest.tables["events"].rows == 50
    assert manifest.tables["rejects"].rows == 1
    assert find_damage(file, manifest, silent) is None


def test_two_backups_of_the_same_rows_have_the_same_hashes(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
        first = back_up(url_of(store), tmp_path / "first")
        assert back_up(url_of(store), tmp_path / "second").tables == first.tables
        desk.upload(profile("person-1", plan="silver"))
    third = back_up(url_of(store), tmp_path / "third")
    assert third.tables["profiles"] != first.tables["profiles"]
    assert third.tables["api_keys"] == first.tables["api_keys"]


def test_a_backup_is_one_file_that_only_its_owner_may_read(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(3))
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(url_of(store), folder / "today")
    assert [each.name for each in folder.iterdir()] == ["today"]
    assert (folder / "today").stat().st_mode & 0o777 == 0o600


PEOPLE = [f"person-{number}" for number in range(40)]


class Rounds:
    """Writes on and on: each batch gives everybody the next number and one more event."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._stop, self.written = desk, threading.Event(), 0
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Wait until three more batches are written."""
        wanted = self.written + 3
        while self.written < wanted and self._thread.is_alive():
            time.sleep(0.001)

    def _write(self) -> None:
        while not self._stop.is_set():
            number = self.written + 1
            profiles = [profile(each, round=number) for each in PEOPLE]
            self._desk.upload(*profiles, *[event(each, "Seen", round=number) for each in PEOPLE])
            self.written = number


def test_a_backup_is_one_moment_of_a_store_that_is_written_to(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        with Rounds(desk) as rounds:
            for number in range(4):
                rounds.wait_for_more()
                back_up(url_of(store), tmp_path / f"backup-{number}")
            rounds.wait_for_more()
        for number in range(4):
            url = f"sqlite:///{tmp_path / str(number) / 'mien.db'}"
            put_back(tmp_path / f"backup-{number}", url)
            with opened(url) as restored:
                assert find_faults(restored) == []
                then = Desk(restored, desk.ingest, desk.environment)
                found = [then.get(each) for each in PEOPLE]
            set_in = {each.document.properties["round"] for each in found}
            seen = {each.count for person in found for each in person.activity.events.values()}
            # In any one moment all agree, and there are as many events as rounds.
            assert len(set_in) == 1
            assert seen == set_in


def test_a_backup_does_not_take_the_name_of_a_file_that_is_there(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    file.write_text("mine")
    with pytest.raises(StoreRefusedError, match="exists already"):
        backup.back_up(url_of(store), file, mien="0", may_replace=False, progress=silent)
    assert file.read_text() == "mine"


def test_where_no_store_is_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match="nothing to back up"):
        back_up(f"sqlite:///{tmp_path / 'none' / 'mien.db'}", tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_store_whose_index_lost_its_rows_gives_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    store = prepare(f"sqlite:///{path}", may_migrate=True)
    with opened_desk(store) as desk:
        fill(desk, range(3))
    store.close()
    empty_page(path, "ix_rejects_environment_id_person")
    with pytest.raises(StoreUnavailableError, match="not sound"):
        back_up(f"sqlite:///{path}", tmp_path / "backup")
    assert not list(tmp_path.glob("backup*"))


BACK_UP_WITHIN = """
import resource, signal, sys
from pathlib import Path
from mien.domain.errors import StoreUnavailableError
from mien.services.backup import back_up

# The disk is full for this process after so many bytes of one file.
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), before[1]))
try:
    back_up(sys.argv[1], Path(sys.argv[2]), mien="0", may_replace=True, progress=lambda *_: None)
except StoreUnavailableError as error:
    print(error)
    sys.exit(3)
finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
"""

BACK_UP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from mien.services.backup import back_up

def die(what, done, total):
    if what == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

back_up(sys.argv[1], Path(sys.argv[2]), mien="0", may_replace=True, progress=die)
"""


def test_a_full_disk_ends_the_backup_with_a_sentence_and_no_file(
    store: Store, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        desk.upload(*[profile(f"person-{number}", Name="Ada") for number in range(1_000)])
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "backup").write_text("the one before")
    command = [
        sys.executable,
        "-c",
        BACK_UP_WITHIN,
        url_of(store),
        str(folder / "backup"),
        "100000",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith(f"The backup {folder / 'backup'}")
    assert "cannot be written: " in done.stdout
    assert [each.name for each in folder.iterdir()] == ["backup"]
    assert (folder / "backup").read_text() == "the one before"


@pytest.mark.parametrize("stage", ["Copying the store", "Comparing every row"])
def test_a_backup_that_is_killed_leaves_no_file_of_that_name(
    store: Store, stage: str, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(3))
    file = tmp_path / "backup"
    command = [sys.executable, "-c", BACK_UP_AND_DIE, url_of(store), str(file), stage]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert not file.exists()
    back_up(url_of(store), file)
