"""`/v1/rejects`: records that were not applied, and applying them after all (U-23)."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, assert_never

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Stream

from mien import clock
from mien.domain.documents import NATIVE, Rules
from mien.domain.errors import InvalidInputError
from mien.domain.ids import ProfileId
from mien.http.auth import caller_of, services_of
from mien.http.body import LostKeys, read_body
from mien.http.native.answers import BatchAnswer, RecordResult, RejectEntry, RejectPage
from mien.http.native.batch import find_lost_keys, render_batch
from mien.http.native.bodies import ReplayBody, ReplayItem
from mien.http.native.calls import (
    Cursor,
    IdempotencyKey,
    Limit,
    answer,
    decode_body,
    encode,
    instant,
    next_cursor,
    start_of,
)
from mien.http.native.documents import JSON_LINES, asking, described
from mien.http.native.results import made_by, render_result
from mien.http.state import Services
from mien.services import rejects
from mien.services.accounts import Caller
from mien.services.receipts import Receipt
from mien.services.rejects import Before, KeptReject, Manner, Once, Outcome, Replay, Tried, Unknown
from mien.services.wires import Wire

_PURPOSE = "v1/rejects"
_TAG = "Rejects"
_DOWNLOADED_AT_ONCE = 100

_decoder = msgspec.json.Decoder(ReplayBody)

_REJECT = {
    "id": 7,
    "record": {"type": "profile", "distinct_id": "ana", "properties": {"Email": "ana@"}},
    "position": 1,
    "code": 515,
    "reason": "Email is not valid",
    "source": "v1:1",
    "received_at": "2026-11-24T16:00:00Z",
}
_ASKED = {
    "rejects": [
        {"id": 6},
        {"id": 7, "record": {**_REJECT["record"], "properties": {"Email": "ana@example.com"}}},  # type: ignore[dict-item]
    ]
}
_ANSWERED = {
    "status": "success",
    "processed": 2,
    "dry_run": False,
    "results": [
        {
            "position": 1,
            "status": "unchanged",
            "reason": "Reject 6 was replayed at 2026-11-24T17:00:00Z; nothing was applied",
        },
        {
            "position": 2,
            "status": "applied",
            "object_id": "mien_1f",
            "changes": [{"property": "Email", "new": "ana@example.com"}],
        },
    ],
}


@get(
    "/rejects",
    **described(
        "listRejects",
        "List rejected records",
        tag=_TAG,
        gives=RejectPage,
        example={"rejects": [_REJECT], "next_cursor": "kS9…"},
    ),
)
async def list_rejects(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the records that were not applied in the last 30 days, newest first."""
    services, caller = services_of(request), caller_of(request)
    before = start_of(services, caller, _PURPOSE, cursor, int)
    async with services.limits.place(caller.environment, "v1/rejects"):
        return answer(await services.run_long(partial(_list, services, caller, before, limit)))


@get(
    "/rejects/download",
    **described(
        "downloadRejects",
        "Download all rejected records",
        tag=_TAG,
        gives=str,
        example=encode(_REJECT).decode() + "\n",
        media_type=JSON_LINES,
        about="One reject a line.",
    ),
)
async def download_rejects(request: Request[Any, Any, Any]) -> Stream:
    """Give all rejected records as JSON Lines, newest first: one a line, as in the list."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/rejects"):
        first = await services.run_long(partial(_page, services, caller, None, _DOWNLOADED_AT_ONCE))
    headers = {"Content-Disposition": 'attachment; filename="rejects.jsonl"'}
    lines = _lines(services, caller, first)
    return Stream(lines, media_type=JSON_LINES, headers=headers)


@post(
    "/rejects/replay",
    **described(
        "replayRejects",
        "Apply rejected records after all",
        tag=_TAG,
        gives=BatchAnswer,
        example=_ANSWERED,
        asks=asking(ReplayBody, _ASKED),
    ),
)
async def replay_rejects(
    request: Request[Any, Any, Any], idempotency_key: IdempotencyKey = None
) -> Response[bytes]:
    """Apply up to 1,000 rejects by the rules of the API that they came in by.

    A record that is given takes the place of the kept one. Each counts as of the time at
    which it first came in. Those that are applied are marked: once more applies nothing.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "upload"):
        body = await read_body(request, services.settings)
        items = _unique(decode_body(_decoder, body).rejects)
        lost = await find_lost_keys(services, body, {"rejects": items}, "rejects")
        render = partial(_render, lost)
        digest = hashlib.sha256(b"/v1/rejects/replay\n" + body).digest()
        replayed = await rejects.replay(
            services.store,
            services.ingest,
            caller.environment,
            [Replay(item.id, item.record) for item in items],
            manners=_manners(services, caller),
            now_ms=clock.now_ms(),
            once=Once(idempotency_key, digest, render) if idempotency_key else None,
        )
    if replayed.answer is not None:
        return answer(replayed.answer)
    tried = [outcome.result for outcome in replayed.outcomes if isinstance(outcome, Tried)]
    services.metrics.count_records(Receipt(tuple(tried)))
    return answer(render(replayed.outcomes))


def _list(services: Services, caller: Caller, before: int | None, limit: int) -> bytes:
    page = _page(services, caller, before, limit)
    last = page[-1].reject_id if len(page) == limit else None
    return encode(
        RejectPage(
            rejects=[render_reject(kept) for kept in page],
            next_cursor=next_cursor(services, caller, _PURPOSE, last),
        )
    )


def _page(services: Services, caller: Caller, before: int | None, count: int) -> list[KeptReject]:
    return rejects.list_rejects(services.store, caller.environment, before=before, count=count)


def render_reject(kept: KeptReject) -> RejectEntry:
    """Write a kept reject."""
    return RejectEntry(
        id=kept.reject_id,
        record=kept.record,
        position=kept.position,
        code=kept.code,
        reason=kept.reason,
        source=kept.source,
        received_at=instant(kept.received_at),
        replayed_at=None if kept.replayed_at is None else instant(kept.replayed_at),
    )


async def _lines(
    services: Services, caller: Caller, page: list[KeptReject]
) -> AsyncIterator[bytes]:
    """Give page after page as lines; no more than one page is held."""
    while page:
        yield b"".join(encode(render_reject(kept)) + b"\n" for kept in page)
        if len(page) < _DOWNLOADED_AT_ONCE:
            return
        before = page[-1].reject_id
        page = await services.run_long(
            partial(_page, services, caller, before, _DOWNLOADED_AT_ONCE)
        )


def _unique(items: Sequence[ReplayItem]) -> Sequence[ReplayItem]:
    seen: set[int] = set()
    for place, item in enumerate(items):
        if item.id in seen:
            path, problem = f"rejects[{place}].id", f"{item.id} is given twice"
            raise InvalidInputError(path, problem)
        seen.add(item.id)
    return items


def _manners(services: Services, caller: Caller) -> dict[Wire, Manner]:
    settings = services.settings
    compatible = Rules(
        missing_is_zero=settings.missing_is_zero, late_data_loses=settings.late_data_loses
    )
    return {
        Wire.COMPATIBLE: Manner(Wire.COMPATIBLE.source(caller.key_id), compatible),
        Wire.NATIVE: Manner(Wire.NATIVE.source(caller.key_id), NATIVE),
    }


def _render(lost: LostKeys, outcomes: Sequence[Outcome]) -> bytes:
    made = made_by(outcome.result for outcome in outcomes if isinstance(outcome, Tried))
    results = [
        _result(outcome, position, made=made, lost=_in_record(lost, position))
        for position, outcome in enumerate(outcomes, 1)
    ]
    return render_batch(results, lost.of_body)


def _result(
    outcome: Outcome, position: int, *, made: frozenset[ProfileId], lost: list[str]
) -> RecordResult:
    match outcome:
        case Unknown(reject_id):
            reason = f"There is no reject {reject_id}"
            return RecordResult(position=position, status="rejected", reason=reason)
        case Before(reject_id, replayed_at):
            at = instant(replayed_at).isoformat().replace("+00:00", "Z")
            reason = f"Reject {reject_id} was replayed at {at}; nothing was applied"
            return RecordResult(position=position, status="unchanged", reason=reason)
        case Tried(result, wire, record):
            return render_result(result, position, record, wire=wire, made=made, lost=lost)
        case _:
            assert_never(outcome)


def _in_record(lost: LostKeys, position: int) -> list[str]:
    return [path.removeprefix("record.") for path in lost.of_records.get(position, ())]
