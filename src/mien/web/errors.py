"""What becomes of a refusal: a page that says so, or the way to what is missing."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from mien.domain.errors import (
    AnalyticsUnavailableError,
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    MienError,
    NotFoundError,
    QueryTimeoutError,
    StoreUnavailableError,
)
from mien.services.cursors import InvalidCursorError
from mien.services.signing_in import TooManyAttemptsError
from mien.web import frame
from mien.web.frame import lead_to
from mien.web.gate import VISIT, dashboard_of
from mien.web.refusals import (
    ForeignRequestError,
    PasswordNeededError,
    RoleTooLowError,
    SignInNeededError,
)
from mien.web.routes import FORM_BYTES
from mien.web.texts import size_of

_STATUS: dict[type[MienError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    LimitExceededError: HTTPStatus.BAD_REQUEST,
    ConflictError: HTTPStatus.CONFLICT,
    RoleTooLowError: HTTPStatus.FORBIDDEN,
    ForeignRequestError: HTTPStatus.FORBIDDEN,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    AnalyticsUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    QueryTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_SAID = {
    HTTPStatus.BAD_REQUEST: (
        "Not understood",
        "A part of this address or form is not of the kind that is asked for; go back and try again.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "Too large",
        f"A form may have {size_of(FORM_BYTES)}; go back and send less.",
    ),
    HTTPStatus.NOT_FOUND: ("Not found", "There is nothing here: it was removed, or never was."),
    HTTPStatus.FORBIDDEN: ("Not allowed", "You may not do this."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Not found", "This address is for a form alone."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something went wrong",
        "The server failed on this request; its log says more. Nothing else is affected.",
    ),
}
_REFUSED = "The server did not take this; go back and try again."
_LIST_IS_OLD = (
    "This link leads into another list, or into this one as it was some days ago;"
    " open the list from its start."
)
_PATH_CHARACTERS = 2_000
_ABOVE = {"HX-Retarget": "#refusal", "HX-Reswap": "innerHTML show:top"}
_ENVIRONMENTS = ("/live/", "/test/")

_log = structlog.get_logger()


def answer_known(request: Request[Any, Any, Any], error: MienError) -> Response[Any]:
    """Answer an error of ours."""
    if isinstance(error, SignInNeededError):
        return to_sign_in(request)
    if isinstance(error, PasswordNeededError):
        return _lead(request, "/password")
    known = (_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS)
    status = next(known, HTTPStatus.INTERNAL_SERVER_ERROR)
    said = _LIST_IS_OLD if isinstance(error, InvalidCursorError) else str(error)
    return _page(request, status, said)


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what the framework refuses: an unknown page, a bad form."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer_unknown(request, error)
    path: str = request.scope["path"]
    is_for_forms = status is HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET"
    if is_for_forms and path.startswith(_ENVIRONMENTS):
        # The answer to a form that was wrong stands at the form's address. Who comes back there,
        # after signing in again, is led to the page above it.
        return _lead(request, path.rpartition("/")[0])
    return _page(request, status, "")


def answer_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer a fault of ours: the log has the trace, the page only that it happened."""
    _log.error("request.failed", path=request.scope["path"], exc_info=error)
    return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, "")


def to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Lead to where one signs in, and from there back to where one was.

    An act is not done again by coming back: the page that it was sent from is shown.
    """
    here = _joined(request.scope["path"], request.scope["query_string"].decode("latin-1"))
    if request.method != "GET" or "hx-request" in request.headers:
        came_from = request.headers.get("hx-current-url") or request.headers.get("referer", "")
        parts = urlsplit(str(came_from))
        here = _joined(parts.path, parts.query)
    here = safe_path(here)
    has_ended = any("mien_session" in name for name in request.cookies)
    asked = f"?next={quote(here, safe='/')}" if here != "/" else ""
    ended = f"{'&' if asked else '?'}ended=1" if has_ended else ""
    return _lead(request, f"/sign-in{asked}{ended}")


def safe_path(path: str) -> str:
    """Give a path of this server, the start for anything else."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own and len(path) <= _PATH_CHARACTERS else "/"


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _lead(request: Request[Any, Any, Any], path: str) -> Response[Any]:
    if "hx-request" in request.headers:
        # A part of a page cannot become another page by itself.
        return Response(b"", status_code=HTTPStatus.OK, headers={"HX-Redirect": path})
    return lead_to(path)


def _page(request: Request[Any, Any, Any], status: HTTPStatus, said: str) -> Response[bytes]:
    title, usual = _SAID.get(status, (status.phrase, _REFUSED))
    visit = request.scope["state"].get(VISIT)
    is_part = "hx-request" in request.headers
    body = frame.draw(
        "error.html",
        "part" if is_part else None,
        visit=visit,
        assets=dashboard_of(request).assets,
        title=title,
        said=said or usual,
        status=int(status),
    )
    # On a page that is there, what was asked of it stays as it is; the refusal is said above.
    headers = _ABOVE if is_part else {}
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=headers)
