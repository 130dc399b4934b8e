"""`POST /v1/batch`: records in, and for each of them what it changed (B-02, U-17, U-21, U-22)."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.params import QueryParameter

from mien import clock
from mien.domain.documents import NATIVE
from mien.http.auth import caller_of, services_of
from mien.http.body import LostKeys, lost_keys, read_body
from mien.http.native.answers import BatchAnswer, RecordResult
from mien.http.native.bodies import BatchBody, EventRecord, ProfileRecord, TokenRecord
from mien.http.native.calls import IdempotencyKey, answer, decode_body, encode
from mien.http.native.documents import asking, described, one_of
from mien.http.native.results import made_by, render_result, status_of
from mien.http.state import Services
from mien.services.receipts import Batch, Idempotency, Receipt
from mien.services.wires import Wire, to_raw

_LONG_BODY_BYTES = 256 * 1024

_decoder = msgspec.json.Decoder(BatchBody)

_ASKED = {
    "records": [
        {
            "type": "profile",
            "distinct_id": "ana",
            "properties": {"Name": "Ana", "plan": "gold", "visits": {"$incr": 1}},
        },
        {"type": "event", "distinct_id": "ana", "name": "Charged", "properties": {"Amount": 9.5}},
    ]
}
_ANSWERED = {
    "status": "success",
    "processed": 2,
    "dry_run": False,
    "results": [
        {
            "position": 1,
            "status": "applied",
            "object_id": "mien_1f",
            "changes": [
                {"property": "Name", "new": "Ana"},
                {"property": "plan", "old": "silver", "new": "gold"},
                {"property": "visits", "old": 2, "new": 3},
            ],
        },
        {"position": 2, "status": "applied", "object_id": "mien_1f"},
    ],
}


@post(
    "/batch",
    **described(
        "uploadBatch",
        "Apply records, or say what applying them would do",
        tag="Records",
        gives=BatchAnswer,
        example=_ANSWERED,
        asks=asking(
            BatchBody,
            _ASKED,
            records={
                "type": "array",
                "minItems": 1,
                "maxItems": 1_000,
                "items": one_of(
                    ProfileRecord,
                    EventRecord,
                    TokenRecord,
                    otherwise="Anything else comes back rejected, and its neighbours are applied.",
                ),
            },
        ),
    ),
)
async def upload_batch(
    request: Request[Any, Any, Any],
    *,
    dry_run: Annotated[
        bool, QueryParameter(description="Give the very same answer, and apply nothing.")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Apply up to 1,000 profile, event and token records, in order.

    A bad record is rejected by itself, with a `code` and a `reason`; its neighbours are
    applied. What is answered is on disk, and readable. `$incr` starts at 0.

    A result names the profile by `object_id`, but for one that this very call makes: its
    number is only settled by the commit. `stale` are properties that a later time had set
    already, so they stay. `attached` are ids that the profile did not have before,
    `conflicts` those that other profiles hold. `lost_keys` stood twice in one object, and
    only the last value counts; `ignored_keys` mean nothing in such a record.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "upload"):
        body = await read_body(request, services.settings)
        records = decode_body(_decoder, body).records
        lost = await find_lost_keys(services, body, {"records": records}, "records")
        render = partial(_render, records, lost, is_dry_run=dry_run)
        receipt = await services.ingest.submit(
            Batch(
                caller.environment,
                [to_raw(record) for record in records],
                clock.now_ms(),
                Wire.NATIVE.source(caller.key_id),
                NATIVE,
                is_dry_run=dry_run,
                idempotency=_idempotency(idempotency_key, body, render),
            )
        )
    if receipt.answer is not None:
        return answer(receipt.answer)
    if not dry_run:
        services.metrics.count_records(receipt)
    return answer(render(receipt))


async def find_lost_keys(
    services: Services, body: bytes, decoded: object, records: str
) -> LostKeys:
    """Tell which keys were lost; of a long body on a thread, since that may take a second."""
    work = partial(lost_keys, body, decoded, records=records)
    return work() if len(body) < _LONG_BODY_BYTES else await services.run_long(work)


def _idempotency(key: str | None, body: bytes, render: "partial[bytes]") -> Idempotency | None:
    if key is None:
        return None
    return Idempotency(key, hashlib.sha256(b"/v1/batch\n" + body).digest(), render)


def _render(
    records: Sequence[object], lost: LostKeys, receipt: Receipt, *, is_dry_run: bool
) -> bytes:
    made = made_by(receipt.results)
    results = [
        render_result(
            result,
            position,
            record,
            wire=Wire.NATIVE,
            made=made,
            lost=lost.of_records.get(position, ()),
        )
        for position, (result, record) in enumerate(zip(receipt.results, records, strict=True), 1)
    ]
    return render_batch(results, lost.of_body, is_dry_run=is_dry_run)


def render_batch(
    results: list[RecordResult], lost: Sequence[str] = (), *, is_dry_run: bool = False
) -> bytes:
    """Write what became of a batch."""
    processed = sum(result.status != "rejected" for result in results)
    return encode(
        BatchAnswer(
            status=status_of(processed, len(results)),
            processed=processed,
            dry_run=is_dry_run,
            results=results,
            lost_keys=list(lost) or msgspec.UNSET,
        )
    )
