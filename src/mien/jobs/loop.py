"""A thread that does a step again and again beside the server, and outlives any that fails."""

import os
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import ClassVar, Self

import structlog

from mien.domain.errors import MienError
from mien.store.engine import RetryTransactionError

_log = structlog.get_logger()


class Loop(ABC):
    """Runs `step` while it is entered; a kind of work is a class of its own.

    A step gives how many seconds to rest after it; `wake` ends a rest early.
    """

    name: ClassVar[str]
    """Of the thread, and of what is logged."""

    niceness: ClassVar[int] = 10
    """How far requests go before it."""

    pause_seconds: ClassVar[float] = 5.0
    """How long it rests after a step that failed."""

    def __init__(self, wake: threading.Event | None = None) -> None:
        self._wake = threading.Event() if wake is None else wake
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abstractmethod
    def step(self) -> float:
        """Do some of the work."""

    def failed(self, error: Exception) -> float:
        """Log a failure, and give how many seconds to rest."""
        is_known = isinstance(error, MienError | RetryTransactionError)
        (_log.warning if is_known else _log.error)(f"{self.name}.failed", exc_info=error)
        return self.pause_seconds

    def stop(self) -> None:
        """Let it end after the step that it is at, and wait for that."""
        self._is_stopping = True
        self._wake.set()
        self._thread.join()

    def __enter__(self) -> Self:
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self.niceness)
        while not self._is_stopping:
            try:
                rest = self.step()
            except Exception as error:  # noqa: BLE001 - the thread outlives any one step
                rest = self.failed(error)
            self._wake.wait(rest)
            self._wake.clear()
