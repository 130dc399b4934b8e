"""The definitions of one environment, kept in memory and counted with each batch."""

from collections.abc import Sequence

import msgspec

from mien.domain.environments import DEFAULTS
from mien.domain.events import event_key
from mien.domain.identities import ONE_PER_PERSON, WIRE_NAMES
from mien.domain.ids import EnvironmentId, EventNameId
from mien.domain.mappings import EventMapping, Mappings, by_event
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.schema import Definition, DefinitionKind, DefinitionState, Tally, widen
from mien.domain.values import ValueType
from mien.services.environments import read_settings
from mien.store import definitions
from mien.store.engine import Transaction

_Key = tuple[DefinitionKind, int, str]


class Registry:
    """Knows every definition and the settings; reloads when another process made or changed one.

    Also keeps the ids of profiles that were drawn and not used, the next one last.
    """

    def __init__(self, environment: EnvironmentId) -> None:
        self._environment = environment
        self._version = -1
        self._known: dict[_Key, Definition] = {}
        self.settings = DEFAULTS
        self.mappings: Mappings = {}
        self.one_per_person = ONE_PER_PERSON
        self.spare_profile_ids: list[int] = []
        self._spellings: dict[str, str] = {}

    def refresh(self, tx: Transaction) -> None:
        """Make sure that what is known is what this transaction sees."""
        version = definitions.version(tx, self._environment)
        if version != self._version:
            loaded = definitions.load_all(tx, self._environment)
            self._known = {(each.kind, each.parent, each.key): each for each in loaded}
            self.settings = read_settings(tx, self._environment)
            self.mappings = by_event(self.settings.mappings)
            self.one_per_person = frozenset(
                kind for kind, name in WIRE_NAMES.items() if name in self.settings.one_per_person
            )
            self._version = version

    def forget(self) -> None:
        """Drop all, after a transaction was undone that may have made or drawn some of it."""
        self._version = -1
        self.spare_profile_ids.clear()

    def find_event(self, name: str) -> Definition | None:
        """Find the definition of an event by any spelling of its name."""
        return self._known.get((DefinitionKind.EVENT, 0, self._key_of(name)))

    def mappings_of(self, name: str) -> tuple[EventMapping, ...]:
        """Give what is mapped from an event, by any spelling of its name."""
        return self.mappings.get(self._key_of(name), ())

    def _key_of(self, name: str) -> str:
        if (key := self._spellings.get(name)) is None:
            if len(self._spellings) > 10_000:  # noqa: PLR2004 - clients may send ever new names
                self._spellings.clear()
            key = self._spellings[name] = event_key(name)
        return key

    def find(self, kind: DefinitionKind, parent: int, key: str) -> Definition | None:
        """Find a definition."""
        return self._known.get((kind, parent, key))

    def define_event(self, tx: Transaction, name: str, *, now_ms: int, source: str) -> Definition:
        """Make the definition of an event that is done for the first time."""
        key = event_key(name)
        made = Definition(0, DefinitionKind.EVENT, 0, key, name, None, now_ms, source)
        self.define(tx, [made])
        return made

    def define(self, tx: Transaction, new: Sequence[Definition]) -> None:
        """Make definitions with their first values; they get their ids."""
        definitions.add(tx, self._environment, new)
        self._known.update({(each.kind, each.parent, each.key): each for each in new})

    def lock(self, tx: Transaction, definition: Definition) -> Definition:
        """Read a definition anew and keep other writers off it."""
        fresh = definitions.get_locked(
            tx, self._environment, definition.kind, definition.key, parent=definition.parent
        )
        self._known[fresh.kind, fresh.parent, fresh.key] = fresh
        return fresh


def check_not_discarded(definition: Definition | None) -> None:
    """Raise `Rejected` (528) if the event was discarded in its definition."""
    if definition is not None and definition.state is DefinitionState.DISCARDED:
        reason = f"Event '{definition.name}' was discarded in its definition"
        raise Rejected(RejectCode.EVENT_DISCARDED, reason)


class Counts(msgspec.Struct):
    """What a batch adds to the definitions of an environment."""

    properties: Tally = msgspec.field(default_factory=Tally)
    event_properties: dict[EventNameId, Tally] = {}
    events: dict[EventNameId, int] = {}

    def add_event(self, name: EventNameId, properties: dict[str, object]) -> None:
        """Count an event and the values of its properties."""
        self.events[name] = self.events.get(name, 0) + 1
        if (tally := self.event_properties.get(name)) is None:
            tally = self.event_properties[name] = Tally()
        tally.add(properties.items())


def write_counts(
    tx: Transaction,
    environment: EnvironmentId,
    registry: Registry,
    counts: Counts,
    *,
    now_ms: int,
    source: str,
) -> None:
    """Count the values of a batch into their definitions, and make those that are new."""
    changes: list[tuple[_Key, int, dict[ValueType, int]]] = [
        ((DefinitionKind.PROPERTY, 0, name), sum(seen.values()), seen)
        for name, seen in counts.properties.by_name().items()
    ]
    for event, tally in counts.event_properties.items():
        changes += [
            ((DefinitionKind.EVENT_PROPERTY, event, name), sum(seen.values()), seen)
            for name, seen in tally.by_name().items()
        ]
    new: list[Definition] = []
    # In the order of the key: processes that count the same definitions wait, and do not deadlock.
    for (kind, parent, key), more, seen in sorted(changes, key=lambda change: change[0]):
        if (known := registry.find(kind, parent, key)) is None:
            first, conflicts = widen(None, seen)
            made = Definition(0, kind, parent, key, key, first, now_ms, source)
            made.count, made.conflicts, made.last_seen_at = more, conflicts, now_ms
            new.append(made)
            continue
        type_after, conflicts = widen(known.type, seen)
        if type_after is not known.type:
            known = registry.lock(tx, known)
            if known.type is None:
                # Who added it before its first value said nothing of where that comes from.
                known.first_seen_at, known.source = now_ms, source
            known.type, conflicts = widen(known.type, seen)
            definitions.set_type(tx, environment, known)
        definitions.count(tx, environment, known, more, conflicts, now_ms=now_ms)
    if new:
        registry.define(tx, new)
    for event, more in sorted(counts.events.items()):
        definitions.count_event(tx, environment, event, more, now_ms=now_ms)
