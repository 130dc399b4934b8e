"""Answers that take long: asked for once, and fetched by a `req_id` when they are there (G-12).

They are kept in memory for ten minutes, by the process that works them out. Any other process,
and this one after a restart, finds what was asked in the record (`services.report_requests`).
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from mien.domain.ids import EnvironmentId
from mien.http.limits import TooManyRequestsError
from mien.services.report_requests import ASKED_MS

KEPT_SECONDS = ASKED_MS / 1_000
KEPT = 1_000
"""Answers kept at once; the oldest that are done are forgotten first."""

AT_ONCE = 4
"""Answers worked out at once; more wait, so that other requests find a thread."""

_POLL_SECONDS = 1.0


class _Kept(msgspec.Struct, eq=False):
    environment: EnvironmentId
    purpose: str
    task: "asyncio.Task[bytes]"
    until: float


class Waiting:
    """The answers under way and those that wait to be fetched."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long a call waits for its answer before it is told a `req_id`."""
        self._seconds = seconds
        self._kept: dict[str, _Kept] = {}
        self._places: asyncio.Semaphore | None = None

    async def begin(
        self,
        environment: EnvironmentId,
        purpose: str,
        request: str,
        work: Callable[[], Awaitable[bytes]],
    ) -> bytes | None:
        """Work an answer out, and give it; None when it takes longer than a call waits.

        Raises `TooManyRequestsError` if as many are under way as are kept.
        """
        self._forget_old()
        self._make_room()
        task = asyncio.create_task(self._work(work))
        # Whoever never asks again leaves no complaint of a failure that nobody saw.
        task.add_done_callback(_look_at)
        until = asyncio.get_running_loop().time() + KEPT_SECONDS
        self._kept[request] = _Kept(environment, purpose, task, until)
        return await self._answer(request, self._seconds)

    def has(self, environment: EnvironmentId, purpose: str, request: str) -> bool:
        """Tell whether this process has an answer, or works on it."""
        self._forget_old()
        kept = self._kept.get(request)
        return kept is not None and (kept.environment, kept.purpose) == (environment, purpose)

    async def fetch(self, request: str) -> bytes | None:
        """Give an answer that is here; None while it is still being worked out."""
        return await self._answer(request, max(self._seconds, _POLL_SECONDS))

    async def _answer(self, request: str, seconds: float) -> bytes | None:
        task = self._kept[request].task
        await asyncio.wait({task}, timeout=seconds)
        return task.result() if task.done() else None

    async def _work(self, work: Callable[[], Awaitable[bytes]]) -> bytes:
        if self._places is None:
            self._places = asyncio.Semaphore(AT_ONCE)
        async with self._places:
            return await work()

    def _forget_old(self) -> None:
        now = asyncio.get_running_loop().time()
        self._kept = {
            request: kept
            for request, kept in self._kept.items()
            if kept.until > now or not kept.task.done()
        }

    def _make_room(self) -> None:
        if len(self._kept) < KEPT:
            return
        done = next((each for each, kept in self._kept.items() if kept.task.done()), None)
        if done is None:
            raise TooManyRequestsError
        del self._kept[done]


def _look_at(task: "asyncio.Task[bytes]") -> None:
    if not task.cancelled():
        task.exception()
