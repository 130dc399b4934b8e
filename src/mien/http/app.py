"""The application: every route, and what surrounds a request."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Send

from mien.domain.errors import MienError
from mien.http import docs, errors
from mien.http.clevertap.routes import CLEVERTAP_HANDLERS
from mien.http.middleware import Surroundings
from mien.http.native.routes import NATIVE_HANDLERS
from mien.http.operations import OPERATION_HANDLERS
from mien.http.sdk.routes import SDK_HANDLERS
from mien.http.sdk.web_routes import WEB_SDK_HANDLERS
from mien.http.state import Services
from mien.log import Outbox

_ROUTES: list[Any] = [
    *OPERATION_HANDLERS,
    *CLEVERTAP_HANDLERS,
    *WEB_SDK_HANDLERS,
    *NATIVE_HANDLERS,
    *SDK_HANDLERS,
]


class Beside(msgspec.Struct, frozen=True):
    """Another application on the same port, and the first parts of the paths that lead to it."""

    app: ASGIApp
    parts: frozenset[str]


def make_app(
    services: Services, lines: Outbox | None = None, *, beside: Beside | None = None
) -> Surroundings:
    """Make the application around the parts of a server; `lines` take the access log."""
    routes: ASGIApp = make_routes(services)
    if beside is not None:
        routes = _Fork(routes, beside)
    return Surroundings(routes, services, lines)


class _Fork:
    """Leads each request to one of two applications by the first part of its path."""

    def __init__(self, routes: ASGIApp, beside: Beside) -> None:
        self._routes, self._other, self._parts = routes, beside.app, beside.parts

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; not a coroutine of its own, to save its cost."""
        is_other = (
            scope["type"] == "http"
            and scope["path"].partition("/")[2].partition("/")[0] in self._parts
        )
        return (self._other if is_other else self._routes)(scope, receive, send)


def openapi_document() -> dict[str, Any]:
    """Give the OpenAPI document that `/docs/openapi.json` serves."""
    return Litestar(_ROUTES, openapi_config=docs.openapi()).openapi_schema.to_schema()


def make_routes(services: Services) -> Litestar:
    """Make the application without what surrounds it."""
    return Litestar(
        _ROUTES,
        state=State({"services": services}),
        exception_handlers={
            MienError: errors.answer_known,
            HTTPException: errors.answer_http,
            Exception: errors.answer_unknown,
        },
        request_max_body_size=services.settings.body_bytes,
        openapi_config=docs.openapi(),
        logging_config=None,
    )
