"""Counts after the server was killed at any moment: nothing lost, nothing twice (S-04, B-03)."""

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.native.callers import Json, Native, event, profile
from tests.support.servers import Server

ROUNDS = 4
BOUGHT: Json = {"did": "Bought", "count": {"op": "equals", "value": 1}}


def upload_until_killed(native: Native, turn: int, answered: list[int]) -> None:
    """Upload people who each buy once; note how many were answered."""
    for part in range(10_000):
        names = [f"{turn}-{part}-{n}" for n in range(20)]
        records = [profile(name, turn=turn) for name in names]
        records += [event(name, "Bought", price=1) for name in names]
        try:
            answer = native.http.post("/v1/batch", json={"records": records})
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        answered.append(len(names))


def count(native: Native, tree: Json) -> Json:
    answer = native.http.post("/v1/segments/count", json={"tree": tree}, timeout=60)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.timeout(240)
def test_a_kill_at_any_moment_leaves_counts_exact(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", {"MIEN_FRESH_SECONDS": "30"}).start()
    key, _ = server.account()
    everybody = 0
    for turn in range(ROUNDS):
        answered: list[int] = []
        native = Native(server, key)
        with native.http:
            uploads = threading.Thread(target=upload_until_killed, args=(native, turn, answered))
            uploads.start()
            time.sleep(0.4 + 0.23 * turn)
            server.kill()
            uploads.join()
        server = Server(server.data, server.settings).start()
        native = Native(server, key)
        with native.http:
            found = count(native, BOUGHT)
            # What was answered is there; of the call under way all or nothing.
            assert found["size"] == found["everybody"]
            assert found["size"] - everybody - sum(answered) in (0, 20)
            everybody = found["size"]
            mine = count(native, {"property": "turn", "op": "equals", "value": turn})
            assert mine["size"] - sum(answered) in (0, 20)
    assert everybody > 0
    assert server.stop() == 0, server.log()
    (server.data / "analytics.duckdb").unlink()
    server = Server(server.data, server.settings).start()
    native = Native(server, key)
    with native.http:
        assert count(native, BOUGHT)["size"] == everybody
    assert server.stop() == 0, server.log()
