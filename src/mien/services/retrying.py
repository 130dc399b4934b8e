"""Writing outside the ingest thread: again from the start when another writer got in between."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from mien.domain.errors import StoreUnavailableError
from mien.store.engine import RetryTransactionError, Store, Transaction

T = TypeVar("T")

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.005


def write_retried(store: Store, work: Callable[[Transaction], T]) -> T:
    """Run work in one transaction, and again if another process was first.

    Raises `StoreUnavailableError` if others stay in the way; then nothing was changed.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with store.write() as tx:
                return work(tx)
        except RetryTransactionError:
            # Uneven pauses, so that two processes in each other's way part.
            time.sleep(_PAUSE_SECONDS * attempt * random.random())  # noqa: S311
    msg = "Other writers were in the way for too long; nothing was changed, ask again."
    raise StoreUnavailableError(msg)
