"""What the tests of the benchmark share."""

import pytest

from bench.jobs import Target
from tests.support.servers import Key, Server


@pytest.fixture
def target(server: Server, keys: tuple[Key, Key]) -> Target:
    """Say where a load for a new account goes."""
    return Target(server.port, keys[0].account_id, keys[0].passcode)
