"""The thread that keeps a lease while its process lives."""

from contextlib import suppress

from mien.domain.errors import MienError
from mien.jobs.loop import Loop
from mien.services.leases import Lease
from mien.store.engine import RetryTransactionError

_BEATS = 5
"""How often it says that it lives in the time after which another takes over."""


class Keeper(Loop):
    """Asks for a lease, and keeps it."""

    name = "lease"
    niceness = 0

    def __init__(self, lease: Lease) -> None:
        """Take the lease to keep."""
        super().__init__()
        self._lease = lease

    def step(self) -> float:
        """Say that this process lives."""
        self._lease.keep()
        return self._lease.seconds / _BEATS

    def failed(self, error: Exception) -> float:
        """Try again in time."""
        super().failed(error)
        return self._lease.seconds / _BEATS

    def stop(self) -> None:
        """Stop it, and let another process take over at once."""
        super().stop()
        # A store that cannot be reached any more is told by the silence.
        with suppress(MienError, RetryTransactionError):
            self._lease.release()
