"""`POST /1/subscribe` and `POST /1/disassociate`: what becomes of addresses (G-13, U-13)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.errors import LimitExceededError
from mien.domain.identities import AddressKind
from mien.domain.rejects import Reject
from mien.domain.subscriptions import ITEMS_PER_CALL, Said, Taken, parse_said, parse_taken
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.clevertap.batches import is_dry, plain_text, records_of, write_reject
from mien.http.clevertap.documents import DISASSOCIATE, SUBSCRIBE
from mien.http.state import Services
from mien.services.accounts import Caller
from mien.services.addresses import By, release, subscribe

T = TypeVar("T")

_TAKEN_TYPES = (AddressKind.PHONE.name.lower(),)

_encode = msgspec.json.Encoder().encode


@post("/1/subscribe", **SUBSCRIBE)
async def subscribe_addresses(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Block addresses for every profile that shares them, or open them again."""
    return await _answer(request, "subscribe", parse_said, _subscribe)


@post("/1/disassociate", **DISASSOCIATE)
async def disassociate_addresses(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Take phones from every profile that has them."""
    return await _answer(request, "disassociate", _parse_phone, _release)


async def _answer(
    request: Request[Any, Any, Any],
    endpoint: str,
    parse: Callable[[object, int], T | Reject],
    apply: Callable[[Services, Caller, Sequence[T]], None],
) -> ASGIResponse:
    """Read the items of a call, apply those that are fine, and tell which are not."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, endpoint):
        raws = records_of(await read_body(request, services.settings))
        if len(raws) > ITEMS_PER_CALL:
            what = "items"
            raise LimitExceededError(what, limit=ITEMS_PER_CALL, size=len(raws))
        parsed = [parse(raw, position) for position, raw in enumerate(raws, 1)]
        good = [each for each in parsed if not isinstance(each, Reject)]
        if good and not is_dry(request):
            await services.run_long(lambda: apply(services, caller, good))
    return json_answer(_render(parsed))


def _render(parsed: Sequence[object]) -> bytes:
    rejects = [each for each in parsed if isinstance(each, Reject)]
    processed = len(parsed) - len(rejects)
    status = "success" if not rejects else "partial" if processed else "fail"
    unprocessed = [write_reject(each, plain_text(each)) for each in rejects]
    return _encode({"status": status, "processed": processed, "unprocessed": unprocessed})


def _parse_phone(raw: object, position: int) -> Taken | Reject:
    return parse_taken(raw, position, types=_TAKEN_TYPES)


def _subscribe(services: Services, caller: Caller, said: Sequence[Said]) -> None:
    wanted = {each.key: each.is_blocked for each in said}
    subscribe(services.store, caller.environment, wanted, by=_by(caller))


def _release(services: Services, caller: Caller, taken: Sequence[Taken]) -> None:
    release(services.store, caller.environment, [each.address for each in taken], by=_by(caller))


def _by(caller: Caller) -> By:
    return By(caller.source, clock.now_ms())
