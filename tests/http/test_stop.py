"""Being told to stop: what was accepted is finished and answered, within a set time."""

import json
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.conftest import Serve
from tests.support.raw import Wire
from tests.support.servers import MIEN, Key, Server

PROFILES_PER_BATCH = 50


def batch(*identities: str) -> bytes:
    records = [
        {"type": "profile", "identity": each, "profileData": {"Name": each}} for each in identities
    ]
    return json.dumps({"d": records}).encode()


def is_known(server: Server, key: Key, identity: str) -> bool:
    url = f"{server.url}/1/profile.json"
    return httpx.get(url, params={"identity": identity}, headers=key.headers).status_code == 200


def ask_to_stop(server: Server) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)


def ended(server: Server, *, within_seconds: float) -> int:
    assert server.process is not None
    return server.process.wait(within_seconds)


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refuses_connections(server: Server) -> bool:
    try:
        with Wire(server):
            return False
    except ConnectionError:
        return True


class Uploader(threading.Thread):
    """Uploads batch after batch until the server is gone; notes what was answered."""

    def __init__(self, server: Server, key: Key, name: str) -> None:
        super().__init__()
        self.server, self.key, self.prefix = server, key, name
        self.answered: list[str] = []
        self.statuses: set[int] = set()

    def run(self) -> None:
        with httpx.Client(base_url=self.server.url, headers=self.key.headers) as client:
            for number in range(100_000):
                names = [f"{self.prefix}-{number}-{each}" for each in range(PROFILES_PER_BATCH)]
                try:
                    answer = client.post("/1/upload", content=batch(*names))
                except httpx.TransportError:
                    return
                self.statuses.add(answer.status_code)
                self.answered += names if answer.status_code == 200 else []


# B-03
def test_all_that_was_answered_before_a_stop_under_load_is_there_after_it(serve: Serve) -> None:
    server = serve()
    key = server.account()[0]
    uploaders = [Uploader(server, key, f"load{each}") for each in range(4)]
    for each in uploaders:
        each.start()
    wait_until(lambda: all(len(each.answered) >= 4 * PROFILES_PER_BATCH for each in uploaders))
    ask_to_stop(server)
    assert ended(server, within_seconds=15) == 0, server.log()
    for each in uploaders:
        each.join()
    assert {status for each in uploaders for status in each.statuses} == {200}
    server.start()
    last = [name for each in uploaders for name in each.answered[-PROFILES_PER_BATCH:]]
    assert [name for name in last if not is_known(server, key, name)] == []


def test_an_upload_in_flight_is_finished_and_answered(serve: Serve) -> None:
    server = serve()
    key = server.account()[0]
    body = batch("ana", "ben")
    with Wire(server) as wire:
        wire.head("POST /1/upload", key, content_length=len(body)).send(body[:20])
        time.sleep(0.2)
        ask_to_stop(server)
        wait_until(lambda: refuses_connections(server))
        answer = wire.send(body[20:]).answer()
    assert answer.json() == {"status": "success", "processed": 2, "unprocessed": []}
    assert ended(server, within_seconds=10) == 0
    assert "server.stopped" in server.log()
    assert is_known(server.start(), key, "ben")


def test_unused_connections_do_not_hold_a_stop_up(serve: Serve) -> None:
    server = serve()
    with Wire(server) as used, Wire(server):
        used.head("GET /healthz").answer()
        ask_to_stop(server)
        assert ended(server, within_seconds=5) == 0
    assert "server.stop_cut_short" not in server.log()


@pytest.mark.parametrize("how", ["sends the rest never", "reads nothing"])
def test_a_client_that_hangs_is_cut_off_in_the_end(serve: Serve, how: str) -> None:
    server = serve(stop_seconds=0.5)
    with Wire(server, receive_bytes=4_096) as wire:
        if how == "reads nothing":
            # More than the buffers between the two hold.
            for _ in range(8):
                wire.head("GET /docs/assets/swagger-ui-bundle.js")
        else:
            key = server.account()[0]
            wire.head("POST /1/upload", key, content_length=100).send(b"{")
        time.sleep(0.3)
        ask_to_stop(server)
        assert ended(server, within_seconds=5) == 0
    assert "server.stop_cut_short" in server.log()


def test_a_second_signal_hurries_the_stop(serve: Serve) -> None:
    server = serve(stop_seconds=60)
    key = server.account()[0]
    with Wire(server) as wire:
        wire.head("POST /1/upload", key, content_length=100).send(b"{")
        time.sleep(0.2)
        ask_to_stop(server)
        wait_until(lambda: refuses_connections(server))
        ask_to_stop(server)
        assert ended(server, within_seconds=5) == 0


def test_a_store_that_hangs_does_not_hold_the_process_for_ever(serve: Serve) -> None:
    server = serve(stop_seconds=0.2)
    key = server.account()[0]
    body = batch("ana")
    with (
        sqlite3.connect(server.data / "mien.db", isolation_level=None) as other,
        Wire(server) as wire,
    ):
        other.execute("BEGIN IMMEDIATE")
        wire.head("POST /1/upload", key, content_length=len(body)).send(body)
        time.sleep(0.3)
        ask_to_stop(server)
        assert ended(server, within_seconds=9) == 1
    assert "server.stop_cut_short" in server.log()


def test_a_draining_server_says_no_to_the_load_balancer_and_still_serves(serve: Serve) -> None:
    server = serve(drain_seconds=2)
    key = server.account()[0]
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    ask_to_stop(server)
    wait_until(lambda: httpx.get(f"{server.url}/readyz").status_code == 503)
    reasons = httpx.get(f"{server.url}/readyz").json()["reasons"]
    assert reasons == ["The server is stopping."]
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    url = f"{server.url}/1/upload"
    assert httpx.post(url, content=batch("ana"), headers=key.headers).status_code == 200
    assert ended(server, within_seconds=10) == 0


def test_a_port_that_is_taken_is_refused_and_not_shared(serve: Serve, tmp_path: Path) -> None:
    port = str(serve().port)
    folder = str(tmp_path / "other")
    command = [*MIEN, "serve", "--data", folder, "--host", "127.0.0.1", "--port", port]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in second.stderr
