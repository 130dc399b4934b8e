"""`mien backup` and `mien restore`, with servers that are written to."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from mien.store.setup import prepare
from tests.cli.commands import Done, mien, new_account, on, read_json, refusal
from tests.support.consistency import find_faults
from tests.support.postgres import Postgres
from tests.support.servers import Key, Server

ENGINES = ["sqlite", "postgresql"]


@pytest.fixture(params=ENGINES)
def origin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Give a running server of its own, once on each engine."""
    settings = store_settings(request, request.param)
    running = Server(tmp_path / "origin", settings).start()
    yield running
    stop(running)


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Give a server that has no store yet and is not started, once on each engine."""
    resting = Server(tmp_path / "target", store_settings(request, request.param))
    yield resting
    stop(resting)


def stop(server: Server) -> None:
    """Stop a server if it runs."""
    if server.process is not None and server.process.poll() is None:
        server.stop()


def store_settings(request: pytest.FixtureRequest, engine: str) -> dict[str, str]:
    """Give the settings that mean a new store of an engine."""
    if engine == "sqlite":
        return {}
    postgres: Postgres = request.getfixturevalue("postgres")
    return {"MIEN_STORE_URL": postgres.new_database()}


def profile(number: int) -> dict[str, Any]:
    """Give what a person sends about themselves."""
    properties = {"Name": f"Zoë {number}", "Email": f"p{number}@example.com"}
    return {"type": "profile", "identity": f"person-{number}", "profileData": properties}


def upload(server: Server, key: Key, records: list[dict[str, Any]]) -> None:
    """Send records, all of which must be applied."""
    answer = httpx.post(f"{server.url}/1/upload", headers=key.headers, json={"d": records})
    assert answer.json()["status"] == "success", answer.text


def read(server: Server, key: Key, identity: str) -> httpx.Response:
    """Ask for a profile."""
    url = f"{server.url}/1/profile.json"
    return httpx.get(url, headers=key.headers, params={"identity": identity})


class Uploads:
    """A client that uploads on and on, ten people a call; `answered` of them are durable."""

    def __init__(self, server: Server, key: Key) -> None:
        self._server, self._key, self._stop, self.answered = server, key, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for(self, count: int) -> None:
        """Wait until so many people are answered for."""
        while self.answered < count and self._thread.is_alive():
            self._stop.wait(0.01)

    def _run(self) -> None:
        while not self._stop.is_set():
            some = range(self.answered, self.answered + 10)
            upload(self._server, self._key, [profile(number) for number in some])
            self.answered += 10


def test_a_backup_of_a_busy_server_is_restored_and_served_on_either_engine(
    origin: Server, target: Server, tmp_path: Path
) -> None:
    live, test = origin.account()
    file = tmp_path / "backup"
    upload(origin, test, [profile(1)])
    with Uploads(origin, live) as uploads:
        uploads.wait_for(50)
        before = uploads.answered
        taken = read_json(on(origin, "backup", file, "--json"))
        uploads.wait_for(uploads.answered + 30)
    held = taken["tables"]["profiles"]["rows"] - 1
    assert before <= held < uploads.answered
    # Ten people a call: a call that is there in part would not be one moment.
    assert held % 10 == 0

    restored = read_json(on(target, "restore", file, "--json"))
    assert restored["tables"] == taken["tables"]
    assert restored["erased_profiles"] == 0
    again = read_json(on(target, "backup", tmp_path / "again", "--json"))
    for name in taken["tables"].keys() - {"counters", "secrets"}:
        assert again["tables"][name] == taken["tables"][name], name
    # The mark of the analytics copy is not restored: what is there may be of another record.
    assert again["tables"]["secrets"]["rows"] == taken["tables"]["secrets"]["rows"] - 1

    store = prepare(target.store_url, may_migrate=False)
    assert find_faults(store) == []
    store.close()
    target.start()
    for key, number in ((live, 0), (live, held - 1), (test, 1)):
        answer = read(target, key, f"person-{number}")
        assert answer.json()["record"]["email"] == f"p{number}@example.com"
        assert answer.json() == read(origin, key, f"person-{number}").json()
    upload(target, live, [profile(uploads.answered + 1)])
    assert target.stop() == 0


def test_a_person_erased_after_the_backup_stays_erased_after_the_restore(
    origin: Server, tmp_path: Path
) -> None:
    live, _ = origin.account()
    upload(origin, live, [profile(1), profile(2)])
    file = tmp_path / "backup"
    read_json(on(origin, "backup", file, "--json"))
    gone = httpx.post(
        f"{origin.url}/1/delete/profiles.json", headers=live.headers, json={"identity": "person-1"}
    )
    assert gone.status_code == httpx.codes.OK, gone.text
    assert origin.stop() == 0
    done = on(origin, "restore", file, "--replace")
    assert done.returncode == 0, done.stderr
    assert "Profiles erased since then, which stay erased: 1." in done.stdout
    origin.start()
    assert read(origin, live, "person-1").status_code != httpx.codes.OK
    assert read(origin, live, "person-2").status_code == httpx.codes.OK
    upload(origin, live, [profile(1)])
    assert read(origin, live, "person-1").status_code == httpx.codes.OK


def test_a_restore_is_refused_while_a_server_runs(origin: Server, tmp_path: Path) -> None:
    live, _ = origin.account()
    upload(origin, live, [profile(1)])
    file = tmp_path / "backup"
    read_json(on(origin, "backup", file, "--json"))
    said = refusal(on(origin, "restore", file, "--replace"))
    assert "in use by" in said
    assert read(origin, live, "person-1").status_code == httpx.codes.OK


def test_people_are_told_what_was_backed_up_and_how_to_put_it_back(tmp_path: Path) -> None:
    new_account(tmp_path / "data")
    file = tmp_path / "backup"
    done = mien("backup", file, "--data", tmp_path / "data")
    assert done.returncode == 0
    assert f"Backed up {tmp_path / 'data' / 'mien.db'} to {file} (" in done.stdout
    assert "0 profiles, 0 events. Every row was compared." in done.stdout
    assert f"mien restore {file} --data {tmp_path / 'data'}" in done.stdout
    done = mien("restore", file, "--data", tmp_path / "other")
    assert done.returncode == 0
    assert f"Restored {tmp_path / 'other' / 'mien.db'} from {file}, made 20" in done.stdout


def test_scripts_get_what_the_backup_holds(tmp_path: Path) -> None:
    new_account(tmp_path / "data")
    file = tmp_path / "backup"
    told = read_json(mien("backup", file, "--data", tmp_path / "data", "--json"))
    assert told.keys() == {"file", "bytes", "taken_at", "engine", "schema_version", "tables"}
    assert (told["file"], told["bytes"]) == (str(file), file.stat().st_size)
    assert told["engine"] == "sqlite"
    assert told["tables"]["accounts"]["rows"] == 1
    assert len(told["tables"]["accounts"]["hash"]) == 64
    told = read_json(mien("restore", file, "--data", tmp_path / "other", "--json"))
    assert told["store"] == str(tmp_path / "other" / "mien.db")
    assert told["knows_erasures"] is True


def refused(done: Done, *parts: str) -> None:
    """Make sure that a command refused, in a sentence with these parts."""
    said = refusal(done)
    for part in parts:
        assert part in said


def test_what_cannot_be_backed_up_or_restored_is_said_in_a_sentence(tmp_path: Path) -> None:
    data, file, junk = tmp_path / "data", tmp_path / "backup", tmp_path / "junk"
    refused(mien("backup", file, "--data", data), "There is no store at", str(data))
    new_account(data)
    refused(mien("backup", tmp_path / "no" / "x", "--data", data), "cannot be written", "no")
    assert mien("backup", file, "--data", data).returncode == 0
    refused(mien("backup", file, "--data", data), f"{file} exists already", "--replace")
    assert mien("backup", file, "--data", data, "--replace").returncode == 0
    refused(mien("restore", file, "--data", data), "is not empty (accounts: 1)", "--replace")
    refused(mien("restore", tmp_path / "none", "--data", data), "There is no file")
    junk.write_bytes(b"junk" * 1_000)
    refused(mien("restore", junk, "--data", tmp_path / "new"), f"{junk} is not a backup of Mien")
    refused(mien("restore", data / "mien.db", "--data", tmp_path / "new"), "is not a backup")
    assert mien("restore", file, "--data", data, "--replace").returncode == 0


def test_a_damaged_store_is_replaced_with_a_warning_about_erasures(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "backup"
    new_account(data)
    assert mien("backup", file, "--data", data).returncode == 0
    (data / "mien.db").write_bytes(b"\0" * 8192)
    refused(mien("restore", file, "--data", data), "--replace")
    done = mien("restore", file, "--data", data, "--replace")
    assert done.returncode == 0
    assert "restore again with --erasures" in done.stderr
    done = mien("restore", file, "--data", data, "--replace", "--erasures", file)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "notes").write_text("no store")
    done = mien("restore", file, "--data", data, "--replace", "--erasures", tmp_path / "notes")
    refused(done, "The erasures in", "cannot be read")
