"""Saved segments: which there are, what each says, how many are in it, and who (D-02, D-06)."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain.ids import ProfileId, SegmentId
from mien.domain.members import Role
from mien.domain.segments import Node
from mien.services.segment_sizes import list_sizes
from mien.services.segments import (
    SYSTEM_SEGMENTS,
    Segment,
    get_segment,
    list_segments,
    users_of,
)
from mien.store.segment_sizes import DaySize
from mien.store.segments import SegmentHead
from mien.web import counts
from mien.web.charts import Plot, Series, Sparkline
from mien.web.counts import NOBODY, people_in
from mien.web.people import Row
from mien.web.periods import label_of_day
from mien.web.routes import page
from mien.web.visit import Visit

_SEGMENTS, _MEMBERS = 50, 25
_DAYS_OF_LINE, _DAYS_OF_CHART = 30, 90
_LIST, _PLACE = "segments", "members"

After = Annotated[str | None, QueryParameter()]


@page("/segments")
async def segments(visit: Visit, after: After = None) -> Response[bytes]:
    """List the saved segments; the size of each is asked for by the page once it is seen."""
    start = None if after is None else visit.unseal(_LIST, after, str)
    work = partial(
        list_segments, visit.dashboard.store, visit.environment_id, after=start, count=_SEGMENTS
    )
    found, rest = await visit.run(work)
    return visit.page(
        "segments/page.html",
        block="more" if after else None,
        segments=found,
        next=None if rest is None else f"{visit.url('segments')}?after={visit.seal(_LIST, rest)}",
    )


@page("/segments/{segment:str}")
async def segment(visit: Visit, segment: FromPath[str]) -> Response[bytes]:
    """Show what a segment says; the page asks by itself how many are in it, and who."""
    found = await _segment(visit, segment)
    return visit.page(
        "segments/segment.html",
        segment=found,
        is_system=found.head.segment_id in SYSTEM_SEGMENTS,
        users=await _users(visit, found),
        plot=_plot(await _sizes(visit, found, _DAYS_OF_CHART)),
    )


@page("/segments/{segment:str}/people")
async def people(visit: Visit, segment: FromPath[str], after: After = None) -> Response[bytes]:
    """Show who is in a segment, a page at a time."""
    found = await _segment(visit, segment)
    start = NOBODY if after is None else ProfileId(visit.unseal(_PLACE, after, int))
    rows, rest, problem = await visit.ask(partial(_members, visit, found.tree, start))
    return visit.page(
        "segments/more.html" if after and visit.is_fragment else "segments/people.html",
        block=None if after else "people",
        segment=found,
        rows=rows,
        problem=problem,
        next=None if rest is None else f"{visit.url(f'segments/{segment}/people')}?after={rest}",
    )


@page("/segments/{segment:str}/size")
async def size(
    visit: Visit,
    segment: FromPath[str],
    at: Annotated[str, QueryParameter()] = "list",
) -> Response[bytes]:
    """Give the size of a segment, for the list or for its own page."""
    found = await _segment(visit, segment)
    counted = await counts.count(visit, found.tree)
    if at == "page":
        return visit.page("segments/count.html", counted=counted)
    sizes = await _sizes(visit, found, _DAYS_OF_LINE)
    spark = Sparkline(f"Last {_DAYS_OF_LINE} days", [each.size for each in sizes])
    return visit.page("segments/size.html", counted=counted, spark=spark)


SEGMENT_HANDLERS: list[HTTPRouteHandler] = [segments, segment, people, size]


async def _segment(visit: Visit, segment: str) -> Segment:
    return await visit.run(
        partial(get_segment, visit.dashboard.store, visit.environment_id, SegmentId(segment))
    )


async def _sizes(visit: Visit, found: Segment, days: int) -> Sequence[DaySize]:
    store, id_ = visit.dashboard.store, found.head.segment_id
    return await visit.run(
        lambda: list_sizes(store, visit.environment_id, id_, visit.zone, days=days)
    )


def _plot(sizes: Sequence[DaySize]) -> Plot | None:
    """Lay out how many a segment had by day; of less than two days there is nothing to draw."""
    if len(sizes) <= 1:
        return None
    labels = [label_of_day(date.fromisoformat(each.day)) for each in sizes]
    series = Series("People", [each.size for each in sizes])
    return Plot(f"People in it, last {_DAYS_OF_CHART} days", labels, [series])


async def _users(visit: Visit, found: Segment) -> list[SegmentHead]:
    """Give the segments that are made of this one, to who may delete it."""
    if not visit.may(Role.EDITOR):
        return []
    return await visit.run(
        partial(users_of, visit.dashboard.store, visit.environment_id, found.head.segment_id)
    )


def _members(visit: Visit, tree: Node, after: ProfileId) -> tuple[list[Row], str | None, str]:
    """Give some of those who are meant, where there are more, and why nobody can be told."""
    try:
        rows, rest = people_in(visit, tree, after=after, count=_MEMBERS)
    except counts.COULD_NOT as error:
        return [], None, str(error)
    return rows, None if rest is None else visit.seal(_PLACE, rest), ""
