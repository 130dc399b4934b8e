"""What a person is: the overview, every change with who made it, and the devices (D-04)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from mien.services import history, latest
from mien.services.latest import LatestPage
from mien.store.log import StoredChange
from mien.web.changes import Line, lines_of, made_by
from mien.web.frame import lead_to
from mien.web.person.activity import After, newest_events
from mien.web.person.properties import page_of
from mien.web.person.seen import (
    glance_of,
    nobody,
    path_of,
    person_of,
    seal_place,
    start_of,
    view_of,
)
from mien.web.routes import page
from mien.web.visit import Visit

_GLANCED, _CHANGES = 8, 50
_LATEST_EVENTS, _VALUES = 2_000, 100
_LINES = 40
"""How many lines of one change are shown; one record may set thousands of properties."""


class Changed(msgspec.Struct, frozen=True):
    """A row of the change log as it is shown."""

    at: int
    actor: str
    lines: Sequence[Line]
    more: int


@page("/people/{object_id:str}")
async def overview(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Show who this is: ids, properties, how to reach them, and what they did last."""
    view = await view_of(visit, object_id)
    own_id = view.profile.object_id
    if object_id != own_id:
        return lead_to(path_of(visit, own_id))
    days = await visit.run(lambda: newest_events(visit, own_id, count=_GLANCED))
    return visit.page(
        "person/overview.html",
        view=view,
        glance=glance_of(view, visit),
        days=days,
        found=page_of(view),
    )


@page("/people/{object_id:str}/latest-values")
async def latest_values(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Show what the properties of a person's events were last (P-12)."""
    view = await view_of(visit, object_id)
    found = await visit.run(lambda: _latest(visit, object_id))
    return visit.page(
        "person/latest.html",
        block="values",
        view=view,
        glance=glance_of(view, visit),
        values=found.values[:_VALUES],
        found=found,
    )


@page("/people/{object_id:str}/changes")
async def changes(visit: Visit, object_id: FromPath[str], after: After = None) -> Response[bytes]:
    """Show what became of a person, with who did it."""
    view = await view_of(visit, object_id)
    rows, place = await visit.run(lambda: _changes(visit, object_id, after))
    own = path_of(visit, object_id, "/changes")
    return visit.page(
        "person/changes.html",
        block="entries",
        view=view,
        glance=glance_of(view, visit),
        rows=rows,
        next=None if place is None else f"{own}?after={place}",
    )


@page("/people/{object_id:str}/devices")
async def devices(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Show the devices of a person, and what is known of them."""
    view = await view_of(visit, object_id)
    return visit.page("person/devices.html", view=view, glance=glance_of(view, visit))


PAGE_HANDLERS: list[HTTPRouteHandler] = [overview, latest_values, changes, devices]


def _latest(visit: Visit, object_id: str) -> LatestPage:
    dashboard, person = visit.dashboard, person_of(visit, object_id)
    reader = dashboard.reader(visit.environment_id)
    found = latest.latest_values(
        dashboard.store, reader, person.profile, None, count=_LATEST_EVENTS
    )
    if found is None:
        raise nobody()
    return found


def _changes(visit: Visit, object_id: str, after: str | None) -> tuple[list[Changed], str | None]:
    person = person_of(visit, object_id)
    found = history.change_page(
        visit.dashboard.store,
        visit.environment_id,
        start_of(visit, person, after, person.changes),
        count=_CHANGES,
    )
    rows = [_changed(row, found.actors) for row in found.changes]
    return rows, seal_place(visit, person, found.rest)


def _changed(row: StoredChange, actors: Mapping[str, str]) -> Changed:
    lines = lines_of(row.change)
    actor = made_by(row.source, actors)
    return Changed(row.received_at, actor, lines[:_LINES], max(0, len(lines) - _LINES))
