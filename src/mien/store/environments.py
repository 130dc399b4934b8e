"""What environments decided for themselves, as stored; absent for those that changed nothing."""

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store import numbers
from mien.store.account_schema import environment_settings
from mien.store.definitions import VERSION
from mien.store.engine import Transaction

_FIND = sa.select(environment_settings.c.settings).where(
    environment_settings.c.environment_id == sa.bindparam("environment")
)
_LOCK = _FIND.with_for_update()


def find_settings(
    tx: Transaction, environment: EnvironmentId, *, is_locked: bool = False
) -> bytes | None:
    """Give the settings as JSON; None if they were never changed."""
    row = tx.row(_LOCK if is_locked and not tx.is_sqlite else _FIND, environment=environment)
    return row[0] if row else None


def save_settings(
    tx: Transaction, environment: EnvironmentId, settings: bytes, *, now_ms: int, source: str
) -> None:
    """Write the settings, and tell every process that what it knows is old."""
    tx.upsert(environment_settings, [(environment, settings, now_ms, source)])
    numbers.reserve(tx, environment, VERSION)
