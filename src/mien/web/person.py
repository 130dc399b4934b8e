"""The page of one person: who it is, what is known, what they did and what changed (D-04).

The path has the objectId that Mien made, so no log of paths names anybody.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien import clock
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.errors import NotFoundError
from mien.domain.identities import WIRE_NAMES, Identity, IdentityKind, object_identity
from mien.domain.rejects import Rejected
from mien.services import history
from mien.services.history import DoneEvent, Person, PersonView
from mien.services.trails import Trail
from mien.web.changes import Line, lines_of
from mien.web.frame import lead_to
from mien.web.people import name_of
from mien.web.routes import page
from mien.web.visit import Visit

_GLANCED, _EVENTS, _CHANGES = 8, 50, 50

T = TypeVar("T")

After = Annotated[str | None, QueryParameter()]

_decode = msgspec.json.Decoder(dict[str, object]).decode


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
    ids: list[tuple[str, str]]
    first_seen: object
    last_seen: object
    place: str
    local_time: str


class Happened(msgspec.Struct, frozen=True):
    """An event as it is shown."""

    name: str
    at: int
    is_grey: bool
    properties: Mapping[str, object]
    object_id: str
    actor: str


class Changed(msgspec.Struct, frozen=True):
    """A row of the change log as it is shown."""

    at: int
    actor: str
    lines: Sequence[Line]


@page("/people/{object_id:str}")
async def overview(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Show who this is: ids, properties, how to reach them, and what they did last."""
    view = await _view(visit, object_id)
    own_id = view.profile.object_id
    if object_id != own_id:
        return lead_to(visit.url(f"people/{own_id}"))
    days, _ = await visit.run(lambda: _events(visit, own_id, None, _GLANCED))
    return visit.page("person/overview.html", view=view, glance=_glance(view, visit), days=days)


@page("/people/{object_id:str}/activity")
async def activity(visit: Visit, object_id: FromPath[str], after: After = None) -> Response[bytes]:
    """Show what a person did, by day; what was done before they were known is grey."""
    view = await _view(visit, object_id)
    days, rest = await visit.run(lambda: _events(visit, object_id, after, _EVENTS))
    return visit.page(
        "person/activity.html",
        block="entries",
        view=view,
        glance=_glance(view, visit),
        days=days,
        next=_next(visit, object_id, "activity", rest),
    )


@page("/people/{object_id:str}/changes")
async def changes(visit: Visit, object_id: FromPath[str], after: After = None) -> Response[bytes]:
    """Show what became of a person, with who did it."""
    view = await _view(visit, object_id)
    rows, rest = await visit.run(lambda: _changes(visit, object_id, after))
    return visit.page(
        "person/changes.html",
        block="entries",
        view=view,
        glance=_glance(view, visit),
        rows=rows,
        next=_next(visit, object_id, "changes", rest),
    )


@page("/people/{object_id:str}/devices")
async def devices(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Show the devices of a person, and what is known of them."""
    view = await _view(visit, object_id)
    return visit.page("person/devices.html", view=view, glance=_glance(view, visit))


PERSON_HANDLERS: list[HTTPRouteHandler] = [overview, activity, changes, devices]


async def _view(visit: Visit, object_id: str) -> PersonView:
    dashboard, identity = visit.dashboard, _identity(object_id)
    reader, today = dashboard.reader(visit.environment.environment_id), clock.today(visit.zone)
    view = await visit.run(
        lambda: history.view_person(dashboard.store, reader, identity, today=today)
    )
    return _there(view)


def _identity(object_id: str) -> Identity:
    try:
        return object_identity(object_id)
    except Rejected as rejected:
        raise _nobody() from rejected


def _there(found: T | None) -> T:
    if found is None:
        raise _nobody()
    return found


def _nobody() -> NotFoundError:
    msg = "This person is not here: erased, or never in this environment."
    return NotFoundError(msg)


def _glance(view: PersonView, visit: Visit) -> Glance:
    profile, derived = view.profile, view.derived
    country, city = derived.get("Country"), derived.get("City")
    return Glance(
        profile.object_id,
        name_of(profile),
        profile.is_identified,
        profile.properties.get(TEST_MARK) == IS_TEST,
        [(WIRE_NAMES[IdentityKind(kind)], value) for kind, value in profile.identities],
        derived.get("First Seen"),
        derived.get("Last Seen"),
        ", ".join(str(each) for each in (city, country) if each),
        _local_time(derived.get("Time Zone"), visit.now_ms),
    )


def _local_time(zone: object, now_ms: int) -> str:
    """Give the time of the day where a person is, empty if that is not known."""
    if not isinstance(zone, str) or zone not in available_timezones():
        return ""
    return f"{datetime.fromtimestamp(now_ms / 1_000, ZoneInfo(zone)):%H:%M}"


def _events(
    visit: Visit, object_id: str, after: str | None, count: int
) -> tuple[list[tuple[str, list[Happened]]], Place | None]:
    dashboard, environment = visit.dashboard, visit.environment.environment_id
    person = _person(visit, object_id)
    trail = _start(visit, person, after, person.events)
    found = history.event_page(dashboard.store, dashboard.reader(environment), trail, count=count)
    done = [_happened(each, found.actors) for each in found.events]
    return _by_day(visit, done), Place(person.profile, found.rest) if found.rest else None


def _changes(visit: Visit, object_id: str, after: str | None) -> tuple[list[Changed], Place | None]:
    person = _person(visit, object_id)
    trail = _start(visit, person, after, person.changes)
    found = history.change_page(
        visit.dashboard.store, visit.environment.environment_id, trail, count=_CHANGES
    )
    rows = [
        Changed(row.received_at, found.actors.get(row.source, row.source), lines_of(row.change))
        for row in found.changes
    ]
    return rows, Place(person.profile, found.rest) if found.rest else None


def _person(visit: Visit, object_id: str) -> Person:
    environment = visit.environment.environment_id
    return _there(history.find_person(visit.dashboard.store, environment, _identity(object_id)))


def _start(visit: Visit, person: Person, after: str | None, newest: Trail) -> Trail:
    """Give where a page begins; a place in the history of somebody else is none here."""
    if after is None:
        return newest
    place = visit.unseal("history", after, Place)
    return place.trail if place.profile == person.profile else newest


def _next(visit: Visit, object_id: str, tab: str, rest: Place | None) -> str | None:
    if rest is None:
        return None
    return f"{visit.url(f'people/{object_id}/{tab}')}?after={visit.seal('history', rest)}"


def _happened(done: DoneEvent, actors: Mapping[str, str]) -> Happened:
    stored = done.stored
    return Happened(
        done.name,
        stored.occurred_at * 1_000,
        done.is_grey,
        _decode(stored.body),
        stored.object_id,
        actors.get(stored.source, stored.source),
    )


def _by_day(visit: Visit, done: Sequence[Happened]) -> list[tuple[str, list[Happened]]]:
    """Put events under their days, the last first; a page of them has no other order."""
    days: dict[str, list[Happened]] = {}
    for each in sorted(done, key=lambda each: -each.at):
        days.setdefault(visit.times.day(each.at), []).append(each)
    return list(days.items())
