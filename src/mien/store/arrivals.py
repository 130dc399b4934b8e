"""What came in since a moment: places of events, changes and rejects by the time of their arrival.

Places rise with time, so the first of a time is found by halving: a few dozen point reads,
however much there is.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from mien.domain.changes import Change, decode_change
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.store.engine import Row, Transaction
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


class Arrival(msgspec.Struct, frozen=True):
    """What came in: an event by the id of its name, a change with its body, a reject by its code.

    `received_at` is epoch milliseconds; `profile` is 0 of a reject.
    """

    kind: Kind
    place: int
    received_at: int
    source: str
    profile: ProfileId = ProfileId(0)
    name: EventNameId = EventNameId(0)
    change: Change | None = None
    code: int = 0
    reason: str = ""


def _newest(table: sa.Table, place: "sa.Column[Any]", *others: "sa.Column[Any]") -> sa.Select[Any]:
    select = sa.select(place, table.c.received_at, table.c.source, *others)
    return (
        select.where(table.c.environment_id == _ENVIRONMENT, place >= _FROM, place <= _UPTO)
        .order_by(place.desc())
        .limit(sa.bindparam("count"))
    )


_UPTO: sa.BindParameter[int] = sa.bindparam("upto")
_NEWEST = {
    Kind.EVENT: _newest(*_PLACES[Kind.EVENT], events.c.profile_id, events.c.name_id),
    Kind.CHANGE: _newest(*_PLACES[Kind.CHANGE], changes.c.profile_id, changes.c.body),
    Kind.REJECT: _newest(*_PLACES[Kind.REJECT], rejects.c.code, rejects.c.reason),
}


def newest(
    tx: Transaction, environment: EnvironmentId, kind: Kind, *, first: int, upto: int, count: int
) -> list[Arrival]:
    """Give what came from a place on up to another, newest first, so many at most."""
    rows = tx.rows(_NEWEST[kind], environment=environment, first=first, upto=upto, count=count)
    return [_ARRIVALS[kind](row) for row in rows]


def _event(row: Row) -> Arrival:
    place, received_at, source, profile, name = row
    return Arrival(Kind.EVENT, place, received_at, source, profile=profile, name=name)


def _changed(row: Row) -> Arrival:
    place, received_at, source, profile, body = row
    change = decode_change(body)
    return Arrival(Kind.CHANGE, place, received_at, source, profile=profile, change=change)


def _refused(row: Row) -> Arrival:
    place, received_at, source, code, reason = row
    return Arrival(Kind.REJECT, place, received_at, source, code=code, reason=reason.decode())


_ARRIVALS: dict[Kind, Callable[[Row], Arrival]] = {
    Kind.EVENT: _event,
    Kind.CHANGE: _changed,
    Kind.REJECT: _refused,
}


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
