"""The routes of our own SDKs, for the application."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from mien.http.sdk.batch import send_from_page
from mien.http.sdk.gate import REFUSALS, preflight
from mien.http.sdk.profile import get_own_profile
from mien.http.sdk.script import get_script

# A preflight comes before its route, or the framework answers it.
SDK_HANDLERS: list[ControllerRouterHandler] = [
    Router(
        "/sdk",
        route_handlers=[
            *map(preflight, ("/v1/batch", "/v1/profile")),
            send_from_page,
            get_own_profile,
            get_script,
        ],
        exception_handlers=REFUSALS,
    )
]
