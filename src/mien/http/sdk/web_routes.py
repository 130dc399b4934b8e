"""The routes that the web SDK of CleverTap calls, for the application."""

from litestar.handlers import HTTPRouteHandler

from mien.http.sdk.emails import take_email_choice
from mien.http.sdk.further import define_variables, follow_link
from mien.http.sdk.gate import preflight
from mien.http.sdk.visits import take_visit

# A preflight comes before its route, or the framework answers it.
WEB_SDK_HANDLERS: list[HTTPRouteHandler] = [
    *map(preflight, ("/a", "/e", "/r", "/defineVars")),
    take_visit,
    take_email_choice,
    follow_link,
    define_variables,
]
