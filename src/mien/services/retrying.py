"""Writing outside the ingest thread: again from the start when another writer got in between."""

import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

from mien.domain.errors import StoreUnavailableError
from mien.store.engine import RetryTransactionError, Store, Transaction

T = TypeVar("T")

Also: TypeAlias = Callable[[Transaction, Any], bool]
"""Writes something in the transaction of something else, whose outcome it is given; false if not."""

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.005


class _Beside:
    """What is still to be written with something else; nothing, if it is None."""

    def __init__(self, also: Also | None) -> None:
        self._also = also

    def add(self, tx: Transaction, done: object) -> bool:
        """Write it with something that was done; false if there is nothing to say of that."""
        return self._also is not None and self._also(tx, done)

    def settle(self) -> None:
        """Leave it at that: it is on disk."""
        self._also = None


_beside: ContextVar[_Beside] = ContextVar("beside", default=_Beside(None))  # noqa: B039 - never set


def write_together(work: Callable[[], T], also: Also) -> T:
    """Run work on this thread, and write something in the same transaction as the work does.

    That is the first (of `write_retried`) of which `also` has something to say. So an act and the
    note of it are on disk together, or neither is, and nothing on the way to the transaction has
    to know of notes.
    """
    before = _beside.set(_Beside(also))
    try:
        return work()
    finally:
        _beside.reset(before)


def write_retried(store: Store, work: Callable[[Transaction], T]) -> T:
    """Run work in one transaction, and again if another process was first.

    Raises `StoreUnavailableError` if others stay in the way; then nothing was changed.
    """
    beside = _beside.get()
    for attempt in range(_ATTEMPTS):
        try:
            with store.write() as tx:
                done = work(tx)
                is_added = beside.add(tx, done)
        except RetryTransactionError:
            # Uneven pauses, so that two processes in each other's way part.
            time.sleep(_PAUSE_SECONDS * attempt * random.random())  # noqa: S311
            continue
        if is_added:
            beside.settle()
        return done
    msg = "Other writers were in the way for too long; nothing was changed, ask again."
    raise StoreUnavailableError(msg)
