"""`/v1/exports`: people and events as files, written by the server and fetched when done (G-07)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import PathParameter
from litestar.response import Stream
from msgspec import UNSET

from mien.domain.errors import InvalidInputError, InvalidSegmentError
from mien.domain.ids import EnvironmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import All, Did, Node
from mien.http.auth import caller_of, services_of
from mien.http.downloads import answer_file
from mien.http.native.answers import Answer
from mien.http.native.bodies import EventsToExport, ExportBody, PeopleToExport
from mien.http.native.calls import Cursor, Limit, answer, instant, next_cursor, start_of
from mien.http.native.documents import asking, described
from mien.http.native.segments import read_tree_body
from mien.services.file_exports import Export, FileExports, Wanted
from mien.services.wires import Wire

T = TypeVar("T")

_ENDPOINT = "v1/exports"
_TAG = "Exports"

Id = Annotated[int, PathParameter(ge=1, le=2**62, description="The `id` of the export.")]


class ExportEntry(Answer, frozen=True, kw_only=True):
    """An export to a file.

    `state` is `writing`, `done`, `failed` (then `problem` says why) or `withdrawn`: its file was
    removed, since somebody who may be in it was erased. `total` rows were meant when it began, `done`
    of them are dealt with, `rows` are in the file: who was deleted since is left out, and who was
    merged since is there once.
    """

    id: int
    state: str
    format: str
    tree: dict[str, Any]
    event: dict[str, Any] | None = None
    columns: list[str]
    total: int
    done: int
    rows: int
    bytes: int
    created_at: datetime
    finished_at: datetime | None = None
    as_of: datetime | None = None
    problem: str | None = None
    source: str
    actor: str | None = None


class ExportPage(Answer, frozen=True, kw_only=True):
    """Exports, newest first; `next_cursor` is absent on the last page."""

    exports: list[ExportEntry]
    next_cursor: str | None = None


_ENTRY = {
    "id": 7,
    "state": "writing",
    "format": "csv",
    "tree": {"segment": "7"},
    "columns": ["object_id", "distinct_id", "Email"],
    "total": 120_000,
    "done": 45_500,
    "rows": 45_498,
    "bytes": 3_412_800,
    "created_at": "2026-11-24T16:00:00Z",
    "source": "v1:1",
    "actor": "first key",
}
_ASKED = {
    "profiles": {"segment": "7"},
    "format": "csv",
    "columns": ["object_id", "distinct_id", "Email"],
}
_body = msgspec.json.Decoder(ExportBody)


@post(
    "/exports",
    **described(
        "startExport",
        "Begin an export to a file",
        tag=_TAG,
        gives=ExportEntry,
        example=_ENTRY,
        errors=(HTTPStatus.CONFLICT,),
        asks=asking(ExportBody, _ASKED),
        success=HTTPStatus.ACCEPTED,
    ),
)
async def start_export(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Fix who, or which events, are in the file, and begin to write it.

    Ask for the export until its `state` is `done`, then download the file.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _ENDPOINT):
        wanted = _wanted(await read_tree_body(request, _body))
        made = await services.run_long(
            partial(
                services.exports.start,
                caller.environment,
                wanted,
                caller.zone,
                source=Wire.NATIVE.source(caller.key_id),
            )
        )
    headers = {"Location": f"/v1/exports/{made.stored.export_id}"}
    return answer(_entry(made), headers=headers, status=HTTPStatus.ACCEPTED)


@get(
    "/exports",
    **described(
        "listExports",
        "List the exports to files",
        tag=_TAG,
        gives=ExportPage,
        example={"exports": [_ENTRY], "next_cursor": "kS9…"},
    ),
)
async def list_exports(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the exports that are kept, newest first."""
    services, caller = services_of(request), caller_of(request)
    before = start_of(services, caller, _ENDPOINT, cursor, int)
    found = await _run(
        request, lambda exports, here: exports.list(here, before=before, count=limit)
    )
    last = found[-1].stored.export_id if len(found) == limit else None
    return answer(
        ExportPage(
            exports=[_entry(each) for each in found],
            next_cursor=next_cursor(services, caller, _ENDPOINT, last),
        )
    )


@get(
    "/exports/{export:int}",
    **described(
        "getExport",
        "Tell how far an export is",
        tag=_TAG,
        gives=ExportEntry,
        example=_ENTRY,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def get_export(request: Request[Any, Any, Any], export: Id) -> Response[bytes]:
    """Give an export with its state."""
    found = await _run(request, lambda exports, here: exports.get(here, export))
    return answer(_entry(found))


@get(
    "/exports/{export:int}/file",
    **described(
        "downloadExport",
        "Download the file of an export",
        tag=_TAG,
        gives=bytes,
        example="object_id,distinct_id\nmien_1f,ana\n",
        media_type="application/octet-stream",
        about="The file, in the media type of its format. `Range` and `If-Range` are heeded (206, "
        "416), so that a download that broke off goes on where it ended.",
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
async def download_export(request: Request[Any, Any, Any], export: Id) -> Stream | Response[bytes]:
    """Give the file. One that is not written yet, or was taken back, is a 409."""
    file = await _run(request, lambda exports, here: exports.open(here, export))
    return await answer_file(request, file, services_of(request).run_long)


@delete(
    "/exports/{export:int}",
    **described(
        "deleteExport",
        "Stop or remove an export",
        tag=_TAG,
        gives=ExportEntry,
        example=_ENTRY,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def delete_export(request: Request[Any, Any, Any], export: Id) -> Response[bytes]:
    """Stop an export that is being written, remove it and its file, and give it as it was."""
    found = await _run(request, lambda exports, here: exports.delete(here, export))
    return answer(_entry(found))


async def _run(
    request: Request[Any, Any, Any], work: Callable[[FileExports, EnvironmentId], T]
) -> T:
    """Do something with the exports of the caller's environment, when it is its turn."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _ENDPOINT):
        return await services.run_long(partial(work, services.exports, caller.environment))


def _wanted(body: ExportBody) -> Wanted:
    """Read what is to be exported, or raise `InvalidInputError`."""
    if (body.profiles is UNSET) is (body.events is UNSET):
        raise InvalidInputError(path="", problem="Give exactly one of profiles and events")
    people: Node = All(())
    event: Did | None = None
    if not isinstance(body.profiles, msgspec.UnsetType):
        people = _people(body.profiles, "profiles")
    elif not isinstance(body.events, msgspec.UnsetType):
        event = _event(body.events)
        if not isinstance(body.events.of, msgspec.UnsetType):
            people = _people(body.events.of, "events.of")
    return Wanted(
        body.format,
        people,
        event,
        None if isinstance(body.columns, msgspec.UnsetType) else body.columns,
        keeps_formulas=body.csv_formulas == "keep",
    )


def _people(asked: PeopleToExport, path: str) -> Node:
    if (asked.segment is UNSET) is (asked.tree is UNSET):
        raise InvalidInputError(path, problem="give exactly one of segment and tree")
    if asked.tree is not UNSET:
        return parse_segment(asked.tree, f"{path}.tree")
    return parse_segment({"segment": asked.segment}, path)


def _event(asked: EventsToExport) -> Did:
    """Read an event as a node of the segment language, with problems at the keys that are used here."""
    raw: dict[str, Any] = {"did": asked.event}
    days = {
        key: day for key, day in (("from", asked.first), ("to", asked.last)) if day is not UNSET
    }
    if days and asked.window is not UNSET:
        raise InvalidInputError(path="events.window", problem="give this, or from and to")
    if days or asked.window is not UNSET:
        raw["window"] = days or asked.window
    if asked.where is not UNSET:
        raw["where"] = asked.where
    try:
        node = parse_segment(raw, "events")
    except InvalidSegmentError as error:
        path = error.path.replace("events.did", "events.event", 1)
        if days:
            path = path.replace("events.window.", "events.", 1)
        raise InvalidSegmentError(path, error.problem) from error
    assert isinstance(node, Did)  # noqa: S101 - it has `did`
    return node


def _entry(export: Export) -> ExportEntry:
    stored, asked = export.stored, export.asked
    return ExportEntry(
        id=stored.export_id,
        state=stored.state,
        format=asked.format,
        tree=asked.tree,
        event=asked.event,
        columns=[each.head for each in asked.columns],
        total=stored.total,
        done=stored.done,
        rows=stored.written,
        bytes=stored.size,
        created_at=instant(stored.created_at),
        finished_at=None if stored.finished_at is None else instant(stored.finished_at),
        as_of=None if stored.as_of is None else instant(stored.as_of),
        problem=stored.problem or None,
        source=stored.source,
        actor=export.actor,
    )
