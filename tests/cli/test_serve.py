"""`mien serve` and `mien migrate`: what they say, and what they refuse with one sentence."""

import signal
import socket
import sqlite3
import subprocess
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from mien.config import Settings, variable_of
from tests.cli.commands import Done, mien, new_account, process, read_json, refusal
from tests.support.postgres import Postgres
from tests.support.servers import MIEN, Server, free_port


def said_by(folder: Path, port: int, settings: dict[str, str] | None = None) -> str:
    """Start a server, and give what it said on standard output once it served."""
    command = [*MIEN, "serve", "--data", str(folder), "--port", str(port)]
    with subprocess.Popen(
        command,
        env=Server(folder, settings or {}).environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Stop with" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        # It says so once it serves, not before.
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == httpx.codes.OK
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    return said


def test_a_new_server_says_where_it_is_and_how_to_make_an_account(tmp_path: Path) -> None:
    port = free_port()
    said = said_by(tmp_path / "data", port)
    assert f"serves at http://127.0.0.1:{port}\n" in said
    assert f"Data: {tmp_path / 'data' / 'mien.db'} (SQLite)" in said
    assert f"mien account create --name 'My company' --data {tmp_path / 'data'}" in said
    assert f"http://127.0.0.1:{port}/docs" in said


def test_a_server_with_accounts_says_what_to_try_without_secrets(tmp_path: Path) -> None:
    made = new_account(tmp_path)
    port = free_port()
    said = said_by(tmp_path, port)
    assert f"curl -u {made['test']['account_id']} http://127.0.0.1:{port}/v1/batch " in said
    assert "account create" not in said
    for environment in ("live", "test"):
        assert made[environment]["passcode"] not in said


def test_a_variable_that_sets_nothing_is_named(tmp_path: Path) -> None:
    server = Server(tmp_path, {"MIEN_PROT": "9000"}).start()
    server.stop()
    assert "MIEN_PROT is not a setting of this version" in server.log()


def test_a_server_on_postgresql_names_the_database(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    said = said_by(tmp_path, free_port(), {"MIEN_STORE_URL": url})
    assert "(PostgreSQL)" in said
    assert "Data: postgresql://" in said
    assert not (tmp_path / "mien.db").exists()


def test_the_help_lists_every_setting(tmp_path: Path) -> None:
    done = mien("serve", "--help")
    assert done.returncode == 0
    for each in fields(Settings):
        assert variable_of(each) in done.stdout
        assert each.metadata["help"].split()[0] in done.stdout


def test_a_second_server_on_a_folder_refuses_with_its_name(tmp_path: Path) -> None:
    first = Server(tmp_path).start()
    try:
        said = refusal(process("serve", "--data", tmp_path, "--port", free_port()))
    finally:
        first.stop()
    assert f"The data folder {tmp_path} is in use by another server" in said
    assert first.process is not None
    assert f"process {first.process.pid}" in said


def test_a_port_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refusal(process("serve", "--data", tmp_path, "--port", port))
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said


def test_two_servers_with_their_own_folders_do_not_share_a_port(tmp_path: Path) -> None:
    first = Server(tmp_path / "first").start()
    try:
        said = refusal(process("serve", "--data", tmp_path / "second", "--port", first.port))
    finally:
        first.stop()
    assert f"127.0.0.1:{first.port}" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIEN_PORT", "web"),
        ("MIEN_PORT", "99999"),
        ("MIEN_BODY_BYTES", "16 MB"),
        ("MIEN_LATE_DATA_LOSES", "perhaps"),
        ("MIEN_PLACES_FILE", "missing.mmdb"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(
    variable: str, value: str, tmp_path: Path
) -> None:
    said = refusal(process("serve", "--data", tmp_path, settings={variable: value}))
    assert value in said
    assert variable in said or "port" in said


def run(*command: object, settings: dict[str, str] | None = None) -> Done:
    """Run a command; the one that serves in a process of its own."""
    way = process if command[0] == "serve" else mien
    return way(*command, settings=settings)


def foreign(path: Path) -> None:
    """Make a database of another program."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()


def overwritten(path: Path) -> None:
    """Make a store, and overwrite all but its head."""
    new_account(path.parent)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def text(path: Path) -> None:
    """Make a file that is no database."""
    path.write_text("Dear diary\n" * 100)


@pytest.mark.parametrize("make", [foreign, overwritten, text])
@pytest.mark.parametrize(
    "command",
    [("serve",), ("account", "list"), ("account", "create", "--name", "A"), ("migrate",)],
)
def test_a_folder_that_is_foreign_or_damaged_is_refused_and_left_alone(
    make: object, command: tuple[str, ...], tmp_path: Path
) -> None:
    assert callable(make)
    make(tmp_path / "mien.db")
    before = (tmp_path / "mien.db").read_bytes()
    assert str(tmp_path / "mien.db") in refusal(run(*command, "--data", tmp_path))
    assert (tmp_path / "mien.db").read_bytes() == before


def test_a_database_that_cannot_be_reached_is_refused_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://mien:s3cret@127.0.0.1:{free_port()}/mien"
    for command in (("serve",), ("account", "list"), ("migrate",)):
        said = refusal(run(*command, "--data", tmp_path, settings={"MIEN_STORE_URL": url}))
        assert "s3cret" not in said
        assert "mien:***@127.0.0.1" in said


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    made = mien("migrate", "--data", tmp_path)
    assert f"Made the store at {tmp_path / 'mien.db'}, schema version " in made.stdout
    again = mien("migrate", "--data", tmp_path)
    assert again.returncode == 0
    assert "nothing was to do" in again.stdout
    told = read_json(mien("migrate", "--data", tmp_path, "--json"))
    assert told == {
        "store": str(tmp_path / "mien.db"),
        "from_version": told["to_version"],
        "to_version": told["to_version"],
    }


def test_migrate_refuses_while_a_server_runs(tmp_path: Path) -> None:
    running = Server(tmp_path).start()
    try:
        assert "in use by another server" in refusal(mien("migrate", "--data", tmp_path))
    finally:
        running.stop()


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    new_account(tmp_path)
    connection = sqlite3.connect(tmp_path / "mien.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    for command in (("serve",), ("account", "list"), ("migrate",)):
        assert "schema version 9999" in refusal(run(*command, "--data", tmp_path))
