"""The thread that counts saved segments once a day, with a rest after each."""

import os
import threading
import time
from types import TracebackType

import structlog

from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId, SegmentId
from mien.services.segment_sizes import SegmentSizes
from mien.store.engine import RetryTransactionError

_IDLE_SECONDS = 5.0
"""How soon a new segment is counted."""

_REST = 4.0
"""How long it rests after a count, in lengths of that count: a fifth of one core at most."""

_LEAST_REST_SECONDS = 0.05
_PAUSE_SECONDS = 30.0
_NICENESS = 10

_log = structlog.get_logger()


class SizeKeeper:
    """Keeps the sizes of segments while the server runs."""

    def __init__(self, sizes: SegmentSizes) -> None:
        self._sizes = sizes
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sizes", daemon=True)

    def __enter__(self) -> "SizeKeeper":
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it finish its count and stop."""
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while not self._is_stopping.is_set():
            began = time.monotonic()
            try:
                rest = self._step(began)
            except Exception as error:  # noqa: BLE001 - the thread outlives any one count
                is_known = isinstance(error, MienError | RetryTransactionError)
                (_log.warning if is_known else _log.error)("sizes.failed", exc_info=error)
                rest = _PAUSE_SECONDS
            self._is_stopping.wait(rest)

    def _step(self, began: float) -> float:
        """Count one segment, and give how long to rest then, in seconds."""
        if not self._sizes.count_next(_log_refusal):
            return _IDLE_SECONDS
        return max(_LEAST_REST_SECONDS, _REST * (time.monotonic() - began))


def _log_refusal(environment: EnvironmentId, segment: SegmentId, error: MienError) -> None:
    _log.warning("sizes.refused", environment_id=environment, segment=segment, why=str(error))
