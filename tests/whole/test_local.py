"""Commands find the server of their folder, and it knows them; nobody else gets in that way."""

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mien.services import local
from mien.services.local import LocalServer, NoServerToAskError
from mien.store.setup import only_server
from tests.support.servers import Key, Server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a running server."""
    server = Server(tmp_path_factory.mktemp("data")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def opened(running: Server) -> tuple[Key, Key]:
    """Give the keys of an account on it."""
    return running.account()


def found(server: Server) -> LocalServer:
    with local.reach(server.data) as reached:
        assert reached is not None
        return reached


def ask(server: Server, account: str, secret: str, **headers: str) -> httpx.Response:
    proof = base64.b64encode(f"{account}:{secret}".encode()).decode()
    headers["Authorization"] = f"{local.SCHEME} {proof}"
    return httpx.get(f"{server.url}/v1/environment", headers=headers)


def test_a_command_is_known_in_every_environment(running: Server, opened: tuple[Key, Key]) -> None:
    server = found(running)
    assert (server.url, server.process) == (running.url, running.process and running.process.pid)
    for key in opened:
        answer = ask(running, key.account_id, server.secret)
        assert answer.status_code == 200
        assert answer.json()["account_id"] == key.account_id


def test_nobody_else_gets_in(running: Server, opened: tuple[Key, Key]) -> None:
    """The secret is of this server, and from this machine; a passcode is none, and it is none."""
    key, secret = opened[0], found(running).secret
    assert ask(running, key.account_id, secret[:-1]).status_code == 401
    assert ask(running, key.account_id, "").status_code == 401
    assert ask(running, key.account_id, "ü").status_code == 401
    assert ask(running, key.account_id, key.passcode).status_code == 401
    assert ask(running, "NO-SUCH-0000", secret).status_code == 401
    for name in ("X-Forwarded-For", "Forwarded"):
        answer = ask(running, key.account_id, secret, **{name: "127.0.0.1"})
        assert answer.status_code == 401
    as_passcode = httpx.get(f"{running.url}/v1/environment", auth=(key.account_id, secret))
    assert as_passcode.status_code == 401


def test_the_file_is_for_its_user_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    secret = found(server).secret
    file = server.data / "server.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    server.stop()
    assert not file.exists()
    server.start()
    assert found(server).secret != secret
    server.kill()
    assert file.exists()
    with local.reach(server.data) as reached:
        assert reached is None


def test_a_folder_of_another_command_is_named_and_a_starting_server_waited_for(
    tmp_path: Path,
) -> None:
    own = str(os.getpid())
    with only_server(tmp_path):
        for left in (b"", b"{", json.dumps({"url": "", "secret": "", "process": 1}).encode()):
            (tmp_path / "server.json").write_bytes(left)
            refused = pytest.raises(NoServerToAskError, match=own)
            with refused, local.reach(tmp_path, seconds=0):
                pass
        local.tell(tmp_path, "http://127.0.0.1:1", "secret")
        with local.reach(tmp_path) as reached:
            assert reached == LocalServer("http://127.0.0.1:1", "secret", os.getpid())
