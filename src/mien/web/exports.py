"""Exports to files: begun from where people are shown, followed here, fetched when they are done (G-07)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import File

from mien.domain.english import Names, describe
from mien.domain.errors import ConflictError, InvalidInputError, LimitExceededError
from mien.domain.expand import segments_in
from mien.domain.exports import ExportState, Format
from mien.domain.members import Act, Role
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.services.file_exports import Export, Wanted
from mien.services.segments import names_of
from mien.store.file_exports import StoredExport
from mien.web.counts import COULD_NOT, tree_of
from mien.web.routes import Id, act, page
from mien.web.visit import Note, Visit

_REFUSED = (ConflictError, InvalidInputError, LimitExceededError, *COULD_NOT)


class Row(msgspec.Struct, frozen=True):
    """An export as the list shows it: what it is of, and how far it is; times are epoch milliseconds."""

    export_id: int
    says: str
    format: str
    state: ExportState
    total: int
    done: int
    rows: int
    size: int
    at: int
    actor: str
    problem: str
    as_of: int | None

    @property
    def is_writing(self) -> bool:
        """Is it still written?"""
        return self.state is ExportState.WRITING

    @property
    def is_done(self) -> bool:
        """Can it be downloaded?"""
        return self.state is ExportState.DONE


@page("/exports", needs=Role.EDITOR)
async def exports(visit: Visit) -> Response[Any]:
    """List the exports that are kept, newest first."""
    found = await visit.run(partial(visit.dashboard.exports.list, visit.environment_id))
    days = visit.dashboard.settings.export_days
    return visit.page("exports/page.html", exports=await _rows(visit, found), days=days)


@page("/exports/{export:int}", needs=Role.EDITOR)
async def export(visit: Visit, export: Id) -> Response[Any]:
    """Tell how far an export is, for the list, which is shown anew once it is written."""
    found = await visit.run(partial(visit.dashboard.exports.get, visit.environment_id, export))
    if found.state is not ExportState.WRITING:
        return Response(b"", headers={"HX-Refresh": "true"})
    [row] = await _rows(visit, [found])
    return visit.page("exports/progress.html", each=row)


@act("/exports", needs=Role.EDITOR)
async def start(visit: Visit) -> Response[Any]:
    """Begin an export of those whom a tree means."""
    form = await visit.form()
    path = visit.url("exports")
    try:
        wanted = Wanted(_format(form.get("format", "")), tree_of(form))
        await visit.do(
            lambda: visit.dashboard.exports.start(
                visit.environment_id, wanted, visit.zone, source=visit.source
            ),
            _note_of,
        )
    except _REFUSED as error:
        return visit.back(path, f"Nothing is exported: {error}", kind="danger")
    return visit.back(path, "The export has begun. It goes on when you leave this page.")


@page("/exports/{export:int}/file", needs=Role.EDITOR)
async def download(visit: Visit, export: Id) -> Response[Any] | File:
    """Give the file of an export."""
    try:
        file = await visit.run(partial(visit.dashboard.exports.open, visit.environment_id, export))
    except ConflictError as error:
        return visit.back(visit.url("exports"), str(error), kind="danger")
    await visit.note(Act.EXPORT_DOWNLOADED, subject=f"export:{export}")
    return File(
        file.path,
        filename=file.name,
        media_type=file.media_type,
        content_disposition_type="attachment",
        headers={"Cache-Control": "private, no-store"},
    )


@act("/exports/{export:int}/delete", needs=Role.EDITOR)
async def delete(visit: Visit, export: Id) -> Response[Any]:
    """Stop an export, and remove it with its file."""
    gone = await visit.do(
        partial(visit.dashboard.exports.delete, visit.environment_id, export),
        lambda _: Note(Act.EXPORT_DELETED, f"export:{export}"),
    )
    was = "stopped" if gone.state is ExportState.WRITING else "deleted"
    return visit.back(visit.url("exports"), f"The export is {was}; its file is gone.")


EXPORT_HANDLERS: list[HTTPRouteHandler] = [exports, export, start, download, delete]


def _note_of(made: object) -> Note | None:
    # Its set is kept before, in transactions of its own.
    if not isinstance(made, StoredExport):
        return None
    return Note(Act.EXPORT_STARTED, f"export:{made.export_id}")


def _format(text: str) -> Format:
    try:
        return Format(text)
    except ValueError:
        problem = f"{text[:40]!r} is none of {', '.join(Format)}"
        raise InvalidInputError(path="format", problem=problem) from None


async def _rows(visit: Visit, found: Sequence[Export]) -> list[Row]:
    trees = {each.stored.export_id: parse_segment(each.asked.tree) for each in found}
    named = {segment for tree in trees.values() for segment in segments_in(tree)}
    names = await visit.run(partial(names_of, visit.dashboard.store, visit.environment_id, named))
    return [_row(each, trees[each.stored.export_id], names) for each in found]


def _row(found: Export, people: Node, names: Names) -> Row:
    stored, event = found.stored, found.asked.event
    says = describe(people, names)
    if event is not None:
        says = f"{event['did']} of: {says}"
    return Row(
        stored.export_id,
        says,
        found.asked.format,
        found.state,
        stored.total,
        stored.done,
        stored.written,
        stored.size,
        stored.created_at,
        found.actor or stored.source,
        stored.problem,
        stored.as_of,
    )
