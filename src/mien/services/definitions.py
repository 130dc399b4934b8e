"""Definitions as people work with them: listing them, describing them, setting their state (P-14)."""

import heapq
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from mien.domain.errors import ConflictError, InvalidInputError, NotFoundError
from mien.domain.events import STANDARD_EVENTS, event_key
from mien.domain.identities import ALIASES
from mien.domain.ids import EnvironmentId
from mien.domain.preferences import GROUP_KEYS
from mien.domain.rejects import Rejected
from mien.domain.schema import Definition, DefinitionKind, DefinitionState
from mien.domain.values import INTEGER_MAX, ValueType, check_key
from mien.services.retrying import write_retried
from mien.store import definitions
from mien.store.engine import Store, Transaction

DESCRIPTION_CHARACTERS = 1_000
_FRESH_SECONDS = 1.0
_LOOKED_AT_ONCE = 1_000
_NO_PROPERTIES = frozenset([*ALIASES, *GROUP_KEYS])

COLUMNS = 20
"""How many properties the table of people shows at most."""


class EventDefinition(msgspec.Struct, frozen=True):
    """An event and the properties that it was seen with."""

    event: Definition
    properties: Sequence[Definition]


class Named(msgspec.Struct, frozen=True):
    """Which definition is meant: a user property, an event under any spelling, or its property."""

    kind: DefinitionKind
    name: str
    event: str = ""


class KnownName(msgspec.Struct, frozen=True):
    """A name that a definition has, and its type, as a field offers it."""

    name: str
    type: ValueType | None


class _Wanted(msgspec.Struct, frozen=True):
    """What is to be changed of a definition; None leaves it."""

    description: str | None
    state: DefinitionState | None
    in_table: bool | None
    was: str | None


def list_properties(store: Store, environment: EnvironmentId) -> list[Definition]:
    """Give the definitions of user properties, by name."""
    with store.read() as tx:
        return definitions.list_kind(tx, environment, DefinitionKind.PROPERTY)


class DefinitionPage(msgspec.Struct, frozen=True):
    """Some definitions of one kind, by name; `rest` begins the next page, None on the last."""

    definitions: Sequence[Definition]
    rest: str | None


def page_definitions(
    store: Store,
    environment: EnvironmentId,
    kind: DefinitionKind,
    *,
    parent: int = 0,
    sought: str = "",
    after: str = "",
    count: int,
) -> DefinitionPage:
    """Give the next definitions whose name has a text in it, in any case, by key."""
    wanted, found = sought.strip().casefold(), list[Definition]()
    at_once = _LOOKED_AT_ONCE if wanted else count + 1
    with store.read() as tx:
        while len(found) <= count:
            some = definitions.page(
                tx, environment, kind, parent=parent, after=after, count=at_once
            )
            found += [each for each in some if wanted in each.name.casefold()]
            if len(some) < at_once:
                break
            after = some[-1].key
    has_more = len(found) > count
    return DefinitionPage(found[:count], found[count - 1].key if has_more else None)


def find_event(store: Store, environment: EnvironmentId, name: str) -> Definition | None:
    """Find an event under any spelling of its name."""
    with store.read() as tx:
        return _find(tx, environment, DefinitionKind.EVENT, event_key(name))


def most_done(store: Store, environment: EnvironmentId, *, count: int) -> list[Definition]:
    """Give the events that were done most often ever."""
    with store.read() as tx:
        return definitions.list_most(tx, environment, DefinitionKind.EVENT, count=count)


def get_definition(
    store: Store, environment: EnvironmentId, kind: DefinitionKind, number: int
) -> Definition:
    """Give a definition by its id, or raise `NotFoundError`."""
    with store.read() as tx:
        found = definitions.get(tx, environment, number) if number <= INTEGER_MAX else None
    if found is None or found.kind is not kind:
        msg = "There is no such definition in this environment."
        raise NotFoundError(msg)
    return found


def add_property(
    store: Store,
    environment: EnvironmentId,
    name: str,
    *,
    description: str,
    now_ms: int,
    source: str,
) -> Definition:
    """Make a user property known before its first value, which tells its type.

    Raises `InvalidInputError` for a name that no profile takes, `ConflictError` if it is known.
    """
    check_property_name(name)
    check_description(description)

    def add(tx: Transaction) -> Definition:
        kind = DefinitionKind.PROPERTY
        if definitions.find(tx, environment, kind, name) is not None:
            msg = f"The property '{name}' is known already."
            raise ConflictError(msg)
        made = Definition(0, kind, 0, name, name, None, now_ms, source, description=description)
        definitions.add(tx, environment, [made])
        return made

    return write_retried(store, add)


def list_columns(store: Store, environment: EnvironmentId) -> list[str]:
    """Give the names of the properties that are columns of the table of people, in order."""
    with store.read() as tx:
        return definitions.list_columns(tx, environment)


def list_events(store: Store, environment: EnvironmentId) -> list[EventDefinition]:
    """Give the definitions of events with those of their properties, by name."""
    with store.read() as tx:
        known = sorted(definitions.load_all(tx, environment), key=lambda each: each.key)
    properties: dict[int, list[Definition]] = defaultdict(list)
    for each in known:
        if each.kind is DefinitionKind.EVENT_PROPERTY:
            properties[each.parent].append(each)
    events = [each for each in known if each.kind is DefinitionKind.EVENT]
    return [EventDefinition(event, properties[event.id]) for event in events]


_standard_keys = frozenset(event_key(name) for name in STANDARD_EVENTS)


def unknown_event(store: Store, environment: EnvironmentId, names: Sequence[str]) -> str | None:
    """Give the first of these events that nobody ever heard of, None if all are known (G-06)."""
    missing = [name for name in names if event_key(name) not in _standard_keys]
    if not missing:
        return None
    with store.read() as tx:
        for name in missing:
            if definitions.find(tx, environment, DefinitionKind.EVENT, event_key(name)) is None:
                return name
    return None


class DiscardedEvents:
    """The names of events that were discarded, for the event loop, at most a second old."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[EnvironmentId, tuple[float, list[str]]] = {}

    def get(self, environment: EnvironmentId) -> list[str]:
        """Give the names of the events that an environment discarded."""
        known, now = self._known.get(environment), time.monotonic()
        if known is None or known[0] < now:
            with self._store.read() as tx:
                events = definitions.list_kind(tx, environment, DefinitionKind.EVENT)
            names = sorted(each.name for each in events if each.state is DefinitionState.DISCARDED)
            known = self._known[environment] = (now + _FRESH_SECONDS, names)
        return known[1]


def find_types(
    store: Store, environment: EnvironmentId, wanted: Iterable[Named]
) -> dict[Named, ValueType]:
    """Give the types of those definitions that have one."""
    with store.read() as tx:
        found = {named: _find_named(tx, environment, named) for named in wanted}
    return {named: each.type for named, each in found.items() if each is not None and each.type}


def search_names(
    store: Store, environment: EnvironmentId, named: Named, *, count: int
) -> list[KnownName]:
    """Give names of active definitions that have `named.name` in them, in any case.

    Those that start with it come first, then those that come most often.
    """
    wanted = named.name.casefold()
    with store.read() as tx:
        parent = 0
        if named.kind is DefinitionKind.EVENT_PROPERTY:
            event = _find(tx, environment, DefinitionKind.EVENT, event_key(named.event))
            if event is None:
                return []
            parent = event.id
        known = definitions.list_names(tx, environment, named.kind, parent=parent)
    found = (
        (place, -counted, name, kind_of)
        for name, kind_of, counted in known
        if (place := name.casefold().find(wanted)) >= 0
    )
    best = heapq.nsmallest(count, found, key=lambda each: (each[0] > 0, *each[1:3]))
    return [
        KnownName(name, ValueType(kind_of) if kind_of else None) for _, _, name, kind_of in best
    ]


def get_event(store: Store, environment: EnvironmentId, name: str) -> EventDefinition:
    """Give an event, under any spelling, with its properties, or raise `NotFoundError`."""
    with store.read() as tx:
        event = _get(tx, environment, Named(DefinitionKind.EVENT, name))
        kind = DefinitionKind.EVENT_PROPERTY
        return EventDefinition(event, definitions.list_kind(tx, environment, kind, parent=event.id))


def change_definition(
    store: Store,
    environment: EnvironmentId,
    named: Named,
    *,
    description: str | None = None,
    state: DefinitionState | None = None,
    in_table: bool | None = None,
    was: str | None = None,
) -> Definition:
    """Describe a definition, set its state, show it in the table of people or hide it there.

    None leaves each. Gives it as it is then. Raises `NotFoundError` if there is none,
    `InvalidInputError` for a description over 1,000 characters, for discarding a property (only
    events are refused once discarded), and for one column more than the table may have.
    With `was`, the description that the caller saw, `ConflictError` if it is another by now.
    """
    wanted = _Wanted(description, state, in_table, was)
    _check(named, wanted)
    return write_retried(store, lambda tx: _change(tx, environment, named, wanted))


def check_property_name(name: str) -> None:
    """Raise `InvalidInputError` for a name that no user property can have."""
    if name in _NO_PROPERTIES:
        problem = "is the name of an id or of a group, which is no property"
        raise InvalidInputError(path="name", problem=problem)
    try:
        check_key(name)
    except Rejected as rejected:
        raise InvalidInputError(path="name", problem=rejected.reason) from rejected


def check_description(description: str) -> None:
    """Raise `InvalidInputError` for a description that is too long, or that no store takes."""
    if len(description) > DESCRIPTION_CHARACTERS:
        size = len(description)
        problem = f"is {size:,} characters, the limit is {DESCRIPTION_CHARACTERS:,}"
        raise InvalidInputError(path="description", problem=problem)
    if "\x00" in description:
        raise InvalidInputError(path="description", problem="has a NUL character")


def _check(named: Named, wanted: _Wanted) -> None:
    if wanted.description is not None:
        check_description(wanted.description)
    if wanted.in_table is not None and named.kind is not DefinitionKind.PROPERTY:
        problem = "only properties of people are columns of the table of people"
        raise InvalidInputError(path="in_table", problem=problem)
    if wanted.state is DefinitionState.DISCARDED and named.kind is not DefinitionKind.EVENT:
        problem = "only events can be discarded; a property can be active or inactive"
        raise InvalidInputError(path="state", problem=problem)


def _change(
    tx: Transaction, environment: EnvironmentId, named: Named, wanted: _Wanted
) -> Definition:
    found = _get(tx, environment, named)
    locked = definitions.get_locked(tx, environment, found.kind, found.key, parent=found.parent)
    if wanted.was is not None and locked.description != wanted.was:
        msg = "Somebody else changed the description meanwhile; nothing was saved."
        raise ConflictError(msg)
    if wanted.description is not None:
        locked.description = wanted.description
    if wanted.state is not None:
        locked.state = wanted.state
    if wanted.in_table is not None:
        if wanted.in_table and not locked.in_table:
            _check_room(tx, environment)
        locked.in_table = wanted.in_table
    definitions.describe(tx, environment, locked)
    return locked


def _check_room(tx: Transaction, environment: EnvironmentId) -> None:
    if len(definitions.list_columns(tx, environment)) >= COLUMNS:
        problem = f"the table of people has its {COLUMNS} columns; take one out first"
        raise InvalidInputError(path="in_table", problem=problem)


def _get(tx: Transaction, environment: EnvironmentId, named: Named) -> Definition:
    if (found := _find_named(tx, environment, named)) is None:
        of = f" of the event '{named.event}'" if named.event else ""
        msg = f"There is no definition of '{named.name}'{of}; it is made with the first value."
        raise NotFoundError(msg)
    return found


def _find_named(tx: Transaction, environment: EnvironmentId, named: Named) -> Definition | None:
    if named.kind is DefinitionKind.EVENT_PROPERTY:
        event = _find(tx, environment, DefinitionKind.EVENT, event_key(named.event))
        return event and _find(tx, environment, named.kind, named.name, parent=event.id)
    key = event_key(named.name) if named.kind is DefinitionKind.EVENT else named.name
    return _find(tx, environment, named.kind, key)


def _find(
    tx: Transaction, environment: EnvironmentId, kind: DefinitionKind, key: str, *, parent: int = 0
) -> Definition | None:
    # No key has a NUL, and PostgreSQL takes none in a question either.
    if "\x00" in key:
        return None
    return definitions.find(tx, environment, kind, key, parent=parent)
