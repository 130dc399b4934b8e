"""The dashboard as an application of its own, which `serving.py` puts beside the API."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from litestar import Litestar, MediaType, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp, Message, Receive, Send

from mien.domain.errors import MienError
from mien.web import errors
from mien.web.assets import asset
from mien.web.builder.pages import BUILDER_HANDLERS
from mien.web.connect import CONNECT_HANDLERS
from mien.web.defined import DEFINED_HANDLERS
from mien.web.erasures import ERASURE_HANDLERS
from mien.web.exports import EXPORT_HANDLERS
from mien.web.frame import lead_to
from mien.web.gate import admit, visit_of
from mien.web.help import HELP_HANDLERS
from mien.web.home import HOME_HANDLERS
from mien.web.live import LIVE_HANDLERS
from mien.web.merges import MERGE_HANDLERS
from mien.web.people_list import PEOPLE_HANDLERS
from mien.web.person import PERSON_HANDLERS
from mien.web.rejects import REJECT_HANDLERS
from mien.web.replaying import REPLAY_HANDLERS
from mien.web.routes import FORM_BYTES, page
from mien.web.segments import SEGMENT_HANDLERS
from mien.web.settings import SETTINGS_HANDLERS
from mien.web.signing_in import PASSWORD_HANDLERS, SIGN_IN_HANDLERS
from mien.web.state import Dashboard
from mien.web.trends import TREND_HANDLERS
from mien.web.visit import Visit
from mien.web.why import WHY_HANDLERS

PARTS = frozenset({"", "live", "test", "sign-in", "sign-out", "password", "assets"})
"""The first parts of the paths of the dashboard; all other paths are the API's."""

_CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # small pictures inside the style
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = [
    (b"content-security-policy", _CONTENT_SECURITY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex"),
]
_UNKEPT = (b"cache-control", b"no-store")


@page("/")
async def front_page(visit: Visit) -> Redirect:
    """Lead a member to the start."""
    return lead_to(visit.url())


PAGES: list[HTTPRouteHandler] = [
    *HOME_HANDLERS,
    *LIVE_HANDLERS,
    *PEOPLE_HANDLERS,
    *PERSON_HANDLERS,
    *BUILDER_HANDLERS,
    *EXPORT_HANDLERS,
    *MERGE_HANDLERS,
    *ERASURE_HANDLERS,
    *SEGMENT_HANDLERS,
    *WHY_HANDLERS,
    *CONNECT_HANDLERS,
    *DEFINED_HANDLERS,
    *TREND_HANDLERS,
    *HELP_HANDLERS,
    *REJECT_HANDLERS,
    *REPLAY_HANDLERS,
    *SETTINGS_HANDLERS,
]
"""What is below an environment: `/live/…` and `/test/…`."""


def make_dashboard(dashboard: Dashboard) -> ASGIApp:
    """Make the application around the parts of a server."""
    members_only = Router(
        "/",
        route_handlers=[
            front_page,
            *PASSWORD_HANDLERS,
            Router("/{environment:str}", route_handlers=PAGES),
        ],
        guards=[admit],
        dependencies={"visit": Provide(visit_of, sync_to_thread=False)},
    )
    routes = Litestar(
        [asset, *SIGN_IN_HANDLERS, members_only],
        state=State({"dashboard": dashboard}),
        exception_handlers={
            MienError: errors.answer_known,
            HTTPException: errors.answer_http,
            Exception: errors.answer_unknown,
        },
        before_request=None if dashboard.assets.are_built else _say_unbuilt,
        request_max_body_size=FORM_BYTES,
        openapi_config=None,
        logging_config=None,
    )
    return _Headed(routes)


class _Headed:
    """Puts the headers on every answer that keep browsers from being misled."""

    def __init__(self, routes: ASGIApp) -> None:
        self._routes = routes

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self._routes(scope, receive, _heading(send))


def _heading(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], *_HEADERS]
            if not any(name == _UNKEPT[0] for name, _ in headers):
                headers.append(_UNKEPT)
            message["headers"] = headers
        await send(message)

    return send_headed


async def _say_unbuilt(_: Any) -> Response[str]:
    said = (
        "The dashboard is not built: run `make setup` where the server's code is, with npm there."
    )
    return Response(said, status_code=HTTPStatus.SERVICE_UNAVAILABLE, media_type=MediaType.TEXT)
