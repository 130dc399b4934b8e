"""`/v1/segments`: saved segments, which say who is meant (S-01, S-02)."""

from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET

from mien.domain.errors import InvalidSegmentError
from mien.domain.ids import SegmentId
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import DEPTH
from mien.http.auth import caller_of, services_of
from mien.http.body import MalformedBodyError, read_body
from mien.http.native.answers import Answer
from mien.http.native.bodies import SegmentBody, SegmentChange
from mien.http.native.calls import (
    Cursor,
    Limit,
    answer,
    decode_body,
    instant,
    next_cursor,
    on_store,
    start_of,
)
from mien.http.native.documents import asking, described
from mien.services import segments
from mien.services.segment_sizes import KEPT_DAYS, list_sizes
from mien.services.segments import SYSTEM_SEGMENTS, Segment
from mien.services.wires import Wire
from mien.store.segments import SegmentHead

T = TypeVar("T")

ENDPOINT = "v1/segments"
TAG = "Segments"

Id = Annotated[str, PathParameter(description="The `id` of the segment.")]


SizeDays = Annotated[
    int,
    QueryParameter(ge=1, le=KEPT_DAYS, description="How many days, of which today is the last."),
]


class SegmentEntry(Answer, frozen=True, kw_only=True):
    """A saved segment. One of the system is always there, has no times, and cannot be changed."""

    id: str
    name: str
    description: str
    is_system: bool
    created_at: datetime | None = None
    updated_at: datetime | None = None
    source: str


class SegmentAnswer(SegmentEntry, frozen=True, kw_only=True):
    """A saved segment with its tree in canonical form, and what that says in English."""

    tree: dict[str, Any]
    sentence: str


class SegmentPage(Answer, frozen=True, kw_only=True):
    """Segments: those of the system, then others by name; `next_cursor` is absent on the last page."""

    segments: list[SegmentEntry]
    next_cursor: str | None = None


class DaySize(Answer, frozen=True, kw_only=True):
    """How many people a segment had on a day of the account, and when they were counted."""

    day: date
    size: int
    counted_at: datetime


class SizesAnswer(Answer, frozen=True, kw_only=True):
    """The sizes of a segment, day by day. Sizes of before a change are those of the tree of then.

    A day on which the server did not run is missing.
    """

    sizes: list[DaySize]


_TREE = {"did": "Charged", "window": {"last_days": 30}, "count": {"op": "at_least", "value": 3}}
_ENTRY = {
    "id": "7",
    "name": "Regulars",
    "description": "Three times a month.",
    "is_system": False,
    "created_at": "2026-11-24T16:00:00Z",
    "updated_at": "2026-11-24T16:00:00Z",
    "source": "v1:1",
}
_SEGMENT = {
    **_ENTRY,
    "tree": _TREE,
    "sentence": "People for whom the number of Charged in the last 30 days is at least 3.",
}
TREE_SCHEMA = {
    "type": "object",
    "description": "A tree of the segment language (`docs/segments.md`).",
}

_body = msgspec.json.Decoder(SegmentBody)
_change = msgspec.json.Decoder(SegmentChange)


@post(
    "/segments",
    **described(
        "createSegment",
        "Save a segment",
        tag=TAG,
        gives=SegmentAnswer,
        example=_SEGMENT,
        asks=asking(SegmentBody, {"name": "Regulars", "tree": _TREE}, tree=TREE_SCHEMA),
    ),
)
async def create_segment(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Save a tree under a name that no other segment of the environment has."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _body)
        made = await services.run_long(
            partial(
                segments.create_segment,
                services.store,
                caller.environment,
                name=body.name,
                tree=parse_segment(body.tree, "tree"),
                description=body.description,
                source=Wire.NATIVE.source(caller.key_id),
            )
        )
    return answer(_whole(made))


@get(
    "/segments",
    **described(
        "listSegments",
        "List the saved segments",
        tag=TAG,
        gives=SegmentPage,
        example={"segments": [_ENTRY], "next_cursor": "kS9…"},
    ),
)
async def list_segments(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the segments of the environment, without their trees."""
    services, caller = services_of(request), caller_of(request)
    after = start_of(services, caller, ENDPOINT, cursor, str)
    work = partial(segments.list_segments, after=after, count=limit)
    found, rest = await on_store(request, ENDPOINT, work)
    return answer(
        SegmentPage(
            segments=[SegmentEntry(**_entry(each)) for each in found],
            next_cursor=next_cursor(services, caller, ENDPOINT, rest),
        )
    )


@get(
    "/segments/{segment:str}",
    **described(
        "getSegment",
        "Give a saved segment",
        tag=TAG,
        gives=SegmentAnswer,
        example=_SEGMENT,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def get_segment(request: Request[Any, Any, Any], segment: Id) -> Response[bytes]:
    """Give a segment with its tree."""
    found = await on_store(
        request,
        ENDPOINT,
        lambda store, environment: segments.get_segment(store, environment, SegmentId(segment)),
    )
    return answer(_whole(found))


@patch(
    "/segments/{segment:str}",
    **described(
        "changeSegment",
        "Change a saved segment",
        tag=TAG,
        gives=SegmentAnswer,
        example=_SEGMENT,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(SegmentChange, {"tree": _TREE}, tree=TREE_SCHEMA),
    ),
)
async def change_segment(request: Request[Any, Any, Any], segment: Id) -> Response[bytes]:
    """Change what the body names. A tree that would include the segment itself is refused."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _change)
        changed = await services.run_long(
            partial(
                segments.change_segment,
                services.store,
                caller.environment,
                SegmentId(segment),
                name=None if body.name is UNSET else body.name,
                tree=None if body.tree is UNSET else parse_segment(body.tree, "tree"),
                description=None if body.description is UNSET else body.description,
                source=Wire.NATIVE.source(caller.key_id),
            )
        )
    return answer(_whole(changed))


@delete(
    "/segments/{segment:str}",
    **described(
        "deleteSegment",
        "Delete a saved segment",
        tag=TAG,
        gives=SegmentAnswer,
        example=_SEGMENT,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
async def delete_segment(request: Request[Any, Any, Any], segment: Id) -> Response[bytes]:
    """Delete a segment, and give it as it was. One of which others are made is a 409."""
    found = await on_store(
        request,
        ENDPOINT,
        lambda store, environment: segments.delete_segment(store, environment, SegmentId(segment)),
    )
    return answer(_whole(found))


@get(
    "/segments/{segment:str}/sizes",
    **described(
        "listSegmentSizes",
        "Tell the size of a segment over time",
        tag=TAG,
        gives=SizesAnswer,
        example={
            "sizes": [{"day": "2026-11-24", "size": 1_204, "counted_at": "2026-11-24T00:00:07Z"}]
        },
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def list_segment_sizes(
    request: Request[Any, Any, Any], segment: Id, days: SizeDays = 90
) -> Response[bytes]:
    """Give how many people a segment had on each day: counted after midnight, and after a change."""
    zone = caller_of(request).zone
    found = await on_store(
        request,
        ENDPOINT,
        lambda store, environment: list_sizes(
            store, environment, SegmentId(segment), zone, days=days
        ),
    )
    sizes = [
        DaySize(
            day=date.fromisoformat(each.day), size=each.size, counted_at=instant(each.counted_at)
        )
        for each in found
    ]
    return answer(SizesAnswer(sizes=sizes))


async def read_tree_body(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T]) -> T:
    """Read a body with a tree in it; of one that nests too deeply to be read, that is told."""
    body = await read_body(request, services_of(request).settings)
    try:
        return decode_body(decoder, body)
    except MalformedBodyError as error:
        if isinstance(error.__cause__, RecursionError):
            problem = f"nodes nest deeper than {DEPTH} levels"
            raise InvalidSegmentError(path="tree", problem=problem) from error
        raise


def _whole(segment: Segment) -> SegmentAnswer:
    return SegmentAnswer(
        **_entry(segment.head), tree=to_json(segment.tree), sentence=segment.sentence
    )


def _entry(head: SegmentHead) -> dict[str, Any]:
    is_system = head.segment_id in SYSTEM_SEGMENTS
    return {
        "id": head.segment_id,
        "name": head.name,
        "description": head.description,
        "is_system": is_system,
        "created_at": None if is_system else instant(head.created_at),
        "updated_at": None if is_system else instant(head.updated_at),
        "source": head.source,
    }
