"""`GET /1/profile.json`: one profile by an id (G-09)."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.errors import InvalidInputError, NotFoundError
from mien.domain.identities import Identity, IdentityKind, object_identity
from mien.domain.rejects import Rejected
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.clevertap.documents import PROFILE
from mien.http.clevertap.records import render_profile
from mien.http.state import Services
from mien.services import reading
from mien.services.accounts import Caller

_NAMES = ("email", "identity", "objectId")

_encode = msgspec.json.Encoder().encode


@get("/1/profile.json", **PROFILE)
async def profile(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Give the one profile that `email`, `identity` or `objectId` means."""
    services, caller = services_of(request), caller_of(request)
    name, value = _wanted(request)
    async with services.limits.place(caller.environment, "profile"):
        answer = await services.run_short(lambda: _find(services, caller, name, value))
    return json_answer(_encode(answer))


def _wanted(request: Request[Any, Any, Any]) -> tuple[str, str]:
    given = [(name, value) for name, value in request.query_params.multi_items() if name in _NAMES]
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
            answer["record"] = render_profile(view)
            if matches > 1:
                answer["matches"] = matches
            return answer
    for identity in _identities(name, value):
        seen = reading.view_by_identity(services.store, reader, identity, today=today)
        if seen is not None:
            answer["record"] = render_profile(seen)
            return answer
    msg = f"No profile has the {name} '{value}'"
    raise NotFoundError(msg)


def _identities(name: str, value: str) -> list[Identity]:
    """Give the ids that may be meant; one that no profile can have means none."""
    if name == "objectId":
        try:
            return [object_identity(value)]
        except Rejected:
            return []
    if name != "identity":
        return []
    found = [Identity(IdentityKind.IDENTITY, value)]
    if "@" in value and " " in value:
        # A raw `+` in a URL is read as a space; an e-mail address used as identity has none.
        found.append(Identity(IdentityKind.IDENTITY, value.replace(" ", "+")))
    return found
