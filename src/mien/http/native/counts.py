"""`POST /v1/segments/count` and `/members`: how many, and who, are meant by a tree (S-02, G-14)."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, post
from msgspec.structs import asdict

from mien.domain.ids import ProfileId
from mien.domain.segment_json import parse_segment, to_json
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import Answer
from mien.http.native.bodies import CountBody, MembersBody, SampleBody
from mien.http.native.calls import answer, encode, instant, next_cursor, start_of
from mien.http.native.documents import asking, described
from mien.http.native.segments import ENDPOINT, TAG, TREE_SCHEMA, read_tree_body
from mien.services.counting import Members, brief_of, show_members
from mien.services.reading import ProfileView

_MEMBERS = f"{ENDPOINT}/members"
_NOBODY = ProfileId(0)


class CountAnswer(Answer, frozen=True, kw_only=True):
    """How many are meant, and of how many people in all.

    Everything that was answered before is counted. If the copy for counting is behind, and does not
    catch up in time, `as_of` is the time up to which the answer is true.
    """

    size: int
    everybody: int
    as_of: datetime | None = None


class MemberEntry(Answer, frozen=True, kw_only=True):
    """A member, in brief; `/v1/profile` tells all of them by `object_id`."""

    object_id: str
    distinct_id: str | None = None
    type: str
    name: str | None = None
    email: str | None = None


class MembersAnswer(Answer, frozen=True, kw_only=True):
    """Members in the order in which they were first known; `next_cursor` is absent on the last page."""

    members: list[MemberEntry]
    next_cursor: str | None = None
    as_of: datetime | None = None


class SampleAnswer(Answer, frozen=True, kw_only=True):
    """Some of those who are meant, in the order in which they were drawn."""

    members: list[MemberEntry]
    as_of: datetime | None = None


_TREE = {"did": "Charged", "window": {"last_days": 30}}
_count_body = msgspec.json.Decoder(CountBody)
_members_body = msgspec.json.Decoder(MembersBody)
_sample_body = msgspec.json.Decoder(SampleBody)


@post(
    "/segments/count",
    **described(
        "countSegment",
        "Count who is meant",
        tag=TAG,
        gives=CountAnswer,
        example={"size": 1_204, "everybody": 20_000},
        asks=asking(CountBody, {"tree": _TREE}, tree=TREE_SCHEMA),
    ),
)
async def count_segment(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Count those whom a tree means, saved or not."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _count_body)
        tree = parse_segment(body.tree, "tree")
        found = await services.run_awaited(
            lambda: services.counting.count(caller.environment, tree, caller.zone), request.receive
        )
    return answer(
        CountAnswer(size=found.size, everybody=found.everybody, as_of=_instant(found.as_of))
    )


@post(
    "/segments/members",
    **described(
        "listMembers",
        "List who is meant",
        tag=TAG,
        gives=MembersAnswer,
        example={
            "members": [{"object_id": "mien_1f", "distinct_id": "ana", "type": "identified"}],
            "next_cursor": "kS9…",
        },
        asks=asking(MembersBody, {"tree": _TREE, "limit": 100}, tree=TREE_SCHEMA),
    ),
)
async def list_members(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give those whom a tree means, a page at a time; each page is of its own moment."""
    services, caller = services_of(request), caller_of(request)
    reader = services.reader(caller.environment)
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _members_body)
        tree = parse_segment(body.tree, "tree")
        # With another tree a cursor would leave out who comes before its place.
        purpose = f"{_MEMBERS} {encode(to_json(tree)).decode()}"
        start = start_of(services, caller, purpose, body.cursor, int)
        after = _NOBODY if start is None else ProfileId(start)

        def work() -> tuple[Members, list[ProfileView]]:
            page = services.counting.members(
                caller.environment, tree, caller.zone, after=after, count=body.limit
            )
            return page, show_members(services.projection, reader, page.profiles, caller.zone)

        page, views = await services.run_awaited(work, request.receive)
    return answer(
        MembersAnswer(
            members=[_member(each) for each in views],
            next_cursor=next_cursor(services, caller, purpose, page.after),
            as_of=_instant(page.as_of),
        )
    )


@post(
    "/segments/sample",
    **described(
        "sampleMembers",
        "Take a sample of who is meant",
        tag=TAG,
        gives=SampleAnswer,
        example={"members": [{"object_id": "mien_1f", "distinct_id": "ana", "type": "identified"}]},
        asks=asking(SampleBody, {"tree": _TREE, "size": 20, "seed": 7}, tree=TREE_SCHEMA),
    ),
)
async def sample_members(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give some of those whom a tree means, drawn by chance. The same seed draws the same people.

    Who is no longer meant makes room for others; those who still are stay in the sample.
    """
    services, caller = services_of(request), caller_of(request)
    reader = services.reader(caller.environment)
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _sample_body)
        tree = parse_segment(body.tree, "tree")

        def work() -> tuple[Members, list[ProfileView]]:
            some = services.counting.sample(
                caller.environment, tree, caller.zone, size=body.size, seed=body.seed
            )
            return some, show_members(services.projection, reader, some.profiles, caller.zone)

        some, views = await services.run_awaited(work, request.receive)
    return answer(
        SampleAnswer(members=[_member(each) for each in views], as_of=_instant(some.as_of))
    )


def _member(view: ProfileView) -> MemberEntry:
    return MemberEntry(**asdict(brief_of(view)))


def _instant(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else instant(epoch_ms)
