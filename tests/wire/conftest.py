"""What the wire tests share: accounts that are made at once."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.accounts import Accounts
from tests.support.servers import Key, Server


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
    with httpx.Client(base_url=server.url, headers=keys[0].headers) as opened:
        yield opened
