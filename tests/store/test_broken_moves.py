"""Moves that are killed, interrupted, cut off or refused by the disk: no half store is left."""

import signal
import subprocess
import sys
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from mien.domain.errors import StoreUnavailableError
from mien.services.accounts import create_account
from mien.store.columns import metadata
from mien.store.engine import StoreRefusedError, open_store
from mien.store.setup import find_version, prepare
from tests.store.backups import NewUrl, empty_page, fill, opened_desk, spoil_page
from tests.store.moves import Way, held, move, opened_new, run
from tests.support.uploading import profile


@pytest.mark.parametrize("spoil", [empty_page, spoil_page])
def test_a_damaged_file_is_not_moved(new_url: NewUrl, spoil: Any) -> None:
    url, new = new_url("sqlite"), new_url("postgresql")
    with opened_new(url) as store, opened_desk(store) as made:
        fill(made, range(3))
    path = open_store(url).path
    assert path is not None
    spoil(path, "ix_rejects_environment_id_person")
    with pytest.raises((StoreRefusedError, StoreUnavailableError), match=r"damaged|malformed"):
        move(url, new)
    with opened_new(new) as target, target.read() as tx:
        assert tx.rows(sa.select(metadata.tables["accounts"])) == []


def test_what_postgresql_cannot_hold_is_said_in_a_sentence(new_url: NewUrl) -> None:
    url, new = new_url("sqlite"), new_url("postgresql")
    with opened_new(url) as store:
        create_account(store, name="Nil \0")
    with pytest.raises(StoreUnavailableError, match=r"Nothing was moved: .*NUL"):
        move(url, new)
    run(url, "UPDATE accounts SET name = 'Nil'")
    move(url, new)


MOVE_AND_DIE = """
import os, signal, sys
from mien.store.engine import open_store
from mien.store.move import move_in, move_out

def die(what, done, total):
    # In the middle of it: something is done, but not all.
    if what == sys.argv[3] and (0 < done < total or not total):
        os.kill(os.getpid(), int(sys.argv[4]))

source, target = open_store(sys.argv[1]), open_store(sys.argv[2])
(move_in if source.is_sqlite else move_out)(source, target, die)
"""

STAGES = [
    ("in", "Checking the file"),
    ("in", "Moving"),
    ("in", "Comparing every row"),
    ("out", "Copying the store"),
    ("out", "Checking the file"),
    ("out", "Comparing every row"),
]
MIDDLE = {"in": "Moving", "out": "Copying the store"}


@pytest.fixture
def many(way: Way) -> Way:
    """Give a store with more rows than are copied at once."""
    with opened_new(way.url) as store, opened_desk(store) as made:
        for start in range(0, 3_000, 1_000):
            made.upload(*[profile(f"person-{n}", Name="Ada") for n in range(start, start + 1_000)])
    return way


def leftovers(way: Way) -> list[str]:
    """Give the files beside the store that a move worked on."""
    return [each.name for each in way.file.parent.glob("mien.db.*")]


def refuse_half(way: Way) -> None:
    """Make sure that at the new place there is no store, or one that holds nothing."""
    if find_version(way.new) is not None:
        assert not any(held(way.new).values())


# B-11
@pytest.mark.parametrize(("way", "stage"), STAGES, indirect=["way"])
def test_a_move_that_is_killed_leaves_no_half_store_and_is_done_anew(many: Way, stage: str) -> None:
    before = held(many.url)
    done = kill(many, stage, signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    assert held(many.url) == before
    refuse_half(many)
    many.move()
    assert held(many.new) == held(many.url) == before
    assert leftovers(many) == []


@pytest.mark.parametrize("way", ["out"], indirect=True)
def test_a_move_that_is_killed_while_it_replaces_an_empty_store_is_done_anew(many: Way) -> None:
    """So it is where a server was started once before the move."""
    prepare(many.new, may_migrate=True).close()
    done = kill(many, "Replacing the store", signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    refuse_half(many)
    many.move()
    assert held(many.new) == held(many.url)


def kill(way: Way, stage: str, how: signal.Signals) -> "subprocess.CompletedProcess[str]":
    """Move in a process that gets a signal in the middle of it."""
    command = [sys.executable, "-c", MOVE_AND_DIE, way.url, way.new, stage, str(int(how))]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("way", ["in", "out"], indirect=True)
def test_an_interrupted_move_leaves_nothing_behind(
    many: Way, request: pytest.FixtureRequest
) -> None:
    before = held(many.url)
    done = kill(many, MIDDLE[request.node.callspec.params["way"]], signal.SIGINT)
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    refuse_half(many)
    assert leftovers(many) == []
    many.move()
    assert held(many.new) == before


@pytest.mark.parametrize(
    ("way", "stage"), [each for each in STAGES if each != STAGES[0]], indirect=["way"]
)
def test_a_connection_that_ends_in_the_middle_ends_the_move_with_a_sentence(
    many: Way, stage: str
) -> None:
    before = held(many.url)
    database = many.new if open_store(many.url).is_sqlite else many.url

    def cut(what: str, done: int, total: int) -> None:
        if what == stage and (0 < done < total or not total):
            end_sessions(database)

    with pytest.raises(StoreUnavailableError, match="Nothing was moved: ") as refused:
        many.move(cut)
    assert str(refused.value).count("\n") == 0
    refuse_half(many)
    assert leftovers(many) == []
    many.move()
    assert held(many.new) == before


def end_sessions(database: str) -> None:
    """End every other session, as an administrator does."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


MOVE_WITHIN = """
import resource, sys
from mien.domain.errors import StoreUnavailableError
from mien.store.engine import StoreRefusedError, open_store
from mien.store.move import move_out

# The disk is full for this process after so many bytes of one file.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    move_out(open_store(sys.argv[1]), open_store(sys.argv[2]), lambda *_: None)
except (StoreUnavailableError, StoreRefusedError) as error:
    print(error)
    # There is room again for what measures the coverage.
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    sys.exit(3)
"""


@pytest.mark.parametrize("way", ["out"], indirect=True)
@pytest.mark.parametrize("room", [10_000, 400_000])
def test_a_full_disk_ends_the_move_with_a_sentence_and_no_file(many: Way, room: int) -> None:
    command = [sys.executable, "-c", MOVE_WITHIN, many.url, many.new, str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert "disk" in done.stdout or "full" in done.stdout
    assert find_version(many.new) is None
    assert leftovers(many) == []
    many.move()
    assert held(many.new) == held(many.url)
