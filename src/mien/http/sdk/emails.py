"""`GET /e`: what the web SDK asks on pages where people choose which e-mails they get (K-01).

A link in an e-mail leads to the page, and what it holds proves whose address it is. The
page hears the outcome by functions of its own that it may have.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.fields import normalise_email
from mien.domain.preferences import SubscriptionKind
from mien.domain.records import RECORDS_PER_CALL
from mien.http.answers import JSON
from mien.http.auth import services_of
from mien.http.sdk.answers import call, script, wants_json
from mien.http.sdk.gate import PAGE_HEADERS, REFUSALS, Visitor, admit, pace
from mien.http.sdk.payload import account_of, read_payload
from mien.http.state import Services
from mien.services.addresses import By, subscribe
from mien.services.email_links import InvalidEmailLinkError, find_groups, group_records
from mien.services.receipts import Batch

_WIRE = "web"
_UNSUBSCRIBE, _SUBSCRIBE, _GROUPS = "0", "1", "2"
_GROUPS_AT_ONCE = 100


@get("/e", include_in_schema=False, exception_handlers=REFUSALS)
async def take_email_choice(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Tell a page whose address it is, or take what was chosen there for it."""
    address = pace(request)
    payload, query, services = read_payload(request), request.query_params, services_of(request)
    visitor = admit(
        request,
        account_of(payload),
        address=address,
        wire=_WIRE,
        claimed=query.get("origin", ""),
    )
    choice = query.get("sub")
    try:
        email = services.email_links.read(visitor.environment, query.get("e", ""))
    except InvalidEmailLinkError as error:
        if wants_json(request):
            raise
        # A script that is refused tells its page nothing; these functions are there for it.
        failed = "wzrk_email_fetched_failed" if choice is None else _FAILED
        return script(call(failed, str(error)))
    if choice is None:
        return await _tell(request, services, visitor, email)
    await _take(services, visitor, email, choice, payload)
    if wants_json(request):
        return _json({"email": email, "status": int(choice)})
    return script(call("wzrk_email_subscription", int(choice)))


_FAILED = "wzrk_email_subscription_failed"


async def _tell(
    request: Request[Any, Any, Any], services: Services, visitor: Visitor, email: str
) -> ASGIResponse:
    """Say whose address it is, and which groups it has, if the page asks for them."""
    profile: dict[str, object] = {}
    if request.query_params.get("fetchGroups") == "true":
        groups = await services.run_short(
            lambda: find_groups(services.store, visitor.environment, email)
        )
        profile["groups"] = [
            {"name": name, "isUnsubscribed": not is_wanted} for name, is_wanted in groups.items()
        ]
    if wants_json(request):
        return _json({"email": email, **profile})
    return script(call("wzrk_email_fetched", email, profile))


async def _take(
    services: Services, visitor: Visitor, email: str, choice: str, payload: Mapping[str, object]
) -> None:
    now_ms = clock.now_ms()
    if choice in (_UNSUBSCRIBE, _SUBSCRIBE):
        key = SubscriptionKind.EMAIL, normalise_email(email)
        by = By(visitor.source, now_ms)
        is_blocked = choice == _UNSUBSCRIBE
        await services.run_long(
            lambda: subscribe(services.store, visitor.environment, {key: is_blocked}, by=by)
        )
        return
    if choice != _GROUPS:
        problem = "is none of 0 (no e-mails), 1 (e-mails) and 2 (the groups of `d`)"
        raise InvalidInputError(path="sub", problem=problem)
    chosen = _groups(payload.get("unsubGroups"))
    records = await services.run_long(
        lambda: group_records(services.store, visitor.environment, email, chosen)
    )
    for start in range(0, len(records), RECORDS_PER_CALL):
        part = records[start : start + RECORDS_PER_CALL]
        receipt = await services.ingest.submit(
            Batch(visitor.environment, part, now_ms, visitor.source)
        )
        services.metrics.count_records(receipt)


class _Group(msgspec.Struct, frozen=True):
    """A group as a page lists it; it may have more that is for people to read."""

    name: str
    isUnsubscribed: bool = False  # noqa: N815 - the name on the wire


def _groups(raw: object) -> dict[str, bool]:
    """Read which groups are wanted."""
    try:
        groups = msgspec.convert(raw, list[_Group])
    except msgspec.ValidationError as error:
        raise InvalidInputError(path="d.unsubGroups", problem=str(error)) from error
    if len(groups) > _GROUPS_AT_ONCE:
        problem = f"has {len(groups)} groups, the limit is {_GROUPS_AT_ONCE}"
        raise InvalidInputError(path="d.unsubGroups", problem=problem)
    return {each.name: not each.isUnsubscribed for each in groups}


def _json(body: dict[str, object]) -> ASGIResponse:
    return ASGIResponse(body=msgspec.json.encode(body), media_type=JSON, headers=PAGE_HEADERS)
