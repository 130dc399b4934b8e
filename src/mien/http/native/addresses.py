"""`/v1/addresses`: who said what of an address, blocking it, taking it away (G-13, U-13)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import QueryParameter
from msgspec import Meta

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.identities import AddressKind
from mien.domain.preferences import ADDRESS_OF, Address, SubscriptionKey
from mien.domain.rejects import Rejected
from mien.domain.subscriptions import (
    ADDRESS_TYPES,
    ITEMS_PER_CALL,
    SUBSCRIPTION_TYPES,
    read_address,
)
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import Answer, CallStatus, RecordStatus
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
from mien.http.native.results import status_of
from mien.services import addresses
from mien.services.accounts import Caller
from mien.services.addresses import By
from mien.services.wires import Wire
from mien.store.people import Subscription

_PURPOSE = "v1/addresses/subscriptions"
_TAG = "Addresses"

AddressName = Literal["email", "phone"]
SubscriptionName = Literal["email", "phone", "whatsapp"]
Kind = Annotated[AddressName, QueryParameter(description="What kind of address it is.")]
Value = Annotated[str, QueryParameter(description="The address, in any spelling.")]


class SubscriptionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that is to be blocked, or opened again.

    `phone` concerns SMS and WhatsApp, `whatsapp` a phone on WhatsApp alone.
    """

    kind: SubscriptionName
    value: str
    blocked: bool


class SubscriptionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses to block or to open, in order: of two that speak of the same, the later holds."""

    subscriptions: Annotated[
        list[SubscriptionChange], Meta(min_length=1, max_length=ITEMS_PER_CALL)
    ]


class SubscriptionResult(Answer, frozen=True, kw_only=True):
    """What became of one item; `code` and `reason` say why it was rejected."""

    position: int
    status: RecordStatus
    code: int | None = None
    reason: str | None = None


class SubscriptionsAnswer(Answer, frozen=True, kw_only=True):
    """What became of a call: one result for each item, in order."""

    status: CallStatus
    processed: int
    results: list[SubscriptionResult]


class SubscriptionOf(Answer, frozen=True, kw_only=True):
    """What was said of an address: is it blocked, since when, and who said so."""

    kind: SubscriptionName
    value: str
    blocked: bool
    changed_at: datetime
    source: str
    actor: str | None = None


class AddressAnswer(Answer, frozen=True, kw_only=True):
    """An address in the form by which it is found, and how many `profiles` have it.

    `subscriptions` is what was said of it; nothing for an address of which nobody spoke.
    """

    kind: AddressName
    value: str
    profiles: int
    subscriptions: list[SubscriptionOf]


class SubscriptionsPage(Answer, frozen=True, kw_only=True):
    """What was said of addresses, by kind and address; `next_cursor` is absent on the last page."""

    subscriptions: list[SubscriptionOf]
    next_cursor: str | None = None


class ReleaseAnswer(Answer, frozen=True, kw_only=True):
    """An address that was taken away, and how many `profiles` had it."""

    kind: AddressName
    value: str
    profiles: int


_SAID = {
    "kind": "phone",
    "value": "+14155551234",
    "blocked": True,
    "changed_at": "2026-11-24T16:00:00Z",
    "source": "api:1",
    "actor": "first key",
}


@get(
    "/addresses",
    **described(
        "getAddress",
        "Give what was said of an address",
        tag=_TAG,
        gives=AddressAnswer,
        example={
            "kind": "phone",
            "value": "+14155551234",
            "profiles": 2,
            "subscriptions": [_SAID],
        },
    ),
)
async def get_address(request: Request[Any, Any, Any], kind: Kind, value: Value) -> Response[bytes]:
    """Give who blocked or opened an address and when, and how many profiles have it."""
    services, caller = services_of(request), caller_of(request)
    address = _address(kind, value)
    async with services.limits.place(caller.environment, "v1/addresses"):
        view = await services.run_short(
            lambda: addresses.view_address(services.store, caller.environment, address)
        )
    return answer(
        AddressAnswer(
            kind=kind,
            value=address[1],
            profiles=view.profiles,
            subscriptions=write_said(view.said, view.actors),
        )
    )


@delete(
    "/addresses",
    **described(
        "releaseAddress",
        "Take an address from every profile that has it",
        tag=_TAG,
        gives=ReleaseAnswer,
        example={"kind": "phone", "value": "+14155551234", "profiles": 2},
    ),
)
async def release_address(
    request: Request[Any, Any, Any], kind: Kind, value: Value
) -> Response[bytes]:
    """Take an address from all who have it, as when a number was given to somebody else.

    It finds nobody then. Their histories keep who took it. What was said of the address stays.
    """
    caller = caller_of(request)
    address = _address(kind, value)
    taken = await on_store(
        request,
        "v1/addresses",
        lambda store, environment: addresses.release(store, environment, [address], by=_by(caller)),
    )
    return answer(ReleaseAnswer(kind=kind, value=address[1], profiles=taken[address]))


@get(
    "/addresses/subscriptions",
    **described(
        "listSubscriptions",
        "List what was said of addresses",
        tag=_TAG,
        gives=SubscriptionsPage,
        example={"subscriptions": [_SAID], "next_cursor": "kS9…"},
    ),
)
async def list_subscriptions(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give every address of which was said that it is blocked or open, by kind and address."""
    services, caller = services_of(request), caller_of(request)
    after = start_of(services, caller, _PURPOSE, cursor, tuple[int, str]) or (0, "")
    work = partial(addresses.subscription_page, after=after, count=limit)
    page = await on_store(request, "v1/addresses", work)
    last = (int(page.said[-1].kind), page.said[-1].value) if len(page.said) == limit else None
    return answer(
        SubscriptionsPage(
            subscriptions=write_said(page.said, page.actors),
            next_cursor=next_cursor(services, caller, _PURPOSE, last),
        )
    )


class EmailLinkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address that an e-mail goes to."""

    email: str


class EmailLinkAnswer(Answer, frozen=True, kw_only=True):
    """What a link in an e-mail to this address holds, as the parameter `e` of its page."""

    e: str


_link_decoder = msgspec.json.Decoder(EmailLinkBody)


@post(
    "/addresses/email-link",
    **described(
        "makeEmailLink",
        "Make what a link in an e-mail holds",
        tag=_TAG,
        gives=EmailLinkAnswer,
        example={"e": "q1Zb0sLw8b1p0bXJr2yTzmFuYUBleGFtcGxlLmNvbQ"},
        asks=asking(EmailLinkBody, {"email": "ana@example.com"}),
    ),
)
async def make_email_link(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the text by which a page with the web SDK knows whose address it is.

    Who has it may choose what comes to this address. It is the same each time and does not
    run out.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/addresses"):
        body = decode_body(_link_decoder, await read_body(request, services.settings))
        _, email = _address("email", body.email)
    return answer(EmailLinkAnswer(e=services.email_links.issue(caller.environment, email)))


_decoder = msgspec.json.Decoder(SubscriptionsBody)


@post(
    "/addresses/subscriptions",
    **described(
        "changeSubscriptions",
        "Block addresses, or open them again",
        tag=_TAG,
        gives=SubscriptionsAnswer,
        example={
            "status": "partial",
            "processed": 1,
            "results": [
                {"position": 1, "status": "applied"},
                {
                    "position": 2,
                    "status": "rejected",
                    "code": 516,
                    "reason": "Phone number is not valid",
                },
            ],
        },
        asks=asking(
            SubscriptionsBody,
            {
                "subscriptions": [
                    {"kind": "email", "value": "ana@example.com", "blocked": True},
                    {"kind": "phone", "value": "4155551234", "blocked": True},
                ]
            },
        ),
    ),
)
async def change_subscriptions(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Block up to 1,000 addresses for every profile that shares them, or open them again.

    It counts for profiles that get the address later as well. What is no address is rejected
    by itself. `unchanged` are those that were so already.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/addresses"):
        items = decode_body(_decoder, await read_body(request, services.settings)).subscriptions
        read = [_key(item) for item in items]
        wanted = {
            key: item.blocked
            for key, item in zip(read, items, strict=True)
            if not isinstance(key, Rejected)
        }
        changed = await services.run_long(
            lambda: addresses.subscribe(services.store, caller.environment, wanted, by=_by(caller))
        )
    results = [_result(position, key, changed) for position, key in enumerate(read, 1)]
    processed = sum(each.status != "rejected" for each in results)
    return answer(
        SubscriptionsAnswer(
            status=status_of(processed, len(results)), processed=processed, results=results
        )
    )


def _key(item: SubscriptionChange) -> SubscriptionKey | Rejected:
    kind = SUBSCRIPTION_TYPES[item.kind]
    try:
        return kind, read_address(ADDRESS_OF[kind], item.value)[1]
    except Rejected as rejected:
        return rejected


def _result(
    position: int, key: SubscriptionKey | Rejected, changed: set[SubscriptionKey]
) -> SubscriptionResult:
    if isinstance(key, Rejected):
        code, reason = int(key.code), key.reason
        return SubscriptionResult(position=position, status="rejected", code=code, reason=reason)
    return SubscriptionResult(
        position=position, status="applied" if key in changed else "unchanged"
    )


def _address(kind: str, value: str) -> Address:
    """Read an address out of a URL, where a raw `+` is read as a space; none has one inside."""
    address_kind = ADDRESS_TYPES[kind]
    text = value.strip()
    if address_kind is AddressKind.EMAIL:
        text = text.replace(" ", "+")
    elif value.startswith(" "):
        text = f"+{text}"
    try:
        return read_address(address_kind, text)
    except Rejected as rejected:
        raise InvalidInputError(path="value", problem=rejected.reason) from rejected


def write_said(said: Sequence[Subscription], actors: Mapping[str, str]) -> list[SubscriptionOf]:
    """Write what was said of addresses; `actors` names who said it, by source."""
    return [
        SubscriptionOf(
            kind=each.kind.name.lower(),  # type: ignore[arg-type]  # the names of the kinds
            value=each.value,
            blocked=each.is_blocked,
            changed_at=instant(each.changed_at),
            source=each.source,
            actor=actors.get(each.source),
        )
        for each in said
    ]


def _by(caller: Caller) -> By:
    return By(Wire.NATIVE.source(caller.key_id), clock.now_ms())
