"""`POST /1/upload`: profiles, events and tokens, mixed.

Source: U-01 to U-24; the texts are those that clients of the original have seen.
"""

import hashlib
from typing import Any

import msgspec
from litestar import Request, Response, post

from mien import clock
from mien.domain.profiles import Rules
from mien.domain.rejects import Reject, RejectCode
from mien.http.auth import caller_of, services_of
from mien.http.body import MalformedBodyError, decode_json, read_body
from mien.http.errors import JSON
from mien.http.state import Services
from mien.services.receipts import Applied, Batch, Idempotency, Receipt

_EVENT_NAME_CODES = {
    RejectCode.EVENT_NAME_MISSING,
    RejectCode.EVENT_NAME_TOO_LONG,
    RejectCode.EVENT_RESTRICTED,
}
_PROFILE_CODES = {
    RejectCode.GENDER,
    RejectCode.EMAIL,
    RejectCode.PHONE,
    RejectCode.EMPLOYED,
    RejectCode.EDUCATION,
    RejectCode.MARRIED,
    RejectCode.AGE,
    RejectCode.DATE_OF_BIRTH,
    RejectCode.NAME,
    RejectCode.CUSTOMER_TYPE,
}

_encode = msgspec.json.Encoder().encode


@post("/1/upload", status_code=200)
async def upload(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Take a batch of records."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "upload"):
        body = await read_body(request, services.settings)
        records = _records(body)
        key = request.headers.get("idempotency-key")
        receipt = await services.ingest.submit(
            Batch(
                caller.environment,
                records,
                clock.now_ms(),
                caller.source,
                _rules(services),
                is_dry_run=request.query_params.get("dryRun") in ("1", "true"),
                idempotency=_idempotency(key, body) if key else None,
            )
        )
    answer = receipt.answer if receipt.answer is not None else render(receipt)
    return Response(answer, media_type=JSON)


def render(receipt: Receipt) -> bytes:
    """Write a receipt as the original does."""
    rejects = [
        each if isinstance(each, Reject) else each.refused
        for each in receipt.results
        if not isinstance(each, Applied) or each.refused is not None
    ]
    processed = len(receipt.results) - len(rejects)
    if not rejects:
        return b'{"status":"success","processed":%d,"unprocessed":[]}' % processed
    return _encode(
        {
            "status": "partial" if processed else "fail",
            "processed": processed,
            "unprocessed": [_unprocessed(reject) for reject in rejects if reject is not None],
        }
    )


def _unprocessed(reject: Reject) -> dict[str, object]:
    return {
        "status": "fail",
        "code": int(reject.code),
        "error": _text(reject),
        "record": reject.record,
    }


def _text(reject: Reject) -> str:
    if reject.code in _EVENT_NAME_CODES:
        start = f"Event Name is incorrect. ErrorCode: {int(reject.code)} - {reject.reason}. "
    elif reject.code in _PROFILE_CODES:
        start = f"Profile data is incorrect. {reject.reason}."
    else:
        start = f"{reject.reason}. "
    return f"{start}Skipped record number : {reject.position}"


def _records(body: bytes) -> list[object]:
    decoded = decode_json(body)
    if not isinstance(decoded, dict) or not isinstance(records := decoded.get("d"), list):
        raise MalformedBodyError
    return records


def _rules(services: Services) -> Rules:
    settings = services.settings
    return Rules(missing_is_zero=settings.missing_is_zero, late_data_loses=settings.late_data_loses)


def _idempotency(key: str, body: bytes) -> Idempotency:
    return Idempotency(key, hashlib.sha256(b"/1/upload\n" + body).digest(), render)
