"""Making two people one: who it may be, what a merge would do, doing it (P-07, B-01).

A preview is bound to what it said: who merges by it merges that, or is shown what it would be now.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien import clock
from mien.domain.errors import ConflictError
from mien.domain.identities import IdentityKind, server_object_id
from mien.domain.members import Act, Role
from mien.services import merges, pairs
from mien.services.finding import LONGEST, find_people
from mien.services.history import PersonView
from mien.services.merges import MergeReport
from mien.services.pairs import Ties
from mien.services.reading import ProfileView
from mien.web.people import Row, name_of, row_of
from mien.web.person.seen import glance_of, identity_of, path_of, view_of
from mien.web.person.writing import subject_of
from mien.web.routes import act, page
from mien.web.visit import Note, Visit

_CANDIDATES = 10
_SHOWN = 100
"""How many properties a preview names."""

Sought = Annotated[str, QueryParameter(name="q", max_length=LONGEST)]
With = Annotated[str, QueryParameter(name="with")]


class Line(msgspec.Struct, frozen=True):
    """A property in a preview: what both have, and what becomes of it; None is none."""

    property: str
    survivor: object
    absorbed: object
    result: object


class Preview(msgspec.Struct, frozen=True):
    """What a merge would do, with what the two people are called."""

    survivor: ProfileView
    absorbed: ProfileView
    ids: list[str]
    lines: list[Line]
    more: int
    events: int
    seen: str


@page("/people/{object_id:str}/merges")
async def ties(visit: Visit, object_id: FromPath[str], sought: Sought = "") -> Response[bytes]:
    """Show of which merges a person is made, with whom they may be one, and find somebody else."""
    view = await view_of(visit, object_id)
    found, rows = await visit.run(lambda: (ties_of(visit, view), _candidates(visit, view, sought)))
    return visit.page(
        "person/merges.html",
        block="candidates",
        view=view,
        glance=glance_of(view, visit),
        ties=found,
        sought=sought,
        rows=rows,
        name_of=name_of,
        id_of=server_object_id,
    )


@page("/people/{object_id:str}/merge", needs=Role.EDITOR)
async def preview(visit: Visit, object_id: FromPath[str], other: With) -> Response[bytes]:
    """Show what merging two people would do; nothing is done."""
    return await _show(visit, await view_of(visit, object_id), await view_of(visit, other))


@act("/people/{object_id:str}/merge", needs=Role.EDITOR)
async def merge(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Make two people one, as it was previewed."""
    form = await visit.form()
    one, other = await view_of(visit, object_id), await view_of(visit, form.get("with", ""))
    try:
        ahead = await visit.run(_merging(visit, one, other, is_preview=True))
        if not ahead.is_done_before and form.get("seen") != _seen(ahead):
            return await _show(visit, one, other, is_overtaken=True)
        report = await visit.do(_merging(visit, one, other, is_preview=False), _note_of)
    except ConflictError as refused:
        return visit.back(
            path_of(visit, one.profile.object_id, "/merges"), str(refused), kind="warning"
        )
    survivor = path_of(visit, server_object_id(report.survivor))
    if report.is_done_before:
        return visit.back(survivor, "They are one person already.", kind="info")
    said = f"They are one person now. Merge {report.merge} can be undone, here under Merges."
    return visit.back(survivor, said)


MERGING_HANDLERS: list[HTTPRouteHandler] = [ties, preview, merge]


def ties_of(visit: Visit, view: PersonView) -> Ties:
    """Give what ties a person to others."""
    dashboard, identity = visit.dashboard, identity_of(view.profile.object_id)
    reader = dashboard.reader(visit.environment_id)
    return pairs.find_ties(dashboard.store, reader, identity, today=clock.today(visit.zone))


def _candidates(visit: Visit, view: PersonView, sought: str) -> list[Row]:
    """Give who has a text as an id or an address, but for the person themselves."""
    if not sought.strip():
        return []
    dashboard, today = visit.dashboard, clock.today(visit.zone)
    reader = dashboard.reader(visit.environment_id)
    found = find_people(dashboard.store, reader, sought, today=today, count=_CANDIDATES)
    own_id = view.profile.object_id
    return [row_of(each) for each in found.people if each.object_id != own_id]


async def _show(
    visit: Visit, one: PersonView, other: PersonView, *, is_overtaken: bool = False
) -> Response[bytes]:
    report, problem = None, ""
    try:
        report = await visit.run(_merging(visit, one, other, is_preview=True))
    except ConflictError as refused:
        problem = str(refused)
    if report is not None and report.is_done_before:
        report, problem = None, "They are one person already."
    return visit.page(
        "person/merge.html",
        status=HTTPStatus.CONFLICT if is_overtaken else HTTPStatus.OK,
        view=one,
        glance=glance_of(one, visit),
        other=other.profile.object_id,
        preview=None if report is None else _preview(report, one.profile, other.profile),
        problem=problem,
        is_overtaken=is_overtaken,
        name_of=name_of,
    )


def _merging(
    visit: Visit, one: PersonView, other: PersonView, *, is_preview: bool
) -> Callable[[], MergeReport]:
    ids = [identity_of(each.profile.object_id) for each in (one, other)]
    return partial(
        merges.merge_people,
        visit.dashboard.store,
        visit.environment_id,
        *ids,
        source=visit.source,
        is_preview=is_preview,
    )


def _note_of(report: MergeReport) -> Note | None:
    if report.is_done_before:
        return None
    return Note(Act.PEOPLE_MERGED, subject_of(report.survivor), {"merge": str(report.merge)})


def _seen(report: MergeReport) -> str:
    """Name what a preview says, so that a form can tell by which it was made."""
    return hashlib.sha256(msgspec.json.encode(report)).hexdigest()[:16]


def _preview(report: MergeReport, one: ProfileView, other: ProfileView) -> Preview:
    is_one = one.object_id == server_object_id(report.survivor)
    survivor, absorbed = (one, other) if is_one else (other, one)
    names = [
        *(each.property for each in report.conflicts),
        *(name for name in report.changes.new if name not in survivor.properties),
    ]
    results = {**survivor.properties, **report.changes.new}
    lines = [
        Line(name, survivor.properties.get(name), absorbed.properties.get(name), results.get(name))
        for name in dict.fromkeys([*names, *report.changes.new])
    ]
    ids = [value for kind, value in report.moved if kind is not IdentityKind.PUSH_TOKEN]
    return Preview(
        survivor,
        absorbed,
        ids,
        lines[:_SHOWN],
        max(0, len(lines) - _SHOWN),
        report.events,
        _seen(report),
    )
