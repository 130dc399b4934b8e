"""Requests that a browser sends again, since it never saw the answer: they count once.

The SDK keeps what it sent until it is answered, and sends it again from the next page, or
after three seconds. Who logs in without a guid gets the same one again. What is remembered
is a number for each request, for as long as there is room.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_REQUESTS = 100_000
"""How many are remembered at least; twice as many at most."""


class Repeats:
    """The requests that were applied lately, with the guid that each was answered with."""

    def __init__(self, requests: int = _REQUESTS) -> None:
        self._room = requests
        self._newer: dict[int, str] = {}
        self._older: dict[int, str] = {}
        self._under_way: dict[int, asyncio.Future[None]] = {}

    async def find(self, request: int) -> str | None:
        """Give the guid of a request that was applied before, None for one that is new.

        Waits for the same request if it is under way: its outcome is not known yet.
        """
        while (waiting := self._under_way.get(request)) is not None:
            await waiting
        known = self._newer.get(request)
        return self._older.get(request) if known is None else known

    @contextmanager
    def applying(self, request: int | None, guid: str) -> Iterator[None]:
        """Remember a request once it is applied; one that fails may come again.

        None is one that cannot be told from others, and is not remembered.
        """
        if request is None:
            yield
            return
        done = self._under_way[request] = asyncio.get_running_loop().create_future()
        try:
            yield
            self._remember(request, guid)
        finally:
            del self._under_way[request]
            done.set_result(None)

    def _remember(self, request: int, guid: str) -> None:
        if len(self._newer) >= self._room:
            self._older, self._newer = self._newer, {}
        self._newer[request] = guid
