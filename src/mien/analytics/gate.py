"""Letting many in at once, or one alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Those beside each other do not wait; who comes alone waits until they are gone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Go in beside others."""
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody is inside, and keep others out meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside == 0)
            yield
