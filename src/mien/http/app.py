"""The application: every route, and what surrounds a request."""

from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

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


def make_app(services: Services, lines: Outbox | None = None) -> Surroundings:
    """Make the application around the parts of a server; `lines` take the access log."""
    return Surroundings(make_routes(services), services, lines)


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
