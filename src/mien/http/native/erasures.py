"""`/v1/erasures`: erasing many people, with a time in which it can be cancelled (P-15, B-07)."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import PathParameter
from msgspec import UNSET, Meta, UnsetType

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.identities import (
    Identity,
    IdentityKind,
    object_identity,
    person_identity,
    server_object_id,
)
from mien.domain.rejects import Rejected
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import Answer, CallStatus, ErasureAnswer
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
from mien.http.native.people import render_receipt
from mien.http.native.results import status_of
from mien.services import erasures
from mien.services.erasures import Erasure
from mien.services.wires import Wire

IDS_PER_CALL = 100
LONGEST_HOURS = 720

_HOUR_MS = 3_600_000
_PURPOSE = "v1/erasures"
_TAG = "Erasures"

ErasureId = Annotated[
    int, PathParameter(ge=1, le=2**63 - 1, description="The `id` of the erasure.")
]
_Ids = Annotated[list[str], Meta(min_length=1, max_length=IDS_PER_CALL)]


class ErasuresBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to erase: by `distinct_ids` or by `object_ids`; at once, or after so many hours."""

    distinct_ids: _Ids | UnsetType = UNSET
    object_ids: _Ids | UnsetType = UNSET
    after_hours: Annotated[int, Meta(ge=0, le=LONGEST_HOURS)] = 0


class ErasureEntry(Answer, frozen=True, kw_only=True):
    """An erasure that was asked for, and of whom.

    It is `waiting` until `due_at`, then `done` with a `receipt`; `gone` means that nobody
    was there any more.
    """

    id: int
    object_id: str
    state: Literal["waiting", "done", "gone"]
    asked_at: datetime
    due_at: datetime
    source: str
    actor: str | None = None
    done_at: datetime | None = None
    receipt: ErasureAnswer | None = None


class ErasureResult(Answer, frozen=True, kw_only=True):
    """What became of one id; `not_found` is one that nobody has."""

    position: int
    status: Literal["waiting", "done", "gone", "not_found"]
    erasure: ErasureEntry | None = None


class ErasuresAnswer(Answer, frozen=True, kw_only=True):
    """What became of a call: one result for each id, in order."""

    status: CallStatus
    processed: int
    results: list[ErasureResult]


class ErasurePage(Answer, frozen=True, kw_only=True):
    """Erasures, those asked for last first; `next_cursor` is absent on the last page."""

    erasures: list[ErasureEntry]
    next_cursor: str | None = None


_WAITING = {
    "id": 7,
    "object_id": "mien_1f",
    "state": "waiting",
    "asked_at": "2026-11-24T16:00:00Z",
    "due_at": "2026-11-25T16:00:00Z",
    "source": "v1:1",
    "actor": "first key",
}
_decoder = msgspec.json.Decoder(ErasuresBody)


@post(
    "/erasures",
    **described(
        "eraseProfiles",
        "Erase people, at once or later",
        tag=_TAG,
        gives=ErasuresAnswer,
        example={
            "status": "partial",
            "processed": 1,
            "results": [
                {"position": 1, "status": "waiting", "erasure": _WAITING},
                {"position": 2, "status": "not_found"},
            ],
        },
        asks=asking(ErasuresBody, {"distinct_ids": ["ana", "nobody"], "after_hours": 24}),
    ),
)
async def erase_profiles(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Ask for the erasure of up to 100 people; until it is due it can be cancelled.

    Of a profile one erasure waits: asked for again, the earlier time holds.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/erase"):
        body = decode_body(_decoder, await read_body(request, services.settings))
        wanted = _wanted(body)
        now_ms = clock.now_ms()
        planned = await services.run_long(
            partial(
                erasures.plan_erasures,
                services.store,
                caller.environment,
                [each for each in wanted if each is not None],
                now_ms=now_ms,
                due_ms=now_ms + body.after_hours * _HOUR_MS,
                source=Wire.NATIVE.source(caller.key_id),
            )
        )
    found = iter(planned)
    results = [
        _result(position, None if each is None else next(found))
        for position, each in enumerate(wanted, 1)
    ]
    processed = sum(each.erasure is not None for each in results)
    status = status_of(processed, len(results))
    return answer(ErasuresAnswer(status=status, processed=processed, results=results))


@get(
    "/erasures",
    **described(
        "listErasures",
        "List erasures",
        tag=_TAG,
        gives=ErasurePage,
        example={"erasures": [_WAITING], "next_cursor": "kS9…"},
    ),
)
async def list_erasures(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the erasures that wait, and the receipts of those done, the last first."""
    services, caller = services_of(request), caller_of(request)
    before = start_of(services, caller, _PURPOSE, cursor, int)
    work = partial(erasures.list_erasures, before=before, count=limit)
    found = await on_store(request, "v1/erasures", work)
    last = found[-1].planned.erasure_id if len(found) == limit else None
    return answer(
        ErasurePage(
            erasures=[_entry(each) for each in found],
            next_cursor=next_cursor(services, caller, _PURPOSE, last),
        )
    )


@get(
    "/erasures/{erasure:int}",
    **described(
        "getErasure",
        "Give an erasure",
        tag=_TAG,
        gives=ErasureEntry,
        example=_WAITING,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def get_erasure(request: Request[Any, Any, Any], erasure: ErasureId) -> Response[bytes]:
    """Give an erasure that waits, or the receipt of one that is done."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/erasures"):
        found = await services.run_short(
            lambda: erasures.get_erasure(services.store, caller.environment, erasure)
        )
    return answer(_entry(found))


@delete(
    "/erasures/{erasure:int}",
    **described(
        "cancelErasure",
        "Cancel an erasure that waits",
        tag=_TAG,
        gives=ErasureEntry,
        example=_WAITING,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
async def cancel_erasure(request: Request[Any, Any, Any], erasure: ErasureId) -> Response[bytes]:
    """Cancel an erasure, and give it as it was. One that is done is a 409."""
    found = await on_store(
        request,
        "v1/erasures",
        lambda store, environment: erasures.cancel_erasure(store, environment, erasure),
    )
    return answer(_entry(found))


def _wanted(body: ErasuresBody) -> list[Identity | None]:
    """Read the ids of a call; None for one that no profile can have."""
    if isinstance(body.distinct_ids, UnsetType) is isinstance(body.object_ids, UnsetType):
        problem = "Give exactly one of distinct_ids and object_ids"
        raise InvalidInputError(path="", problem=problem)
    if not isinstance(body.distinct_ids, UnsetType):
        return [_identity(each, is_object=False) for each in body.distinct_ids]
    assert not isinstance(body.object_ids, UnsetType)  # noqa: S101 - one of the two is there
    return [_identity(each, is_object=True) for each in body.object_ids]


def _identity(value: str, *, is_object: bool) -> Identity | None:
    try:
        if is_object:
            return object_identity(value)
        return person_identity(IdentityKind.IDENTITY, value)
    except Rejected:
        return None


def _result(position: int, erasure: Erasure | None) -> ErasureResult:
    if erasure is None:
        return ErasureResult(position=position, status="not_found")
    entry = _entry(erasure)
    return ErasureResult(position=position, status=entry.state, erasure=entry)


def _entry(erasure: Erasure) -> ErasureEntry:
    planned, receipt = erasure.planned, erasure.receipt
    return ErasureEntry(
        id=planned.erasure_id,
        object_id=server_object_id(planned.profile),
        state="waiting" if planned.done_at is None else "gone" if receipt is None else "done",
        asked_at=instant(planned.asked_at),
        due_at=instant(planned.due_at),
        source=planned.source,
        actor=erasure.actor,
        done_at=None if planned.done_at is None else instant(planned.done_at),
        receipt=None if receipt is None else render_receipt(receipt),
    )
