"""`mien worker`: refused where nothing is shared, and one that works until it is told to stop."""

import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from mien.store.setup import prepare
from tests.cli.commands import mien, new_account, on, refusal
from tests.native.callers import Native, profile
from tests.support.clickhouse_http import running_clickhouse
from tests.support.postgres import Postgres
from tests.support.servers import MIEN, Server


def test_a_worker_of_one_data_folder_is_refused(tmp_path: Path) -> None:
    new_account(tmp_path)
    said = refusal(mien("worker", "--data", tmp_path))
    assert "shares its work with servers, over PostgreSQL" in said


def settings_of(postgres: Postgres, clickhouse: str) -> dict[str, str]:
    """Give the settings of servers and workers that share a new store and a copy."""
    url = postgres.new_database()
    prepare(url, may_migrate=True).close()
    return {
        "MIEN_STORE_URL": url,
        "MIEN_ANALYTICS_URL": clickhouse,
        "MIEN_FRESH_SECONDS": "50",
        "MIEN_QUERY_SECONDS": "50",
    }


def start_worker(folder: Path, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a worker, and wait until it writes the copy."""
    folder.mkdir(exist_ok=True)
    log = folder / "worker.log"
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [*MIEN, "worker", "--data", folder],
            env=Server(folder, settings).environment,
            stdout=file,
            stderr=file,
        )
    while b"projection.leads" not in log.read_bytes():
        assert worker.poll() is None, log.read_text()
    return worker


def count(native: Native) -> int:
    native.http.timeout = httpx.Timeout(100)
    answer = native.http.post("/v1/segments/count", json={"tree": {"all": []}})
    assert answer.status_code == 200, answer.text
    assert "as_of" not in answer.json()
    size: int = answer.json()["size"]
    return size


@pytest.mark.timeout(300)
def test_two_servers_and_a_worker_share_one_clickhouse(tmp_path: Path, postgres: Postgres) -> None:
    """Over its HTTP: all count what any took; nothing is lost as the worker and then a server is killed."""
    with running_clickhouse(tmp_path) as clickhouse:
        settings = settings_of(postgres, clickhouse)
        worker = start_worker(tmp_path / "worker", settings)
        servers = [Server(tmp_path / str(place), settings).start() for place in range(2)]
        live, _ = servers[0].account()
        callers = [Native(server, live) for server in servers]
        for turn, caller in enumerate(callers * 2, 1):
            caller.send(profile(f"p{turn}"))
            assert [count(each) for each in callers] == [turn, turn]
        callers[0].send(*(profile(f"more {each}") for each in range(100)))
        worker.kill()
        worker.wait()
        assert [count(each) for each in callers] == [104, 104]
        assert "was made anew" in on(servers[1], "analytics", "rebuild").stdout
        callers[1].send(profile("last"))
        assert [count(each) for each in callers] == [105, 105]
        servers[1].kill()
        callers[0].send(profile("really"))
        assert count(callers[0]) == 106
        for each in callers:
            each.http.close()
        assert servers[0].stop() == 0


def test_a_worker_waits_for_its_clickhouse_and_stops_when_it_is_told(
    tmp_path: Path, postgres: Postgres
) -> None:
    settings = settings_of(postgres, "clickhouse://127.0.0.1:1/mien")
    worker = start_worker(tmp_path, settings)
    log = tmp_path / "worker.log"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0, log.read_text()
    assert "worker.stopped" in log.read_text()
