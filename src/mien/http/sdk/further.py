"""`GET /r` and `POST /defineVars`: what the web SDK can also call."""

from typing import Any, NoReturn
from urllib.parse import quote

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from mien.domain.errors import InvalidInputError
from mien.http.sdk.gate import PAGE_HEADERS, REFUSALS, admit, is_listed, origin_at, pace
from mien.http.sdk.payload import account_of, read_payload
from mien.http.sdk.refusals import OriginNotListedError, VariablesNotKeptError

_OF_URLS = ":/?#[]@!$&'()*+,;=%~"
"""What stands in a URL as it is; all else is encoded, a line's end too."""


@get("/r", include_in_schema=False, exception_handlers=REFUSALS)
async def follow_link(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Lead on to where a wrapped link goes, if that is a page of the environment.

    To any other a redirect would help those who want a link to look like ours.
    """
    address = pace(request)
    payload = read_payload(request)
    visitor = admit(request, account_of(payload), address=address, wire="web")
    target = payload.get("sendTo")
    if not isinstance(target, str) or not (origin := origin_at(target)):
        raise InvalidInputError(path="d.sendTo", problem="needs to be a URL")
    if not is_listed(origin, visitor.settings.origins):
        raise OriginNotListedError(origin)
    return ASGIResponse(
        status_code=302, headers={**PAGE_HEADERS, "Location": quote(target, safe=_OF_URLS)}
    )


@post("/defineVars", include_in_schema=False, exception_handlers=REFUSALS)
async def define_variables(request: Request[Any, Any, Any]) -> NoReturn:
    """Say that variables are not kept here."""
    pace(request)
    raise VariablesNotKeptError
