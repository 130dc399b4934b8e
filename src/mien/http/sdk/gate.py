"""The gate of what pages call: who a request is for, and the bounds that stand in for a passcode.

The account id of a page is no secret, so it proves nothing: whoever reads the page can send
what the page sends. What a client may do is therefore bounded by how often it asks (`pace`)
and by where its page lives (`admit`); every answer carries what browsers want to see of a
server that pages of other sites may use (K-02).
"""

import re
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from mien.domain.environments import EnvironmentSettings
from mien.domain.errors import MienError
from mien.domain.ids import EnvironmentId
from mien.domain.networks import client_address, network_of
from mien.http import errors
from mien.http.auth import services_of
from mien.http.limits import ClientTooFastError
from mien.http.sdk.refusals import OriginNotListedError
from mien.log import ENVIRONMENT

PAGE_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""On every answer to a page, which may be embedded anywhere and under COEP (K-02).

`*` is safe: no cookie and no credential that a browser adds by itself is looked at.
"""

_ALLOWED_HEADERS = (
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, "
    "X-CleverTap-Account-Id, X-CleverTap-Encryption-Enabled"
)
_PREFLIGHT = {
    **PAGE_HEADERS,
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
    "Access-Control-Max-Age": "86400",
}

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.ASCII)


class Visitor(msgspec.Struct, frozen=True):
    """For whom a page sends: an environment, and where the page and its browser are.

    `origin` is of the page (`https://shop.example`), empty when nothing says it; `address` of
    the client. `source` is how changes name what came in, `settings` are the environment's.
    """

    environment: EnvironmentId
    public_id: str
    time_zone: str
    origin: str
    address: str
    source: str
    settings: EnvironmentSettings

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the account."""
        return ZoneInfo(self.time_zone)


def pace(request: Request[Any, Any, Any]) -> str:
    """Give the address of a client, or raise `ClientTooFastError`; before anything is read."""
    services = services_of(request)
    address = address_of(request, services.settings.proxies)
    if not services.pace.allow(network_of(address), now=time.monotonic()):
        raise ClientTooFastError
    return address


def admit(
    request: Request[Any, Any, Any], public_id: str, *, address: str, wire: str, claimed: str = ""
) -> Visitor:
    """Give whom a request is for, or raise `UnknownAccountError`, `OriginNotListedError`.

    `address` is what `pace` gave. `claimed` is the origin that the page says it has: a script
    tag sends no `Origin`. `wire` begins the source of what comes in, as `web` in `web:ABC-…`.
    """
    services = services_of(request)
    environment = services.doorkeeper.recognise(public_id)
    request.scope["state"][ENVIRONMENT] = environment.public_id
    settings = services.environments.get(environment.environment_id)
    origin = origin_of(request, claimed)
    if settings.origins and not is_listed(origin, settings.origins):
        raise OriginNotListedError(origin)
    return Visitor(
        environment.environment_id,
        environment.public_id,
        environment.time_zone,
        origin,
        address,
        f"{wire}:{environment.public_id}",
        settings,
    )


def is_listed(origin: str, listed: Iterable[str]) -> bool:
    """Tell whether an origin is in a list; `https://*.shop.example` is any name below that one."""
    for entry in map(str.lower, listed):
        start, star, end = entry.partition("*.")
        if origin == entry:
            return True
        if star and origin.startswith(start) and origin.endswith(f".{end}"):
            return True
    return False


def origin_of(request: Request[Any, Any, Any], claimed: str = "") -> str:
    """Give the origin of the page: as its browser says, else as the page says, else empty."""
    said = request.headers.get("origin", "")
    if said and said != "null":
        return said.lower()
    return origin_at(claimed) or origin_at(request.headers.get("referer", ""))


def origin_at(url: str) -> str:
    """Give the origin of a URL, empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    # Browsers and this library may read a host of odd characters differently.
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def address_of(request: Request[Any, Any, Any], proxies: int) -> str:
    """Give the address of a client; as many entries of `X-Forwarded-For` as proxies are believed."""
    client = request.scope["client"]
    forwarded = request.headers.get("x-forwarded-for", "")
    return client_address(client[0] if client else "", forwarded, proxies=proxies)


def preflight(path: str) -> HTTPRouteHandler:
    """Make the handler that answers what browsers ask before they send to a path.

    One a path: of several, the framework does not keep the order, nor would the document of
    the API.
    """

    @route(path, http_method=HttpMethod.OPTIONS, include_in_schema=False)
    async def allow() -> ASGIResponse:
        return ASGIResponse(headers=_PREFLIGHT, status_code=int(HTTPStatus.NO_CONTENT))

    return allow


def refuse_known(request: Request[Any, Any, Any], error: MienError) -> Response[bytes]:
    """Answer an error of ours so that a page can read it."""
    return _readable(errors.answer_known(request, error))


def refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses so that a page can read it."""
    return _readable(errors.answer_http(request, error))


def refuse_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a fault of ours so that a page can read it."""
    return _readable(errors.answer_unknown(request, error))


REFUSALS: dict[int | type[Exception], Any] = {
    MienError: refuse_known,
    HTTPException: refuse_http,
    Exception: refuse_fault,
}
"""Exception handlers for the routes that pages call."""


def _readable(response: Response[bytes]) -> Response[bytes]:
    # A browser would ask its user for a name and a password, on a page that is not ours.
    response.headers.pop("WWW-Authenticate", None)
    response.headers.update(PAGE_HEADERS)
    return response
