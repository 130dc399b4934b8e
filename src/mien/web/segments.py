"""Saved segments: which there are, what each says, how many are in it, and who (D-02, D-06)."""

from functools import partial
from typing import Annotated

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain.ids import EnvironmentId, ProfileId, SegmentId
from mien.domain.members import Role
from mien.domain.segments import Node
from mien.services.counting import Members, show_members
from mien.services.reading import ProfileView
from mien.services.segments import (
    SYSTEM_SEGMENTS,
    Segment,
    get_segment,
    list_segments,
    users_of,
)
from mien.store.segments import SegmentHead
from mien.web import counts
from mien.web.people import row_of
from mien.web.routes import page
from mien.web.visit import Visit

_SEGMENTS, _MEMBERS = 50, 25
_LIST, _PLACE = "segments", "members"
_NOBODY = ProfileId(0)

After = Annotated[str | None, QueryParameter()]


@page("/segments")
async def segments(visit: Visit, after: After = None) -> Response[bytes]:
    """List the saved segments; the size of each is asked for by the page once it is seen."""
    start = None if after is None else visit.unseal(_LIST, after, str)
    work = partial(list_segments, visit.dashboard.store, _here(visit), after=start, count=_SEGMENTS)
    found, rest = await visit.run(work)
    return visit.page(
        "segments/page.html",
        block="more" if after else None,
        segments=found,
        next=None if rest is None else f"{visit.url('segments')}?after={visit.seal(_LIST, rest)}",
    )


@page("/segments/{segment:str}")
async def segment(visit: Visit, segment: FromPath[str], after: After = None) -> Response[bytes]:
    """Show what a segment says, how many are in it, and who, a page at a time."""
    found = await _segment(visit, segment)
    start = _NOBODY if after is None else ProfileId(visit.unseal(_PLACE, after, int))
    members, views = await visit.run(lambda: _members(visit, found.tree, start))
    rest = None if members.after is None else visit.seal(_PLACE, members.after)
    return visit.page(
        "segments/segment.html",
        block="more" if after else None,
        segment=found,
        is_system=found.head.segment_id in SYSTEM_SEGMENTS,
        users=[] if after else await _users(visit, found),
        size=None if after else await counts.count(visit, found.tree),
        rows=[row_of(each) for each in views],
        next=None if rest is None else f"{visit.url(f'segments/{segment}')}?after={rest}",
    )


@page("/segments/{segment:str}/size")
async def size(visit: Visit, segment: FromPath[str]) -> Response[bytes]:
    """Give the size of a segment, for the list."""
    found = await _segment(visit, segment)
    return visit.page("segments/size.html", size=await counts.count(visit, found.tree))


SEGMENT_HANDLERS: list[HTTPRouteHandler] = [segments, segment, size]


def _here(visit: Visit) -> EnvironmentId:
    return visit.environment.environment_id


async def _segment(visit: Visit, segment: str) -> Segment:
    return await visit.run(
        partial(get_segment, visit.dashboard.store, _here(visit), SegmentId(segment))
    )


async def _users(visit: Visit, found: Segment) -> list[SegmentHead]:
    """Give the segments that are made of this one, to who may delete it."""
    if not visit.may(Role.EDITOR):
        return []
    return await visit.run(
        partial(users_of, visit.dashboard.store, _here(visit), found.head.segment_id)
    )


def _members(visit: Visit, tree: Node, after: ProfileId) -> tuple[Members, list[ProfileView]]:
    dashboard = visit.dashboard
    found = dashboard.counting.members(_here(visit), tree, visit.zone, after=after, count=_MEMBERS)
    reader = dashboard.reader(_here(visit))
    return found, show_members(dashboard.projection, reader, found.profiles, visit.zone)
