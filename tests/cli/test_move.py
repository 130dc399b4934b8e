"""`mien move`, between servers that were stopped and servers that go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mien.store.setup import find_version
from tests.cli.commands import mien, new_account, process, read_json, refusal
from tests.support.postgres import Postgres
from tests.support.servers import Key, Server

# B-11


@pytest.fixture
def database(postgres: Postgres) -> str:
    """Give the URL of an empty database."""
    return postgres.new_database()


def profile(number: int) -> dict[str, Any]:
    """Give what a person sends about themselves."""
    return {"type": "profile", "identity": f"person-{number}", "profileData": {"Name": "Zoë"}}


def upload(server: Server, key: Key, *records: dict[str, Any]) -> None:
    """Send records, all of which must be applied."""
    answer = httpx.post(f"{server.url}/1/upload", headers=key.headers, json={"d": records})
    assert answer.json()["status"] == "success", answer.text


def read(server: Server, key: Key, number: int) -> Any:
    """Read a person, who must be there."""
    answer = httpx.get(
        f"{server.url}/1/profile.json",
        headers=key.headers,
        params={"identity": f"person-{number}"},
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


def export(server: Server, key: Key, cursor: str | None) -> tuple[str | None, list[Any]]:
    """Begin an export of two people a page, or go on with it."""
    url = f"{server.url}/1/profiles.json"
    if cursor is None:
        wanted = {"event_name": "Seen", "from": 20200101, "to": 20991231}
        answer = httpx.post(url, params={"batch_size": 2}, headers=key.headers, json=wanted)
        return answer.json()["cursor"], []
    answer = httpx.get(url, params={"cursor": cursor}, headers=key.headers)
    found = answer.json()
    return found.get("next_cursor"), found["records"]


def rest_of(server: Server, key: Key, cursor: str | None) -> list[Any]:
    """Go on with an export to its end."""
    found = []
    while cursor is not None:
        cursor, page = export(server, key, cursor)
        found += page
    return found


@pytest.fixture(params=["to", "from"])
def way(request: pytest.FixtureRequest) -> str:
    """Move from the folder to the database, and from the database to the folder."""
    found: str = request.param
    return found


@pytest.fixture
def servers(way: str, database: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Give the servers of the old place and of the new one, neither started."""
    embedded = Server(tmp_path / "data")
    scaled = Server(tmp_path / "scaled", {"MIEN_STORE_URL": database})
    yield (embedded, scaled) if way == "to" else (scaled, embedded)
    for each in (embedded, scaled):
        if each.process is not None and each.process.poll() is None:
            each.kill()


def test_work_goes_on_at_the_new_place_with_the_same_keys_and_cursors(
    way: str, servers: tuple[Server, Server], database: str, tmp_path: Path
) -> None:
    before, after = servers
    live, test = before.start().account()
    seen = [{"type": "event", "identity": f"person-{n}", "evtName": "Seen"} for n in range(5)]
    upload(before, live, *map(profile, range(5)), *seen)
    upload(before, test, profile(7))
    cursor, first = export(before, live, export(before, live, None)[0])
    known = [read(before, live, number) for number in range(5)]
    assert before.stop() == 0

    done = mien("move", f"--{way}", database, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "6 profiles, 5 events" in done.stdout
    assert "Every row of every table was compared." in done.stdout

    after.start()
    assert [read(after, live, number) for number in range(5)] == known
    assert read(after, test, 7)
    assert len(first) + len(rest_of(after, live, cursor)) == 5
    upload(after, live, profile(5), profile(1))
    assert read(after, live, 5)
    assert after.stop() == 0


def test_a_store_that_is_served_is_not_moved(
    way: str, servers: tuple[Server, Server], database: str, tmp_path: Path
) -> None:
    live, _ = servers[0].start().account()
    upload(servers[0], live, profile(1))
    assert "in use by" in refusal(mien("move", f"--{way}", database, "--data", tmp_path / "data"))
    upload(servers[0], live, profile(2))
    assert servers[0].stop() == 0


def test_people_are_told_where_to_go_on(database: str, tmp_path: Path) -> None:
    data, back = tmp_path / "data", tmp_path / "come back"
    new_account(data)
    done = mien("move", "--to", database, "--data", data)
    assert done.stdout.startswith(f"Moved {data / 'mien.db'} to postgresql://")
    assert (
        "set MIEN_STORE_URL to the address of the database, then:\n\n  mien serve\n" in done.stdout
    )
    assert f"{data / 'mien.db'} is as it was." in done.stdout
    done = mien("move", "--from", database, "--data", back)
    assert f"unset MIEN_STORE_URL, then:\n\n  mien serve --data '{back}'\n" in done.stdout


def test_the_folder_is_meant_though_a_database_is_set(database: str, tmp_path: Path) -> None:
    new_account(tmp_path / "data")
    settings = {"MIEN_STORE_URL": database, "MIEN_DATA": str(tmp_path / "data")}
    told = read_json(mien("move", "--to", database, "--json", settings=settings))
    assert told.keys() == {"source", "target", "schema_version", "tables"}
    assert told["source"] == str(tmp_path / "data" / "mien.db")
    assert told["tables"]["accounts"]["rows"] == 1
    assert len(told["tables"]["accounts"]["hash"]) == 64


def test_exactly_one_direction_is_needed(database: str, tmp_path: Path) -> None:
    for given in ([], ["--to", database, "--from", database]):
        done = mien("move", *given, "--data", tmp_path / "data")
        assert done.returncode == 2
        assert "Give either --to, or --from." in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "url",
    ["", "hunter2", "mien.db", "sqlite:///mien.db", "mysql://me:hunter2@host/mien", "postgresql:"],
)
def test_what_is_no_address_of_a_database_is_refused(way: str, url: str, tmp_path: Path) -> None:
    new_account(tmp_path / "data")
    said = refusal(mien("move", f"--{way}", url, "--data", tmp_path / "data"))
    assert said.startswith(f"--{way}: needs the address of a PostgreSQL database, postgresql://")
    assert "hunter2" not in said


def test_a_database_that_does_not_answer_is_named_without_its_password(
    way: str, tmp_path: Path
) -> None:
    new_account(tmp_path / "data")
    url = f"postgresql://me:hunter2@/mien?host={tmp_path}"
    said = refusal(mien("move", f"--{way}", url, "--data", tmp_path / "data"))
    assert "The store at postgresql://me:***@/mien" in said
    assert "cannot be opened" in said
    assert "hunter2" not in said


def test_without_a_store_nothing_is_made(database: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    said = refusal(mien("move", "--to", database, "--data", data))
    assert said == f"There is no store at {data / 'mien.db'}: nothing to move."
    assert "nothing to move" in refusal(mien("move", "--from", database, "--data", data))
    assert not data.exists()
    assert find_version(database) is None


def test_nothing_is_moved_over_what_is_there(database: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    new_account(data)
    assert mien("move", "--to", database, "--data", data).returncode == 0
    said = refusal(mien("move", "--to", database, "--data", data))
    assert "is not empty (accounts: 1" in said
    said = refusal(mien("move", "--from", database, "--data", data))
    assert f"The store at {data / 'mien.db'} is not empty (accounts: 1" in said


def test_a_command_of_its_own_prints_no_progress_to_a_file(database: str, tmp_path: Path) -> None:
    new_account(tmp_path / "data")
    done = process("move", "--to", database, "--data", tmp_path / "data", "--json")
    assert read_json(done)["schema_version"]
