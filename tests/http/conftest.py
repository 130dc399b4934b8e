"""Servers with settings of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers import Key, Server

Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Give a function that starts a server with settings; each is ended after the test."""
    started: list[Server] = []

    def start(**settings: object) -> Server:
        variables = {f"MIEN_{name.upper()}": str(value) for name, value in settings.items()}
        server = Server(tmp_path / f"data{len(started)}", variables).start()
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server with small limits, which writes its log as JSON."""
    limits = {
        "MIEN_BODY_BYTES": "100000",
        "MIEN_BODY_SECONDS": "1",
        "MIEN_HEADER_SECONDS": "1",
        "MIEN_REQUEST_SECONDS": "2",
        "MIEN_UPLOAD_CONCURRENCY": "1",
        "MIEN_WAIT_SECONDS": "0.5",
        "MIEN_LOG_FORMAT": "json",
    }
    server = Server(tmp_path_factory.mktemp("strict"), limits).start()
    yield server
    assert server.stop() == 0, server.log()


@pytest.fixture(scope="module")
def key(strict: Server) -> Key:
    """Give a key of the strict server."""
    return strict.account()[0]
