"""What is known of one person over time: the profile, its changes, and its events.

Both are read in pages from the newest on. A page says where the next one begins: a
place in the chain of the profile, which stays the same however much is appended.
Source: B-04, P-16.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import islice

import msgspec

from mien.domain.derived import Known, derived_values
from mien.domain.identities import Identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import Channel
from mien.domain.profiles import Profile
from mien.domain.reachability import Reach, reachability
from mien.domain.values import Value
from mien.services.reading import ProfileView, Reader, find_in
from mien.services.wires import Wire
from mien.store import accounts, log, people
from mien.store.engine import Store, Transaction
from mien.store.log import StoredChange, StoredEvent
from mien.store.people import MergeSuggestion


class Person(msgspec.Struct, frozen=True):
    """Where the history of a profile begins: its newest change and event, 0 for none."""

    profile: ProfileId
    last_change: int
    last_event: int


class PersonView(msgspec.Struct, frozen=True):
    """A profile as it is shown, what is derived of it, and where it may be written to.

    `updated_at` is the time of its last change or event (epoch milliseconds).
    """

    person: Person
    profile: ProfileView
    derived: dict[str, Value]
    reachable: Mapping[Channel, Reach]
    updated_at: int


class ChangePage(msgspec.Struct, frozen=True):
    """Changes, newest first; `actors` names who made them, by source; `next_start` is 0 at the end."""

    changes: Sequence[StoredChange]
    actors: Mapping[str, str]
    next_start: int


class EventPage(msgspec.Struct, frozen=True):
    """Events, last arrived first, with their names; `next_start` is 0 at the end."""

    events: Sequence[tuple[str, StoredEvent]]
    actors: Mapping[str, str]
    next_start: int


def find_person(store: Store, environment: EnvironmentId, identity: Identity) -> Person | None:
    """Find the profile that an identity means; None if there is none."""
    with store.read() as tx:
        found = find_in(tx, environment, identity)
        return None if found is None else _person(found)


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
            person=_person(found),
            profile=view,
            derived=derived_values(known),
            reachable=reachability(found.document, reader.blocked_states(tx, [found])),
            updated_at=_updated_at(tx, reader.environment, found),
        )


def change_page(store: Store, environment: EnvironmentId, *, start: int, count: int) -> ChangePage:
    """Give the changes of a profile from a place in its chain on."""
    with store.read() as tx:
        rows = list(islice(log.walk_changes(tx, environment, start, step=count), count))
        actors = name_actors(tx, environment, {row.source for row in rows})
    return ChangePage(rows, actors, rows[-1].previous if rows else 0)


def event_page(store: Store, reader: Reader, *, start: int, count: int) -> EventPage:
    """Give the events of a profile from a place in its chain on."""
    environment = reader.environment
    with store.read() as tx:
        rows = list(islice(log.walk_events(tx, environment, start, step=count), count))
        names = reader.event_names(tx, {row.name for row in rows})
        actors = name_actors(tx, environment, {row.source for row in rows})
    shown = [(names[row.name], row) for row in rows]
    return EventPage(shown, actors, rows[-1].previous if rows else 0)


def list_merge_suggestions(
    store: Store, environment: EnvironmentId, *, after: tuple[int, int], count: int
) -> list[MergeSuggestion]:
    """Give suggested merges after a pair of profiles, by pair."""
    with store.read() as tx:
        return people.merge_suggestion_page(tx, environment, after=after, count=count)


def _person(profile: Profile) -> Person:
    return Person(profile.id, profile.last_change, profile.last_event)


def _updated_at(tx: Transaction, environment: EnvironmentId, profile: Profile) -> int:
    """Give when a profile last changed or did something; its chains begin with both."""
    change = next(log.walk_changes(tx, environment, profile.last_change, step=1), None)
    event = next(log.walk_events(tx, environment, profile.last_event, step=1), None)
    known = [row.received_at for row in (change, event) if row is not None]
    return max(known, default=profile.created_at)


def name_actors(
    tx: Transaction, environment: EnvironmentId, sources: Collection[str]
) -> dict[str, str]:
    """Name the keys behind sources such as `api:3`; other sources have no actor."""
    if not sources:
        return {}
    labels = {key.key_id: key.label for key in accounts.list_keys(tx, environment)}
    return {
        wire.source(key_id): label
        for key_id, label in labels.items()
        for wire in Wire
        if wire.source(key_id) in sources
    }
