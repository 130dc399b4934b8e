"""Events: which there are, how often and by whom they are done, their properties (D-05)."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien.domain.cql.reports import Measure, Step
from mien.domain.errors import NotFoundError
from mien.domain.members import Role
from mien.domain.schema import Definition, DefinitionKind
from mien.domain.segments import Did, LastDays
from mien.services.definitions import DefinitionPage, Named, get_definition, page_definitions
from mien.services.history import name_sources
from mien.services.insights import Insight, Insights, Shares, TopValue
from mien.services.reports import Number
from mien.web import charts
from mien.web.charts import Plot, Series
from mien.web.defined import changing
from mien.web.defined.listing import ROWS, After, Catalogue, Filled, Sought, show_list
from mien.web.lazy import draw_lazily
from mien.web.periods import SO_FAR, labels_of
from mien.web.routes import Id, act, page
from mien.web.visit import Visit

EVENT, OF_EVENT = DefinitionKind.EVENT, DefinitionKind.EVENT_PROPERTY
_VALUES = 20
_PLACE = "properties of an event"
RANGES = (30, 90)

_EVENTS = Catalogue(
    EVENT,
    "events",
    ("Event", "People who did it", "Times done", "First seen", "Last seen", "Source"),
    Insights.shares_of_events,
)

Days = Annotated[int, QueryParameter(ge=1, le=366)]


@page("/events")
async def events(
    visit: Visit,
    sought: Sought = "",
    after: After = None,
    filled: Filled = False,  # noqa: FBT002 - a name of the address
) -> Response[bytes]:
    """List the events; who did them is counted once the list is there."""

    return await show_list(visit, _EVENTS, sought=sought, after=after, filled=filled)


@page("/events/{number:int}")
async def one_event(
    visit: Visit, number: Id, days: Days = 30, after: After = None
) -> Response[bytes]:
    """Show an event: its properties a page at a time, since when, what is said of it."""
    return await _show(visit, number, days=days, after=after)


@page("/events/{number:int}/days")
async def event_days(visit: Visit, number: Id, days: Days = 30) -> Response[bytes]:
    """Give how often an event was done on each of the last days, and by how many people ever."""
    known = await _known(visit, EVENT, number)
    return await draw_lazily(
        visit,
        lambda: _count(visit, known, days),
        lambda found: _draw_days(visit, known, days, *found),
    )


@act("/events/{number:int}/description", needs=Role.EDITOR)
async def describe(visit: Visit, number: Id) -> Response[Any]:
    """Say what an event means."""
    known = await _known(visit, EVENT, number)
    named, show = Named(EVENT, known.name), partial(_show, visit, number)
    return await changing.describe(visit, known, named, _path(visit, number), show)


@act("/events/{number:int}/state", needs=Role.EDITOR)
async def set_state(visit: Visit, number: Id) -> Response[Any]:
    """Mark an event active or inactive, or discard it."""
    known = await _known(visit, EVENT, number)
    return await changing.set_state(visit, known, Named(EVENT, known.name), _path(visit, number))


@page("/events/{event:int}/properties/{number:int}")
async def one_property(visit: Visit, event: Id, number: Id) -> Response[bytes]:
    """Show a property of an event: its type, since when, what is said of it."""
    return await _show_property(visit, event, number)


@page("/events/{event:int}/properties/{number:int}/values")
async def values(visit: Visit, event: Id, number: Id) -> Response[bytes]:
    """Give the values of a property of an event that came most often."""
    of, known = await _known_property(visit, event, number)
    return await draw_lazily(
        visit,
        lambda: visit.dashboard.insights.event_values(
            visit.environment_id,
            Did(of.name),
            known.name,
            count=_VALUES,
            now=visit.now_ms // 1_000,
            zone=visit.zone,
        ),
        partial(_draw_values, visit, known),
    )


@act("/events/{event:int}/properties/{number:int}/description", needs=Role.EDITOR)
async def describe_property(visit: Visit, event: Id, number: Id) -> Response[Any]:
    """Say what a property of an event means."""
    of, known = await _known_property(visit, event, number)
    named, path = Named(OF_EVENT, known.name, event=of.name), _property_path(visit, event, number)
    show = partial(_show_property, visit, event, number)
    return await changing.describe(visit, known, named, path, show)


@act("/events/{event:int}/properties/{number:int}/state", needs=Role.EDITOR)
async def set_property_state(visit: Visit, event: Id, number: Id) -> Response[Any]:
    """Mark a property of an event active or inactive."""
    of, known = await _known_property(visit, event, number)
    named, path = Named(OF_EVENT, known.name, event=of.name), _property_path(visit, event, number)
    return await changing.set_state(visit, known, named, path)


EVENT_HANDLERS: list[HTTPRouteHandler] = [
    events,
    one_event,
    event_days,
    describe,
    set_state,
    one_property,
    values,
    describe_property,
    set_property_state,
]


def _path(visit: Visit, number: int) -> str:
    return visit.url(f"events/{number}")


def _property_path(visit: Visit, event: int, number: int) -> str:
    return visit.url(f"events/{event}/properties/{number}")


async def _known(visit: Visit, kind: DefinitionKind, number: int) -> Definition:
    return await visit.run(
        partial(get_definition, visit.dashboard.store, visit.environment_id, kind, number)
    )


async def _known_property(visit: Visit, event: int, number: int) -> tuple[Definition, Definition]:
    of, known = await _known(visit, EVENT, event), await _known(visit, OF_EVENT, number)
    if known.parent != of.id:
        msg = "This event has no such property."
        raise NotFoundError(msg)
    return of, known


async def _show(
    visit: Visit,
    number: int,
    *,
    days: int = RANGES[0],
    after: str | None = None,
    status: int = HTTPStatus.OK,
    problem: str = "",
    description: str | None = None,
) -> Response[bytes]:
    known = await _known(visit, EVENT, number)
    start = "" if after is None else visit.unseal(_PLACE, after, str)
    found, source = await visit.run(lambda: _read(visit, known, start))
    rest = None if found.rest is None else visit.seal(_PLACE, found.rest)
    return visit.page(
        "defined/event.html",
        block="more" if after else None,
        status=status,
        known=known,
        source=source,
        properties=found.definitions,
        next=None if rest is None else f"{_path(visit, number)}?after={rest}",
        path=_path(visit, number),
        days=days,
        ranges=RANGES,
        problem=problem,
        description=known.description if description is None else description,
    )


def _read(visit: Visit, known: Definition, after: str) -> tuple[DefinitionPage, str]:
    store, here = visit.dashboard.store, visit.environment_id
    found = page_definitions(store, here, OF_EVENT, parent=known.id, after=after, count=ROWS)
    return found, name_sources(store, here, {known.source}).get(known.source, known.source)


async def _show_property(
    visit: Visit,
    event: int,
    number: int,
    *,
    status: int = HTTPStatus.OK,
    problem: str = "",
    description: str | None = None,
) -> Response[bytes]:
    of, known = await _known_property(visit, event, number)
    store, here = visit.dashboard.store, visit.environment_id
    sources = await visit.run(lambda: name_sources(store, here, {known.source}))
    return visit.page(
        "defined/event_property.html",
        status=status,
        event=of,
        event_path=_path(visit, event),
        known=known,
        source=sources.get(known.source, known.source),
        path=_property_path(visit, event, number),
        problem=problem,
        description=known.description if description is None else description,
    )


def _count(
    visit: Visit, known: Definition, days: int
) -> tuple[Insight[dict[int, Number]], Insight[Shares]]:
    insights, here = visit.dashboard.insights, visit.environment_id
    now, zone = visit.now_ms // 1_000, visit.zone
    event = Did(known.name, LastDays(days))
    trend = insights.trend(here, event, Step.DAY, Measure.EVENTS, now=now, zone=zone)
    return trend, insights.shares_of_events(here, [known.name], now=now, zone=zone)


def _draw_days(
    visit: Visit,
    known: Definition,
    days: int,
    trend: Insight[dict[int, Number]],
    shares: Insight[Shares],
) -> Response[bytes]:
    people, everybody = shares.value.people[known.name], shares.value.everybody
    numbers = list(trend.value.values())
    labels = labels_of(trend.value, Step.DAY)
    return visit.page(
        "defined/days.html",
        plot=Plot(
            f"Times done, last {days} days",
            labels,
            [Series("Times done", numbers)],
            is_stacked=True,
            so_far=SO_FAR[Step.DAY],
        ),
        total=sum(numbers),
        people=people,
        everybody=everybody,
        share=charts.share_of(people, everybody),
        as_of=trend.as_of,
    )


def _draw_values(visit: Visit, known: Definition, top: Insight[list[TopValue]]) -> Response[bytes]:
    rows = [(each.text, each.count) for each in top.value]
    return visit.page(
        "defined/event_values.html",
        bars=charts.bars(f"Values of {known.name}", rows, of=known.count),
        most=_VALUES,
        as_of=top.as_of,
    )
