"""What is known of one person over time: the profile, its changes, and its events.

Both are read in pages from the newest on. A page says where the next one begins: a
place in the chain of the profile, which stays the same however much is appended.
Source: B-04, P-16.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, tzinfo

import msgspec

from mien.domain.derived import Known, derived_values
from mien.domain.identities import Identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.moments import day_at
from mien.domain.preferences import Channel
from mien.domain.profiles import Profile
from mien.domain.reachability import Reach, reachability
from mien.domain.records import DAY_SECONDS
from mien.domain.values import Value
from mien.services.reading import ProfileView, Reader, find_in
from mien.services.trails import (
    Trail,
    chains_of,
    change_trail,
    event_trail,
    find_events,
    read_changes,
    read_events,
)
from mien.services.wires import MEMBER, Wire
from mien.store import accounts, log, members
from mien.store.engine import Store, Transaction
from mien.store.log import StoredChange, StoredEvent

EVENTS_COUNTED = 10_000
"""How many events of a person are counted by day at most, the last that arrived."""

_EVENTS_LOOKED_AT = 2_000
_ALWAYS = 2**62
_LOOKED_AT, _STEP = 2_000, 100
"""How many changes of a person are looked at in one go for those of one property, and a step."""


class Person(msgspec.Struct, frozen=True):
    """Where the history of a profile begins: its newest changes and events."""

    profile: ProfileId
    changes: Trail
    events: Trail


class PersonView(msgspec.Struct, frozen=True):
    """A profile as it is shown, what is derived of it, and where it may be written to.

    `updated_at` is the time of its last change or event (epoch milliseconds).
    """

    profile: ProfileView
    derived: dict[str, Value]
    reachable: Mapping[Channel, Reach]
    updated_at: int


class ChangePage(msgspec.Struct, frozen=True):
    """Changes, newest first; `actors` names who made them, by source; `rest` is where to read on."""

    changes: Sequence[StoredChange]
    actors: Mapping[str, str]
    rest: Trail


class ValueChange(msgspec.Struct, frozen=True):
    """A value of a property: when it came, from whom, and the value before; None is none.

    `mapped_from` is the event that brought it, `merge` the merge, if either did.
    """

    received_at: int
    source: str
    new: Value | None
    old: Value | None
    mapped_from: str
    merge: int


class ValuePage(msgspec.Struct, frozen=True):
    """Values of one property, newest first; `rest` is where to read on, also if none was found."""

    values: Sequence[ValueChange]
    actors: Mapping[str, str]
    rest: Trail


class Wanted(msgspec.Struct, frozen=True):
    """Which events are looked for; what is empty is not asked.

    `since` and `until` are epoch seconds, the latter exclusive; `device` is an objectId.
    """

    names: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    device: str = ""
    has_grey: bool = True


class DayCounts(msgspec.Struct, frozen=True):
    """How many events were on each day, and how many of them are grey.

    `is_cut` says that only the last `EVENTS_COUNTED` were looked at.
    """

    days: Mapping[date, int]
    grey: Mapping[date, int]
    is_cut: bool


class DoneEvent(msgspec.Struct, frozen=True):
    """An event of a person; grey if it was done before it was known whose device it is (P-05)."""

    name: str
    stored: StoredEvent
    is_grey: bool


class EventPage(msgspec.Struct, frozen=True):
    """Events, last arrived first; `rest` is where to read on."""

    events: Sequence[DoneEvent]
    actors: Mapping[str, str]
    rest: Trail


def find_person(store: Store, environment: EnvironmentId, identity: Identity) -> Person | None:
    """Find the profile that an identity means; None if there is none."""
    with store.read() as tx:
        found = find_in(tx, environment, identity)
        return None if found is None else _person(tx, environment, found)


def view_person(
    store: Store, reader: Reader, identity: Identity, *, today: date
) -> PersonView | None:
    """Show the profile that an identity means; `today` is the day in the account's time zone."""
    with store.snapshot() as tx:
        found = find_in(tx, reader.environment, identity)
        if found is None:
            return None
        view = reader.view(tx, found, today=today)
        known = Known(found.id, found.document, view.events, found.created_at, today)
        return PersonView(
            profile=view,
            derived=derived_values(known),
            reachable=reachability(found.document, reader.blocked_states(tx, [found])),
            updated_at=_updated_at(tx, reader.environment, found),
        )


def change_page(
    store: Store, environment: EnvironmentId, trail: Trail, *, count: int
) -> ChangePage:
    """Give the changes of a profile from a place in its history on."""
    with store.read() as tx:
        rows, rest = read_changes(tx, environment, trail, count=count)
        actors = name_actors(tx, environment, {row.source for row in rows})
    return ChangePage(rows, actors, rest)


def value_page(
    store: Store, environment: EnvironmentId, trail: Trail, *, name: str, count: int
) -> ValuePage:
    """Give what one property was from a place in the history of a profile on.

    Reads so many changes as `_LOOKED_AT` at most, however few of them are of the property,
    and goes a little over `count` to its next stop.
    """
    found: list[ValueChange] = []
    with store.read() as tx:
        for _ in range(_LOOKED_AT // _STEP):
            rows, trail = read_changes(tx, environment, trail, count=_STEP)
            found += [each for row in rows if (each := _value_change(row, name)) is not None]
            if not trail or len(found) >= count:
                break
        actors = name_actors(tx, environment, {each.source for each in found})
    return ValuePage(found, actors, trail)


def event_page(
    store: Store, reader: Reader, trail: Trail, *, count: int, wanted: Wanted | None = None
) -> EventPage:
    """Give the events of a profile from a place in its activity on.

    Of those that are `wanted` a page may have few or none and still not be the last: so many
    events as `_EVENTS_LOOKED_AT` are looked at in one go.
    """
    environment = reader.environment
    with store.read() as tx:
        if wanted is None:
            rows, rest = read_events(tx, environment, trail, count=count)
        else:
            rows, rest = _find_wanted(tx, reader, trail, wanted, count)
        names = reader.event_names(tx, {row.name for row, _ in rows})
        actors = name_actors(tx, environment, {row.source for row, _ in rows})
    return EventPage(
        [DoneEvent(names[row.name], row, is_grey) for row, is_grey in rows], actors, rest
    )


def count_days(
    store: Store, environment: EnvironmentId, trail: Trail, *, since: int, zone: tzinfo
) -> DayCounts:
    """Count the events of a profile by day, those since a time (epoch seconds)."""
    days: dict[bool, Counter[date]] = {True: Counter(), False: Counter()}
    arrived_from, left = _arrived_from(since), EVENTS_COUNTED
    with store.read() as tx:
        for thread in trail:
            found, looked_at = log.count_quarters(
                tx,
                environment,
                thread.start,
                arrived_from=arrived_from,
                arrived_until=thread.until or _ALWAYS,
                count=left,
            )
            left -= looked_at
            for (quarter, device), count in found.items():
                at = quarter * log.QUARTER_SECONDS
                is_meant = not thread.object_id or device.removeprefix("-") == thread.object_id
                if at >= since and is_meant:
                    days[bool(thread.object_id)][day_at(at, zone)] += count
    return DayCounts(days[False], days[True], is_cut=left <= 0)


def _find_wanted(
    tx: Transaction, reader: Reader, trail: Trail, wanted: Wanted, count: int
) -> tuple[list[tuple[StoredEvent, bool]], Trail]:
    device = wanted.device.removeprefix("-")

    def fits(row: StoredEvent) -> bool:
        return (
            (not wanted.names or reader.event_names(tx, (row.name,))[row.name] in wanted.names)
            and (wanted.since is None or row.occurred_at >= wanted.since)
            and (wanted.until is None or row.occurred_at < wanted.until)
            and (not device or row.object_id.removeprefix("-") == device)
        )

    return find_events(
        tx,
        reader.environment,
        trail if wanted.has_grey else tuple(each for each in trail if not each.object_id),
        count=count,
        within=_EVENTS_LOOKED_AT,
        fits=fits,
        arrived_from=0 if wanted.since is None else _arrived_from(wanted.since),
    )


def _arrived_from(since: int) -> int:
    """Give when what happened since a time arrived at the earliest (epoch milliseconds).

    A record may be dated a day ahead, no more.
    """
    return (since - DAY_SECONDS) * 1_000


def _value_change(row: StoredChange, name: str) -> ValueChange | None:
    """Give what a row of the log says of a property, None if it says nothing."""
    change = row.change
    if name not in change.new and name not in change.flags:
        return None
    return ValueChange(
        row.received_at,
        row.source,
        change.new.get(name, change.flags.get(name)),
        change.old.get(name),
        change.mapped_from,
        change.merge,
    )


def _person(tx: Transaction, environment: EnvironmentId, profile: Profile) -> Person:
    return Person(
        profile.id,
        change_trail(tx, environment, profile),
        event_trail(tx, environment, profile, with_grey=True),
    )


def _updated_at(tx: Transaction, environment: EnvironmentId, profile: Profile) -> int:
    """Give when a profile last changed or did something; its chains begin with both."""
    known = [profile.created_at]
    for chain in chains_of(tx, environment, profile):
        known += [
            row.received_at
            for row in (
                next(log.walk_changes(tx, environment, chain.last_change, step=1), None),
                next(log.walk_events(tx, environment, chain.last_event, step=1), None),
            )
            if row is not None
        ]
    return max(known)


def name_sources(
    store: Store, environment: EnvironmentId, sources: Collection[str]
) -> dict[str, str]:
    """Name those behind sources, as `name_actors`."""
    with store.read() as tx:
        return name_actors(tx, environment, sources)


def name_actor(store: Store, environment: EnvironmentId, source: str) -> str | None:
    """Name the member, or the key, behind a source; None if there is none."""
    with store.read() as tx:
        return name_actors(tx, environment, {source}).get(source)


def name_actors(
    tx: Transaction, environment: EnvironmentId, sources: Collection[str]
) -> dict[str, str]:
    """Name the keys behind sources such as `api:3`, and members; other sources have no actor."""
    if not sources:
        return {}
    labels = {key.key_id: key.label for key in accounts.list_keys(tx, environment)}
    actors = {
        wire.source(key_id): label
        for key_id, label in labels.items()
        for wire in Wire
        if wire.source(key_id) in sources
    }
    by_members = [each for each in sources if each.startswith(f"{MEMBER}:")]
    ids = [int(each.removeprefix(f"{MEMBER}:")) for each in by_members]
    return actors | {f"{MEMBER}:{id_}": name for id_, name in members.names(tx, ids).items()}
