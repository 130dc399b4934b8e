"""The thread that keeps a lease while its process lives."""

import threading
from contextlib import suppress
from types import TracebackType

import structlog

from mien.domain.errors import MienError
from mien.services.leases import Lease

_BEATS = 5
"""How often it says that it lives in the time after which another takes over."""

_log = structlog.get_logger()


class Keeper:
    """Asks for a lease, and keeps it."""

    def __init__(self, lease: Lease) -> None:
        """Take the lease to keep."""
        self._lease = lease
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)

    def __enter__(self) -> "Keeper":
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, and let another process take over at once."""
        self._is_over.set()
        self._thread.join()
        # A store that cannot be reached any more is told by the silence.
        with suppress(MienError):
            self._lease.release()

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                self._lease.keep()
            except Exception as error:  # noqa: BLE001 - the thread outlives any one round
                _log.warning("lease.not_kept", exc_info=error)
            self._is_over.wait(self._lease.seconds / _BEATS)
