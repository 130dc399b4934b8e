"""The two append-only tables: events, and the change log of profiles.

Both draw their places from one counter. The rows of one profile form a chain that
is walked from its newest row, so appending never touches an index by profile.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from mien.domain.changes import Change, decode_change
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.store.engine import Row, Transaction
from mien.store.schema import changes, events
from mien.store.statements import OneOf


class StoredEvent(msgspec.Struct, frozen=True):
    """One event as stored; `body` are its properties as JSON, `session` those of its session."""

    sequence: int
    profile: ProfileId
    previous: int
    name: EventNameId
    occurred_at: int
    received_at: int
    object_id: str
    source: str
    transaction: int
    body: bytes
    session: bytes | None = None


class StoredChange(msgspec.Struct, frozen=True):
    """One row of the change log."""

    sequence: int
    profile: ProfileId
    previous: int
    received_at: int
    source: str
    transaction: int
    change: Change


QUARTER_SECONDS = 900
"""The clocks of all time zones are whole quarters of an hour apart."""

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_START: sa.BindParameter[int] = sa.bindparam("start")
_COUNT: sa.BindParameter[int] = sa.bindparam("count")


def _chain(
    table: sa.Table, *only: str, is_sqlite: bool, ends: Sequence[sa.ColumnElement[bool]] = ()
) -> sa.Select[Any]:
    """Walk the rows of one profile from `start` backwards, at most `count`.

    Of all columns, or `only` these, and no further than the first row that is not as `ends` says.
    """
    wanted = only or [column.name for column in table.columns if column.name != "environment_id"]
    columns = [table.c[name] for name in wanted]
    row = sa.select(*columns).where(table.c.environment_id == _ENVIRONMENT, *ends)
    chain = row.where(table.c.sequence == _START).cte("chain", recursive=True)
    previous = row.where(table.c.sequence == chain.c.previous)
    if is_sqlite:
        return sa.select(chain.union_all(previous)).limit(_COUNT)
    # Row by row, by the key: PostgreSQL would read the whole table again for each step of a
    # join while it has no statistics of it.
    step = previous.limit(1).lateral("step")
    chain = chain.union_all(sa.select(step).select_from(chain.join(step, sa.true())))
    return sa.select(chain).limit(_COUNT)


def _quarters(*, is_sqlite: bool) -> sa.Select[Any]:
    names = ("previous", "occurred_at", "received_at", "object_id")
    ends = (events.c.received_at >= sa.bindparam("arrived_from"),)
    walked = _chain(events, *names, is_sqlite=is_sqlite, ends=ends).subquery()
    quarter = walked.c.occurred_at // sa.literal_column(str(QUARTER_SECONDS), sa.BigInteger)
    is_meant = walked.c.received_at <= sa.bindparam("arrived_until")
    meant = sa.func.sum(sa.case((is_meant, 1), else_=0))
    return sa.select(quarter, walked.c.object_id, meant, sa.func.count()).group_by(
        quarter, walked.c.object_id
    )


_EVENT_CHAIN = {kind: _chain(events, is_sqlite=kind) for kind in (True, False)}
_QUARTERS = {kind: _quarters(is_sqlite=kind) for kind in (True, False)}
_CHANGE_CHAIN = {kind: _chain(changes, is_sqlite=kind) for kind in (True, False)}
"""By engine: is it SQLite?"""

_EVENTS = sa.select(
    *[column for column in events.columns if column.name != "environment_id"]
).where(events.c.environment_id == _ENVIRONMENT, OneOf(events.c.sequence))
_DELETE_EVENTS = sa.delete(events).where(
    events.c.environment_id == _ENVIRONMENT, OneOf(events.c.sequence)
)
_DELETE_CHANGES = sa.delete(changes).where(
    changes.c.environment_id == _ENVIRONMENT, OneOf(changes.c.sequence)
)
_REWRITE = (
    sa.update(changes)
    .values(body=sa.bindparam("new_body"))
    .where(changes.c.environment_id == _ENVIRONMENT, changes.c.sequence == sa.bindparam("place"))
)

_BLANK_DEVICES = (
    sa.update(events)
    .values(object_id=sa.literal("", events.c.object_id.type))
    .where(events.c.environment_id == _ENVIRONMENT, OneOf(events.c.sequence))
)

_STEP = 1_000


def append_events(tx: Transaction, rows: list[Row]) -> None:
    """Append events, given as rows of the table."""
    tx.insert(events, rows)


def append_changes(tx: Transaction, rows: list[Row]) -> None:
    """Append changes, given as rows of the table."""
    tx.insert(changes, rows)


def walk_events(
    tx: Transaction, environment: EnvironmentId, start: int, *, step: int = _STEP
) -> Iterator[StoredEvent]:
    """Give the events of one profile, last arrived first, from its newest `start`."""
    while start:
        rows = tx.rows(_EVENT_CHAIN[tx.is_sqlite], environment=environment, start=start, count=step)
        yield from (StoredEvent(*row) for row in rows)
        start = rows[-1][2] if len(rows) == step else 0


def count_quarters(
    tx: Transaction,
    environment: EnvironmentId,
    start: int,
    *,
    arrived_from: int,
    arrived_until: int,
    count: int,
) -> tuple[dict[tuple[int, str], int], int]:
    """Count the events of one profile by quarter of an hour (since 1970) and device.

    Looks at `count` events at most, from its newest `start` to the first that arrived before
    `arrived_from`; those that arrived after `arrived_until` do not count (both epoch ms). Gives
    the counts, and at how many it looked.
    """
    rows = tx.rows(
        _QUARTERS[tx.is_sqlite],
        environment=environment,
        start=start,
        arrived_from=arrived_from,
        arrived_until=arrived_until,
        count=count,
    )
    counts, looked_at = {}, 0
    for quarter, object_id, number, walked in rows:
        counts[quarter, object_id] = int(number)
        looked_at += walked
    return counts, looked_at


def walk_changes(
    tx: Transaction, environment: EnvironmentId, start: int, *, step: int = _STEP
) -> Iterator[StoredChange]:
    """Give the changes of one profile, newest first, from its newest `start`."""
    while start:
        rows = tx.rows(
            _CHANGE_CHAIN[tx.is_sqlite], environment=environment, start=start, count=step
        )
        yield from map(_change, rows)
        start = rows[-1][2] if len(rows) == step else 0


def load_events(
    tx: Transaction, environment: EnvironmentId, places: Sequence[int]
) -> dict[int, StoredEvent]:
    """Give events by their places in the log; those that are gone are absent."""
    rows = tx.rows(_EVENTS, environment=environment, values=places) if places else []
    return {row[0]: StoredEvent(*row) for row in rows}


def rewrite_change(tx: Transaction, environment: EnvironmentId, place: int, body: bytes) -> None:
    """Replace the body of a change, when values in it have to be erased."""
    tx.run(_REWRITE, environment=environment, place=place, new_body=body)


def blank_devices(tx: Transaction, environment: EnvironmentId, places: list[int]) -> None:
    """Forget which device these events came with, when that has to be erased."""
    for start in range(0, len(places), _STEP):
        some = places[start : start + _STEP]
        tx.run(_BLANK_DEVICES, environment=environment, values=some)


def delete_chains(
    tx: Transaction, environment: EnvironmentId, *, last_event: int, last_change: int
) -> tuple[int, int]:
    """Remove the events and changes of a profile, from its newest ones; gives how many of each."""
    return (
        _delete_chain(tx, environment, last_event, _EVENT_CHAIN[tx.is_sqlite], _DELETE_EVENTS),
        _delete_chain(tx, environment, last_change, _CHANGE_CHAIN[tx.is_sqlite], _DELETE_CHANGES),
    )


def _delete_chain(
    tx: Transaction, environment: EnvironmentId, start: int, walk: sa.Select[Any], remove: sa.Delete
) -> int:
    removed = 0
    while start:
        rows = tx.rows(walk, environment=environment, start=start, count=_STEP)
        removed += tx.run(remove, environment=environment, values=[row[0] for row in rows])
        start = rows[-1][2] if len(rows) == _STEP else 0
    return removed


def _change(row: Row) -> StoredChange:
    sequence, profile, previous, received_at, source, transaction, body = row
    change = decode_change(body)
    return StoredChange(sequence, profile, previous, received_at, source, transaction, change)
