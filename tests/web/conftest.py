"""What the tests of the dashboard share, as far as they need no real browser."""

from collections.abc import Iterator

import pytest

from tests.support.offices import Browser, Office
from tests.support.servers import Server


@pytest.fixture
def office(server: Server) -> Iterator[Office]:
    """Give a new account whose members are made as they are asked for."""
    with Office(server, time_zone="Asia/Kolkata") as opened:
        yield opened


@pytest.fixture
def stranger(server: Server) -> Iterator[Browser]:
    """Give a browser in which nobody is signed in."""
    with Browser(server) as opened:
        yield opened
