"""Places in the log up to which everything is decided."""

import time

from mien.domain.errors import StoreUnavailableError
from mien.domain.ids import EnvironmentId
from mien.store import numbers
from mien.store.engine import Store

_STEP_SECONDS = 0.01
_WAIT_SECONDS = 2.0


def settled_place(store: Store, environment: EnvironmentId) -> int:
    """Give the last place in the log, once no writer can come with an earlier one.

    On PostgreSQL a writer under way may hold an earlier place than one that has
    committed: wait until those that were under way are done, which takes
    milliseconds, so that the place means the same set ever after.
    """
    with store.read() as tx:
        position = numbers.last_place(tx, environment)
        if store.is_sqlite:
            return position
        # An id of our own: the snapshot alone does not tell of writers that began last.
        own = numbers.transaction_id(tx)
        deadline = time.monotonic() + _WAIT_SECONDS
        while numbers.oldest_transaction(tx) < own:
            if time.monotonic() > deadline:
                msg = "Other writers did not finish in time; ask again in a moment."
                raise StoreUnavailableError(msg)
            time.sleep(_STEP_SECONDS)
    return position
