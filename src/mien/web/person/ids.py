"""Giving a person a further id, unless it is somebody else's (D-04, P-07)."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain.identities import (
    WIRE_NAMES,
    IdentityKind,
    profile_of_server_object_id,
    server_object_id,
)
from mien.domain.members import Act, Role
from mien.domain.rejects import Reject
from mien.services.history import PersonView
from mien.services.receipts import Result
from mien.web.person.seen import glance_of, path_of, view_of
from mien.web.person.writing import change_person, reason_of, subject_of
from mien.web.routes import act, page
from mien.web.visit import Note, Visit

KINDS = {
    WIRE_NAMES[IdentityKind.IDENTITY]: "distinct id",
    WIRE_NAMES[IdentityKind.FBID]: "Facebook id",
    WIRE_NAMES[IdentityKind.GPID]: "Google id",
}
"""The kinds of ids of a person, and what people call them."""

Kind = Annotated[str, QueryParameter(max_length=20)]


class Draft(msgspec.Struct, frozen=True):
    """An id in a form; `holder` is the objectId of who has it."""

    kind: str = "identity"
    value: str = ""
    problem: str = ""
    holder: str = ""


@page("/people/{object_id:str}/ids", needs=Role.EDITOR)
async def ask(visit: Visit, object_id: FromPath[str], kind: Kind = "identity") -> Response[bytes]:
    """Show the form of a further id."""
    return _form(visit, await view_of(visit, object_id), Draft(kind))


@act("/people/{object_id:str}/ids", needs=Role.EDITOR)
async def add(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Give a person an id, if a record with it would mean them and nobody else."""
    view, form = await view_of(visit, object_id), await visit.form()
    own_id, value = view.profile.object_id, form.get("value", "").strip()
    kind = form.get("kind", "") if form.get("kind") in KINDS else "identity"
    ahead = await change_person(visit, own_id, {kind: value}, is_dry_run=True)
    draft = _judge(Draft(kind, value), own_id, ahead)
    if draft.problem:
        return _form(visit, view, draft)

    def says(result: Result) -> Note | None:
        if isinstance(result, Reject) or not result.attached:
            return None
        return Note(Act.ID_ADDED, subject_of(result.profile), {"kind": kind})

    result = await change_person(visit, own_id, {kind: value}, says=says)
    if isinstance(result, Reject) or not result.attached:
        return _form(visit, view, _judge(draft, own_id, result))
    return visit.back(path_of(visit, own_id), f"The {KINDS[kind]} was added.")


ID_HANDLERS: list[HTTPRouteHandler] = [ask, add]


def _judge(draft: Draft, own_id: str, result: Result) -> Draft:
    """Say what stands against an id, by what a record with it would do."""
    if isinstance(result, Reject):
        return _wrong(draft, f"{reason_of(result).rstrip('.')}.")
    if result.is_created:
        return _wrong(draft, "They have another id of this kind, and here a person has one of it.")
    if result.profile != profile_of_server_object_id(own_id):
        return _wrong(draft, "Somebody else has this id.", server_object_id(result.profile))
    if not result.attached:
        return _wrong(draft, "They have this id already, or may not have it: it is blocked here.")
    return draft


def _wrong(draft: Draft, problem: str, holder: str = "") -> Draft:
    return msgspec.structs.replace(draft, problem=problem, holder=holder)


def _form(visit: Visit, view: PersonView, draft: Draft) -> Response[bytes]:
    return visit.page(
        "person/ids.html",
        status=HTTPStatus.BAD_REQUEST if draft.problem else HTTPStatus.OK,
        view=view,
        glance=glance_of(view, visit),
        draft=draft,
        kinds=KINDS,
    )
