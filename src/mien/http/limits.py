"""How many requests may be in flight: per environment and endpoint (U-20)."""

import asyncio

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

    def place(self, environment: EnvironmentId, endpoint: str) -> "Place":
        """Hold a place; entering raises `TooManyRequestsError` if none came free in time."""
        places = self._places.get((environment, endpoint))
        if places is None:
            size = self._upload if endpoint == "upload" else self._other
            places = self._places[environment, endpoint] = asyncio.Semaphore(size)
        return Place(places, self._wait_seconds)


class Place:
    """One place, held from entering to leaving; a class, since each request makes one."""

    __slots__ = ("_places", "_wait_seconds")

    def __init__(self, places: asyncio.Semaphore, wait_seconds: float) -> None:
        self._places, self._wait_seconds = places, wait_seconds

    async def __aenter__(self) -> None:
        """Take the place, and wait for it if need be."""
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            await asyncio.wait_for(self._places.acquire(), self._wait_seconds)
        except TimeoutError as error:
            raise TooManyRequestsError from error

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self._places.release()
