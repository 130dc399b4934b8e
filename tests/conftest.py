"""What all tests share: real stores of both engines, and a server for each worker."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.accounts import Accounts
from tests.support.postgres import Postgres, running_postgres
from tests.support.servers import Key, Server

Serve = Callable[..., Server]

# An example may be slow while another worker has the core; the time-out of a test still holds.
# Under CI=true this keeps the rest of Hypothesis's own profile: the same examples in every run.
settings.register_profile("mien", deadline=None)
settings.load_profile("mien")

# No test meets an authority of the wider world, whose certificates each HTTP client would read for 20 ms.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden answers of tests/wire anew; read the diff before committing it",
    )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Give the PostgreSQL of this worker."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty store, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mien.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Give an empty store that is ready for use, once on each engine."""
    opened = prepare(store_url, may_migrate=True)
    yield opened
    opened.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Give a store for tests that only need an environment of their own, once on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'mien.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    opened = prepare(url, may_migrate=True)
    yield opened
    opened.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Give a running server, once on each engine; tests take an account of their own."""
    data = tmp_path_factory.mktemp("data")
    # No test waits for a machine that is busy to be told so.
    settings = {"MIEN_COUNT_SECONDS": "50", "MIEN_FRESH_SECONDS": "50"}
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        settings["MIEN_STORE_URL"] = postgres.new_database()
    running = Server(data, settings).start()
    yield running
    assert running.stop() == 0, running.log()


@pytest.fixture(scope="session")
def accounts(server: Server) -> Iterator[Accounts]:
    """Give what opens accounts on the server."""
    opened = Accounts(server)
    yield opened
    opened.close()


@pytest.fixture
def keys(accounts: Accounts) -> tuple[Key, Key]:
    """Give the live and the test key of a new account."""
    return accounts.open()


@pytest.fixture
def client(server: Server, keys: tuple[Key, Key]) -> Iterator[httpx.Client]:
    """Give an HTTP client that calls as the live environment of a new account."""
    with httpx.Client(base_url=server.url, headers=keys[0].headers, timeout=60) as opened:
        yield opened


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
