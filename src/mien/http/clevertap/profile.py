"""`GET /1/profile.json`: one profile by an id (G-09)."""

from typing import Any

import msgspec
from litestar import Request, Response, get

from mien import clock
from mien.domain.errors import InvalidInputError, NotFoundError
from mien.domain.identities import Identity, IdentityKind, object_identity
from mien.domain.rejects import Rejected
from mien.http.auth import caller_of, services_of
from mien.http.clevertap.records import render_profile
from mien.http.errors import JSON
from mien.http.state import Services
from mien.services import reading
from mien.services.accounts import Caller

_NAMES = ("email", "identity", "objectId")

_encode = msgspec.json.Encoder().encode


@get("/1/profile.json")
async def profile(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the one profile that `email`, `identity` or `objectId` means."""
    services, caller = services_of(request), caller_of(request)
    name, value = _wanted(request)
    async with services.limits.place(caller.environment, "profile"):
        answer = await services.run_short(lambda: _find(services, caller, name, value))
    return Response(_encode(answer), media_type=JSON)


def _wanted(request: Request[Any, Any, Any]) -> tuple[str, str]:
    given = [(name, request.query_params[name]) for name in _NAMES if name in request.query_params]
    if len(given) != 1:
        problem = f"Give exactly one of {', '.join(_NAMES)}"
        raise InvalidInputError(path="", problem=problem)
    return given[0]


def _find(services: Services, caller: Caller, name: str, value: str) -> dict[str, object]:
    reader, today = services.reader(caller.environment), clock.today(caller.zone)
    answer: dict[str, object] = {"status": "success"}
    if name == "email":
        found = reading.view_by_email(services.store, reader, value, today=today)
        if found is not None:
            view, matches = found
            answer["record"] = render_profile(view, with_app=True)
            if matches > 1:
                answer["matches"] = matches
            return answer
    elif (identity := _identity(name, value)) is not None:
        view_found = reading.view_by_identity(services.store, reader, identity, today=today)
        if view_found is not None:
            answer["record"] = render_profile(view_found, with_app=True)
            return answer
    msg = f"No profile has the {name} '{value}'"
    raise NotFoundError(msg)


def _identity(name: str, value: str) -> Identity | None:
    """Read the id that is asked for; one that no profile can have finds none."""
    if name == "identity":
        return Identity(IdentityKind.IDENTITY, value)
    try:
        return object_identity(value)
    except Rejected:
        return None
