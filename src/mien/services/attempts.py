"""How often somebody may guess a password: a bound for each address, person and pair of both."""

import hashlib
from collections.abc import Iterable
from threading import Lock

_WINDOW_SECONDS = 900.0
_REMEMBERED = 100_000

BY_PAIR, BY_EMAIL, BY_NETWORK = 5, 50, 30


class Attempts:
    """Counts attempts to sign in within a quarter of an hour, in the memory of this server.

    The bound of one address and one person is low; those of either alone are higher, so
    that nobody locks another out by guessing, nor an office its members by mistyping.
    """

    def __init__(self) -> None:
        self._counts: dict[bytes, tuple[float, int]] = {}
        self._lock = Lock()

    def begin(self, email: str, network: str, *, now: float) -> float:
        """Count an attempt before it is made; give how many seconds it has to wait, 0 for none.

        `now` is in seconds, of any clock that never goes back. An attempt that has to wait
        is not counted.
        """
        bounds = list(_bounds(email, network))
        with self._lock:
            waits = [self._wait(key, most, now) for key, most in bounds]
            if any(waits):
                return max(waits)
            if len(self._counts) >= _REMEMBERED:
                self._forget(now)
            for key, _ in bounds:
                since, count = self._counts.get(key, (now, 0))
                is_over = now - since >= _WINDOW_SECONDS
                self._counts[key] = (now, 1) if is_over else (since, count + 1)
        return 0.0

    def succeed(self, email: str, network: str) -> None:
        """Forget the attempts of somebody who knew the password."""
        pair, _ = next(iter(_bounds(email, network)))
        with self._lock:
            self._counts.pop(pair, None)

    def _wait(self, key: bytes, most: int, now: float) -> float:
        since, count = self._counts.get(key, (now, 0))
        left = since + _WINDOW_SECONDS - now
        return left if count >= most and left > 0 else 0.0

    def _forget(self, now: float) -> None:
        counts = {
            key: (since, count)
            for key, (since, count) in self._counts.items()
            if now - since < _WINDOW_SECONDS
        }
        # A crowd of this size starts anew rather than take all memory.
        self._counts = counts if len(counts) < _REMEMBERED else {}


def _bounds(email: str, network: str) -> Iterable[tuple[bytes, int]]:
    for most, *parts in ((BY_PAIR, email, network), (BY_EMAIL, email), (BY_NETWORK, "", network)):
        yield hashlib.sha256("\n".join(parts).encode()).digest(), most
