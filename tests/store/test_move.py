"""Moves between the engines: every row arrives, and work goes on (B-11)."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from mien.domain.identities import Identity, IdentityKind
from mien.services.accounts import create_account
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store import file_exports
from mien.store.columns import metadata
from mien.store.engine import Store, StoreRefusedError, open_store
from mien.store.file_exports import StoredExport
from mien.store.setup import find_version, only_server, prepare
from tests.store.backups import (
    NewUrl,
    fill,
    opened,
    opened_desk,
    person,
)
from tests.store.moves import Way, held, move, opened_new, run
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, event, profile

LARGEST = {"BIGINT": 2**63 - 1, "SMALLINT": 2**15 - 1}


def cell(column: "sa.Column[Any]", row: int) -> object:
    """Give a value that no other row has in that column; the last row is as far out as can be."""
    kind = column.type
    if column.nullable and row % 2:
        return None
    if isinstance(kind, sa.LargeBinary):
        return bytes([0, 255, row % 256]) * row
    if isinstance(kind, sa.Text):
        return f"Zoë {row} \N{ROCKET}\t\n\\N 'x' \"y\" \u202e" + "z" * row
    return LARGEST[str(kind)] if row == 0 else -row if row % 3 else row


def fill_all_tables(store: Store, rows: int) -> None:
    """Put rows into every table, whatever they would mean."""
    with store.write() as tx:
        for table in metadata.sorted_tables:
            tx.insert(
                table,
                [tuple(cell(each, row) for each in table.columns) for row in range(rows)],
            )


def test_every_row_of_every_table_arrives(way: Way) -> None:
    with opened(way.url) as store:
        fill_all_tables(store, 1_200)
    before = held(way.url)
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(before, 1_200)
    moved = way.move()
    assert held(way.new) == before
    assert held(way.url) == before
    counted = {name: table.rows for name, table in moved.tables.items()}
    assert counted.keys() == before.keys()
    assert {name: counted[name] for name in before if name != "counters"} == {
        name: 1_200 for name in before if name != "counters"
    }


def test_there_and_back_again_nothing_is_lost_or_added(
    way: Way, moving: Desk, new_url: NewUrl
) -> None:
    before = held(way.url)
    way.move()
    back = new_url("sqlite" if open_store(way.url).is_sqlite else "postgresql")
    move(way.new, back)
    assert held(back) == before
    with opened(back) as store:
        assert find_faults(store) == []


def test_uploads_go_on_at_the_new_place_and_no_number_is_used_again(way: Way, moving: Desk) -> None:
    with opened(way.url) as store:
        with closing(Ingest(store)) as ingest:
            here = Desk(store, ingest, moving.environment)
            here.upload(profile("gone"))
            gone = here.get("gone")
        erase(store, moving.environment, Identity(IdentityKind.IDENTITY, "gone"))
        # Another environment counts for itself on SQLite, and further.
        with opened_desk(store) as other:
            fill(other, range(20))
            newest = other.get("person-19")
    way.move()
    with opened(way.new) as store:
        with closing(Ingest(store)) as ingest:
            for environment, last in ((moving.environment, gone), (other.environment, newest)):
                there = Desk(store, ingest, environment)
                before = there.get("person-1")
                there.upload(*person(1), profile("new"), event("new", "Charged", Amount=1))
                assert there.get("person-1").id == before.id
                assert there.get("person-1").last_event > before.last_event
                assert there.get("new").id > last.id
                assert there.get("new").last_change > last.last_change
        assert create_account(store, name="Next").account.account_id > 2
        assert find_faults(store) == []


def test_what_came_in_before_the_move_is_visible_to_readers_of_the_log(
    new_url: NewUrl, way: Way, moving: Desk
) -> None:
    way.move()
    log = [metadata.tables[name].c.transaction_id for name in ("events", "changes")]
    with opened(way.new) as store, store.read() as tx:
        assert {row for column in log for row in tx.rows(sa.select(column).distinct())} == {(0,)}


def test_a_move_says_which_tables_it_compared(way: Way, moving: Desk) -> None:
    shown: list[str] = []
    moved = way.move(lambda what, _done, _total: shown.append(what))
    assert list(dict.fromkeys(shown))[-1] == "Comparing every row"
    assert moved.tables.keys() == metadata.tables.keys()
    assert moved.tables["profiles"].rows == moved.tables["events"].rows == 5


def test_a_place_where_a_server_was_once_started_counts_as_empty(way: Way, moving: Desk) -> None:
    with opened_new(way.new) as store, store.write() as tx:
        tx.insert(metadata.tables["secrets"], [("cursors", b"other")])
        tx.insert(metadata.tables["leases"], [("projection", "another", 7)])
    before = held(way.url)
    way.move()
    assert held(way.new) == before


def test_the_analytics_copy_is_made_anew_at_the_new_place(way: Way) -> None:
    """It knows the store that it is a copy of by this secret."""
    with opened(way.url) as store, store.write() as tx:
        tx.insert(metadata.tables["secrets"], [("analytics", b"1"), ("cursors", b"2")])
    way.move()
    assert held(way.new)["secrets"] == [("cursors", b"2")]


def test_exports_whose_files_stay_behind_are_failed_at_the_new_place(
    way: Way, moving: Desk
) -> None:
    states = ["writing", "done", "failed", "withdrawn"]
    with opened(way.url) as store, store.write() as tx:
        for number, state in enumerate(states, 1):
            made = StoredExport(
                moving.environment, number, "home", state, 1, "v1:1", b"{}", 1, None, 9
            )
            file_exports.add(tx, made)
    before = held(way.url)
    way.move()
    assert held(way.url) == before
    with opened(way.new) as store, store.read() as tx:
        found = file_exports.page(tx, moving.environment, before=9, count=9)
    assert [(each.state, "was moved" in each.problem) for each in reversed(found)] == [
        ("failed", True),
        ("failed", True),
        ("failed", False),
        ("withdrawn", False),
    ]


def test_a_target_that_holds_something_is_refused_and_left_as_it_is(way: Way, moving: Desk) -> None:
    with opened_new(way.new) as store:
        create_account(store, name="Other")
    before = held(way.new)
    with pytest.raises(StoreRefusedError, match=r"is not empty \(accounts: 1, api_keys: 2"):
        way.move()
    assert held(way.new) == before


def test_a_target_of_another_program_is_refused(way: Way, moving: Desk) -> None:
    run(way.new, "CREATE TABLE notes (text TEXT)")
    with pytest.raises(StoreRefusedError, match=r"another program|not Mien's \(notes\)"):
        way.move()


@pytest.mark.parametrize("which", ["url", "new"])
def test_a_store_of_another_version_is_refused_by_its_name(way: Way, which: str) -> None:
    url = getattr(way, which)
    prepare(url, may_migrate=True).close()
    name = str(open_store(url).path or open_store(url).url.database)
    run(url, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreRefusedError, match=rf"{name}.* version 0001, .*needs 00.*migrate"):
        way.move()
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreRefusedError, match=rf"{name}.* version 9999, .*does not know"):
        way.move()


def test_where_no_store_is_nothing_is_moved_and_nothing_made(new_url: NewUrl) -> None:
    for url, new in (("sqlite", "postgresql"), ("postgresql", "sqlite")):
        source, target = new_url(url), new_url(new)
        with pytest.raises(StoreRefusedError, match=r"There is no store at .*: nothing to move"):
            move(source, target)
        assert find_version(source) is find_version(target) is None
        for folder in [path.parent for each in (source, target) if (path := open_store(each).path)]:
            assert not folder.exists()


def test_a_folder_that_a_server_holds_is_neither_moved_nor_moved_to(way: Way, moving: Desk) -> None:
    with only_server(way.file.parent), pytest.raises(StoreRefusedError, match="in use by another"):
        way.move()
    way.move()


def test_a_database_with_other_sessions_is_neither_moved_nor_moved_to(
    way: Way, moving: Desk
) -> None:
    url = way.new if open_store(way.url).is_sqlite else way.url
    refusal = pytest.raises(StoreRefusedError, match=r"in use by other sessions \(1\)")
    with opened_new(url) as busy, busy.snapshot(), refusal:
        way.move()
    way.move()


def test_what_another_program_wrote_at_last_is_moved_too(new_url: NewUrl) -> None:
    """A crash leaves the last commits in the log beside the file."""
    url, new = new_url("sqlite"), new_url("postgresql")
    path = open_store(url).path
    assert path is not None
    writer = """
import os, sys
from mien.services.accounts import create_account
from mien.store.setup import prepare
create_account(prepare(sys.argv[1], may_migrate=True), name="Late")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", writer, url], check=True)
    assert path.with_name("mien.db-wal").stat().st_size > 0
    move(url, new)
    assert [row[1] for row in held(new)["accounts"]] == ["Late"]


def test_commands_cannot_write_to_what_is_being_moved(way: Way, moving: Desk) -> None:
    tried: dict[str, str] = {}

    def write(what: str, _done: int, _total: int) -> None:
        if what not in tried:
            tried[what] = try_to_write(way.url)

    way.move(write)
    assert len(tried) == 3
    assert all("lock" in each for each in tried.values())


def try_to_write(url: str) -> str:
    """Write to a store without patience, and give what was said."""
    store = open_store(url)
    change = "UPDATE accounts SET name = 'Late'"
    if store.path is not None:
        with closing(sqlite3.connect(store.path, timeout=0)) as connection:
            try:
                connection.execute(change)
            except sqlite3.OperationalError as error:
                return str(error)
        return "written"
    try:
        run(f"{url}&options=-c%20lock_timeout%3D100", change)
    except sa.exc.OperationalError as error:
        return str(error)
    return "written"


def test_a_file_that_was_moved_to_is_for_its_owner_alone(new_url: NewUrl) -> None:
    url, new = new_url("postgresql"), new_url("sqlite")
    prepare(url, may_migrate=True).close()
    move(url, new)
    path = open_store(new).path
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
