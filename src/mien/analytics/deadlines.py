"""Ending what takes too long: one thread watches over all questions of an engine."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Deadlines:
    """Calls off what is not done in time.

    A thread a question would cost more than a small question itself. The thread is made
    when it is first needed, and seldom woken: a later deadline than the one it waits for can wait.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: dict[int, tuple[float, Callable[[], object]]] = {}
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self._last = 0

    @contextmanager
    def within(self, seconds: float, call_off: Callable[[], object]) -> Iterator[None]:
        """Call something off when the body is not done in time; never once it is done."""
        number = self._begin(time.monotonic() + seconds, call_off)
        try:
            yield
        finally:
            with self._changed:
                self._pending.pop(number, None)

    def stop(self) -> None:
        """Let the thread end; what is under way is not called off any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _begin(self, deadline: float, call_off: Callable[[], object]) -> int:
        with self._changed:
            self._last += 1
            self._pending[self._last] = (deadline, call_off)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            if deadline < self._wakes_at:
                self._changed.notify_all()
            return self._last

    def _watch(self) -> None:
        with self._changed:
            while not self._is_stopped:
                now = time.monotonic()
                for number, (deadline, call_off) in list(self._pending.items()):
                    if deadline <= now:
                        del self._pending[number]
                        call_off()
                self._wakes_at = min((each for each, _ in self._pending.values()), default=math.inf)
                idle = self._wakes_at == math.inf
                self._changed.wait(None if idle else max(0.0, self._wakes_at - now))
