"""`POST /v1/segments/explain`: why a person is in a segment, or not (S-06, B-08)."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, post
from msgspec import UNSET

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.explain import Part
from mien.domain.identities import server_object_id
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import Answer
from mien.http.native.bodies import ExplainBody
from mien.http.native.calls import answer, identity_of, instant, nobody
from mien.http.native.documents import asking, described
from mien.http.native.segments import ENDPOINT, TAG, TREE_SCHEMA, read_tree_body
from mien.services.explaining import Explanation, explain_person
from mien.services.segments import get_segment
from mien.store.engine import Store


class ExplanationAnswer(Answer, frozen=True, kw_only=True):
    """Whether a person is in a segment at that moment, and why.

    `explanation` is the outermost part of the tree. A part that others are made of has `parts`;
    any other says what was `found`: the newest events and devices, long values cut short.
    """

    object_id: str
    in_segment: bool
    explained_at: datetime
    explanation: Part


_ASKED = {
    "distinct_id": "ana",
    "tree": {"not": {"property": "Plan", "op": "equals", "value": "Gold"}},
}
_EXAMPLE = {
    "object_id": "mien_1f",
    "in_segment": False,
    "explained_at": "2026-11-25T09:00:00Z",
    "explanation": {
        "path": "tree",
        "sentence": "Not this.",
        "holds": False,
        "decides": True,
        "parts": [
            {
                "path": "tree.not",
                "sentence": 'People whose Plan is "Gold".',
                "holds": True,
                "decides": True,
                "found": {"kind": "value", "value": "Gold"},
            }
        ],
    },
}
_body = msgspec.json.Decoder(ExplainBody)


@post(
    "/segments/explain",
    **described(
        "explainSegment",
        "Say why a person is in a segment, or not",
        tag=TAG,
        gives=ExplanationAnswer,
        example=_EXAMPLE,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(ExplainBody, _ASKED, tree=TREE_SCHEMA),
    ),
)
async def explain_segment(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell of each part of a saved segment, or of a tree, whether it holds of a person, and why."""
    services, caller = services_of(request), caller_of(request)
    reader, now_ms = services.reader(caller.environment), clock.now_ms()
    async with services.limits.place(caller.environment, ENDPOINT):
        body = await read_tree_body(request, _body)
        identity = identity_of(body.distinct_id, body.object_id)

        def work() -> Explanation | None:
            tree = _tree(services.store, caller.environment, body)
            return explain_person(
                services.store, reader, identity, tree, now=now_ms // 1_000, zone=caller.zone
            )

        told = await services.run_long(work)
    if told is None:
        raise nobody(body.distinct_id, body.object_id)
    return answer(
        ExplanationAnswer(
            object_id=server_object_id(told.profile),
            in_segment=told.part.holds,
            explained_at=instant(now_ms),
            explanation=told.part,
        )
    )


def _tree(store: Store, environment: EnvironmentId, body: ExplainBody) -> Node:
    if (body.tree is UNSET) is (body.segment is UNSET):
        raise InvalidInputError(path="", problem="Give exactly one of segment and tree")
    if body.segment is not UNSET:
        return get_segment(store, environment, SegmentId(body.segment)).tree
    return parse_segment(body.tree, "tree")
