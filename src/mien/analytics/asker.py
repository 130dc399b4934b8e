"""Who asks a question, for as long as they wait for its answer: what nobody waits for is stopped."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from mien.domain.errors import QuestionDroppedError

T = TypeVar("T")


class Asker:
    """Whoever asks. They may leave at any time; what is asked for them after that is refused.

    Questions go through many hands between the edge and the engine, so the thread that works
    for an asker knows them, not each function on the way.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._call_off: Callable[[], object] | None = None
        self._has_left = False

    def ask(self, work: Callable[[], T]) -> T:
        """Do work on this thread, whose questions are those of the asker."""
        before = _asker.set(self)
        try:
            return work()
        finally:
            _asker.reset(before)

    def leave(self) -> None:
        """Stop the question under way, and refuse the next."""
        with self._turn:
            self._has_left = True
            if self._call_off is not None:
                self._call_off()

    @contextmanager
    def wait(self, call_off: Callable[[], object]) -> Iterator[None]:
        """Call the body off if they leave before it is done; never once it is done."""
        with self._turn:
            self._check()
            self._call_off = call_off
        try:
            yield
        finally:
            with self._turn:
                self._call_off = None

    def check(self) -> None:
        """Raise `QuestionDroppedError` if they left."""
        with self._turn:
            self._check()

    def _check(self) -> None:
        if self._has_left:
            raise QuestionDroppedError


_asker: ContextVar[Asker] = ContextVar("asker")


def asker() -> Asker:
    """Give who asks on this thread; one who stays, if nobody said."""
    return _asker.get(None) or Asker()
