"""A server for each test, and both clients against it."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from callers import Awaited, Client, Connect
from loopback_server import ACCOUNT, PASSCODE, LoopbackMien
from mien_client import AsyncMien, Mien

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[LoopbackMien]:
    with LoopbackMien() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """The waits that the client wanted, in seconds; none is really slept."""
    return []


@pytest.fixture(params=["sync", "async"])
def connect(
    request: pytest.FixtureRequest, server: LoopbackMien, pauses: list[float]
) -> Iterator[Connect]:
    """Make a client of the server; the keyword arguments are those of `Mien`."""
    numbers = itertools.count(1)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def make(base_url: str = server.url, **options: Any) -> Client:
        fixed = {
            "account_id": ACCOUNT,
            "passcode": PASSCODE,
            "chance": lambda: 0.5,
            "now": lambda: NOW,
            "new_key": lambda: f"key{next(numbers)}",
        }
        if request.param == "sync":
            made: Client = Mien(base_url, **{**fixed, "sleep": pauses.append, **options})
        else:
            made = Awaited(AsyncMien(base_url, **{**fixed, "sleep": pause, **options}))
        return stack.enter_context(made)

    with ExitStack() as stack:
        yield make


@pytest.fixture
def mien(connect: Connect) -> Client:
    return connect()
