"""How many requests may be in flight per environment and endpoint (U-20), or come from one client."""

import asyncio

from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId

_CLIENTS = 100_000
"""Clients remembered at once; those that are at rest are forgotten first."""


class TooManyRequestsError(MienError):
    """Every place for this endpoint stayed taken while the request waited."""

    code = "too_many_requests"
    mend = "Wait as `Retry-After` says, then send again; keep fewer requests in flight."
    retry_seconds = 1

    def __init__(self) -> None:
        super().__init__("Too many concurrent requests")


class ClientTooFastError(TooManyRequestsError):
    """One client asked more often than `MIEN_SDK_RATE` and `MIEN_SDK_BURST` let it."""

    code = "client_too_fast"
    mend = (
        "Wait as `Retry-After` says. If many people share one address, raise the settings; if "
        "a proxy stands before the server, set `MIEN_PROXIES`."
    )

    def __init__(self) -> None:
        MienError.__init__(self, "This client sends too many requests; wait a second.")


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


class Pace:
    """How often each client may ask: `rate` times a second on average, `burst` times at once.

    A rate of 0 bounds nobody.
    """

    def __init__(self, *, rate: float, burst: int) -> None:
        self._step = 1 / rate if rate > 0 else 0.0
        self._room = self._step * (burst + 0.5)
        self._busy_until: dict[str, float] = {}

    def allow(self, client: str, *, now: float) -> bool:
        """Count one request; false if the client is over its rate, and it is not counted.

        `now` is in seconds, of any clock that never goes back.
        """
        if not self._step:
            return True
        until = max(self._busy_until.get(client, 0.0), now) + self._step
        if until - now > self._room:
            return False
        if len(self._busy_until) >= _CLIENTS:
            self._forget(now)
        self._busy_until[client] = until
        return True

    def _forget(self, now: float) -> None:
        busy = {client: until for client, until in self._busy_until.items() if until > now}
        # Nobody is at rest: a crowd of this size starts anew rather than take all memory.
        self._busy_until = busy if len(busy) < _CLIENTS else {}
