"""A new copy for counting whose filling is killed again and again: it goes on, and ends right (S-04, B-03)."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.services.accounts import NewAccount, create_account
from mien.services.copies import ANALYTICS_FILE
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store import accounts
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.native.callers import Json, Native
from tests.support.servers import Server, key_of
from tests.support.uploading import Desk, event, profile

PEOPLE, SIZE = 20, 3
NAMES = [f"p{n}" for n in range(PEOPLE)]


def copy_until_killed(data: Path, *, writes: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.dying", data, str(SIZE), str(writes)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def filled(data: Path, environment: int) -> tuple[int, int, int, int]:
    """Give the place of the copy in the log, and how far it is filled: from where, whom, upto whom."""
    with duckdb.connect(str(data / ANALYTICS_FILE), read_only=True) as copy:
        found = copy.execute(f"SELECT * FROM e{environment}.position").fetchall()
    ((place, at, after, last),) = found
    return place, at, after, last


def count(native: Native, tree: Json) -> int:
    answer = native.http.post("/v1/segments/count", json={"tree": tree}, timeout=60)
    assert answer.status_code == 200, answer.text
    size: int = answer.json()["size"]
    return size


@pytest.fixture
def server(tmp_path: Path) -> Server:
    made = Server(tmp_path / "data", {"MIEN_FRESH_SECONDS": "30"})
    made.data.mkdir()
    return made


@pytest.fixture
def store(server: Server) -> Iterator[Store]:
    opened = prepare(server.store_url, may_migrate=True)
    yield opened
    opened.close()


@pytest.fixture
def account(store: Store) -> NewAccount:
    return create_account(store, name="Test")


@pytest.fixture
def desk(store: Store, account: NewAccount) -> Iterator[Desk]:
    """Give a store with people who were changed a few times, and did something."""
    with store.read() as tx:
        live = accounts.find_environment(tx, account.live.account_id)
    assert live is not None
    ingest = Ingest(store)
    desk = Desk(store, ingest, live.environment_id)
    for turn in range(3):
        desk.upload(*(profile(name, turn=turn) for name in NAMES))
    desk.upload(*(event(name, "Bought") for name in NAMES))
    yield desk
    ingest.close()


def test_a_fill_that_is_killed_goes_on_where_it_was_and_has_what_became_of_people_since(
    server: Server, desk: Desk, account: NewAccount
) -> None:
    # One write to begin each of the two environments, and one for each step.
    copy_until_killed(server.data, writes=4)
    place, at, after, last = filled(server.data, desk.environment)
    assert (place, last) == (0, desk.get(NAMES[-1]).id)
    assert 0 < after < last
    # Of who is there: somebody gone, somebody changed; of who is yet to come: one gone, one new.
    for name in (NAMES[0], NAMES[-1]):
        erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    desk.upload(profile(NAMES[1], turn="since"), profile("new", turn="since"))
    copy_until_killed(server.data, writes=3)
    again = filled(server.data, desk.environment)
    assert (again[0], again[1], again[3]) == (0, at, last)
    assert after < again[2] < last
    # In the middle of the log, when everybody is there.
    copy_until_killed(server.data, writes=7)
    whole = filled(server.data, desk.environment)
    assert whole[0] > 0
    assert whole[1:] == (at, last, last)
    server.start()
    native = Native(server, key_of(account.live))
    with native.http:
        assert count(native, {"did": "Bought"}) == PEOPLE - 2
        assert count(native, {"property": "turn", "op": "equals", "value": 2}) == PEOPLE - 3
        assert count(native, {"property": "turn", "op": "equals", "value": "since"}) == 2
        assert count(native, {"property": "turn", "op": "exists"}) == PEOPLE - 1
    assert server.stop() == 0, server.log()
