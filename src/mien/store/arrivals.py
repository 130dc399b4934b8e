"""What came in since a moment: places of events, changes and rejects by the time of their arrival.

Places rise with time, so the first of a time is found by halving: a few dozen point reads,
however much there is.
"""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store.engine import Transaction
from mien.store.schema import changes, events, rejects

MOST = 100_000
"""Arrivals are counted up to so many."""


class Kind(StrEnum):
    """What arrives."""

    EVENT = "event"
    CHANGE = "change"
    REJECT = "reject"


_PLACES: dict[Kind, tuple[sa.Table, sa.Column[Any]]] = {
    Kind.EVENT: (events, events.c.sequence),
    Kind.CHANGE: (changes, changes.c.sequence),
    Kind.REJECT: (rejects, rejects.c.reject_id),
}
_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FROM: sa.BindParameter[int] = sa.bindparam("first")


def _next(table: sa.Table, place: "sa.Column[Any]") -> sa.Select[Any]:
    select = sa.select(place, table.c.received_at)
    return (
        select.where(table.c.environment_id == _ENVIRONMENT, place >= _FROM)
        .order_by(place)
        .limit(1)
    )


def _last(table: sa.Table, place: "sa.Column[Any]") -> sa.Select[Any]:
    select = sa.select(place).where(table.c.environment_id == _ENVIRONMENT)
    return select.order_by(place.desc()).limit(1)


def _count(table: sa.Table, place: "sa.Column[Any]") -> sa.Select[Any]:
    some = sa.select(sa.literal(1)).where(table.c.environment_id == _ENVIRONMENT, place >= _FROM)
    return sa.select(sa.func.count()).select_from(some.limit(MOST + 1).subquery())


_NEXT = {kind: _next(*each) for kind, each in _PLACES.items()}
_LAST = {kind: _last(*each) for kind, each in _PLACES.items()}
_COUNT = {kind: _count(*each) for kind, each in _PLACES.items()}


def last_place(tx: Transaction, environment: EnvironmentId, kind: Kind) -> int:
    """Give the last place of a kind; 0 if nothing ever came."""
    row = tx.row(_LAST[kind], environment=environment)
    return row[0] if row else 0


def first_place(tx: Transaction, environment: EnvironmentId, kind: Kind, *, since_ms: int) -> int:
    """Give the first place that came at a moment or later; the one after the last if none did."""
    low, high = 1, last_place(tx, environment, kind) + 1
    while low < high:
        middle = (low + high) // 2
        row = tx.row(_NEXT[kind], environment=environment, first=middle)
        if row is None or row[1] >= since_ms:
            high = middle
        else:
            low = row[0] + 1
    return low


def count_since(tx: Transaction, environment: EnvironmentId, kind: Kind, *, since_ms: int) -> int:
    """Count what came since a moment, up to one more than `MOST`."""
    first = first_place(tx, environment, kind, since_ms=since_ms)
    row = tx.row(_COUNT[kind], environment=environment, first=first)
    return row[0] if row else 0
