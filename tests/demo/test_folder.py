"""What the demo keeps beside its store, and what it makes of a folder it finds."""

from pathlib import Path

import msgspec
import pytest

from demo.folder import CutOff, DemoError, DemoFolder, Empty, Finished, Keys, Plan, Started, Summary

PLAN = Plan(people=200, seed=1, day=1_795_478_400)
KEYS = Keys("ABC-DEF-1234", "secret")
SUMMARY = Summary(
    people=200,
    identified=120,
    profile_records=800,
    events=5_000,
    tokens=70,
    rejected=0,
    sent=5_870,
    seconds=1.5,
    distinct_id="kw-100001",
    object_id="__abc",
)


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    return DemoFolder(tmp_path / "mien-demo")


def test_a_new_folder_is_empty(folder: DemoFolder) -> None:
    assert folder.state() == Empty()


def test_a_run_before_its_account_was_cut_off(folder: DemoFolder) -> None:
    folder.begin(PLAN)
    (folder.path / "mien.db").touch()
    assert folder.state() == CutOff()


def test_clearing_a_cut_off_run_leaves_other_files_alone(folder: DemoFolder) -> None:
    folder.begin(PLAN)
    for name in ("mien.db", "mien.db-wal", "notes.txt"):
        (folder.path / name).touch()
    folder.clear_store()
    assert [file.name for file in folder.path.iterdir()] == ["notes.txt"]
    assert folder.state() == Empty()


def test_a_run_with_an_account_has_started(folder: DemoFolder) -> None:
    folder.begin(PLAN)
    folder.keep_keys(PLAN, KEYS)
    plan = msgspec.structs.replace(PLAN, keys=KEYS)
    assert folder.state() == Started(plan, KEYS, [])
    folder.confirm([3, 2, 3, 1])
    assert folder.state() == Started(plan, KEYS, [3, 2, 3, 1])


def test_a_finished_demo_is_known_by_its_marker(folder: DemoFolder) -> None:
    folder.begin(PLAN)
    folder.keep_keys(PLAN, KEYS)
    folder.confirm([3, 2, 3, 1])
    folder.finish(SUMMARY)
    assert folder.state() == Finished(msgspec.structs.replace(PLAN, keys=KEYS), KEYS, SUMMARY)


def test_the_keys_are_for_the_owner_only(folder: DemoFolder) -> None:
    folder.begin(PLAN)
    folder.keep_keys(PLAN, KEYS)
    assert (folder.path / "demo.json").stat().st_mode & 0o777 == 0o600


def test_somebody_else_s_store_is_left_alone(folder: DemoFolder) -> None:
    folder.path.mkdir()
    (folder.path / "mien.db").touch()
    with pytest.raises(DemoError, match="not a demo"):
        folder.state()


def test_an_unreadable_file_says_what_to_remove(folder: DemoFolder) -> None:
    folder.path.mkdir()
    (folder.path / "demo.json").write_text("{")
    with pytest.raises(DemoError, match=r"Remove .*mien-demo"):
        folder.state()


def test_the_log_s_last_lines_are_shown(folder: DemoFolder) -> None:
    assert folder.log_tail() == ""
    folder.path.mkdir()
    folder.log.write_text("one\ntwo\nthree\n")
    assert folder.log_tail(2) == "two\nthree"
