"""What a person did, day by day; what was done before they were known is grey (D-04, P-05)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.services import history
from mien.services.history import DoneEvent, EventPage, Person
from mien.services.trails import Trail
from mien.web.person.seen import glance_of, path_of, person_of, seal_place, start_of, view_of
from mien.web.routes import page
from mien.web.visit import Visit

_EVENTS = 50

After = Annotated[str | None, QueryParameter()]

_decode = msgspec.json.Decoder(dict[str, object]).decode


class Happened(msgspec.Struct, frozen=True):
    """An event as it is shown."""

    name: str
    at: int
    is_grey: bool
    properties: Mapping[str, object]
    object_id: str
    actor: str


Days: TypeAlias = list[tuple[str, list[Happened]]]


@page("/people/{object_id:str}/activity")
async def activity(visit: Visit, object_id: FromPath[str], after: After = None) -> Response[bytes]:
    """Show what a person did, by day; what was done before they were known is grey."""
    view = await view_of(visit, object_id)
    days, place = await visit.run(lambda: _activity(visit, object_id, after))
    own = path_of(visit, object_id, "/activity")
    return visit.page(
        "person/activity.html",
        block="entries",
        view=view,
        glance=glance_of(view, visit),
        days=days,
        next=None if place is None else f"{own}?after={place}",
    )


ACTIVITY_HANDLERS: list[HTTPRouteHandler] = [activity]


def newest_events(visit: Visit, object_id: str, *, count: int) -> Days:
    """Give what a person did last, by day."""
    person = person_of(visit, object_id)
    return _by_day(visit, _read(visit, person.events, count))


def _activity(visit: Visit, object_id: str, after: str | None) -> tuple[Days, str | None]:
    person: Person = person_of(visit, object_id)
    found = _read(visit, start_of(visit, person, after, person.events), _EVENTS)
    return _by_day(visit, found), seal_place(visit, person, found.rest)


def _read(visit: Visit, trail: Trail, count: int) -> EventPage:
    dashboard, environment = visit.dashboard, visit.environment.environment_id
    return history.event_page(dashboard.store, dashboard.reader(environment), trail, count=count)


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


def _by_day(visit: Visit, found: EventPage) -> Days:
    """Put events under their days, the last first; a page of them has no other order."""
    done: Sequence[Happened] = [_happened(each, found.actors) for each in found.events]
    days: dict[str, list[Happened]] = {}
    for each in sorted(done, key=lambda each: -each.at):
        days.setdefault(visit.times.day(each.at), []).append(each)
    return list(days.items())
