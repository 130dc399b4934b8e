"""Having it gathered when people were seen, for those who sort people by it.

The thread that writes the copy does it when somebody asks, and spends little of its time on
it: with a million people it takes a second, and uploads come first.
"""

import threading
import time

import msgspec

from mien import clock
from mien.analytics.catalog import Catalog
from mien.analytics.engine import Analytics
from mien.domain.ids import EnvironmentId

_SHARE = 0.1
"""How much of its time the thread that writes spends on it at most."""


class _Gathered(msgspec.Struct):
    """Up to which place of the log it was gathered, when (epoch ms; 0: never), and what it took."""

    place: int
    at: int = 0
    ended: float = 0.0
    seconds: float = 0.0


class Sights:
    """Knows for each environment how far it is gathered, and who waits for more."""

    def __init__(self, analytics: Analytics, wake: threading.Event) -> None:
        """Begin with nothing wanted; `wake` is set for the thread that writes."""
        self._analytics, self._wake = analytics, wake
        self._known: dict[EnvironmentId, _Gathered] = {}
        self._wanted: set[EnvironmentId] = set()
        self._moved = threading.Condition()

    def want(self, environment: EnvironmentId, place: int, *, seconds: float) -> int | None:
        """Ask for all up to a place of the log, and wait a little for it, unless it takes longer.

        Gives None once it is there; else as of when it was gathered last (epoch ms), 0 for never.
        """
        deadline = time.monotonic() + seconds
        with self._moved:
            while (known := self._known.get(environment)) is None or known.place < place:
                self._wanted.add(environment)
                self._wake.set()
                rest = deadline - time.monotonic()
                if rest <= 0 or (known is not None and known.seconds > seconds):
                    return 0 if known is None else known.at
                self._moved.wait(rest)
        return None

    def wanted(self) -> set[EnvironmentId]:
        """Give the environments of which somebody waits for more."""
        return self._wanted.copy()

    def gather(self, catalog: Catalog, place: int) -> None:
        """Gather what is wanted, unless that would take too much time; for the thread that writes.

        `place` is that of the copy.
        """
        environment = catalog.environment
        if environment not in self._wanted:
            return
        known = self._known.get(environment) or _Gathered(self._analytics.gathered(environment))
        began, began_at = time.monotonic(), clock.now_ms()
        if known.place < place:
            if began < known.ended + known.seconds / _SHARE:
                return
            # Whoever waits asks again should it fail; nobody else's steps wait for that.
            self._wanted.discard(environment)
            self._analytics.gather(catalog)
            ended = time.monotonic()
            known = _Gathered(place, ended=ended, seconds=ended - began)
        known.at = began_at
        with self._moved:
            self._wanted.discard(environment)
            self._known[environment] = known
            self._moved.notify_all()

    def forget(self) -> None:
        """Look anew at what the copy has."""
        with self._moved:
            self._known.clear()
