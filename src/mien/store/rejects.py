"""Rejected records, kept until they are mended and replayed, or 30 days (U-23)."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from mien.domain.ids import EnvironmentId
from mien.domain.keys import index_key
from mien.store.engine import Row, Transaction
from mien.store.schema import rejects
from mien.store.statements import OneOf


class StoredReject(msgspec.Struct, frozen=True):
    """A record that was not applied. `record` is its JSON; times are epoch milliseconds."""

    reject_id: int
    received_at: int
    source: str
    position: int
    code: int
    reason: str
    record: bytes
    replayed_at: int | None


class RejectGoneError(Exception):
    """A reject was replayed or removed by another call meanwhile; undo the whole and look again."""


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FIELDS = (
    rejects.c.reject_id,
    rejects.c.received_at,
    rejects.c.source,
    rejects.c.position,
    rejects.c.code,
    rejects.c.reason,
    rejects.c.record,
    rejects.c.replayed_at,
)
_PAGE = (
    sa.select(*_FIELDS)
    .where(rejects.c.environment_id == _ENVIRONMENT, rejects.c.reject_id < sa.bindparam("before"))
    .order_by(rejects.c.reject_id.desc())
    .limit(sa.bindparam("count"))
)


class RejectPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of rejects begins: when one came (epoch ms), and its id."""

    received_at: int
    reject_id: int


FIRST_PLACE, OLDEST_PLACE = RejectPlace(2**62, 2**62), RejectPlace(0, 0)
"""Before the newest, and before the oldest of all."""

_SLOT_MS = 900_000
"""The offset of every time zone is a multiple of a quarter of an hour."""


def _filtered(*, by_code: bool, by_source: bool, is_rising: bool) -> sa.Select[Any]:
    """Select in the order of an index: that of the code, that of the source, or of all."""
    columns = [rejects.c.received_at, rejects.c.reject_id]
    start: list[sa.BindParameter[int]] = [sa.bindparam("start_ms"), sa.bindparam("start")]
    select = sa.select(*_FIELDS).where(rejects.c.environment_id == _ENVIRONMENT)
    if by_code:
        select = select.where(rejects.c.code == sa.bindparam("code"))
    if by_source:
        select = select.where(rejects.c.source == sa.bindparam("source"))
    if not by_code and not by_source:
        # Ids rise with time, and every place has one.
        columns, start = columns[1:], start[1:]
    place, begin = sa.tuple_(*columns), sa.tuple_(*start)
    if is_rising:
        return select.where(place > begin).order_by(*columns)
    return select.where(place < begin).order_by(*(each.desc() for each in columns))


_FILTERED = {
    (by_code, by_source, is_rising): _filtered(
        by_code=by_code, by_source=by_source, is_rising=is_rising
    ).limit(sa.bindparam("count"))
    for by_code in (False, True)
    for by_source in (False, True)
    for is_rising in (False, True)
}
_BY_CODE = (
    sa.select(rejects.c.code, sa.func.count())
    .where(rejects.c.environment_id == _ENVIRONMENT)
    .group_by(rejects.c.code)
)
_BY_SOURCE = (
    sa.select(rejects.c.source, sa.func.count())
    .where(rejects.c.environment_id == _ENVIRONMENT)
    .group_by(rejects.c.source)
)
# Written out: PostgreSQL takes two values that are bound for two expressions.
_SLOT = rejects.c.received_at // sa.literal_column(str(_SLOT_MS), sa.BigInteger)
_BY_SLOT = (
    sa.select(_SLOT, rejects.c.code, sa.func.count())
    .where(rejects.c.environment_id == _ENVIRONMENT, rejects.c.received_at >= sa.bindparam("since"))
    .group_by(_SLOT, rejects.c.code)
)
_SOME = sa.select(*_FIELDS).where(
    rejects.c.environment_id == _ENVIRONMENT, OneOf(rejects.c.reject_id)
)
_REPLAYED = (
    sa.update(rejects)
    .values(replayed_at=sa.bindparam("now"))
    .where(
        rejects.c.environment_id == _ENVIRONMENT,
        OneOf(rejects.c.reject_id),
        rejects.c.replayed_at.is_(None),
    )
)
_OLD = sa.delete(rejects).where(
    rejects.c.environment_id == _ENVIRONMENT, rejects.c.received_at < sa.bindparam("before")
)


class _Holds(sa.sql.expression.ColumnElement[bool]):
    """Tells whether the record of a reject holds the bytes bound as `needle`."""

    inherit_cache = True
    needle = sa.bindparam("needle", type_=sa.LargeBinary)


@compiles(_Holds, "sqlite")
def _holds_sqlite(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({rejects.c.record}, {compiler.process(element.needle, **options)}) > 0"


@compiles(_Holds, "postgresql")
def _holds_postgresql(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"position({compiler.process(element.needle, **options)} in {rejects.c.record}) > 0"


_HOLDING = sa.select(rejects.c.reject_id, rejects.c.record).where(
    rejects.c.environment_id == _ENVIRONMENT, rejects.c.reject_id > sa.bindparam("after"), _Holds()
)
_DELETE = sa.delete(rejects).where(
    rejects.c.environment_id == _ENVIRONMENT, OneOf(rejects.c.reject_id)
)
_OF_PERSON = sa.delete(rejects).where(
    rejects.c.environment_id == _ENVIRONMENT, rejects.c.person == sa.bindparam("person")
)


def append(tx: Transaction, rows: list[Row]) -> None:
    """Keep rejected records, given as rows of the table."""
    tx.insert(rejects, rows)


def page(
    tx: Transaction, environment: EnvironmentId, *, before: int, count: int
) -> list[StoredReject]:
    """Give rejects, newest first, older than the one of id `before`."""
    rows = tx.rows(_PAGE, environment=environment, before=before, count=count)
    return [_reject(row) for row in rows]


def filtered_page(
    tx: Transaction,
    environment: EnvironmentId,
    *,
    code: int | None,
    source: str | None,
    start: RejectPlace,
    count: int,
    is_rising: bool = False,
) -> list[StoredReject]:
    """Give rejects of a code and of a source (None: of any), from a place on.

    Newest first those that came before it, or rising those that came after it.
    """
    filters = {
        name: value for name, value in (("code", code), ("source", source)) if value is not None
    }
    if filters:
        filters["start_ms"] = start.received_at
    statement = _FILTERED[code is not None, source is not None, is_rising]
    rows = tx.rows(
        statement, environment=environment, start=start.reject_id, count=count, **filters
    )
    return [_reject(row) for row in rows]


def counts_by_code(tx: Transaction, environment: EnvironmentId) -> list[tuple[int, int]]:
    """Count the rejects of each code."""
    return [(code, count) for code, count in tx.rows(_BY_CODE, environment=environment)]


def counts_by_source(tx: Transaction, environment: EnvironmentId) -> list[tuple[str, int]]:
    """Count the rejects of each source."""
    return [(source, count) for source, count in tx.rows(_BY_SOURCE, environment=environment)]


def counts_by_slot(
    tx: Transaction, environment: EnvironmentId, *, since_ms: int
) -> list[tuple[int, int, int]]:
    """Count the rejects since a time by quarters of an hour: its start (epoch ms), code, number."""
    rows = tx.rows(_BY_SLOT, environment=environment, since=since_ms)
    return [(slot * _SLOT_MS, code, count) for slot, code, count in rows]


def some(tx: Transaction, environment: EnvironmentId, wanted: list[int]) -> list[StoredReject]:
    """Give the rejects of these ids; unknown ones are absent."""
    return [_reject(row) for row in tx.rows(_SOME, environment=environment, values=wanted)]


def mark_replayed(
    tx: Transaction, environment: EnvironmentId, wanted: list[int], *, now_ms: int
) -> None:
    """Note that these records were applied after all.

    Raises `RejectGoneError` if one was replayed before: a record counts once, however many
    ask for it at the same time.
    """
    if tx.run(_REPLAYED, environment=environment, values=wanted, now=now_ms) != len(wanted):
        raise RejectGoneError


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove rejects that came before a time."""
    return tx.run(_OLD, environment=environment, before=before_ms)


def holding(
    tx: Transaction, environment: EnvironmentId, needle: bytes, *, after: int
) -> list[tuple[int, bytes]]:
    """Give id and record of the rejects whose record holds these bytes, wherever they stand.

    Those with greater ids than `after` are looked at.
    """
    rows = tx.rows(_HOLDING, environment=environment, needle=needle, after=after)
    return [(row[0], row[1]) for row in rows]


def erase(tx: Transaction, environment: EnvironmentId, wanted: list[int]) -> int:
    """Remove the rejects of these ids."""
    return tx.run(_DELETE, environment=environment, values=wanted) if wanted else 0


def erase_person(tx: Transaction, environment: EnvironmentId, person: str) -> int:
    """Remove the rejects of records that named a person by this id."""
    return tx.run(_OF_PERSON, environment=environment, person=index_key(person).encode())


def _reject(row: Row) -> StoredReject:
    reject_id, received_at, source, position, code, reason, record, replayed_at = row
    return StoredReject(
        reject_id, received_at, source, position, code, reason.decode(), record, replayed_at
    )
