"""What operators ask of a store: is it there, and how much room does it take?"""

import sqlalchemy as sa

from mien.domain.errors import StoreUnavailableError
from mien.store.account_schema import accounts
from mien.store.engine import Store, StoreRefusedError

_DATABASE_BYTES = sa.select(sa.func.pg_database_size(sa.func.current_database()))

_ACCOUNTS = sa.select(sa.func.count()).select_from(accounts)


def is_answering(store: Store) -> bool:
    """Tell whether the store can be read."""
    try:
        with store.read() as tx:
            tx.row(_ACCOUNTS)
    except (StoreUnavailableError, StoreRefusedError):
        return False
    return True


def bytes_on_disk(store: Store) -> int:
    """Give the size of the SQLite file and its log, or of the PostgreSQL database."""
    if store.path is None:
        with store.read() as tx:
            row = tx.row(_DATABASE_BYTES)
        return int(row[0]) if row else 0
    files = (store.path, store.path.with_name(f"{store.path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
