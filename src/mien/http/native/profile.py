"""`/v1/profile`: one person, what happened to them, and forgetting them (B-04, P-15)."""

import hashlib
import hmac
from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, delete, get

from mien import clock
from mien.domain.identities import Identity
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import ErasureAnswer, EventPage, HistoryPage, ProfileAnswer
from mien.http.native.calls import (
    Cursor,
    DistinctId,
    IdempotencyKey,
    Limit,
    ObjectId,
    answer,
    encode,
    identity_of,
    nobody,
)
from mien.http.native.documents import described
from mien.http.native.once import given_before, keep
from mien.http.native.people import render_change, render_event, render_person, render_receipt
from mien.http.native.trails import Place, page_of, trail_cursor, trail_of
from mien.http.state import Services
from mien.services import erase, history
from mien.services.accounts import Caller
from mien.services.history import Person

_HISTORY, _EVENTS = "v1/profile/history", "v1/profile/events"
_TAG = "Profiles"

_ANA = {
    "object_id": "mien_1f",
    "distinct_id": "ana",
    "type": "identified",
    "disabled": False,
    "identities": [{"kind": "identity", "value": "ana"}, {"kind": "objectId", "value": "d-7"}],
    "properties": {"Name": "Ana", "plan": "gold"},
    "derived": {
        "Type": "identified",
        "First Seen": "$D_1764000000",
        "Last Seen": "$D_1764003600",
        "Session Count": 0,
        "Country": "PT",
        "User Bucket": 417,
    },
    "events": {"Charged": {"count": 2, "first_seen": 1764000000, "last_seen": 1764003600}},
    "devices": [{"object_id": "d-7", "platform": "Android", "seen_at": 1764003600}],
    "reachable": {"email": {"can": False, "reason": "no_address"}},
    "created_at": "2026-11-24T16:00:00Z",
    "updated_at": "2026-11-24T17:00:00Z",
}
_CHANGED = {
    "history": [
        {
            "received_at": "2026-11-24T17:00:00Z",
            "source": "v1:1",
            "actor": "first key",
            "changes": [{"property": "plan", "old": "silver", "new": "gold"}],
        }
    ],
    "next_cursor": "kS9…",
}
_DONE = {
    "events": [
        {
            "name": "Charged",
            "at": 1764003600,
            "properties": {"Amount": 9.5},
            "received_at": "2026-11-24T17:00:00Z",
            "source": "api:1",
            "actor": "first key",
        }
    ]
}
_ERASED = {
    "object_id": "mien_1f",
    "erased_at": "2026-11-24T18:00:00Z",
    "removed": {"profiles": 1, "identities": 2, "events": 2, "changes": 3},
    "hashes_kept": 3,
}
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)


@get(
    "/profile",
    **described(
        "getProfile",
        "Give a profile",
        tag=_TAG,
        gives=ProfileAnswer,
        example=_ANA,
        errors=_NOT_FOUND,
    ),
)
async def get_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Response[bytes]:
    """Give the profile that one of the two ids means."""
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    reader, today = services.reader(caller.environment), clock.today(caller.zone)
    async with services.limits.place(caller.environment, "v1/profile"):
        view = await services.run_short(
            lambda: history.view_person(services.store, reader, identity, today=today)
        )
    if view is None:
        raise nobody(distinct_id, object_id)
    return answer(render_person(view))


@get(
    "/profile/history",
    **described(
        "getHistory",
        "List what happened to a profile",
        tag=_TAG,
        gives=HistoryPage,
        example=_CHANGED,
        errors=_NOT_FOUND,
    ),
)
async def get_history(
    request: Request[Any, Any, Any],
    distinct_id: DistinctId = None,
    object_id: ObjectId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give every change of a profile with its source, newest first."""
    read = partial(_history, limit=limit)
    return await page_of(request, distinct_id, object_id, _HISTORY, cursor, read)


@get(
    "/profile/events",
    **described(
        "getProfileEvents",
        "List what a profile did",
        tag=_TAG,
        gives=EventPage,
        example=_DONE,
        errors=_NOT_FOUND,
    ),
)
async def get_profile_events(
    request: Request[Any, Any, Any],
    distinct_id: DistinctId = None,
    object_id: ObjectId = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the events of a profile, last arrived first."""
    read = partial(_events, limit=limit)
    return await page_of(request, distinct_id, object_id, _EVENTS, cursor, read)


@delete(
    "/profile",
    **described(
        "eraseProfile",
        "Erase a profile for ever",
        tag=_TAG,
        gives=ErasureAnswer,
        example=_ERASED,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
async def erase_profile(
    request: Request[Any, Any, Any],
    distinct_id: DistinctId = None,
    object_id: ObjectId = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Remove all that is known of a person from every place, and give the receipt.

    A new record makes a new profile without old data.
    """
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    digest = _digest(services, identity)
    async with services.limits.place(caller.environment, "v1/erase"):
        if idempotency_key and (
            first := await given_before(services, caller, idempotency_key, digest)
        ):
            return answer(first)
        receipt = await services.run_long(
            lambda: erase.erase(services.store, caller.environment, identity)
        )
        if receipt is None:
            raise nobody(distinct_id, object_id)
        body = encode(render_receipt(receipt))
        if idempotency_key:
            await keep(services, caller, idempotency_key, digest, body)
    return answer(body)


def _history(
    services: Services, caller: Caller, person: Person, start: Place | None, *, limit: int
) -> bytes:
    page = history.change_page(
        services.store,
        caller.environment,
        trail_of(person, start, person.changes),
        count=limit,
    )
    return encode(
        HistoryPage(
            history=[render_change(stored, page.actors) for stored in page.changes],
            next_cursor=trail_cursor(services, caller, _HISTORY, person, page.rest),
        )
    )


def _events(
    services: Services, caller: Caller, person: Person, start: Place | None, *, limit: int
) -> bytes:
    page = history.event_page(
        services.store,
        services.reader(caller.environment),
        trail_of(person, start, person.events),
        count=limit,
    )
    return encode(
        EventPage(
            events=[render_event(done, page.actors) for done in page.events],
            next_cursor=trail_cursor(services, caller, _EVENTS, person, page.rest),
        )
    )


def _digest(services: Services, identity: Identity) -> bytes:
    """Give what tells a repeated call from another: keyed, since it outlives the id."""
    text = f"DELETE /v1/profile\n{int(identity.kind)}\n{identity.value}"
    return hmac.digest(services.signing_key, text.encode(), hashlib.sha256)
