"""What the tests of our own API share: callers."""

from collections.abc import Iterator

import pytest

from tests.native.callers import Native
from tests.support.servers import Key, Server


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
