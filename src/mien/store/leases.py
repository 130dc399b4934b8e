"""Leases: who of several processes does what only one may do."""

import msgspec
import sqlalchemy as sa

from mien.store.engine import Transaction
from mien.store.schema import leases

_FIND = sa.select(leases.c.holder, leases.c.beat).where(leases.c.name == sa.bindparam("lease"))
_TAKE = (
    sa.update(leases)
    .values(holder=sa.bindparam("new_holder"), beat=leases.c.beat + 1)
    .where(
        leases.c.name == sa.bindparam("lease"),
        leases.c.holder == sa.bindparam("old_holder"),
        leases.c.beat == sa.bindparam("old_beat"),
    )
)


class Held(msgspec.Struct, frozen=True):
    """Who holds a lease, "" for nobody, and how often it was written; it rises while they live."""

    holder: str = ""
    beat: int = 0


def find(tx: Transaction, name: str) -> Held:
    """Give who holds a lease."""
    row = tx.row(_FIND, lease=name)
    if row is None:
        tx.insert_new(leases, [(name, "", 0)])
        row = tx.row(_FIND, lease=name)
    return Held(row[0], row[1]) if row else Held()


def take(tx: Transaction, name: str, seen: Held, holder: str) -> bool:
    """Let another hold it, or the same again; false if it is not as it was seen any more."""
    values = {"lease": name, "old_holder": seen.holder, "old_beat": seen.beat}
    return tx.run(_TAKE, new_holder=holder, **values) == 1
