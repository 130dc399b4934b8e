"""The sessions of a person, as their apps and browsers told of them (D-04, K-01).

A session begins with one event and ends with another; both tell what holds for all of it. So
each is known by either of them, whichever page they are on.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain.sessions import CONCLUDED, LAUNCHED, SESSION_ID, begun_of
from mien.services import history
from mien.services.history import EventPage, PersonView, Wanted
from mien.web.person.seen import glance_of, path_of, person_of, seal_place, start_of, view_of
from mien.web.routes import page
from mien.web.visit import Visit

_EVENTS = 100
_NUMBER = "session_number"
_WANTED = Wanted(names=frozenset({LAUNCHED, CONCLUDED}), has_grey=False)

After = Annotated[str | None, QueryParameter()]

_decode = msgspec.json.Decoder(dict[str, object]).decode


class Row(msgspec.Struct):
    """A session; `at` is epoch milliseconds, `minutes` None while its end is not known."""

    at: int
    day: str
    device: str
    number: object = None
    minutes: int | None = None
    is_last: bool = False
    told: Mapping[str, object] = {}


@page("/people/{object_id:str}/sessions")
async def sessions(visit: Visit, object_id: FromPath[str], after: After = None) -> Response[bytes]:
    """List the sessions of a person, the last first."""
    view = await view_of(visit, object_id)
    found, place = await visit.run(lambda: _read(visit, object_id, after))
    own = path_of(visit, object_id, "/sessions")
    return visit.page(
        "person/sessions.html",
        block="more" if after else None,
        view=view,
        glance=glance_of(view, visit),
        rows=_rows(visit, view, found),
        next=None if place is None else f"{own}?after={place}",
    )


SESSION_HANDLERS: list[HTTPRouteHandler] = [sessions]


def _read(visit: Visit, object_id: str, after: str | None) -> tuple[EventPage, str | None]:
    dashboard, person = visit.dashboard, person_of(visit, object_id)
    found = history.event_page(
        dashboard.store,
        dashboard.reader(visit.environment_id),
        start_of(visit, person, after, person.events),
        count=_EVENTS,
        wanted=_WANTED,
    )
    return found, seal_place(visit, person, found.rest)


def _rows(visit: Visit, view: PersonView, found: EventPage) -> Sequence[Row]:
    rows: dict[tuple[str, object], Row] = {}
    for done in found.events:
        stored = done.stored
        told = _decode(stored.session) if stored.session else {}
        begun = begun_of(told, at=stored.occurred_at)
        told.pop(SESSION_ID, None)
        at = stored.occurred_at if begun is None else begun
        day = visit.times.iso_day(at * 1_000)
        row = rows.setdefault((stored.object_id, at), Row(at * 1_000, day, stored.object_id))
        row.number, row.told = told.pop(_NUMBER, None), told
        length = _decode(stored.body).get("Session Length") if done.name == CONCLUDED else None
        if isinstance(length, int):
            row.minutes = length // 60
    for device in view.profile.devices:
        session = device.session
        newest = None if session is None else rows.get((device.object_id, session.id))
        if session is not None and newest is not None:
            newest.minutes, newest.is_last = session.seconds // 60, True
    return sorted(rows.values(), key=lambda row: -row.at)
