"""`GET /a`: pages, events, profiles, logins, pings and push subscriptions of the web SDK (K-01)."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.identities import object_identity
from mien.domain.rejects import Reject
from mien.domain.websdk import OPTED_OUT_SUFFIX, Envelope, Visit, read_visit
from mien.http.auth import services_of
from mien.http.sdk.answers import Answer, answer_json, answer_script, masked, wants_json
from mien.http.sdk.facts import facts_of_page, place_of
from mien.http.sdk.gate import REFUSALS, Visitor, admit, pace
from mien.http.sdk.identity import check_identity
from mien.http.sdk.payload import account_of, read_payload
from mien.http.sdk.syncing import find_sync
from mien.http.state import Services
from mien.services.receipts import Applied, Batch, Receipt

_WIRE = "web"


@get("/a", include_in_schema=False, exception_handlers=REFUSALS)
async def take_visit(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Take what the SDK sends, and say who the visitor is."""
    address = pace(request)
    payload = read_payload(request)
    services, query, now_ms = services_of(request), request.query_params, clock.now_ms()
    visitor = admit(
        request,
        account_of(payload),
        address=address,
        wire=_WIRE,
        claimed=query.get("origin", ""),
    )
    request_id = _request_id(request, visitor, payload)
    known = None if request_id is None else await services.repeats.find(request_id)
    visit = read_visit(
        payload,
        Envelope(
            kind=query.get("type", ""),
            guid=query.get("gc", ""),
            session=query.get("s", ""),
            number=query.get("rn", ""),
            sent_at=query.get("i", ""),
        ),
        now=now_ms // 1_000,
        new_guid=clock.new_device_id if known is None else lambda: known,
        facts=_facts(services, request, address),
    )
    receipt = Receipt()
    if known is None:
        with services.repeats.applying(request_id, visit.object_id):
            receipt = await _apply(services, visitor, visit, now_ms)
    answer = await _answer(services, visitor, visit, receipt)
    return answer_json(answer) if wants_json(request) else answer_script(answer)


def _request_id(
    request: Request[Any, Any, Any], visitor: Visitor, payload: Mapping[str, object]
) -> int | None:
    """Give what stays the same when the SDK sends a request again; None if nothing tells it apart.

    Two visitors may open the same page in the same second: without a guid only a login,
    which names its person, is surely the same.
    """
    query = request.query_params
    if (guid := payload.get("g") or query.get("gc")) is None:
        if payload.get("isOUL") is not True:
            return None
        guid = f"{visitor.address} {request.headers.get('user-agent')}"
    sent = map(query.get, ("d", "rn", "i", "sn"))
    return hash((visitor.environment, str(guid), *sent))


async def _apply(services: Services, visitor: Visitor, visit: Visit, now_ms: int) -> Receipt:
    receipt = await services.ingest.submit(
        Batch(
            visitor.environment,
            visit.records,
            now_ms,
            visitor.source,
            is_system=not visit.raises_reserved,
            follows_sessions=True,
            heeds_opt_out=True,
            vouched=check_identity(services, visitor, visit.token),
        )
    )
    services.metrics.count_records(receipt)
    return receipt


def _facts(services: Services, request: Request[Any, Any, Any], address: str) -> Mapping[str, str]:
    """Give what is known of a browser; of its place only if its page says that it may be."""
    facts = facts_of_page(request)
    if request.query_params.get("useIP") != "true":
        return facts
    return {**facts, **place_of(services, address)}


async def _answer(services: Services, visitor: Visitor, visit: Visit, receipt: Receipt) -> Answer:
    is_silent = any(isinstance(each, Applied) and each.is_opted_out for each in receipt.results)
    opted_out = True if is_silent else visit.opts_out
    return Answer(
        # By the suffix the SDK knows to send nothing more.
        visit.object_id + (OPTED_OUT_SUFFIX if opted_out else ""),
        visit.session,
        visit.number,
        takes_over=visit.is_login,
        is_opted_out=opted_out,
        keep=await _keep(services, visitor, visit, is_silent=is_silent),
        web_push_key=visitor.settings.web_push_key if visit.is_page else "",
        rejects=tuple(int(each.code) for each in receipt.results if isinstance(each, Reject)),
    )


async def _keep(
    services: Services, visitor: Visitor, visit: Visit, *, is_silent: bool
) -> dict[str, object]:
    """Give what the browser is to keep."""
    keep: dict[str, object] = {}
    if visit.is_login or visit.is_page:
        arp: dict[str, object] = {"isOUL": True} if visit.is_login else {}
        if discarded := services.discarded.get(visitor.environment):
            arp["d_e"] = masked(discarded)
        # The SDK sends it back with each request, and a login throws away what it had.
        if arp:
            keep["arp"] = arp
    if visit.is_page and visitor.settings.web_push_key:
        keep["webPushConfig"] = {}
    if visit.wants_variables:
        keep["vars"] = {}
    if visit.wants_profile and not is_silent:
        sync = await services.run_short(lambda: _sync(services, visitor, visit))
        if sync is not None:
            keep["evpr"] = sync
    return keep


def _sync(services: Services, visitor: Visitor, visit: Visit) -> dict[str, object] | None:
    return find_sync(
        services.store,
        services.reader(visitor.environment),
        object_identity(visit.object_id),
        visitor.settings,
        today=clock.today(visitor.zone),
    )
