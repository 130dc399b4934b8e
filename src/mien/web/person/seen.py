"""Whom a page is about: the profile behind its path, and who that is at a glance."""

from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from mien import clock
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.errors import NotFoundError
from mien.domain.identities import WIRE_NAMES, Identity, IdentityKind, object_identity
from mien.domain.preferences import is_disabled
from mien.domain.rejects import Rejected
from mien.services import history
from mien.services.history import Person, PersonView
from mien.services.trails import Trail
from mien.web.people import name_of
from mien.web.visit import Visit

T = TypeVar("T")


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a next page begins: a profile, and a place in its history."""

    profile: int
    trail: Trail


class Glance(msgspec.Struct, frozen=True):
    """Who this is, at the head of every page of a person; times are epoch milliseconds."""

    object_id: str
    name: str
    is_identified: bool
    is_test: bool
    is_disabled: bool
    ids: list[tuple[str, str]]
    first_seen: object
    last_seen: object
    place: str
    local_time: str


async def view_of(visit: Visit, object_id: str) -> PersonView:
    """Give the person whom a path names, or raise `NotFoundError`."""
    dashboard, identity = visit.dashboard, identity_of(object_id)
    reader, today = dashboard.reader(visit.environment_id), clock.today(visit.zone)
    view = await visit.run(
        lambda: history.view_person(dashboard.store, reader, identity, today=today)
    )
    return _there(view)


def person_of(visit: Visit, object_id: str) -> Person:
    """Give where the history of a person begins, or raise `NotFoundError`."""
    environment = visit.environment_id
    return _there(history.find_person(visit.dashboard.store, environment, identity_of(object_id)))


def identity_of(object_id: str) -> Identity:
    """Read the id in a path, or raise `NotFoundError` for what can be none."""
    try:
        return object_identity(object_id)
    except Rejected as rejected:
        raise nobody() from rejected


def nobody() -> NotFoundError:
    """Say that the person of a path is not there."""
    msg = "This person is not here: erased, or never in this environment."
    return NotFoundError(msg)


def glance_of(view: PersonView, visit: Visit) -> Glance:
    """Give who somebody is at a glance."""
    profile, derived = view.profile, view.derived
    country, city = derived.get("Country"), derived.get("City")
    return Glance(
        profile.object_id,
        name_of(profile),
        profile.is_identified,
        profile.properties.get(TEST_MARK) == IS_TEST,
        is_disabled(profile.properties),
        [(WIRE_NAMES[IdentityKind(kind)], value) for kind, value in profile.identities],
        derived.get("First Seen"),
        derived.get("Last Seen"),
        ", ".join(str(each) for each in (city, country) if each),
        _local_time(derived.get("Time Zone"), visit.now_ms),
    )


def path_of(visit: Visit, object_id: str, tab: str = "") -> str:
    """Give the address of a page of a person."""
    return visit.url(f"people/{object_id}{tab}")


def start_of(visit: Visit, person: Person, after: str | None, newest: Trail) -> Trail:
    """Give where a page begins; a place in the history of somebody else is none here."""
    if after is None:
        return newest
    place = visit.unseal("history", after, Place)
    return place.trail if place.profile == person.profile else newest


def seal_place(visit: Visit, person: Person, rest: Trail) -> str | None:
    """Seal where the next page begins; None at the end."""
    return visit.seal("history", Place(person.profile, rest)) if rest else None


def _there(found: T | None) -> T:
    if found is None:
        raise nobody()
    return found


def _local_time(zone: object, now_ms: int) -> str:
    """Give the time of the day where a person is, empty if that is not known."""
    if not isinstance(zone, str):
        return ""
    try:
        there = ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ""
    return f"{datetime.fromtimestamp(now_ms / 1_000, there):%H:%M}"
