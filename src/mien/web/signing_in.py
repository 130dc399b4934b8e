"""Signing in and out, and choosing one's own password."""

from http import HTTPStatus
from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from mien.domain.errors import InvalidInputError, MienError
from mien.domain.members import PASSWORD_LEAST, Role
from mien.services import members
from mien.services.signing_in import TooManyAttemptsError, WrongPasswordError
from mien.web import frame
from mien.web.cookies import drop_session, keep_session
from mien.web.errors import safe_path
from mien.web.frame import lead_to
from mien.web.gate import check_site, dashboard_of, network
from mien.web.routes import act, page
from mien.web.visit import Visit

_REFUSED = {
    WrongPasswordError: HTTPStatus.UNAUTHORIZED,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
}


@get("/sign-in")
async def sign_in_page(
    request: Request[Any, Any, Any],
    next: str = "/",
    ended: bool = False,  # noqa: FBT001, FBT002 - names of the address
) -> Response[bytes]:
    """Show where one signs in; without any member, how the first is made."""
    said = "Your session has ended. What you sent last was not saved." if ended else ""
    return await _sign_in(request, next, said=said)


@post("/sign-in")
async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Open a session, and lead back to where one was."""
    check_site(request)
    form = await request.form()
    email, password, path = (str(form.get(name) or "") for name in ("email", "password", "next"))
    dashboard, place = dashboard_of(request), network(request)
    try:
        token = await dashboard.hash(
            lambda: dashboard.sign_ins.sign_in(email, password, network=place)
        )
    except (WrongPasswordError, TooManyAttemptsError) as error:
        return await _sign_in(request, path, email=email, error=error)
    response = lead_to(safe_path(path))
    keep_session(request, response, token)
    return response


@act("/sign-out", needs=Role.VIEWER, for_newcomers=True)
async def sign_out(visit: Visit) -> Response[Any]:
    """End the session."""
    await visit.run(lambda: visit.dashboard.sign_ins.sign_out(visit.signed_in))
    response = lead_to("/sign-in")
    drop_session(visit.request, response)
    return response


@page("/password", for_newcomers=True)
async def password_page(visit: Visit) -> Response[bytes]:
    """Show where one chooses a password."""
    return visit.page("password.html", least=PASSWORD_LEAST, problem="")


@act("/password", needs=Role.VIEWER, for_newcomers=True)
async def choose_password(visit: Visit) -> Response[Any]:
    """Set the password that the member chose; their other sessions end."""
    form = await visit.form()
    try:
        await visit.dashboard.hash(lambda: _choose(visit, form))
    except (InvalidInputError, WrongPasswordError, TooManyAttemptsError) as error:
        said = f"The password {error.problem}." if isinstance(error, InvalidInputError) else error
        return visit.page(
            "password.html", status=HTTPStatus.BAD_REQUEST, least=PASSWORD_LEAST, problem=str(said)
        )
    return visit.back("/", "Your password is set. Other devices were signed out.")


SIGN_IN_HANDLERS: list[HTTPRouteHandler] = [sign_in_page, sign_in]
PASSWORD_HANDLERS: list[HTTPRouteHandler] = [sign_out, password_page, choose_password]


def _choose(visit: Visit, form: dict[str, str]) -> None:
    password = form.get("password", "")
    if password != form.get("again", ""):
        raise InvalidInputError(path="password", problem="is not the same in both fields")
    # Who came with a password of ours has just shown it.
    if not visit.member.is_once:
        visit.dashboard.sign_ins.confirm(
            visit.member, form.get("current", ""), network=network(visit.request)
        )
    members.choose_password(
        visit.dashboard.store, visit.member, password, session=visit.signed_in.session
    )


async def _sign_in(
    request: Request[Any, Any, Any],
    path: str,
    *,
    email: str = "",
    said: str = "",
    error: MienError | None = None,
) -> Response[bytes]:
    dashboard = dashboard_of(request)
    body = frame.draw(
        "sign_in.html",
        None,
        visit=None,
        assets=dashboard.assets,
        next=safe_path(path),
        email=email,
        said=said,
        problem=str(error or ""),
        has_members=await dashboard.run_long(lambda: members.has_members(dashboard.store)),
    )
    status = HTTPStatus.OK if error is None else _REFUSED[type(error)]
    return Response(body, status_code=status, media_type=MediaType.HTML)
