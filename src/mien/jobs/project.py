"""The thread that keeps the analytics copy up with the record."""

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from mien.jobs.loop import Loop
from mien.services.leases import Lease
from mien.services.projection import Projection, Rebuild, wish_of

_EVERY_SECONDS = 0.2
"""How long a change waits for its copy when nobody asks: the more there is to copy at once, the
less it takes of what uploads need."""

_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""How long it waits after a failure: twice as long each time."""

_NICENESS = 5
"""Uploads go first: who waits for a count gets it as soon as they leave room."""

_log = structlog.get_logger()


def _nothing(_seconds: float) -> None:
    pass


class Projector(Loop):
    """Copies what is new a few times a second, and at once when somebody waits for it."""

    name = "projection"
    niceness = _NICENESS

    def __init__(
        self,
        projection: Projection,
        data: Path,
        measure: Callable[[float], None] = _nothing,
        *,
        lease: Lease | None = None,
    ) -> None:
        """Keep a copy up; `measure` is given the seconds of each step.

        With a lease it writes while it holds that, and else follows the process that does.
        """
        super().__init__(wake=projection.wanted)
        self._projection, self._wish, self._measure = projection, wish_of(data), measure
        self._lease, self._is_leading = lease, lease is None
        projection.is_following = lease is not None
        if lease is not None:
            projection.may_write = lambda: lease.is_held
        self._rebuild: Rebuild | None = None
        self._pause = _PAUSE_SECONDS

    def step(self) -> float:
        """Copy some of what is new."""
        is_behind = self._advance()
        self._pause = _PAUSE_SECONDS
        return 0 if is_behind else _EVERY_SECONDS

    def failed(self, error: Exception) -> float:
        """Begin again from what the copy has, after a pause that grows."""
        super().failed(error)
        self._projection.recover()
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        return pause

    def stop(self) -> None:
        """Let it finish its step; who still waits for a copy is told that it is behind."""
        super().stop()
        self._projection.stop()

    def _advance(self) -> bool:
        """Take a step, and one of a rebuild that was asked for; true if there is more to do."""
        if self._lease is not None and not self._leads(self._lease):
            self._projection.follow_all()
            return False
        if self._rebuild is None and self._wish.exists():
            self._rebuild = Rebuild(self._projection)
            self._keep_busy(is_busy=True)
            _log.info("analytics.rebuild_started")
        began, steps = time.perf_counter(), self._projection.steps
        is_behind = self._projection.advance_all()
        if self._projection.steps > steps:
            self._measure(time.perf_counter() - began)
        if self._rebuild is not None and not self._rebuild.advance():
            self._rebuild.finish()
            self._rebuild = None
            self._keep_busy(is_busy=False)
            self._projection.advance_all()
            self._wish.unlink(missing_ok=True)
            _log.info("analytics.rebuilt")
        return is_behind or self._rebuild is not None

    def _leads(self, lease: Lease) -> bool:
        """Tell whether this process writes now; it takes over when a rebuild is asked of it."""
        if not lease.is_held and self._wish.exists():
            lease.keep(at_once=True)
        if lease.is_held != self._is_leading:
            self._is_leading = not self._is_leading
            if not self._is_leading:
                self._rebuild = None
                lease.is_busy = False
            self._projection.lead(is_leading=self._is_leading)
            _log.info("projection.leads" if self._is_leading else "projection.follows")
        return self._is_leading

    def _keep_busy(self, *, is_busy: bool) -> None:
        if self._lease is not None:
            self._lease.is_busy = is_busy
            self._lease.keep()
