"""`POST /sdk/v1/batch`: what our own SDKs send from browsers and apps (K-03).

Every record is of the device that sends: a page can name a person, but no other device.
What it is answered says whether a record was taken, never what was known before:
whoever reads a page can send in its name.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal, assert_never

import msgspec
from litestar import Request, Response, post
from litestar.params import QueryParameter
from msgspec import Meta

from mien import clock
from mien.domain.documents import NATIVE
from mien.domain.errors import InvalidInputError
from mien.domain.identities import object_identity, profile_of_server_object_id
from mien.domain.rejects import Reject, Rejected
from mien.domain.sessions import SESSION_ID
from mien.http.auth import services_of
from mien.http.body import check_depth, read_body
from mien.http.native.answers import Answer, CallStatus
from mien.http.native.bodies import EventRecord, ProfileRecord, TokenRecord
from mien.http.native.calls import IdempotencyKey, decode_body, encode
from mien.http.native.documents import asking, described, one_of
from mien.http.native.results import status_of
from mien.http.sdk.calls import Account, answer_page, visitor_of
from mien.http.sdk.facts import facts_of_page, place_of
from mien.http.sdk.gate import Visitor
from mien.http.sdk.identity import check_identity
from mien.http.state import Services
from mien.services.receipts import Applied, Batch, Idempotency, Receipt, Result
from mien.services.wires import ignored_keys, native_reason, to_raw

RECORDS = 100
BODY_BYTES = 256 * 1024

_KEY = "^[\\x21-\\x7e]+$"
_LIKE_NOW_SECONDS = 3
"""A clock that is so little off is right: the rest is the way that a request takes."""

_ASKED = {
    "object_id": "b3c8a2f0d1e94c7b",
    "idempotency_key": "7f3a91",
    "device": {"browser": "Firefox", "language": "pt-BR"},
    "records": [
        {"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}},
        {"type": "event", "name": "Charged", "properties": {"Amount": 9.5}, "at": 1764003600},
    ],
}
_ANSWERED = {
    "status": "partial",
    "processed": 1,
    "results": [
        {"position": 1, "status": "accepted"},
        {
            "position": 2,
            "status": "rejected",
            "code": 513,
            "reason": "Event Name is incorrect. ErrorCode: 513",
        },
    ],
}


class PageBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records of one device, to be applied in order.

    `device` are facts of it; what its browser tells by itself is known without. `locate` lets
    the server look up where its address is. `identity_token` says who is
    signed in, `idempotency_key` stands for the header of that name, which a beacon lacks.
    """

    object_id: str
    records: Annotated[list[Any], Meta(min_length=1, max_length=RECORDS)]
    device: dict[str, Any] = {}
    locate: bool = False
    identity_token: str | None = None
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=255, pattern=_KEY)] | None = None


class PageResult(Answer, frozen=True, kw_only=True):
    """What became of one record; `code` and `reason` say why it was rejected.

    Of a person who `opted_out` nothing but that is kept.
    """

    position: int
    status: Literal["accepted", "rejected"]
    opted_out: bool = False
    code: int | None = None
    reason: str | None = None
    ignored_keys: list[str] = []


class PageBatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: one result for each record, in order."""

    status: CallStatus
    processed: int
    results: list[PageResult]


_decoder = msgspec.json.Decoder(PageBatch)


@post(
    "/v1/batch",
    **described(
        "sendFromPage",
        "Take records from a browser or an app",
        tag="SDK",
        gives=PageBatchAnswer,
        example=_ANSWERED,
        asks=asking(
            PageBatch,
            _ASKED,
            records={
                "type": "array",
                "minItems": 1,
                "maxItems": RECORDS,
                "items": one_of(
                    ProfileRecord,
                    EventRecord,
                    TokenRecord,
                    otherwise="Anything else comes back rejected, and its neighbours are applied.",
                ),
            },
        ),
        errors=(HTTPStatus.CONFLICT,),
    ),
    security=[],
)
async def send_from_page(
    request: Request[Any, Any, Any],
    *,
    account: Account = None,
    sent_at: Annotated[
        int | None,
        QueryParameter(
            description="Epoch milliseconds by the clock of the device: tells how far it is off."
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Apply up to 100 records of one device, in order, in a body of up to 256 KiB.

    No passcode opens this: the account id is enough, and the content type may be
    `text/plain`, so that `navigator.sendBeacon` works. Records have the shape of
    `/v1/batch`, but that they name no `object_id`: all are of the device that sends.
    """
    services, visitor = services_of(request), visitor_of(request, account)
    async with services.limits.place(visitor.environment, "sdk/batch"):
        body = await read_body(request, services.settings, limit=BODY_BYTES)
        page = decode_body(_decoder, body)
        check_depth(body, page.records)
        device = _device_of(page)
        received_at = clock.now_ms()
        facts = _facts(services, request, visitor, page)
        ahead = 0 if sent_at is None else _seconds_ahead(sent_at, received_at)
        key = idempotency_key or page.idempotency_key
        render = partial(_render, page.records)
        receipt = await services.ingest.submit(
            Batch(
                visitor.environment,
                [
                    _raw(each, page.object_id, facts, ahead=ahead, now=received_at // 1_000)
                    for each in page.records
                ],
                received_at,
                visitor.source,
                NATIVE,
                follows_sessions=True,
                heeds_opt_out=True,
                idempotency=_idempotency(key, device, body, render),
                vouched=check_identity(services, visitor, page.identity_token),
            )
        )
    if receipt.answer is not None:
        return answer_page(receipt.answer)
    services.metrics.count_records(receipt)
    return answer_page(render(receipt))


def _device_of(page: PageBatch) -> str:
    """Give the id of the device that sends, as it is compared; or raise `InvalidInputError`.

    Ids that the server makes are counted up, so they could be guessed, and no device has one.
    """
    try:
        device = object_identity(page.object_id).value
    except Rejected as rejected:
        raise InvalidInputError(
            path="object_id", problem=native_reason(rejected.code, rejected.reason)
        ) from rejected
    if profile_of_server_object_id(device) is not None:
        problem = f"'{device}' is an id that the server makes, and no device"
        raise InvalidInputError(path="object_id", problem=problem)
    return device


def _seconds_ahead(sent_at: int, received_at: int) -> int:
    ahead = round((sent_at - received_at) / 1_000)
    return ahead if abs(ahead) > _LIKE_NOW_SECONDS else 0


def _facts(
    services: Services, request: Request[Any, Any, Any], visitor: Visitor, page: PageBatch
) -> dict[str, Any]:
    """Give what is known of a device: what it says itself counts most."""
    # An app has no origin, and what its HTTP library tells is of no browser.
    told = facts_of_page(request) if visitor.origin else {}
    place = place_of(services, visitor.address) if page.locate else {}
    return {**told, **place, **page.device}


def _raw(record: object, object_id: str, facts: dict[str, Any], *, ahead: int, now: int) -> object:
    """Give a record in the shape that `domain.records` reads, bound to the device that sends."""
    if not isinstance(record, dict):
        return record
    bound = {**record, "object_id": object_id}
    if facts and record.get("type") != "token":
        own = record.get("device", {})
        bound["device"] = {**facts, **own} if isinstance(own, dict) else own
    _put_right(bound, "at", ahead, now)
    if isinstance(told := record.get("session"), dict):
        bound["session"] = dict(told)
        _put_right(bound["session"], SESSION_ID, ahead, now)
    return to_raw(bound)


def _put_right(told: dict[str, Any], name: str, ahead: int, now: int) -> None:
    """Move a time by how far the clock of the device is ahead; it is never in the future."""
    if ahead and type(told.get(name)) is int:
        told[name] = min(told[name] - ahead, now)


def _idempotency(
    key: str | None, device: str, body: bytes, render: "partial[bytes]"
) -> Idempotency | None:
    """Give the key under which the answer is kept: of this device alone, whatever others send.

    With a blank in it, it is no key of a caller with a passcode.
    """
    if key is None:
        return None
    digest = hashlib.sha256(b"/sdk/v1/batch\n" + body).digest()
    return Idempotency(f"sdk {device} {key}", digest, render)


def _render(records: Sequence[object], receipt: Receipt) -> bytes:
    results = [
        _result(result, position, record)
        for position, (result, record) in enumerate(zip(receipt.results, records, strict=True), 1)
    ]
    processed = sum(result.status == "accepted" for result in results)
    return encode(
        PageBatchAnswer(
            status=status_of(processed, len(results)), processed=processed, results=results
        )
    )


def _result(result: Result, position: int, record: object) -> PageResult:
    ignored = _ignored(record)
    match result:
        case Applied():
            return PageResult(
                position=position,
                status="accepted",
                opted_out=result.is_opted_out,
                ignored_keys=ignored,
            )
        case Reject():
            return PageResult(
                position=position,
                status="rejected",
                code=int(result.code),
                reason=native_reason(result.code, result.reason),
                ignored_keys=ignored,
            )
        case _:
            assert_never(result)


def _ignored(record: object) -> list[str]:
    """Give the keys that mean nothing in a record; that it names its device is one of them."""
    named = ["object_id"] if isinstance(record, dict) and "object_id" in record else []
    # On `/v1` a session is told of events only; here it may begin with a login.
    return named + [key for key in ignored_keys(record) if key != "session"]
