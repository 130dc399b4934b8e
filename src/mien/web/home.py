"""The start of an environment: who is there, what they do, whether all comes in well (D-06)."""

from functools import partial
from typing import Annotated

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien import clock
from mien.domain.cql.reports import Step
from mien.domain.errors import InvalidInputError
from mien.domain.schema import Definition, DefinitionKind
from mien.services import definitions, rejects
from mien.services.definitions import page_definitions
from mien.services.finding import newest_people
from mien.services.health import Health, check_health
from mien.services.insights import Active, Insight, New, Shares
from mien.services.rejects import KeptReject
from mien.store.arrivals import MOST
from mien.web import charts
from mien.web.charts import Bars, Plot, Series
from mien.web.lazy import draw_lazily
from mien.web.live import KINDS
from mien.web.periods import SO_FAR, label_of_day
from mien.web.routes import page
from mien.web.texts import size_of
from mien.web.visit import Visit

RANGES = (7, 30, 90)
_TOP_EVENTS = 8
_REJECTS = 5
_FULL = 0.9
"""The share of a disk from which on it is said to be nearly full."""


Days = Annotated[int, QueryParameter()]


@page("/")
async def home(visit: Visit, days: Days = 30) -> Response[bytes]:
    """Show the start; to an empty environment, how data comes in. Numbers are asked for by the page."""
    _check(days)
    is_empty, events, refused = await visit.run(lambda: _read(visit))
    return visit.page(
        "home/page.html",
        is_empty=is_empty,
        ever=_bars(visit, [(each, each.count) for each in events]),
        rejects=refused,
        days=days,
        ranges=RANGES,
    )


@page("/home/people")
async def people(visit: Visit) -> Response[bytes]:
    """Give how many people there are, and how many were active."""
    return await draw_lazily(
        visit, lambda: _count_people(visit), lambda found: _draw_people(visit, *found)
    )


@page("/home/new")
async def new(visit: Visit, days: Days = 30) -> Response[bytes]:
    """Give the people who are new on each day, and how many of them are identified."""
    _check(days)
    work = partial(
        visit.dashboard.insights.new,
        visit.environment_id,
        days=days,
        now=visit.now_ms // 1_000,
        zone=visit.zone,
    )
    return await draw_lazily(visit, work, lambda found: _draw_new(visit, found, days))


@page("/home/top")
async def top(visit: Visit, days: Days = 30) -> Response[bytes]:
    """Give the events that were done most often."""
    _check(days)
    return await draw_lazily(
        visit, lambda: _count_events(visit, days), lambda found: _draw_top(visit, *found)
    )


@page("/home/health")
async def health(visit: Visit) -> Response[bytes]:
    """Give what came in lately, how far the copy is behind, and how full the disk is."""
    work = partial(
        check_health,
        visit.dashboard.projection,
        visit.environment_id,
        visit.dashboard.settings.data,
        now_ms=visit.now_ms,
    )
    return await draw_lazily(visit, work, partial(_draw_health, visit))


HOME_HANDLERS: list[HTTPRouteHandler] = [home, people, new, top, health]


def _check(days: int) -> None:
    if days not in RANGES:
        problem = f"it is one of {', '.join(map(str, RANGES))}"
        raise InvalidInputError(path="days", problem=problem)


def _read(visit: Visit) -> tuple[bool, list[Definition], list[KeptReject]]:
    store, here = visit.dashboard.store, visit.environment_id
    some = page_definitions(store, here, DefinitionKind.PROPERTY, count=1).definitions
    events = definitions.most_done(store, here, count=_TOP_EVENTS)
    refused = rejects.list_rejects(store, here, before=None, count=_REJECTS)
    is_empty = not (some or events or refused or _has_people(visit))
    return is_empty, events, refused


def _has_people(visit: Visit) -> bool:
    dashboard, today = visit.dashboard, clock.today(visit.zone)
    reader = dashboard.reader(visit.environment_id)
    found = newest_people(dashboard.store, reader, before=None, today=today, count=1)
    return bool(found.people)


def _count_people(visit: Visit) -> tuple[Insight[Shares], Insight[Active]]:
    insights, here = visit.dashboard.insights, visit.environment_id
    now, zone = visit.now_ms // 1_000, visit.zone
    everybody = insights.shares_of_properties(here, [], now=now, zone=zone)
    return everybody, insights.active(here, now=now, zone=zone)


def _draw_people(visit: Visit, people: Insight[Shares], active: Insight[Active]) -> Response[bytes]:
    everybody = people.value.everybody
    numbers = [
        ("active today", active.value.today),
        ("active in 7 days", active.value.week),
        ("active in 30 days", active.value.month),
    ]
    return visit.page(
        "home/people.html",
        everybody=everybody,
        numbers=[(name, count, charts.share_of(count, everybody)) for name, count in numbers],
        as_of=active.as_of,
    )


def _draw_new(visit: Visit, found: Insight[list[New]], days: int) -> Response[bytes]:
    new = found.value
    series = [
        Series("Identified", [each.identified for each in new]),
        Series("Anonymous", [each.count - each.identified for each in new]),
    ]
    labels = [label_of_day(each.day) for each in new]
    return visit.page(
        "home/new.html",
        plot=Plot(
            f"New people, last {days} days",
            labels,
            series,
            is_stacked=True,
            so_far=SO_FAR[Step.DAY],
        ),
        total=sum(each.count for each in new),
        identified=sum(each.identified for each in new),
        as_of=found.as_of,
    )


def _count_events(visit: Visit, days: int) -> tuple[Insight[dict[int, int]], list[Definition]]:
    here, now = visit.environment_id, visit.now_ms // 1_000
    counts = visit.dashboard.insights.counts_of_events(here, days=days, now=now, zone=visit.zone)
    best = sorted(counts.value, key=lambda each: -counts.value[each])[:_TOP_EVENTS]
    store, kind = visit.dashboard.store, DefinitionKind.EVENT
    return counts, [definitions.get_definition(store, here, kind, each) for each in best]


def _draw_top(
    visit: Visit, counts: Insight[dict[int, int]], events: list[Definition]
) -> Response[bytes]:
    return visit.page(
        "home/top.html",
        bars=_bars(
            visit, [(each, counts.value[each.id]) for each in events], of=sum(counts.value.values())
        ),
        as_of=counts.as_of,
    )


def _bars(visit: Visit, counts: list[tuple[Definition, int]], *, of: int | None = None) -> Bars:
    return charts.bars(
        "Most frequent events",
        [(each.name, count) for each, count in counts],
        of=of,
        hrefs=[visit.url(f"events/{each.id}") for each, _ in counts],
    )


def _draw_health(visit: Visit, found: Health) -> Response[bytes]:
    return visit.page(
        "home/health.html",
        rows=[
            (KINDS[kind], [_at_most(count) for count in (each.minute, each.hour, each.day)])
            for kind, each in found.arrived.items()
        ],
        health=found,
        store_size=size_of(found.store_bytes),
        copy_size=None if found.analytics_bytes is None else size_of(found.analytics_bytes),
        free=size_of(found.free_bytes),
        is_nearly_full=found.free_bytes < (1 - _FULL) * found.disk_bytes,
    )


def _at_most(count: int) -> str:
    return f"{count:,}" if count <= MOST else f"over {MOST:,}"
