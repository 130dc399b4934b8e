"""The thread that writes exports to their files, a step at a time, and removes what is over."""

import os
import threading
import time
from types import TracebackType

import structlog

from mien.domain.errors import MienError
from mien.domain.exports import ExportState
from mien.services.file_exports import FileExports
from mien.store.engine import RetryTransactionError
from mien.store.file_exports import StoredExport

_IDLE_SECONDS = 2.0
"""How often it looks for what other processes began or took back."""

_SWEEP_SECONDS = 10.0
_PAUSE_SECONDS = 5.0
_REST = 0.25
"""How long it rests after a step, in lengths of that step: requests come first."""

_NICENESS = 10

_log = structlog.get_logger()


class Exporter:
    """Writes what is begun while the server runs, and goes on where an earlier one ended."""

    def __init__(self, exports: FileExports) -> None:
        self._exports = exports
        exports.writer.tell = _log_end
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)

    def __enter__(self) -> "Exporter":
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it finish its step and stop."""
        self._is_stopping.set()
        self._exports.begun.set()
        self._exports.writer.stop()
        self._thread.join()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        swept = -_SWEEP_SECONDS
        while not self._is_stopping.is_set():
            began = time.monotonic()
            try:
                if began - swept >= _SWEEP_SECONDS:
                    self._exports.writer.sweep()
                    swept = began
                self._exports.begun.clear()
                is_writing = self._exports.writer.advance()
            except Exception as error:  # noqa: BLE001 - the thread outlives any one step
                is_known = isinstance(error, MienError | RetryTransactionError)
                (_log.warning if is_known else _log.error)("export.step_failed", exc_info=error)
                self._is_stopping.wait(_PAUSE_SECONDS)
                continue
            if is_writing:
                self._is_stopping.wait(_REST * (time.monotonic() - began))
            else:
                self._exports.begun.wait(_IDLE_SECONDS)


def _log_end(export: StoredExport) -> None:
    facts = {"environment_id": export.environment_id, "export": export.export_id}
    if export.state == ExportState.DONE:
        _log.info("export.done", **facts, rows=export.written)
    else:
        _log.warning("export.failed", **facts, why=export.problem)
