"""The pages of the builder: a new segment, one that is changed, and what they ask for meanwhile.

A form that changed is sent whole and comes back as it is then; how many are meant and some of
them are parts of the page that it asks for by itself, so a slow count holds up nobody.
"""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from msgspec.structs import replace

from mien.domain.errors import ConflictError, InvalidInputError, LimitExceededError, MienError
from mien.domain.ids import SegmentId
from mien.domain.members import Act, Role
from mien.domain.schema import DefinitionKind
from mien.domain.segment_json import to_json
from mien.domain.segments import Node
from mien.services import segments as service
from mien.services.history import name_actor
from mien.services.segments import Segment, SegmentChangedError, SegmentNameTakenError
from mien.store.segments import SegmentHead
from mien.web import counts
from mien.web.builder.choices import names_like, values_like
from mien.web.builder.desk import Desk, complete, desk_of, new_desk, read_desk, seen_at
from mien.web.counts import COULD_NOT, Counted, people_in, tree_of
from mien.web.refusals import RoleTooLowError
from mien.web.routes import act, page
from mien.web.visit import Note, Visit

_SAMPLE = 5


@page("/segments/new")
async def new(visit: Visit, like: Annotated[str | None, QueryParameter()] = None) -> Response[Any]:
    """Begin a segment, from nothing or from one that is there."""
    if like is None:
        return await _page(visit, new_desk())
    known = await _segment(visit, like)
    return await _page(visit, new_desk(to_json(known.tree)))


@act("/segments/new", needs=Role.VIEWER)
async def build_new(visit: Visit) -> Response[Any]:
    """Take a step with a new segment; who may, saves it."""
    desk = await _read(visit)
    if not desk.is_saving:
        return await _page(visit, desk)
    return await _save(visit, desk, None)


@page("/segments/{segment:str}/edit", needs=Role.EDITOR)
async def edit(visit: Visit, segment: FromPath[str]) -> Response[Any]:
    """Open a segment to change it."""
    return await _page(visit, desk_of(await _to_change(visit, segment)))


@act("/segments/{segment:str}/edit", needs=Role.EDITOR)
async def build(visit: Visit, segment: FromPath[str]) -> Response[Any]:
    """Take a step with a segment that is changed, or save it."""
    known = await _to_change(visit, segment)
    desk = replace(await _read(visit), head=known.head)
    if not desk.is_saving:
        return await _page(visit, desk)
    return await _save(visit, desk, known)


@act("/segments/{segment:str}/delete", needs=Role.EDITOR)
async def delete(visit: Visit, segment: FromPath[str]) -> Response[Any]:
    """Delete a segment of which no other is made."""
    store, id_ = visit.dashboard.store, SegmentId(segment)
    try:
        gone = await visit.do(
            partial(service.delete_segment, store, visit.environment_id, id_),
            lambda _: Note(Act.SEGMENT_DELETED, f"segment:{segment}"),
        )
    except ConflictError as error:
        return visit.back(visit.url(f"segments/{segment}"), str(error), kind="danger")
    return visit.back(visit.url("segments"), f"The segment {gone.head.name} is deleted.")


@act("/segments/count", needs=Role.VIEWER)
async def count(visit: Visit) -> Response[Any]:
    """Count whom a tree means, for a page that is there."""
    tree = tree_of(await visit.form())
    return visit.page("segments/count.html", counted=await counts.count(visit, tree))


@act("/segments/sample", needs=Role.VIEWER)
async def sample(visit: Visit) -> Response[Any]:
    """Show some of those whom a tree means, for a page that is there."""
    tree = tree_of(await visit.form())
    try:
        rows, _ = await visit.ask(partial(people_in, visit, tree, count=_SAMPLE))
        problem = ""
    except COULD_NOT as error:
        rows, problem = [], str(error)
    return visit.page("segments/sample.html", rows=rows, problem=problem, next=None)


@page("/segments/choices")
async def choices(
    visit: Visit,
    of: Annotated[str, QueryParameter()],
    event: Annotated[str, QueryParameter()] = "",
    name: Annotated[str, QueryParameter()] = "",
) -> Response[Any]:
    """Give what a field may have: what has in it the text that is typed, sent as that field.

    `of` is a kind of definitions, or `value` for values of the property `name`.
    """
    asked = visit.request.query_params.items()
    typed = next((text for field, text in asked if ":" in field), "")
    if of == "value":
        found = await visit.run(partial(values_like, visit, name, event, typed))
        return visit.page("segments/choices.html", choices=found)
    try:
        kind = DefinitionKind[of.upper()]
    except KeyError:
        raise InvalidInputError(path="of", problem=f"{of[:40]!r} has no names") from None
    found = await visit.run(
        partial(names_like, visit.dashboard.store, visit.environment_id, kind, typed, event)
    )
    return visit.page("segments/choices.html", choices=found)


BUILDER_HANDLERS: list[HTTPRouteHandler] = [
    new, build_new, edit, build, delete, count, sample, choices,
]  # fmt: skip


async def _read(visit: Visit) -> Desk:
    form = await visit.form()
    return await visit.run(partial(read_desk, visit.dashboard.store, visit.environment_id, form))


async def _page(
    visit: Visit,
    desk: Desk,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    before: Counted | None = None,
    after: Counted | None = None,
) -> Response[Any]:
    """Draw the builder. What is wrong in a part of a page is no failed request."""
    desk = await visit.run(partial(_complete, visit, desk))
    without_script = visit.request.method == "POST" and not visit.is_fragment
    counted = None
    if without_script and desk.checked.tree is not None:
        counted = await counts.count(visit, desk.checked.tree)
    return visit.page(
        "segments/builder.html",
        block="builder",
        status=HTTPStatus.OK if visit.is_fragment else status,
        desk=desk,
        here=visit.request.scope["path"],
        counted=counted,
        before=before,
        after=after,
    )


def _complete(visit: Visit, desk: Desk) -> Desk:
    store, here = visit.dashboard.store, visit.environment_id
    asks = '"segment"' in desk.tree or any(part.kind == "segment" for _, part in desk.walk())
    known: list[SegmentHead] = []
    if asks:
        known, _ = service.list_segments(store, here, after=None, count=service.SEGMENTS + 1)
        known = [
            each for each in known if desk.head is None or each.segment_id != desk.head.segment_id
        ]
    return complete(desk, store, here, known)


async def _save(visit: Visit, desk: Desk, known: Segment | None) -> Response[Any]:
    if not visit.may(Role.EDITOR):
        raise RoleTooLowError(Role.EDITOR)
    desk = await visit.run(partial(_complete, visit, desk))
    tree = desk.checked.tree
    if tree is None:
        return await _page(visit, desk, status=HTTPStatus.BAD_REQUEST)
    if known is not None and tree != known.tree and desk.do != "confirm":
        before, after = await counts.count(visit, known.tree), await counts.count(visit, tree)
        return await _page(visit, desk, before=before, after=after)
    made = known is None
    did = Act.SEGMENT_CREATED if made else Act.SEGMENT_CHANGED

    def says(saved: Segment) -> Note:
        return Note(did, f"segment:{saved.head.segment_id}")

    try:
        saved = await visit.do(partial(_write_once, visit, desk, tree), says)
    except (InvalidInputError, ConflictError, LimitExceededError) as error:
        return await _refused(visit, desk, error)
    said = f"The segment {saved.head.name} is {'saved' if made else 'changed'}."
    return visit.back(visit.url(f"segments/{saved.head.segment_id}"), said)


def _write_once(visit: Visit, desk: Desk, tree: Node) -> Segment:
    """Save a segment; of a form that was sent twice the second finds it saved."""
    try:
        return _write(visit, desk, tree)
    except (SegmentNameTakenError, SegmentChangedError) as error:
        found = service.get_segment(visit.dashboard.store, visit.environment_id, error.segment)
        there = (found.head.name, found.head.description, found.tree, found.head.source)
        if there != (desk.name.strip(), desk.description, tree, visit.source):
            raise
        return found


def _write(visit: Visit, desk: Desk, tree: Node) -> Segment:
    store, here = visit.dashboard.store, visit.environment_id
    if desk.head is None:
        return service.create_segment(
            store,
            here,
            name=desk.name,
            tree=tree,
            description=desk.description,
            source=visit.source,
        )
    return service.change_segment(
        store,
        here,
        desk.head.segment_id,
        name=desk.name,
        tree=tree,
        description=desk.description,
        source=visit.source,
        seen_at=seen_at(desk),
    )


async def _refused(visit: Visit, desk: Desk, error: MienError) -> Response[Any]:
    """Show the form again, filled, with what is wrong where it is."""
    if isinstance(error, SegmentChangedError):
        who = await visit.run(
            partial(name_actor, visit.dashboard.store, visit.environment_id, error.source)
        )
        said = (
            f"{who or 'Somebody'} changed this segment while you did; nothing of yours is saved yet. "
            "Look at it in another tab. Save again to put yours in its place."
        )
        # Who saves once more has been told.
        desk, wrong = replace(desk, seen_at=str(error.at)), {"": said}
    elif isinstance(error, SegmentNameTakenError):
        wrong = {"name": "Another segment has this name already."}
    elif isinstance(error, InvalidInputError) and error.path in ("name", "description"):
        wrong = {error.path: f"It {error.problem}."}
    else:
        wrong = {"": str(error)}
    status = HTTPStatus.CONFLICT if isinstance(error, ConflictError) else HTTPStatus.BAD_REQUEST
    return await _page(visit, replace(desk, wrong=wrong), status=status)


async def _segment(visit: Visit, segment: str) -> Segment:
    store, id_ = visit.dashboard.store, SegmentId(segment)
    return await visit.run(partial(service.get_segment, store, visit.environment_id, id_))


async def _to_change(visit: Visit, segment: str) -> Segment:
    if SegmentId(segment) in service.SYSTEM_SEGMENTS:
        raise service.SystemSegmentError(SegmentId(segment))
    return await _segment(visit, segment)
