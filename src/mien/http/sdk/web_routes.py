"""The routes that the web SDK of CleverTap calls, for the application."""

from litestar.handlers import HTTPRouteHandler

from mien.http.sdk.gate import preflight
from mien.http.sdk.visits import take_visit

# A preflight comes before its route, or the framework answers it.
WEB_SDK_HANDLERS: list[HTTPRouteHandler] = [preflight("/a"), take_visit]
