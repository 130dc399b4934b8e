"""The one guard of the dashboard: who is signed in, what they may, and that they meant it.

Every page and every act passes it (`web.routes`); nothing is let in by a template that shows
no button.
"""

import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from mien.domain.errors import NotFoundError
from mien.domain.members import Role
from mien.domain.networks import client_address, network_of
from mien.log import ENVIRONMENT
from mien.store.accounts import Environment
from mien.web.cookies import session_of
from mien.web.refusals import (
    ForeignRequestError,
    PasswordNeededError,
    RoleTooLowError,
    SignInNeededError,
)
from mien.web.state import Dashboard
from mien.web.visit import Visit

VISIT = "visit"
"""Where a request's state keeps its `Visit`."""

NEEDS, FOR_NEWCOMERS = "needs", "for_newcomers"
"""What routes say of themselves: the least role, and whether a first password is enough."""

TOKEN_FIELD, TOKEN_HEADER = "_token", "x-form-token"

_READS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request in, or raise what it lacks."""
    assert isinstance(connection, Request)  # noqa: S101 - these routes are HTTP
    visit = await _recognise(connection)
    connection.scope["state"][VISIT] = visit
    if visit.member.is_once and not handler.opt.get(FOR_NEWCOMERS):
        raise PasswordNeededError
    needed: Role = handler.opt[NEEDS]
    if not visit.member.role.includes(needed):
        raise RoleTooLowError(needed)
    if connection.method not in _READS:
        check_site(connection)
        await _check_token(connection, visit)


def visit_of(request: Request[Any, Any, Any]) -> Visit:
    """Give the visit that was let in."""
    visit: Visit = request.scope["state"][VISIT]
    return visit


def dashboard_of(request: Request[Any, Any, Any]) -> Dashboard:
    """Give the parts of the server that handles a request."""
    dashboard: Dashboard = request.app.state.dashboard
    return dashboard


def network(request: Request[Any, Any, Any]) -> str:
    """Give where a request comes from, as attempts are counted."""
    client = request.scope["client"]
    proxies = dashboard_of(request).settings.proxies
    forwarded = request.headers.get("x-forwarded-for", "")
    return network_of(client_address(client[0] if client else "", forwarded, proxies=proxies))


def check_site(request: Request[Any, Any, Any]) -> None:
    """Raise `ForeignRequestError` for what the page of another site sent.

    Browsers say so themselves; what says nothing is no browser, and has no cookie to abuse.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in _OWN_SITES:
            raise ForeignRequestError
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise ForeignRequestError


async def _recognise(request: Request[Any, Any, Any]) -> Visit:
    dashboard, token = dashboard_of(request), session_of(request)
    if not token:
        raise SignInNeededError
    signed_in = await dashboard.run_long(lambda: dashboard.sign_ins.recognise(token))
    if signed_in is None:
        raise SignInNeededError
    kind = request.path_params.get(ENVIRONMENT, "live")
    environment = _environment(signed_in.environments, kind)
    request.scope["state"][ENVIRONMENT] = environment.public_id
    return Visit(request, dashboard, signed_in, environment)


def _environment(known: list[Environment], kind: str) -> Environment:
    for each in known:
        if each.kind == kind:
            return each
    msg = f"There is no environment '{kind}'."
    raise NotFoundError(msg)


async def _check_token(request: Request[Any, Any, Any], visit: Visit) -> None:
    given = request.headers.get(TOKEN_HEADER) or (await visit.form()).get(TOKEN_FIELD, "")
    if not hmac.compare_digest(given.encode(), visit.token.encode()):
        raise ForeignRequestError
