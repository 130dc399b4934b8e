"""The thread that writes exports to their files, a step at a time, and removes what is over."""

import time

import structlog

from mien.domain.exports import ExportState
from mien.jobs.loop import Loop
from mien.services.file_exports import FileExports
from mien.store.file_exports import StoredExport

_IDLE_SECONDS = 2.0
"""How often it looks for what other processes began or took back."""

_SWEEP_SECONDS = 10.0
_REST = 0.25
"""How long it rests after a step, in lengths of that step: requests come first."""

_log = structlog.get_logger()


class Exporter(Loop):
    """Writes what is begun while the server runs, and goes on where an earlier one ended."""

    name = "export"

    def __init__(self, exports: FileExports) -> None:
        super().__init__(wake=exports.begun)
        self._exports = exports
        self._swept = -_SWEEP_SECONDS
        exports.writer.tell = _log_end

    def step(self) -> float:
        """Write some rows, and sweep now and then."""
        began = time.monotonic()
        if began - self._swept >= _SWEEP_SECONDS:
            self._exports.writer.sweep()
            self._swept = began
        is_writing = self._exports.writer.advance()
        return _REST * (time.monotonic() - began) if is_writing else _IDLE_SECONDS

    def stop(self) -> None:
        """Let it end in the midst of a step: what is written so far is gone on with later."""
        self._exports.writer.stop()
        super().stop()


def _log_end(export: StoredExport) -> None:
    facts = {"environment_id": export.environment_id, "export": export.export_id}
    if export.state == ExportState.DONE:
        _log.info("export.done", **facts, rows=export.written)
    else:
        _log.warning("export.failed", **facts, why=export.problem)
