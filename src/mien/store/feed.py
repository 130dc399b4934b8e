"""What the analytics copy is made of: pages of the record, joined into text by the store's engine.

A page of ten thousand rows is one text, a line a row, its fields parted by tabs; the JSON
in it has neither raw tabs nor line breaks. So a page costs the interpreter one object,
and the writer beside it hardly waits.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.preferences import ADDRESS_OF
from mien.store.account_schema import environments
from mien.store.engine import Transaction
from mien.store.schema import absorbed, addresses, changes, events, profiles, subscriptions
from mien.store.statements import OneOf

LINE, FIELD = "\n", "\t"


class _Utf8(sa.sql.expression.ColumnElement[str]):
    """The bytes of a column as text."""

    inherit_cache = True
    type = sa.Text()

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(_Utf8, "sqlite")
def _utf8_sqlite(element: _Utf8, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.column, **options)} AS TEXT)"


@compiles(_Utf8, "postgresql")
def _utf8_postgresql(element: _Utf8, compiler: SQLCompiler, **options: Any) -> str:
    return f"convert_from({compiler.process(element.column, **options)}, 'UTF8')"


class _Joined(sa.sql.expression.ColumnElement[str]):
    """The lines of all rows as one text, NULL if there are none."""

    inherit_cache = True
    type = sa.Text()

    def __init__(self, line: sa.ColumnElement[str]) -> None:
        self.line = line


@compiles(_Joined, "sqlite")
def _joined_sqlite(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.line, **options)}, char(10))"


@compiles(_Joined, "postgresql")
def _joined_postgresql(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"string_agg({compiler.process(element.line, **options)}, chr(10))"


def _lines(*fields: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Join fields to lines, and rows to one text."""
    line = fields[0]
    for each in fields[1:]:
        line = line.concat(sa.literal(FIELD, sa.Text)).concat(each)
    return _Joined(line)


def _text(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.Text)


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_AFTER: sa.BindParameter[int] = sa.bindparam("after")
_UPTO: sa.BindParameter[int] = sa.bindparam("upto")


_LOG = (events, changes, subscriptions)
"""Tables whose rows have places in the log; a row of the last one takes another place each time."""


def _newest(environment: sa.ColumnElement[int]) -> list[sa.ColumnElement[int]]:
    """Give the last places of all tables of the log, each a single look into its index."""
    return [
        sa.func.coalesce(
            sa.select(table.c.sequence)
            .where(table.c.environment_id == environment)
            .order_by(table.c.sequence.desc())
            .limit(1)
            .scalar_subquery(),
            0,
        )
        for table in _LOG
    ]


_NEWEST = sa.select(*_newest(_ENVIRONMENT))
_NEWEST_OF_ALL = sa.select(
    environments.c.environment_id, *_newest(environments.c.environment_id)
).order_by(environments.c.environment_id)
_COUNT: sa.BindParameter[int] = sa.bindparam("count")


def _new(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Give what holds of the entries after a place of the log up to another."""
    return (
        table.c.environment_id == _ENVIRONMENT,
        table.c.sequence > _AFTER,
        table.c.sequence <= _UPTO,
    )


def _nth(table: sa.Table) -> sa.Select[Any]:
    """Find the place of the entry before which there are `count` others."""
    return (
        sa.select(table.c.sequence)
        .where(*_new(table))
        .order_by(table.c.sequence)
        .limit(1)
        .offset(_COUNT)
    )


_NTH_EVENT, _NTH_CHANGE, _NTH_SAID = map(_nth, _LOG)
_EVENT_BYTES = sa.select(sa.func.sum(sa.func.length(events.c.body))).where(*_new(events))
_EVENTS = (
    sa.select(
        events.c.name_id,
        _lines(
            _text(events.c.sequence),
            _text(events.c.profile_id),
            _text(events.c.occurred_at),
            _Utf8(events.c.body),
            sa.func.coalesce(_Utf8(events.c.session), sa.literal("", sa.Text)),
        ),
    )
    .where(*_new(events))
    .group_by(events.c.name_id)
)
_CHANGED = sa.select(changes.c.profile_id).distinct().where(*_new(changes))
_ADDRESS_OF = {int(kind): int(address) for kind, address in ADDRESS_OF.items()}
_SPOKEN_OF = (
    sa.select(addresses.c.profile_id)
    .distinct()
    .where(
        *_new(subscriptions),
        addresses.c.environment_id == _ENVIRONMENT,
        addresses.c.kind == sa.case(_ADDRESS_OF, value=subscriptions.c.kind),
        addresses.c.value == subscriptions.c.value,
    )
)
_PROFILES = sa.select(
    _lines(_text(profiles.c.profile_id), _text(profiles.c.created_at), _Utf8(profiles.c.document))
).where(profiles.c.environment_id == _ENVIRONMENT, OneOf(profiles.c.profile_id))
_SHOWN = sa.select(profiles.c.profile_id).where(
    profiles.c.environment_id == _ENVIRONMENT, OneOf(profiles.c.profile_id)
)
_DOCUMENT_BYTES = sa.select(sa.func.sum(sa.func.length(profiles.c.document))).where(
    profiles.c.environment_id == _ENVIRONMENT, OneOf(profiles.c.profile_id)
)
_NEXT_PROFILES = (
    sa.select(profiles.c.profile_id)
    .where(
        profiles.c.environment_id == _ENVIRONMENT,
        profiles.c.profile_id > _AFTER,
        profiles.c.profile_id <= _UPTO,
    )
    .order_by(profiles.c.profile_id)
    .limit(_COUNT)
)
_LAST_PROFILE = sa.select(sa.func.max(profiles.c.profile_id)).where(
    profiles.c.environment_id == _ENVIRONMENT
)
_ROOTS = sa.select(absorbed.c.profile_id, absorbed.c.root_id).where(
    absorbed.c.environment_id == _ENVIRONMENT,
    sa.or_(OneOf(absorbed.c.profile_id), OneOf(absorbed.c.root_id)),
)


def newest(tx: Transaction, environment: EnvironmentId) -> int:
    """Give the place of the last entry of the log that can be seen; 0 if there is none.

    Whoever was answered finds their own entries at it or before it.
    """
    row = tx.row(_NEWEST, environment=environment)
    return max(row) if row else 0


def newest_of_all(tx: Transaction) -> dict[EnvironmentId, int]:
    """Give for each environment, oldest first, what `newest` gives."""
    rows = tx.rows(_NEWEST_OF_ALL)
    return {EnvironmentId(each): max(places) for each, *places in rows}


def end_of_events(
    tx: Transaction, environment: EnvironmentId, after: int, upto: int, *, count: int
) -> int:
    """Give the last place up to `upto` so that at most so many events lie after another one."""
    return _end(tx, environment, _NTH_EVENT, after=after, upto=upto, count=count)


def end_of_changes(
    tx: Transaction, environment: EnvironmentId, after: int, upto: int, *, count: int
) -> int:
    """Give the same of changes, and of addresses of which something was said."""
    return min(
        _end(tx, environment, nth, after=after, upto=upto, count=count)
        for nth in (_NTH_CHANGE, _NTH_SAID)
    )


def _end(
    tx: Transaction,
    environment: EnvironmentId,
    nth: sa.Select[Any],
    *,
    after: int,
    upto: int,
    count: int,
) -> int:
    if upto - after <= count:
        return upto
    row = tx.row(nth, environment=environment, after=after, upto=upto, count=count)
    return row[0] - 1 if row else upto


def last_profile(tx: Transaction, environment: EnvironmentId) -> ProfileId:
    """Give the largest id of a profile; 0 if there is none."""
    row = tx.row(_LAST_PROFILE, environment=environment)
    return ProfileId(row[0] or 0 if row else 0)


def next_profiles(
    tx: Transaction,
    environment: EnvironmentId,
    *,
    after: ProfileId,
    upto: ProfileId,
    count: int,
) -> list[ProfileId]:
    """Give the ids of the next profiles after one up to another, so many at most."""
    rows = tx.rows(_NEXT_PROFILES, environment=environment, after=after, upto=upto, count=count)
    return [ProfileId(row[0]) for row in rows]


def document_bytes(tx: Transaction, environment: EnvironmentId, wanted: Sequence[ProfileId]) -> int:
    """Tell how large the documents of profiles are."""
    row = tx.row(_DOCUMENT_BYTES, environment=environment, values=wanted) if wanted else None
    return int(row[0] or 0) if row else 0


def event_bytes(tx: Transaction, environment: EnvironmentId, after: int, upto: int) -> int:
    """Tell how large the events between two places of the log are."""
    row = tx.row(_EVENT_BYTES, environment=environment, after=after, upto=upto)
    return int(row[0] or 0) if row else 0


def new_events(
    tx: Transaction, environment: EnvironmentId, after: int, upto: int
) -> dict[EventNameId, str]:
    """Give the events after a place up to another, by name.

    A line has sequence, profile, time, properties, and what is told of the session, if anything.
    """
    rows = tx.rows(_EVENTS, environment=environment, after=after, upto=upto)
    return {EventNameId(name): lines for name, lines in rows}


def touched(tx: Transaction, environment: EnvironmentId, after: int, upto: int) -> set[ProfileId]:
    """Give whom the log tells of after a place up to another.

    Those are who changed, and who has an address of which something was said.
    """
    return {
        ProfileId(row[0])
        for query in (_CHANGED, _SPOKEN_OF)
        for row in tx.rows(query, environment=environment, after=after, upto=upto)
    }


def profile_lines(
    tx: Transaction, environment: EnvironmentId, wanted: Sequence[ProfileId]
) -> tuple[str, list[ProfileId]]:
    """Give the documents of profiles (id, time of creation, document), and the ids of those shown."""
    row = tx.row(_PROFILES, environment=environment, values=wanted)
    shown = tx.rows(_SHOWN, environment=environment, values=wanted)
    return (row[0] if row and row[0] else "", [each[0] for each in shown])


def merged_into(
    tx: Transaction, environment: EnvironmentId, wanted: Sequence[ProfileId]
) -> list[tuple[ProfileId, ProfileId]]:
    """Give pairs of part and root: those of these profiles on either side."""
    return [(row[0], row[1]) for row in tx.rows(_ROOTS, environment=environment, values=wanted)]
