"""What operators watch: is it alive, can it serve, how is it doing."""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from mien.http.answers import JSON
from mien.http.auth import services_of
from mien.http.metrics import CONTENT_TYPE
from mien.http.state import Services
from mien.store.space import bytes_on_disk, is_answering

_STORE_SECONDS = 2.0


@get("/healthz", media_type=MediaType.TEXT, include_in_schema=False, sync_to_thread=False)
def healthz() -> str:
    """Say that the process serves."""
    return "ok"


@get("/readyz", include_in_schema=False)
async def readyz(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say whether to send requests here: 200, or 503 with the reasons not to."""
    reasons = await _reasons_against(services_of(request))
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    body = {"status": "unavailable" if reasons else "ready", "reasons": reasons}
    return Response(msgspec.json.encode(body), status_code=int(status), media_type=JSON)


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give all measures in the text form of Prometheus."""
    services = services_of(request)
    size = await services.run_long(lambda: bytes_on_disk(services.store))
    behind = await services.run_long(services.projection.behind)
    exported = await services.run_long(services.exports.folder.used_bytes)
    text = services.metrics.render(store_bytes=size, export_bytes=exported, analytics_behind=behind)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


OPERATION_HANDLERS: list[HTTPRouteHandler] = [healthz, readyz, metrics]


async def _reasons_against(services: Services) -> list[str]:
    reasons = ["The server is stopping."] if services.is_stopping else []
    return reasons if await _is_store_there(services) else [*reasons, "The store does not answer."]


async def _is_store_there(services: Services) -> bool:
    """Ask the store; one question at a time, so that a dead store does not eat up the threads."""
    check = services.store_check
    if check is None or check.done():
        work = services.run_long(lambda: is_answering(services.store))
        check = services.store_check = asyncio.ensure_future(work)
    await asyncio.wait({check}, timeout=_STORE_SECONDS)
    return check.done() and check.result()
