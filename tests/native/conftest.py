"""What the tests of our own API share: accounts that are made at once, and callers."""

from collections.abc import Iterator

import pytest

from tests.native.callers import Native
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
def native(server: Server, keys: tuple[Key, Key]) -> Iterator[Native]:
    """Give a caller with the live key of a new account."""
    caller = Native(server, keys[0])
    with caller.http:
        yield caller


@pytest.fixture
def native_test(server: Server, keys: tuple[Key, Key]) -> Iterator[Native]:
    """Give a caller with the test key of the same account."""
    caller = Native(server, keys[1])
    with caller.http:
        yield caller
