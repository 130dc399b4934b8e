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
