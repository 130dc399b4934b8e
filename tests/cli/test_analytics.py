"""`mien analytics`: through a running server, and alone."""

import re
from pathlib import Path
from typing import Any

import httpx

from mien.store.setup import only_server
from tests.cli.commands import mien, new_account, on, read_json, refusal
from tests.native.callers import Native, profile
from tests.support.servers import Key, Server


def state_of(server: Server, key: Key) -> Any:
    """Give what the command tells of an environment."""
    return read_json(on(server, "analytics", "status", "--json"))["environments"][key.account_id]


def wait_until_copied(native: Native) -> None:
    while native.get("analytics")["behind"]:
        pass


def steps_measured(metrics: str) -> int:
    found = re.search(r"mien_analytics_step_seconds_count (\d+)", metrics)
    assert found is not None
    return int(found[1])


# S-04
def test_the_state_is_told_by_a_server_and_without_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    live, test = server.account()
    native = Native(server, live)
    native.send(*(profile(str(each)) for each in range(50)))
    wait_until_copied(native)
    there = native.get("analytics")
    assert there["is_open"]
    assert there["place"] >= 50
    assert state_of(server, live) == {"place": there["place"], "behind": 0}
    assert state_of(server, test)["behind"] == 0
    assert "up to date" in on(server, "analytics", "status").stdout
    # A round is measured at its end, when what it copied can be seen already.
    while steps_measured(metrics := httpx.get(f"{server.url}/metrics").text) < 1:
        pass
    assert "mien_analytics_behind_entries 0.0" in metrics
    native.http.close()
    server.stop()
    assert state_of(server, live) == {"place": there["place"], "behind": 0}
    (server.data / "analytics.duckdb").unlink()
    # Of the fifty "0" is nobody's id: that record was refused, and the copy need not have it.
    assert state_of(server, live) == {"place": 0, "behind": 49}


def test_the_copy_is_made_anew_by_a_server_and_without_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    live, _ = server.account()
    native = Native(server, live)
    native.send(profile("ana"))
    wait_until_copied(native)
    native.http.close()
    copy = server.data / "analytics.duckdb"
    for is_served in (True, False):
        if not is_served:
            server.stop()
        before = copy.stat().st_ino
        assert "was made anew" in on(server, "analytics", "rebuild").stdout
        assert copy.stat().st_ino != before
        assert state_of(server, live)["behind"] == 0
        assert not (server.data / "analytics.rebuild").exists()


def test_who_cannot_be_asked_is_told(tmp_path: Path) -> None:
    assert "There is no store at" in refusal(mien("analytics", "status", "--data", tmp_path))
    new_account(tmp_path)
    with only_server(tmp_path):
        said = refusal(mien("analytics", "rebuild", "--data", tmp_path))
    assert "is in use by process" in said
