"""Walks a whole store and says where it contradicts itself.

Every fact that the store keeps twice is computed from the other place and compared:
profiles from their change log, identities and addresses from the documents, activity
and counts from the events, chains from the rows. A store that no write was ever half
applied to has no faults, whatever happened to its servers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from mien.domain.changes import Change, decode_change
from mien.domain.documents import Document
from mien.domain.events import Activity
from mien.domain.identities import IdentityKind
from mien.domain.keys import index_key
from mien.domain.preferences import (
    ADDRESS_FLAGS,
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    Address,
    SubscriptionKey,
    address,
    addresses,
)
from mien.domain.schema import DefinitionKind
from mien.store import numbers
from mien.store.columns import metadata
from mien.store.engine import Store, Transaction

_SELECTS = {table.name: sa.select(table) for table in metadata.sorted_tables}
_SELECTS_OF_ONE = {
    table.name: sa.select(table).where(table.c.environment_id == sa.bindparam("environment"))
    for table in metadata.sorted_tables
    if "environment_id" in table.c
}
_LAST_PROFILE = sa.select(sa.column("last_value", sa.BigInteger)).select_from(
    sa.table(numbers.profile_ids.name)
)

_decode_document = msgspec.json.Decoder(Document).decode
_decode_activity = msgspec.json.Decoder(Activity).decode
_decode_body = msgspec.json.Decoder(dict[str, Any]).decode

StoreRow = dict[str, Any]
Definition = tuple[int, int, str]


def rows_of(tx: Transaction, table: str, *, only: int | None = None) -> list[StoreRow]:
    """Give all rows of a table, or those of one environment, each as a dict by column."""
    names = metadata.tables[table].columns.keys()
    if only is None:
        rows = tx.rows(_SELECTS[table])
    elif table in _SELECTS_OF_ONE:
        rows = tx.rows(_SELECTS_OF_ONE[table], environment=only)
    else:
        rows = []
    return [dict(zip(names, row, strict=True)) for row in rows]


def find_faults(store: Store, *, only: int | None = None) -> list[str]:
    """Say every contradiction in a store, or in one environment; servers may write meanwhile."""
    with store.snapshot() as tx:
        tables = {name: rows_of(tx, name, only=only) for name in _SELECTS}
        last_profile = None if tx.is_sqlite else tx.rows(_LAST_PROFILE)[0][0]
        last_place = None if tx.is_sqlite else numbers.last_place(tx, 0)
    faults = list(_crossings(tables)) if only is None else []
    known = [row["environment_id"] for row in tables["environments"]]
    for number in known if only is None else [only]:
        held = _Held(
            {
                name: [row for row in rows if row.get("environment_id") == number]
                for name, rows in tables.items()
            },
            last_profile=last_profile,
            last_place=last_place,
        )
        faults += [f"environment {number}: {fault}" for fault in held.faults()]
    return faults


def _crossings(tables: dict[str, list[StoreRow]]) -> Iterator[str]:
    known = {row["environment_id"] for row in tables["environments"]} | {numbers.EVERYWHERE}
    for name, rows in tables.items():
        strange = {row["environment_id"] for row in rows if "environment_id" in row} - known
        if strange:
            yield f"{name} has rows of environments that do not exist: {strange}"


@dataclass
class _Person:
    """One profile with all that hangs on it, and what replaying its changes gives."""

    row: StoreRow
    document: Document
    activity: Activity
    changes: list[tuple[int, int, Change]] = field(default_factory=list)
    events: list[StoreRow] = field(default_factory=list)
    sides: list[Document] = field(default_factory=list)

    @property
    def devices(self) -> set[str]:
        """Its devices by objectId without a leading `-`."""
        return {each.object_id.removeprefix("-") for each in self.document.devices}

    @property
    def tokens(self) -> list[str]:
        """Its active push tokens."""
        active = [each.active_token for each in self.document.devices]
        return [each.id for each in active if each is not None]

    @property
    def addresses(self) -> set[Address]:
        """The addresses in its document and in those of its sides, as they are found."""
        documents = (self.document, *self.sides)
        return {each for document in documents for each in addresses(document.properties)}


class _Held:
    """What one environment holds."""

    def __init__(
        self,
        tables: dict[str, list[StoreRow]],
        *,
        last_profile: int | None,
        last_place: int | None,
    ) -> None:
        self.tables = tables
        counters = {row["name"]: row["value"] for row in tables["counters"]}
        self.last_profile = counters.get("profile", 0) if last_profile is None else last_profile
        self.last_place = counters.get("log", 0) if last_place is None else last_place
        self.last_definition = counters.get("definition", 0)
        self.changes = {row["sequence"]: row for row in tables["changes"]}
        self.events = {row["sequence"]: row for row in tables["events"]}
        self.erased = {row["profile_id"] for row in tables["erasures"]}
        self.people = {
            row["profile_id"]: _Person(
                row, _decode_document(row["document"]), _decode_activity(row["activity"])
            )
            for row in tables["profiles"]
        }
        self.absorbed = {row["profile_id"]: row for row in tables["absorbed"]}
        self.merged: set[int] = set()
        self.alone = {number: each.document for number, each in self.people.items()}
        # From the newest merge on, so that of the sides of a profile the innermost is left.
        for row in sorted(tables["merges"], key=lambda row: -row["merge_id"]):
            self.merged |= {row["root_id"], row["survivor_id"], row["absorbed_id"]}
            if row["undone_at"] is None and row["root_id"] in self.people:
                for which in ("survivor", "absorbed"):
                    side = _decode_document(row[f"{which}_document"])
                    self.people[row["root_id"]].sides.append(side)
                    self.alone[row[f"{which}_id"]] = side

    def root(self, number: int) -> int:
        """Give the profile that is shown for another."""
        row = self.absorbed.get(number)
        return number if row is None else int(row["root_id"])

    def faults(self) -> Iterator[str]:
        """Give every contradiction."""
        yield from self._broken_chains()
        yield from self._wrong_merges()
        yield from self._wrong_identities()
        yield from self._wrong_addresses()
        yield from self._wrong_activity()
        yield from self._wrong_histories()
        yield from self._wrong_flags()
        yield from self._wrong_counts()
        yield from self._reused_numbers()
        yield from self._wrong_suggestions()
        yield from self._remains_of_the_erased()

    def _broken_chains(self) -> Iterator[str]:
        for number, person in self.people.items():
            walked = yield from self._walk(number, "changes", person.row["last_change"])
            person.changes = [_change(row) for row in walked]
            person.events = yield from self._walk(number, "events", person.row["last_event"])
        for number, row in self.absorbed.items():
            person = self.people[row["root_id"]]
            walked = yield from self._walk(number, "changes", row["last_change"])
            person.changes += [_change(row) for row in walked]
            person.events += yield from self._walk(number, "events", row["last_event"])
        reached = {row["sequence"] for each in self.people.values() for row in each.events}
        if loose := self.events.keys() - reached:
            yield f"events on no chain: {sorted(loose)[:10]}"
        reached = {sequence for each in self.people.values() for _, sequence, _ in each.changes}
        loose = {s for s in self.changes.keys() - reached if not self._is_tombstone(s)}
        if loose:
            yield f"changes on no chain: {sorted(loose)[:10]}"

    def _walk(self, number: int, table: str, start: int) -> Any:
        """Give the rows of a chain, newest first; yields what is wrong with it."""
        rows = self.changes if table == "changes" else self.events
        walked: list[StoreRow] = []
        place, before = start, self.last_place + 1
        while place:
            row = rows.get(place)
            if row is None:
                yield f"the {table} of profile {number} end at {place}, which is missing"
                break
            if row["profile_id"] != number:
                yield f"the {table} of profile {number} lead to {place} of {row['profile_id']}"
                break
            if place >= before:
                yield f"the {table} of profile {number} rise at {place}"
                break
            walked.append(row)
            place, before = row["previous"], place
        return walked

    def _is_tombstone(self, sequence: int) -> bool:
        row = self.changes[sequence]
        return decode_change(row["body"]) == Change(erased=True) and row["previous"] == 0

    def _wrong_merges(self) -> Iterator[str]:
        """Every absorbed profile has its root and one merge; a root has merges, others have none."""
        for number, row in self.absorbed.items():
            if number in self.people or row["root_id"] not in self.people:
                yield f"profile {number} is part of {row['root_id']}, which cannot be"
        active = [row for row in self.tables["merges"] if row["undone_at"] is None]
        taken = Counter(row["absorbed_id"] for row in active)
        yield from _differences("absorbed", dict(taken), dict.fromkeys(self.absorbed, 1))
        for row in active:
            if {self.root(row["survivor_id"]), self.root(row["absorbed_id"])} != {row["root_id"]}:
                yield f"merge {row['merge_id']} is of another root than {row['root_id']}"
        roots = {row["root_id"] for row in active}
        for number, person in self.people.items():
            if bool(person.row["is_merged"]) is not (number in roots):
                yield f"profile {number} says {person.row['is_merged']} of its merges"

    def _wrong_identities(self) -> Iterator[str]:
        stored = {(r["kind"], r["value"]): r["profile_id"] for r in self.tables["identities"]}
        meant: dict[tuple[int, str], int] = {}
        for number, person in self.people.items():
            named = [(int(kind), index_key(value)) for kind, value in person.document.identities]
            named += [(int(IdentityKind.OBJECT_ID), device) for device in person.devices]
            named += [(int(IdentityKind.PUSH_TOKEN), index_key(each)) for each in person.tokens]
            for each in named:
                if each in meant:
                    yield f"{each} is in the documents of {meant[each]} and {number}"
                meant[each] = number
        yield from _differences("identities", stored, meant)

    def _wrong_addresses(self) -> Iterator[str]:
        stored = {
            (row["kind"], row["value"], row["profile_id"]): True for row in self.tables["addresses"]
        }
        meant = {
            (int(kind), value, number): True
            for number, person in self.people.items()
            for kind, value in person.addresses
        }
        yield from _differences("addresses", stored, meant)

    def _wrong_activity(self) -> Iterator[str]:
        for number, person in self.people.items():
            times: dict[int, list[int]] = defaultdict(list)
            for event in person.events:
                times[event["name_id"]].append(event["occurred_at"])
            counted = {name: (len(at), min(at), max(at)) for name, at in times.items()}
            kept = {n: (s.count, s.first, s.last) for n, s in person.activity.events.items()}
            yield from _differences(f"activity of profile {number}", kept, counted)

    def _wrong_histories(self) -> Iterator[str]:
        """Each profile is what its changes say, also those of a time in which it was merged."""
        replays = {number: Replay() for number in self.alone}
        for person in self.people.values():
            for number, sequence, change in reversed(person.changes):
                for fault in replays[number].apply(change.alone()):
                    yield f"change {sequence} of profile {number}: {fault}"
        for number, document in self.alone.items():
            for fault in replays[number].differences(document):
                yield f"profile {number} is not what its changes say: {fault}"

    def _wrong_flags(self) -> Iterator[str]:
        """Of the flags of an address the last one written holds."""
        if self.erased or self.merged:
            return
        written: list[tuple[int, SubscriptionKey, bool]] = []
        for person in self.people.values():
            replay = Replay()
            for _, sequence, change in reversed(person.changes):
                list(replay.apply(change))
                for flag, is_blocked in change.flags.items():
                    kind = ADDRESS_FLAGS[flag]
                    value = replay.properties[FIELD_OF_ADDRESS[ADDRESS_OF[kind]]]
                    key = kind, address(ADDRESS_OF[kind], value)[1]
                    written.append((sequence, key, is_blocked))
        meant = {
            (int(kind), value): (on, self.changes[sequence]["received_at"])
            for sequence, (kind, value), on in sorted(written)
        }
        stored = {(row["kind"], row["value"]): row for row in self.tables["subscriptions"]}
        if missing := meant.keys() - stored.keys():
            yield f"subscriptions lack {sorted(missing)[:5]}"
        for key, row in stored.items():
            on, last = meant.get(key, (None, 0))
            # What is said of an address that nobody has stands in no history.
            is_said_since = row["changed_at"] > last
            if bool(row["is_blocked"]) is not on and not is_said_since:
                yield f"the subscription {key} is {not on}, the histories say {on}"

    def _wrong_counts(self) -> Iterator[str]:
        meant = self._counted_events() + self._counted_properties()
        for row in self.tables["definitions"]:
            count = meant.pop(_definition(row), 0)
            if row["count"] < count or (row["count"] > count and not self.erased):
                yield f"definition {row['key']!r} counts {row['count']}, the log has {count}"
        if meant:
            yield f"values without a definition: {list(meant)[:5]}"

    def _counted_events(self) -> Counter[Definition]:
        names = {row["definition_id"]: _definition(row) for row in self.tables["definitions"]}
        counted: Counter[Definition] = Counter()
        for event in self.events.values():
            number = event["name_id"]
            counted[names.get(number, (DefinitionKind.EVENT, 0, f"without a name: {number}"))] += 1
            for key, value in _decode_body(event["body"]).items():
                counted[DefinitionKind.EVENT_PROPERTY, number, key] += value is not None
        return counted

    def _counted_properties(self) -> Counter[Definition]:
        changes = [change for person in self.people.values() for *_, change in person.changes]
        return Counter(
            (DefinitionKind.PROPERTY, 0, key)
            for change in changes
            for key, value in {**change.alone().new, **change.new}.items()
            if value is not None and not change.merge
        )

    def _reused_numbers(self) -> Iterator[str]:
        places = Counter([*self.changes, *self.events])
        places.update(row["reject_id"] for row in self.tables["rejects"])
        # Addresses that are spoken of in one write share a place.
        places.update({row["sequence"] for row in self.tables["subscriptions"]})
        if twice := [place for place, count in places.items() if count > 1]:
            yield f"places of the log that were handed out twice: {twice[:10]}"
        if max(places, default=0) > self.last_place:
            yield f"place {max(places)} is beyond the counter, which is at {self.last_place}"
        if max(self.people, default=0) > self.last_profile:
            yield f"profile {max(self.people)} is beyond the counter at {self.last_profile}"
        ids = Counter(row["definition_id"] for row in self.tables["definitions"])
        if len(ids) != ids.total() or max(ids, default=0) > self.last_definition:
            yield "ids of definitions were handed out twice or not at all"

    def _wrong_suggestions(self) -> Iterator[str]:
        holders = {(r["kind"], r["value"]): r["profile_id"] for r in self.tables["identities"]}
        for row in self.tables["merge_suggestions"]:
            pair = (row["profile_id"], row["other_id"])
            shown = {self.root(each) for each in pair}
            if len(set(pair)) != 2 or not shown <= self.people.keys():
                yield f"a merge of {pair} is suggested"
            holder = holders.get((row["kind"], index_key(row["value"])))
            # An e-mail address that is an id can be given up; other ids stay.
            if row["kind"] != IdentityKind.EMAIL and holder != self.root(row["other_id"]):
                yield f"the merge of {pair} is suggested for an id that the other does not hold"

    def _remains_of_the_erased(self) -> Iterator[str]:
        if back := self.erased & self.people.keys():
            yield f"profiles {back} are erased and there"
        for name in ("identities", "addresses", "events"):
            if left := {row["profile_id"] for row in self.tables[name]} & self.erased:
                yield f"{name} still has rows of the erased profiles {left}"
        tombs = Counter(
            r["profile_id"] for r in self.changes.values() if r["profile_id"] in self.erased
        )
        if tombs != Counter(self.erased):
            yield f"erased profiles need one tombstone each: {tombs}"


class Replay:
    """What a profile is, told by its changes alone, oldest first."""

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.identities: list[tuple[int, str]] = []
        self.devices: dict[str, str | None] = {}
        self.groups: dict[str, dict[str, bool]] = {}
        self._is_first = True

    def apply(self, change: Change) -> Iterator[str]:
        """Take over one change; gives what does not fit to those before."""
        if change.created is not self._is_first:
            yield "created is not told by the first change, and by it alone"
        self._is_first = False
        for key, value in change.new.items():
            if not _is_same(self.properties.get(key), change.old.get(key)):
                yield f"{key!r} was {self.properties.get(key)!r}, not {change.old.get(key)!r}"
            if value is None:
                self.properties.pop(key, None)
            else:
                self.properties[key] = value
        self.identities += [(int(kind), value) for kind, value in change.attached]
        gone = {(int(kind), value) for kind, value in change.detached}
        self.identities = [each for each in self.identities if each not in gone]
        for channel, groups in change.groups.items():
            self.groups.setdefault(channel, {}).update(groups)
        yield from self._apply_devices(change)

    def _apply_devices(self, change: Change) -> Iterator[str]:
        bound, lost = change.device.removeprefix("-"), change.device_lost.removeprefix("-")
        if lost and lost not in self.devices:
            yield f"device {lost} was lost and not there"
        token = self.devices.pop(lost, None)
        if change.token and bound not in self.devices:
            yield f"a token came for device {bound}, which was not there"
        if bound:
            self.devices[bound] = change.token or token

    def differences(self, document: Document) -> Iterator[str]:
        """Give what the document has otherwise."""
        yield from _differences("properties", document.properties, self.properties)
        if [(int(kind), value) for kind, value in document.identities] != self.identities:
            yield f"identities {document.identities} are not {self.identities}"
        kept = {each.object_id.removeprefix("-"): True for each in document.devices}
        yield from _differences("devices", kept, dict.fromkeys(self.devices, True))
        yield from _differences("groups", document.groups, self.groups)


def _differences(what: str, stored: dict[Any, Any], meant: dict[Any, Any]) -> Iterator[str]:
    for key in stored.keys() | meant.keys():
        if not _is_same(stored.get(key), meant.get(key)):
            yield f"{what}: {key!r} is {stored.get(key)!r}, should be {meant.get(key)!r}"


def _change(row: StoreRow) -> tuple[int, int, Change]:
    return row["profile_id"], row["sequence"], decode_change(row["body"])


def _definition(row: StoreRow) -> Definition:
    return row["kind"], row["parent"], row["key"]


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
