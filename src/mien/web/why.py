"""Why somebody is in a segment or not, part by part, for who asks about one person (S-06, B-08)."""

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien import clock
from mien.domain.errors import LimitExceededError
from mien.domain.explain import Part
from mien.domain.identities import object_identity
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segments import Node
from mien.services.explaining import explain_person
from mien.services.finding import LONGEST, find_people
from mien.services.segments import get_segment
from mien.web.people import Row, row_of
from mien.web.routes import page
from mien.web.visit import Visit

_OTHERS = 5

Who = Annotated[str, QueryParameter(max_length=LONGEST)]


class Told(msgspec.Struct, frozen=True):
    """What is told of whom: `others` have the same address; `problem` is why nothing is told."""

    person: Row | None = None
    part: Part | None = None
    others: list[Row] = []
    problem: str = ""


@page("/segments/{segment:str}/why")
async def why(visit: Visit, segment: FromPath[str], who: Who = "") -> Response[bytes]:
    """Tell why somebody, found by any id or address, is in a segment, or not."""
    store, here = visit.dashboard.store, visit.environment_id
    found = await visit.run(partial(get_segment, store, here, SegmentId(segment)))
    told = await visit.run(partial(_tell, visit, here, found.tree, who))
    return visit.page("segments/why.html", block="why", segment=found, who=who, told=told)


WHY_HANDLERS: list[HTTPRouteHandler] = [why]


def _tell(visit: Visit, here: EnvironmentId, tree: Node, who: str) -> Told:
    dashboard, today = visit.dashboard, clock.today(visit.zone)
    store, reader = dashboard.store, dashboard.reader(here)
    found = find_people(store, reader, who, today=today, count=1 + _OTHERS).people
    if not found:
        return Told()
    person, *others = map(row_of, found)
    identity = object_identity(person.object_id)
    try:
        told = explain_person(
            store, reader, identity, tree, now=visit.now_ms // 1_000, zone=visit.zone
        )
    except LimitExceededError as error:
        return Told(person, others=others, problem=str(error))
    return Told(person, None if told is None else told.part, others)
