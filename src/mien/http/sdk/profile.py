"""`GET /sdk/v1/profile`: an app reads its own user, to be of more use to that user (P-13)."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from litestar import Request, Response, get

from mien import clock
from mien.domain.errors import NotFoundError
from mien.http.auth import services_of
from mien.http.native.answers import Answer, EventSummary
from mien.http.native.documents import described
from mien.http.native.people import render_person
from mien.http.sdk.calls import Account, answer_page, visitor_of
from mien.services import history
from mien.services.history import PersonView
from mien.services.user_tokens import InvalidTokenError

_ANA = {
    "distinct_id": "ana",
    "type": "identified",
    "properties": {"Name": "Ana", "plan": "gold"},
    "events": {"Charged": {"count": 2, "first_seen": 1764000000, "last_seen": 1764003600}},
    "updated_at": "2026-11-24T17:00:00Z",
}
_BEARER = "bearer"


class OwnProfile(Answer, frozen=True, kw_only=True):
    """A person as their own app may see them: no device, no push token, no id of the server."""

    distinct_id: str | None = None
    type: Literal["anonymous", "identified"]
    properties: dict[str, Any]
    events: dict[str, EventSummary]
    groups: dict[str, dict[str, bool]] = {}
    updated_at: datetime


@get(
    "/v1/profile",
    **described(
        "getOwnProfile",
        "Give the profile that a token reads",
        tag="SDK",
        gives=OwnProfile,
        example=_ANA,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
    security=[{"profileToken": []}],
)
async def get_own_profile(
    request: Request[Any, Any, Any], account: Account = None
) -> Response[bytes]:
    """Give the profile that the token in `Authorization: Bearer` was made for, and no other.

    `POST /v1/profile/token` makes such a token.
    """
    services, visitor = services_of(request), visitor_of(request, account)
    token = _token_of(request.headers.get("authorization", ""))
    identity = services.profile_tokens.read(token, visitor.public_id)
    reader = services.reader(visitor.environment)
    today = clock.today(visitor.zone)
    async with services.limits.place(visitor.environment, "sdk/profile"):
        view = await services.run_short(
            lambda: history.view_person(services.store, reader, identity, today=today)
        )
    if view is None:
        msg = "The profile that this token reads is not there any more."
        raise NotFoundError(msg)
    return answer_page(_own(view))


def _token_of(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != _BEARER or not token.strip():
        msg = "Send the profile token as `Authorization: Bearer <token>`."
        raise InvalidTokenError(msg)
    return token.strip()


def _own(view: PersonView) -> OwnProfile:
    shown = render_person(view)
    return OwnProfile(
        distinct_id=shown.distinct_id,
        type=shown.type,
        properties=shown.properties,
        events=shown.events,
        groups=shown.groups,
        updated_at=shown.updated_at,
    )
