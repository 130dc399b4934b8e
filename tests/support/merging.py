"""Merging people of an environment, and all that is told of one."""

from typing import Any

from mien.domain.documents import set_at_of
from mien.domain.identities import Identity, IdentityKind
from mien.domain.profiles import Profile
from mien.domain.schema import DefinitionKind
from mien.services.merges import merge_people, undo_merge
from mien.services.trails import event_trail, read_events
from mien.store import definitions
from mien.store.log import StoredEvent
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, Record

EVERY = 1_000


def person(name: str, kind: IdentityKind = IdentityKind.IDENTITY) -> Identity:
    """Give an id of a person."""
    return Identity(kind, name)


def device(name: str) -> Identity:
    """Give the objectId of a device."""
    return Identity(IdentityKind.OBJECT_ID, name)


def join(desk: Desk, one: str | Identity, other: str | Identity, **how: Any) -> Any:
    """Merge two people, each named by a distinct id or by any other identity."""
    named = [person(each) if isinstance(each, str) else each for each in (one, other)]
    return merge_people(desk.store, desk.environment, *named, source="v1:1", **how)


def undo(desk: Desk, merge: int) -> Any:
    """Undo a merge."""
    return undo_merge(desk.store, desk.environment, merge, source="v1:1")


def done_by(desk: Desk, found: Profile) -> list[tuple[StoredEvent, bool]]:
    """Give the events of a profile, newest first, with whether they are grey."""
    with desk.store.read() as tx:
        trail = event_trail(tx, desk.environment, found, with_grey=True)
        rows, rest = read_events(tx, desk.environment, trail, count=EVERY)
    assert rest == ()
    return rows


def events_of(desk: Desk, found: Profile) -> list[tuple[bytes, bool]]:
    """Give the events of a profile as bodies, newest first, with whether they are grey."""
    return [(row.body, is_grey) for row, is_grey in done_by(desk, found)]


def faults(desk: Desk) -> list[str]:
    """Say where the environment contradicts itself."""
    return find_faults(desk.store, only=desk.environment)


def fb(name: str, **properties: object) -> Record:
    """Give a profile record by FBID."""
    return {"type": "profile", "FBID": name, "profileData": properties}


def told(desk: Desk, found: Profile) -> dict[str, Any]:
    """Give all that a profile tells, with the time at which each property was set."""
    document = found.document
    names = {*document.properties, *document.set_at}
    with desk.store.read() as tx:
        known = definitions.list_kind(tx, desk.environment, DefinitionKind.EVENT)
    names_of_events = {each.id: each.name for each in known}
    return {
        "properties": {
            name: sorted(v) if isinstance(v, list) else v for name, v in document.properties.items()
        },
        "times": {name: set_at_of(document, name) for name in names},
        "identities": set(map(tuple, document.identities)),
        "devices": {each.key for each in document.devices},
        "groups": document.groups,
        "events": {
            names_of_events[number]: (done.count, done.first, done.last)
            for number, done in found.activity.events.items()
        },
    }
