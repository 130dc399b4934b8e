"""`POST /1/upload`: profiles, events and tokens, mixed.

Source: U-01 to U-24; the texts are those that clients of the original have seen.
"""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.documents import Rules
from mien.domain.rejects import Reject, RejectCode
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import lost_keys, read_body
from mien.http.clevertap.batches import is_dry, plain_text, records_of, write_reject
from mien.http.clevertap.documents import UPLOAD
from mien.http.state import Services
from mien.services.receipts import Applied, Batch, Idempotency, Receipt, Result

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
    RejectCode.PHOTO,
    RejectCode.TIME_ZONE,
}

_REFUSED = " value cannot be "
_NO_USER = " or set at least one of identity / fbId / gpId / objectId under 1024 chars to identify the user"
"""How the original goes on once a value names nobody, as its importers print it."""

_encode = msgspec.json.Encoder().encode


@post("/1/upload", **UPLOAD)
async def upload(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Take a batch of records."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "upload"):
        body = await read_body(request, services.settings)
        records = records_of(body)
        is_dry_run = is_dry(request)
        key = request.headers.get("idempotency-key")
        receipt = await services.ingest.submit(
            Batch(
                caller.environment,
                records,
                clock.now_ms(),
                caller.source,
                _rules(services),
                is_dry_run=is_dry_run,
                idempotency=_idempotency(key, body) if key else None,
            )
        )
    if is_dry_run:
        lost = lost_keys(body, {"d": records}, records="d")
        return json_answer(render(receipt, lost.of_records))
    if receipt.answer is not None:
        return json_answer(receipt.answer)
    services.metrics.count_records(receipt)
    return json_answer(render(receipt))


def render(receipt: Receipt, lost: Mapping[int, Sequence[str]] = MappingProxyType({})) -> bytes:
    """Write a receipt as the original does.

    `lost` are keys that stood twice in a record, by its position; a dry run adds them
    when there are any (U-04).
    """
    rejects = [
        each if isinstance(each, Reject) else each.refused
        for each in receipt.results
        if not isinstance(each, Applied) or each.refused is not None
    ]
    processed = sum(map(_is_processed, receipt.results))
    if not rejects and not lost:
        return b'{"status":"success","processed":%d,"unprocessed":[]}' % processed
    answer: dict[str, object] = {
        "status": _status(receipt),
        "processed": processed,
        "unprocessed": [write_reject(each, _text(each)) for each in rejects if each is not None],
    }
    if lost:
        answer["lost_keys"] = [
            {"position": position, "keys": keys} for position, keys in lost.items()
        ]
    return _encode(answer)


def _is_processed(result: Result) -> bool:
    """Tell whether a record was taken whole; an event was, whatever it was to set beside."""
    return isinstance(result, Applied) and (result.refused is None or result.is_event)


def _status(receipt: Receipt) -> str:
    """Say in a word what became of a call; a record that was written in part is no failure."""
    if not any(isinstance(each, Applied) for each in receipt.results):
        return "fail"
    whole = all(isinstance(each, Applied) and each.refused is None for each in receipt.results)
    return "success" if whole else "partial"


def _text(reject: Reject) -> str:
    if reject.code in _EVENT_NAME_CODES:
        start = f"Event Name is incorrect. ErrorCode: {int(reject.code)} - {reject.reason}. "
    elif reject.code in _PROFILE_CODES:
        start = f"Profile data is incorrect. {reject.reason}."
    elif reject.code == RejectCode.IDENTITY and _REFUSED in reject.reason:
        refused = reject.reason.partition(";")[0]
        start = f"{refused[0].upper()}{refused[1:]}{_NO_USER}. "
    else:
        return plain_text(reject)
    return f"{start}Skipped record number : {reject.position}"


def _rules(services: Services) -> Rules:
    settings = services.settings
    return Rules(missing_is_zero=settings.missing_is_zero, late_data_loses=settings.late_data_loses)


def _idempotency(key: str, body: bytes) -> Idempotency:
    return Idempotency(key, hashlib.sha256(b"/1/upload\n" + body).digest(), render)
