"""The thread that counts saved segments once a day, with a rest after each."""

import time
from typing import Self

import structlog

from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId, SegmentId
from mien.jobs.keeper import Keeper
from mien.jobs.loop import Loop
from mien.services.segment_sizes import SegmentSizes

_IDLE_SECONDS = 5.0
"""How soon a new segment is counted."""

_REST = 4.0
"""How long it rests after a count, in lengths of that count: a fifth of one core at most."""

_LEAST_REST_SECONDS = 0.05

_log = structlog.get_logger()


class SizeKeeper(Loop):
    """Keeps the sizes of segments while the server runs."""

    name = "sizes"
    pause_seconds = 30.0

    def __init__(self, sizes: SegmentSizes) -> None:
        super().__init__()
        self._sizes = sizes
        self._keeper = None if sizes.lease is None else Keeper(sizes.lease)

    def __enter__(self) -> Self:
        """Start it, and keep its lease."""
        if self._keeper is not None:
            self._keeper.__enter__()
        return super().__enter__()

    def stop(self) -> None:
        """Let it finish its count, and another process go on."""
        super().stop()
        if self._keeper is not None:
            self._keeper.stop()

    def step(self) -> float:
        """Count one segment."""
        began = time.monotonic()
        if not self._sizes.count_next(_log_refusal):
            return _IDLE_SECONDS
        return max(_LEAST_REST_SECONDS, _REST * (time.monotonic() - began))


def _log_refusal(environment: EnvironmentId, segment: SegmentId, error: MienError) -> None:
    _log.warning("sizes.refused", environment_id=environment, segment=segment, why=str(error))
