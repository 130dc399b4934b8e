"""Numbers that are handed out once: profile ids, places in the log, ids of accounts.

SQLite has one writer at a time, so a row of `counters` is enough. On PostgreSQL
the two busy ones are sequences, drawn after the rows are locked: of two writes to
one profile the later has the larger number.
"""

import sqlalchemy as sa

from mien.store.account_schema import environments
from mien.store.columns import metadata
from mien.store.engine import Row, Transaction
from mien.store.schema import counters

EVERYWHERE = 0
"""The environment of counters that belong to the whole store."""

profile_ids = sa.Sequence("profile_ids", metadata=metadata)
log_sequence = sa.Sequence("log_sequence", metadata=metadata)

_FIND = sa.select(counters.c.value).where(
    counters.c.environment_id == sa.bindparam("environment"),
    counters.c.name == sa.bindparam("name"),
)
_LOCK = _FIND.with_for_update()
_SET = (
    sa.update(counters)
    .values(value=sa.bindparam("new_value"))
    .where(
        counters.c.environment_id == sa.bindparam("environment"),
        counters.c.name == sa.bindparam("name"),
    )
)
_SERIES = sa.func.generate_series(1, sa.bindparam("count"))
_DRAW = {
    "profile": sa.select(profile_ids.next_value()).select_from(_SERIES),
    "log": sa.select(log_sequence.next_value()).select_from(_SERIES),
}
_TRANSACTION_ID = sa.select(sa.cast(sa.cast(sa.func.pg_current_xact_id(), sa.Text), sa.BigInteger))
# A sequence that was never drawn from has 1 as its last value, which is yet to be handed out.
_LAST_VALUE = sa.select(
    sa.case(
        (sa.column("is_called", sa.Boolean), sa.column("last_value", sa.BigInteger)),
        else_=sa.column("last_value", sa.BigInteger) - 1,
    )
).select_from(sa.table(log_sequence.name))
_OLDEST = sa.select(
    sa.cast(
        sa.cast(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot()), sa.Text), sa.BigInteger
    )
)
_MOMENT = {
    # SQLite: all places that were ever handed out, and the last environment.
    True: sa.select(
        sa.select(sa.func.sum(counters.c.value)).where(counters.c.name == "log").scalar_subquery(),
        sa.select(sa.func.max(environments.c.environment_id)).scalar_subquery(),
    ),
    False: sa.select(sa.cast(sa.func.pg_current_snapshot(), sa.Text)),
}
"""By engine: is it SQLite?"""


def reserve(tx: Transaction, environment: int, name: str, count: int = 1) -> range:
    """Hand out `count` numbers in a row that nobody had or will have."""
    known = tx.row(_FIND if tx.is_sqlite else _LOCK, environment=environment, name=name)
    if known is None:
        tx.insert_new(counters, [(environment, name, 0)])
        known = tx.row(_FIND if tx.is_sqlite else _LOCK, environment=environment, name=name)
    first: int = known[0] + 1 if known else 1
    tx.run(_SET, environment=environment, name=name, new_value=first + count - 1)
    return range(first, first + count)


def current(tx: Transaction, environment: int, name: str) -> int:
    """Give the last number handed out."""
    known = tx.row(_FIND, environment=environment, name=name)
    return known[0] if known else 0


def reserve_profiles(tx: Transaction, environment: int, count: int) -> list[int]:
    """Hand out ids of new profiles, rising."""
    if tx.is_sqlite:
        return list(reserve(tx, environment, "profile", count))
    return [row[0] for row in tx.rows(_DRAW["profile"], count=count)]


def give_back_profiles(tx: Transaction, environment: int, unused: list[int]) -> None:
    """Return the last ids drawn in this transaction, and empty the list.

    On PostgreSQL they stay where they are, for the next transaction of the process:
    what a sequence gave it never takes back.
    """
    if tx.is_sqlite and unused:
        tx.run(_SET, environment=environment, name="profile", new_value=min(unused) - 1)
        unused.clear()


def reserve_log(tx: Transaction, environment: int, count: int) -> list[int]:
    """Hand out places in the log, rising; on PostgreSQL only after the profiles are locked."""
    if tx.is_sqlite:
        return list(reserve(tx, environment, "log", count))
    return [row[0] for row in tx.rows(_DRAW["log"], count=count)]


def transaction_id(tx: Transaction) -> int:
    """Give PostgreSQL's id of this transaction, by which readers tell what they may see; else 0."""
    if tx.is_sqlite:
        return 0
    row = tx.row(_TRANSACTION_ID)
    return row[0] if row else 0


def last_place(tx: Transaction, environment: int) -> int:
    """Give the last place in the log that was handed out."""
    if tx.is_sqlite:
        return current(tx, environment, "log")
    row = tx.row(_LAST_VALUE)
    return row[0] if row else 0


def moment(tx: Transaction) -> Row | None:
    """Give what is another one once anything was written to the log, or an environment was made.

    On PostgreSQL it tells which transactions can be seen: a place that was drawn says nothing
    while its transaction is under way.
    """
    return tx.row(_MOMENT[tx.is_sqlite])


def oldest_transaction(tx: Transaction) -> int:
    """Give the id below which every transaction of PostgreSQL has ended."""
    row = tx.row(_OLDEST)
    return row[0] if row else 0
