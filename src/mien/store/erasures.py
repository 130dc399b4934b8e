"""Erasures that were asked for: those that wait for their time, and receipts of those done.

A row names a profile by its number alone, so it is no trace of the person afterwards.
"""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId, ProfileId
from mien.store.engine import Row, Transaction
from mien.store.schema import planned_erasures
from mien.store.statements import OneOf


class PlannedErasure(msgspec.Struct, frozen=True):
    """An erasure that was asked for. Times are epoch milliseconds.

    `done_at` is None while it waits. `receipt` is JSON, empty while it waits and when
    nobody was there any more.
    """

    erasure_id: int
    profile: ProfileId
    asked_at: int
    due_at: int
    source: str
    done_at: int | None = None
    receipt: bytes = b""


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FIELDS = [column for column in planned_erasures.columns if column.name != "environment_id"]
_OURS = planned_erasures.c.environment_id == _ENVIRONMENT
_ONE = planned_erasures.c.erasure_id == sa.bindparam("erasure")
_WAITS = planned_erasures.c.done_at.is_(None)

_PAGE = (
    sa.select(*_FIELDS)
    .where(_OURS, planned_erasures.c.erasure_id < sa.bindparam("before"))
    .order_by(planned_erasures.c.erasure_id.desc())
    .limit(sa.bindparam("count"))
)
_FIND = sa.select(*_FIELDS).where(_OURS, _ONE)
_WAITING = sa.select(*_FIELDS).where(_OURS, _WAITS, OneOf(planned_erasures.c.profile_id))
_DUE = (
    sa.select(*_FIELDS)
    .where(_OURS, _WAITS, planned_erasures.c.due_at <= sa.bindparam("now"))
    .order_by(planned_erasures.c.due_at, planned_erasures.c.erasure_id)
    .limit(sa.bindparam("count"))
)
_ADVANCE = (
    sa.update(planned_erasures).values(due_at=sa.bindparam("new_due")).where(_OURS, _ONE, _WAITS)
)
_BEGIN = sa.update(planned_erasures).values(done_at=sa.bindparam("now")).where(_OURS, _ONE, _WAITS)
_KEEP = sa.update(planned_erasures).values(receipt=sa.bindparam("new_receipt")).where(_OURS, _ONE)
_CANCEL = sa.delete(planned_erasures).where(_OURS, _ONE, _WAITS)


def plan(tx: Transaction, environment: EnvironmentId, rows: Sequence[PlannedErasure]) -> None:
    """Note erasures that were asked for."""
    tx.insert(planned_erasures, [(environment, *msgspec.structs.astuple(row)) for row in rows])


def page(
    tx: Transaction, environment: EnvironmentId, *, before: int, count: int
) -> list[PlannedErasure]:
    """Give erasures, those asked for last first, older than the one of id `before`."""
    rows = tx.rows(_PAGE, environment=environment, before=before, count=count)
    return [_planned(row) for row in rows]


def find(tx: Transaction, environment: EnvironmentId, erasure: int) -> PlannedErasure | None:
    """Find an erasure by its id."""
    row = tx.row(_FIND, environment=environment, erasure=erasure)
    return _planned(row) if row else None


def waiting(
    tx: Transaction, environment: EnvironmentId, profiles: Sequence[ProfileId]
) -> dict[ProfileId, PlannedErasure]:
    """Give the erasures of these profiles that wait, by profile."""
    rows = tx.rows(_WAITING, environment=environment, values=profiles) if profiles else []
    return {row[1]: _planned(row) for row in rows}


def due(
    tx: Transaction, environment: EnvironmentId, *, now_ms: int, count: int
) -> list[PlannedErasure]:
    """Give the erasures whose time has come."""
    return [
        _planned(row) for row in tx.rows(_DUE, environment=environment, now=now_ms, count=count)
    ]


def advance(tx: Transaction, environment: EnvironmentId, erasure: int, *, due_ms: int) -> None:
    """Let a waiting erasure happen at another time."""
    tx.run(_ADVANCE, environment=environment, erasure=erasure, new_due=due_ms)


def begin(tx: Transaction, environment: EnvironmentId, erasure: int, *, now_ms: int) -> bool:
    """Take an erasure that waits in hand; false if it was cancelled, or others took it."""
    return tx.run(_BEGIN, environment=environment, erasure=erasure, now=now_ms) == 1


def keep_receipt(tx: Transaction, environment: EnvironmentId, erasure: int, receipt: bytes) -> None:
    """Keep what was removed."""
    tx.run(_KEEP, environment=environment, erasure=erasure, new_receipt=receipt)


def cancel(tx: Transaction, environment: EnvironmentId, erasure: int) -> bool:
    """Drop an erasure that waits; false if it does not wait any more."""
    return tx.run(_CANCEL, environment=environment, erasure=erasure) == 1


def _planned(row: Row) -> PlannedErasure:
    return PlannedErasure(*row)
