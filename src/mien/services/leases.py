"""Which of several processes does a piece of work: the one that holds its lease in the store.

Who holds it writes a number that rises, and whoever sees that number stand still for long
enough takes the lease. So nobody compares the clocks of two machines.
"""

import time

from mien import clock
from mien.store import leases
from mien.store.engine import Store
from mien.store.leases import Held

SECONDS = 10.0
"""How long a holder may be silent before another takes over."""

_BUSY = "busy:"


class Lease:
    """The wish of this process to hold a lease, and whether it does.

    `keep` is called several times in `seconds`. A holder that could not say for half of that
    that it lives stops to believe that it holds it, before another may.
    """

    def __init__(self, store: Store, name: str, *, seconds: float = SECONDS) -> None:
        """Hold nothing yet."""
        self._store, self._name, self.seconds = store, name, seconds
        self._me = clock.new_secret().hex()[:16]
        self._seen, self._seen_at = Held(), time.monotonic()
        self._good_until = 0.0
        self.is_busy = False
        """Whether it is in the middle of something that nobody shall take from it while it lives."""

    @property
    def is_held(self) -> bool:
        """Whether this process may do the work."""
        return time.monotonic() < self._good_until

    def keep(self, *, at_once: bool = False) -> None:
        """Say that this process lives, or take the lease from one that does not.

        With `at_once` it is taken from one that lives, too, unless that is busy.
        """
        began = time.monotonic()
        with self._store.write() as tx:
            seen = leases.find(tx, self._name)
            is_mine = seen.holder.removeprefix(_BUSY) == self._me
            if seen != self._seen:
                self._seen, self._seen_at = seen, began
            is_free = not seen.holder or began - self._seen_at >= self.seconds
            may_take = is_free or (at_once and not seen.holder.startswith(_BUSY))
            name = f"{_BUSY if self.is_busy else ''}{self._me}"
            held = (is_mine or may_take) and leases.take(tx, self._name, seen, name)
        self._good_until = began + self.seconds / 2 if held else 0.0

    def release(self) -> None:
        """Let another take it at once, as this process ends."""
        self._good_until = 0.0
        with self._store.write() as tx:
            seen = leases.find(tx, self._name)
            if seen.holder.removeprefix(_BUSY) == self._me:
                leases.take(tx, self._name, seen, "")
