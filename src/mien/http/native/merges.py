"""`/v1/merges` and `/v1/merge-suggestions`: making two profiles one, and undoing it (P-07, B-01)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET, UnsetType

from mien.domain.errors import InvalidInputError, NotFoundError
from mien.domain.identities import WIRE_NAMES, Identity, IdentityKind, server_object_id
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import (
    Answer,
    IdentityOf,
    MergeSuggestion,
    MergeSuggestionPage,
    PropertyChange,
)
from mien.http.native.calls import (
    Cursor,
    Limit,
    answer,
    decode_body,
    identity_of,
    instant,
    next_cursor,
    on_store,
    start_of,
)
from mien.http.native.documents import asking, described
from mien.http.native.results import render_changes, write_identity
from mien.services import merges
from mien.services.merges import MergeReport, UndoReport
from mien.services.wires import Wire
from mien.store.merges import MergeRow
from mien.store.people import MergeSuggestion as StoredSuggestion

_NEWEST = 2**63 - 1
_TAG = "Merges"
_MERGES, _SUGGESTIONS = "v1/merges", "v1/merge-suggestions"

MergeId = Annotated[int, PathParameter(ge=1, le=_NEWEST, description="The `id` of the merge.")]
_Preview = Annotated[
    bool,
    QueryParameter(description="Say what the merge would do, in the same words; do nothing."),
]
_ObjectId = Annotated[str, QueryParameter(description="The `object_id` of the suggestion.")]
_OtherId = Annotated[str, QueryParameter(description="Its `other_object_id`.")]


class PersonOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile, by exactly one of its ids."""

    distinct_id: str | UnsetType = UNSET
    object_id: str | UnsetType = UNSET


class MergeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two profiles that are one person. Which one survives is a rule, not the order."""

    one: PersonOf
    other: PersonOf


class ConflictOf(Answer, frozen=True, kw_only=True):
    """A property of which both profiles have another value; `result` is what becomes of it."""

    property: str
    survivor: Any
    absorbed: Any
    result: Any


class MergeAnswer(Answer, frozen=True, kw_only=True):
    """What a merge did, or would do.

    `survivor` and `absorbed` are the objectIds of both, `moved` the ids that lead to the
    survivor now, `conflicts` where both had another value, `changes` those of the survivor's
    properties, `events` how many the absorbed profile brings. `id` is absent in a preview;
    `done_before` says that both were one already.
    """

    id: int | None = None
    dry_run: bool = False
    done_before: bool = False
    survivor: str
    absorbed: str
    moved: list[IdentityOf] = []
    conflicts: list[ConflictOf] = []
    changes: list[PropertyChange] = []
    events: int = 0


class UndoAnswer(Answer, frozen=True, kw_only=True):
    """What undoing a merge gave back: both profiles, as they would be had they never met.

    `moved` are the ids that lead to the absorbed profile again. `done_before` says that it
    was undone already.
    """

    id: int
    done_before: bool = False
    survivor: str
    absorbed: str
    moved: list[IdentityOf] = []


class MergeEntry(Answer, frozen=True, kw_only=True):
    """A merge: who took in whom, when, by what id (absent: people decided), and until when."""

    id: int
    survivor: str
    absorbed: str
    joined_by: IdentityOf | None = None
    merged_at: datetime
    source: str
    undone_at: datetime | None = None
    undone_by: str | None = None


class MergePage(Answer, frozen=True, kw_only=True):
    """Merges, the last first, undone ones included; `next_cursor` is absent on the last page."""

    merges: list[MergeEntry]
    next_cursor: str | None = None


class DismissedAnswer(Answer, frozen=True, kw_only=True):
    """A suggestion that is no longer listed; a later record may make it anew."""

    object_id: str
    other_object_id: str


_MERGED = {
    "id": 7,
    "survivor": "mien_1f",
    "absorbed": "mien_20",
    "moved": [{"kind": "identity", "value": "ana@work"}],
    "conflicts": [{"property": "plan", "survivor": "free", "absorbed": "pro", "result": "pro"}],
    "changes": [{"property": "plan", "old": "free", "new": "pro"}],
    "events": 12,
}
_ENTRY = {
    "id": 7,
    "survivor": "mien_1f",
    "absorbed": "mien_20",
    "joined_by": {"kind": "FBID", "value": "10203"},
    "merged_at": "2026-11-24T16:00:00Z",
    "source": "v1:1",
}
_SUGGESTED = {
    "merge_suggestions": [
        {
            "object_id": "mien_1f",
            "other_object_id": "mien_20",
            "kind": "identity",
            "value": "ana@work",
            "suggested_at": "2026-11-24T16:00:00Z",
            "source": "v1:1",
        }
    ]
}
_decoder = msgspec.json.Decoder(MergeBody)


@post(
    "/merges",
    **described(
        "mergeProfiles",
        "Merge two profiles, or preview it",
        tag=_TAG,
        gives=MergeAnswer,
        example=_MERGED,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(MergeBody, {"one": {"distinct_id": "ana"}, "other": {"object_id": "mien_20"}}),
    ),
)
async def merge_profiles(
    request: Request[Any, Any, Any], *, dry_run: _Preview = False
) -> Response[bytes]:
    """Make two profiles one; every merge can be undone. Merging them again changes nothing."""
    services, caller = services_of(request), caller_of(request)
    body = decode_body(_decoder, await read_body(request, services.settings))
    work = partial(
        merges.merge_people,
        one=_meant("one", body.one),
        other=_meant("other", body.other),
        source=Wire.NATIVE.source(caller.key_id),
        is_preview=dry_run,
    )
    return answer(_merged(await on_store(request, _MERGES, work), is_preview=dry_run))


@post(
    "/merges/{merge_id:int}/undo",
    **described(
        "undoMerge",
        "Undo a merge",
        tag=_TAG,
        gives=UndoAnswer,
        example={"id": 7, "survivor": "mien_1f", "absorbed": "mien_20", "moved": _MERGED["moved"]},
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
async def undo_merge(request: Request[Any, Any, Any], merge_id: MergeId) -> Response[bytes]:
    """Give both profiles back, each with what its own ids sent since. Undoing again is no error."""
    source = Wire.NATIVE.source(caller_of(request).key_id)
    work = partial(merges.undo_merge, merge=merge_id, source=source)
    return answer(_undone(await on_store(request, _MERGES, work)))


@get(
    "/merges",
    **described(
        "listMerges", "List merges", tag=_TAG, gives=MergePage, example={"merges": [_ENTRY]}
    ),
)
async def list_merges(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give every merge, by records and by people, and which of them were undone."""
    services, caller = services_of(request), caller_of(request)
    before = start_of(services, caller, _MERGES, cursor, int) or _NEWEST
    work = partial(merges.list_merges, before=before, count=limit)
    found = await on_store(request, _MERGES, work)
    last = found[-1].id if len(found) == limit else None
    return answer(
        MergePage(
            merges=[_entry(each) for each in found],
            next_cursor=next_cursor(services, caller, _MERGES, last),
        )
    )


@get(
    "/merge-suggestions",
    **described(
        "listMergeSuggestions",
        "List profiles that may be one person",
        tag=_TAG,
        gives=MergeSuggestionPage,
        example=_SUGGESTED,
    ),
)
async def list_suggestions(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the pairs of profiles that a record named together and that no rule lets merge.

    Preview such a merge with `POST /v1/merges?dry_run=true`.
    """
    services, caller = services_of(request), caller_of(request)
    after = start_of(services, caller, _SUGGESTIONS, cursor, tuple[int, int]) or (0, 0)
    work = partial(merges.list_suggestions, after=after, count=limit)
    found, last = await on_store(request, _SUGGESTIONS, work)
    return answer(
        MergeSuggestionPage(
            merge_suggestions=[write_suggestion(each) for each in found],
            next_cursor=next_cursor(services, caller, _SUGGESTIONS, last),
        )
    )


@delete(
    "/merge-suggestions",
    **described(
        "dismissMergeSuggestion",
        "Dismiss a suggested merge",
        tag=_TAG,
        gives=DismissedAnswer,
        example={"object_id": "mien_1f", "other_object_id": "mien_20"},
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def dismiss_suggestion(
    request: Request[Any, Any, Any], object_id: _ObjectId, other_object_id: _OtherId
) -> Response[bytes]:
    """Take a pair off the list: they are two people, or are to stay so."""
    one, other = identity_of(None, object_id), identity_of(None, other_object_id)
    work = partial(merges.dismiss_suggestion, one=one, other=other)
    if not await on_store(request, _SUGGESTIONS, work):
        msg = f"No merge of '{object_id}' and '{other_object_id}' is suggested."
        raise NotFoundError(msg)
    return answer(DismissedAnswer(object_id=object_id, other_object_id=other_object_id))


def _meant(path: str, person: PersonOf) -> Identity:
    named = [person.distinct_id, person.object_id]
    distinct_id, object_id = (None if each is UNSET else each for each in named)
    if (distinct_id is None) is (object_id is None):
        raise InvalidInputError(path, "Give exactly one of distinct_id and object_id")
    return identity_of(distinct_id, object_id)


def _merged(report: MergeReport, *, is_preview: bool) -> MergeAnswer:
    return MergeAnswer(
        id=report.merge or None,
        dry_run=is_preview,
        done_before=report.is_done_before,
        survivor=server_object_id(report.survivor),
        absorbed=server_object_id(report.absorbed),
        moved=_ids(report.moved),
        conflicts=[
            ConflictOf(
                property=each.property,
                survivor=each.survivor,
                absorbed=each.absorbed,
                result=each.result,
            )
            for each in report.conflicts
        ],
        changes=render_changes(report.changes),
        events=report.events,
    )


def _undone(report: UndoReport) -> UndoAnswer:
    return UndoAnswer(
        id=report.merge,
        done_before=report.is_done_before,
        survivor=server_object_id(report.survivor),
        absorbed=server_object_id(report.absorbed),
        moved=_ids(report.moved),
    )


def _ids(moved: Sequence[Identity]) -> list[IdentityOf]:
    """Write ids; push tokens go with their devices and are no ids of a person."""
    return [
        write_identity(kind, value) for kind, value in moved if kind is not IdentityKind.PUSH_TOKEN
    ]


def _entry(row: MergeRow) -> MergeEntry:
    return MergeEntry(
        id=row.id,
        survivor=server_object_id(row.survivor),
        absorbed=server_object_id(row.absorbed),
        joined_by=write_identity(row.kind, row.value) if row.kind else None,
        merged_at=instant(row.merged_at),
        source=row.source,
        undone_at=None if row.undone_at is None else instant(row.undone_at),
        undone_by=row.undone_by,
    )


def write_suggestion(stored: StoredSuggestion) -> MergeSuggestion:
    """Write two profiles that may be one person."""
    return MergeSuggestion(
        object_id=server_object_id(stored.profile),
        other_object_id=server_object_id(stored.other),
        kind=WIRE_NAMES[stored.kind],
        value=stored.value,
        suggested_at=instant(stored.suggested_at),
        source=stored.source,
    )
