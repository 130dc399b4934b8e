"""`mien worker`: refused where nothing is shared, and one that works until it is told to stop."""

import signal
import subprocess
from pathlib import Path

from mien.store.setup import prepare
from tests.cli.commands import mien, new_account, refusal
from tests.support.postgres import Postgres
from tests.support.servers import MIEN, Server


def test_a_worker_of_one_data_folder_is_refused(tmp_path: Path) -> None:
    new_account(tmp_path)
    said = refusal(mien("worker", "--data", tmp_path))
    assert "shares its work with servers, over PostgreSQL" in said


def test_a_worker_waits_for_its_clickhouse_and_stops_when_it_is_told(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.new_database()
    prepare(url, may_migrate=True).close()
    settings = {"MIEN_STORE_URL": url, "MIEN_ANALYTICS_URL": "clickhouse://127.0.0.1:1/mien"}
    log = tmp_path / "worker.log"
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [*MIEN, "worker", "--data", tmp_path],
            env=Server(tmp_path, settings).environment,
            stdout=file,
            stderr=file,
        )
    while b"projection.leads" not in log.read_bytes():
        assert worker.poll() is None, log.read_text()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0, log.read_text()
    assert "worker.stopped" in log.read_text()
