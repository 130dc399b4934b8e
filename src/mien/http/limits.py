"""How many requests may be in flight: per environment and endpoint (U-20)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId


class TooManyRequestsError(MienError):
    """Every place for this endpoint stayed taken while the request waited."""

    code = "too_many_requests"
    mend = "Wait as `Retry-After` says, then send again; keep fewer requests in flight."
    retry_seconds = 1

    def __init__(self) -> None:
        super().__init__("Too many concurrent requests")


class Limits:
    """Places for requests, by environment and endpoint."""

    def __init__(self, *, upload: int, other: int, wait_seconds: float) -> None:
        self._upload, self._other, self._wait_seconds = upload, other, wait_seconds
        self._places: dict[tuple[EnvironmentId, str], asyncio.Semaphore] = {}

    @asynccontextmanager
    async def place(self, environment: EnvironmentId, endpoint: str) -> AsyncIterator[None]:
        """Hold a place; raises `TooManyRequestsError` if none came free in time."""
        places = self._places.get((environment, endpoint))
        if places is None:
            size = self._upload if endpoint == "upload" else self._other
            places = self._places[environment, endpoint] = asyncio.Semaphore(size)
        if places.locked():
            try:
                await asyncio.wait_for(places.acquire(), self._wait_seconds)
            except TimeoutError as error:
                raise TooManyRequestsError from error
        else:
            await places.acquire()
        try:
            yield
        finally:
            places.release()
