"""Definitions of user properties, events and event properties."""

from collections.abc import Sequence

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.domain.schema import Definition, DefinitionKind, DefinitionState
from mien.domain.values import ValueType
from mien.store import numbers
from mien.store.engine import RetryTransactionError, Transaction
from mien.store.schema import definitions

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FIELDS = (
    definitions.c.definition_id,
    definitions.c.kind,
    definitions.c.parent,
    definitions.c.key,
    definitions.c.name,
    definitions.c.type,
    definitions.c.first_seen_at,
    definitions.c.source,
    definitions.c.state,
    definitions.c.description,
    definitions.c.count,
    definitions.c.conflicts,
    definitions.c.last_seen_at,
    definitions.c.in_table,
)
_ALL = sa.select(*_FIELDS).where(definitions.c.environment_id == _ENVIRONMENT)
_OF_KIND = _ALL.where(
    definitions.c.kind == sa.bindparam("kind"), definitions.c.parent == sa.bindparam("parent")
).order_by(definitions.c.key)
_MOST = (
    _ALL.where(definitions.c.kind == sa.bindparam("kind"))
    .order_by(definitions.c.count.desc(), definitions.c.key)
    .limit(sa.bindparam("size"))
)
_NAMES = sa.select(definitions.c.name, definitions.c.type, definitions.c.count).where(
    definitions.c.environment_id == _ENVIRONMENT,
    definitions.c.kind == sa.bindparam("kind"),
    definitions.c.parent == sa.bindparam("parent"),
    definitions.c.state == DefinitionState.ACTIVE,
)
_BY_KEY = (
    definitions.c.environment_id == _ENVIRONMENT,
    definitions.c.kind == sa.bindparam("kind"),
    definitions.c.parent == sa.bindparam("parent"),
    definitions.c.key == sa.bindparam("key"),
)
_ONE = sa.select(*_FIELDS).where(*_BY_KEY)
_PAGE = _OF_KIND.where(definitions.c.key > sa.bindparam("after")).limit(sa.bindparam("size"))
_BY_ID = _ALL.where(definitions.c.definition_id == sa.bindparam("definition"))
_LOCK = _ONE.with_for_update()
_COUNT = (
    sa.update(definitions)
    .values(
        count=definitions.c.count + sa.bindparam("more"),
        conflicts=definitions.c.conflicts + sa.bindparam("more_conflicts"),
        last_seen_at=sa.bindparam("now"),
    )
    .where(*_BY_KEY)
)
_COUNT_EVENT = (
    sa.update(definitions)
    .values(count=definitions.c.count + sa.bindparam("more"), last_seen_at=sa.bindparam("now"))
    .where(
        definitions.c.environment_id == _ENVIRONMENT,
        definitions.c.definition_id == sa.bindparam("definition"),
    )
)
_SET_TYPE = (
    sa.update(definitions)
    .values(
        type=sa.bindparam("new_type"),
        first_seen_at=sa.bindparam("new_first_seen_at"),
        source=sa.bindparam("new_source"),
    )
    .where(*_BY_KEY)
)
_DESCRIBE = (
    sa.update(definitions)
    .values(
        state=sa.bindparam("new_state"),
        description=sa.bindparam("new_description"),
        in_table=sa.bindparam("new_in_table"),
    )
    .where(*_BY_KEY)
)

_COLUMNS = (
    sa.select(definitions.c.name)
    .where(
        definitions.c.environment_id == _ENVIRONMENT,
        definitions.c.kind == DefinitionKind.PROPERTY,
        definitions.c.in_table == 1,
    )
    .order_by(definitions.c.key)
)

_COUNTER = "definition"
VERSION = "definitions"
"""Counts changes of what processes keep in memory: definitions, and the settings beside them."""


def version(tx: Transaction, environment: EnvironmentId) -> int:
    """Give the number that rises with every new or changed definition."""
    return numbers.current(tx, environment, VERSION)


def load_all(tx: Transaction, environment: EnvironmentId) -> list[Definition]:
    """Give every definition of an environment."""
    return [_definition(row) for row in tx.rows(_ALL, environment=environment)]


def list_kind(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, *, parent: int = 0
) -> list[Definition]:
    """Give the definitions of one kind by name; for event properties, of one event."""
    return [
        _definition(row)
        for row in tx.rows(_OF_KIND, environment=environment, kind=kind, parent=parent)
    ]


def list_most(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, *, count: int
) -> list[Definition]:
    """Give the definitions of one kind that came most often, those first."""
    rows = tx.rows(_MOST, environment=environment, kind=kind, size=count)
    return [_definition(row) for row in rows]


def list_names(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, *, parent: int
) -> list[tuple[str, str | None, int]]:
    """Give name, type and count of all active definitions of one kind, in no order."""
    rows = tx.rows(_NAMES, environment=environment, kind=kind, parent=parent)
    return [(name, kind_of, counted) for name, kind_of, counted in rows]


def page(
    tx: Transaction,
    environment: EnvironmentId,
    kind: DefinitionKind,
    *,
    parent: int,
    after: str,
    count: int,
) -> list[Definition]:
    """Give the next definitions of one kind by key, after one."""
    rows = tx.rows(
        _PAGE, environment=environment, kind=kind, parent=parent, after=after, size=count
    )
    return [_definition(row) for row in rows]


def get(tx: Transaction, environment: EnvironmentId, definition: int) -> Definition | None:
    """Find a definition by its id."""
    row = tx.row(_BY_ID, environment=environment, definition=definition)
    return _definition(row) if row else None


def list_columns(tx: Transaction, environment: EnvironmentId) -> list[str]:
    """Give the names of the properties that are columns of the table of people, in order."""
    return [row[0] for row in tx.rows(_COLUMNS, environment=environment)]


def find(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, key: str, *, parent: int = 0
) -> Definition | None:
    """Find one definition."""
    row = tx.row(_ONE, environment=environment, kind=kind, parent=parent, key=key)
    return _definition(row) if row else None


def get_locked(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, key: str, *, parent: int
) -> Definition:
    """Give one definition as it is now and keep other writers off it."""
    statement = _ONE if tx.is_sqlite else _LOCK
    row = tx.row(statement, environment=environment, kind=kind, parent=parent, key=key)
    if row is None:
        raise RetryTransactionError
    return _definition(row)


def add(tx: Transaction, environment: EnvironmentId, new: Sequence[Definition]) -> None:
    """Make definitions, and give each its id; raises `RetryTransactionError` if one is there."""
    ids = numbers.reserve(tx, environment, _COUNTER, len(new))
    for number, each in zip(ids, new, strict=True):
        each.id = number
    if tx.insert_new(definitions, [_row(environment, each) for each in new]) != len(new):
        raise RetryTransactionError
    numbers.reserve(tx, environment, VERSION)


def set_type(tx: Transaction, environment: EnvironmentId, definition: Definition) -> None:
    """Write the type of a definition, and since when it is known and from where."""
    tx.run(
        _SET_TYPE,
        **_key(environment, definition),
        new_type=definition.type,
        new_first_seen_at=definition.first_seen_at,
        new_source=definition.source,
    )
    numbers.reserve(tx, environment, VERSION)


def describe(tx: Transaction, environment: EnvironmentId, definition: Definition) -> None:
    """Write what people say of a definition."""
    tx.run(
        _DESCRIBE,
        **_key(environment, definition),
        new_state=definition.state,
        new_description=definition.description,
        new_in_table=int(definition.in_table),
    )
    numbers.reserve(tx, environment, VERSION)


def count(
    tx: Transaction,
    environment: EnvironmentId,
    definition: Definition,
    more: int,
    conflicts: int,
    *,
    now_ms: int,
) -> None:
    """Count further values of a definition, of which the last came now."""
    key = _key(environment, definition)
    tx.run(_COUNT, **key, more=more, more_conflicts=conflicts, now=now_ms)


def count_event(
    tx: Transaction, environment: EnvironmentId, event: int, more: int, *, now_ms: int
) -> None:
    """Count how often an event was done, by its id; the last time it came in now."""
    tx.run(_COUNT_EVENT, environment=environment, definition=event, more=more, now=now_ms)


def _key(environment: EnvironmentId, definition: Definition) -> dict[str, object]:
    return {
        "environment": environment,
        "kind": definition.kind,
        "parent": definition.parent,
        "key": definition.key,
    }


def _row(environment: EnvironmentId, definition: Definition) -> tuple[object, ...]:
    return (
        environment,
        definition.kind,
        definition.parent,
        definition.key,
        definition.id,
        definition.name,
        definition.type,
        definition.first_seen_at,
        definition.source,
        definition.state,
        definition.description,
        definition.count,
        definition.conflicts,
        definition.last_seen_at,
        int(definition.in_table),
    )


def _definition(row: Sequence[object]) -> Definition:
    (
        number,
        kind,
        parent,
        key,
        name,
        kind_of,
        first,
        source,
        state,
        text,
        counted,
        conflicts,
        last,
        in_table,
    ) = row
    return Definition(
        number,  # type: ignore[arg-type]  # the columns of _FIELDS, in their order
        DefinitionKind(kind),  # type: ignore[arg-type]
        parent,  # type: ignore[arg-type]
        key,  # type: ignore[arg-type]
        name,  # type: ignore[arg-type]
        None if kind_of is None else ValueType(kind_of),  # type: ignore[arg-type]
        first,  # type: ignore[arg-type]
        source,  # type: ignore[arg-type]
        DefinitionState(state),  # type: ignore[arg-type]
        text,  # type: ignore[arg-type]
        counted,  # type: ignore[arg-type]
        conflicts,  # type: ignore[arg-type]
        last,  # type: ignore[arg-type]
        in_table == 1,
    )
