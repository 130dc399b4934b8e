"""`GET /v1/profile/download`: everything known of a person as one JSON document (P-16)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response import Stream

from mien import clock
from mien.domain.ids import EnvironmentId
from mien.http.auth import caller_of, services_of
from mien.http.native.addresses import SubscriptionOf, write_said
from mien.http.native.answers import (
    EventEntry,
    HistoryEntry,
    MergeSuggestion,
    ProfileAnswer,
    RejectEntry,
)
from mien.http.native.calls import DistinctId, ObjectId, encode, identity_of, instant, nobody
from mien.http.native.documents import JSON, described
from mien.http.native.merges import write_suggestion
from mien.http.native.people import render_change, render_event, render_person
from mien.http.native.rejects import render_reject
from mien.services import history, rejects
from mien.services.beside import find_beside
from mien.services.history import Person, PersonView
from mien.services.parts import Parts
from mien.services.trails import Trail

_AT_ONCE = 200


class PersonDocument(msgspec.Struct, frozen=True):
    """Everything known of a person.

    The profile, its changes and events, what was said of its addresses, with whom it may be
    one person, and rejected records that name or reach it.
    """

    downloaded_at: datetime
    profile: ProfileAnswer
    history: list[HistoryEntry]
    events: list[EventEntry]
    subscriptions: list[SubscriptionOf]
    merge_suggestions: list[MergeSuggestion]
    rejects: list[RejectEntry]


_EXAMPLE = {
    "downloaded_at": "2026-11-24T18:00:00Z",
    "profile": {
        "object_id": "mien_1f",
        "distinct_id": "ana",
        "type": "identified",
        "disabled": False,
        "identities": [{"kind": "identity", "value": "ana"}],
        "properties": {"Name": "Ana"},
        "derived": {"Type": "identified", "Session Count": 0, "User Bucket": 417},
        "events": {},
        "devices": [],
        "reachable": {"email": {"can": False, "reason": "no_address"}},
        "created_at": "2026-11-24T16:00:00Z",
        "updated_at": "2026-11-24T16:00:00Z",
    },
    "history": [],
    "events": [],
    "subscriptions": [],
    "merge_suggestions": [],
    "rejects": [],
}


@get(
    "/profile/download",
    **described(
        "downloadProfile",
        "Download everything known of a person",
        tag="Profiles",
        gives=PersonDocument,
        example=_EXAMPLE,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def download_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Stream:
    """Give the profile, its whole history, all its events and what else tells of it as a file."""
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    reader, today = services.reader(caller.environment), clock.today(caller.zone)
    async with services.limits.place(caller.environment, "v1/profile"):
        view = await services.run_long(
            lambda: history.view_person(services.store, reader, identity, today=today)
        )
        person = await services.run_long(
            lambda: history.find_person(services.store, caller.environment, identity)
        )
    if view is None or person is None:
        raise nobody(distinct_id, object_id)
    name = f'attachment; filename="{view.profile.object_id}.json"'
    return Stream(
        write_person(services, caller.environment, view, person),
        media_type=JSON,
        headers={"Content-Disposition": name},
    )


async def write_person(
    parts: Parts, environment: EnvironmentId, view: PersonView, person: Person
) -> AsyncIterator[bytes]:
    """Write the document piece by piece; no more than one page of anything is held."""
    yield b'{"downloaded_at":' + encode(instant(clock.now_ms()))
    yield b',"profile":' + encode(render_person(view))
    yield b',"history":['
    async for piece in _joined(_changes(parts, environment, person.changes)):
        yield piece
    yield b'],"events":['
    async for piece in _joined(_events(parts, environment, person.events)):
        yield piece
    beside = await parts.run_long(lambda: find_beside(parts.store, environment, person.profile))
    yield b'],"subscriptions":' + encode(write_said(beside.said, beside.actors))
    yield b',"merge_suggestions":' + encode([write_suggestion(e) for e in beside.suggestions])
    yield b',"rejects":['
    async for piece in _joined(_rejects(parts, environment, beside.rejects)):
        yield piece
    yield b"]}"


async def _joined(pages: AsyncIterator[list[bytes]]) -> AsyncIterator[bytes]:
    """Write what the pages hold as the items of one JSON list."""
    comma = b""
    async for page in pages:
        if page:
            yield comma + b",".join(page)
            comma = b","


async def _changes(
    parts: Parts, environment: EnvironmentId, trail: Trail
) -> AsyncIterator[list[bytes]]:
    while trail:
        page = await parts.run_long(
            partial(
                history.change_page,
                parts.store,
                environment,
                trail,
                count=_AT_ONCE,
            )
        )
        yield [encode(render_change(stored, page.actors)) for stored in page.changes]
        trail = page.rest


async def _events(
    parts: Parts, environment: EnvironmentId, trail: Trail
) -> AsyncIterator[list[bytes]]:
    reader = parts.reader(environment)
    while trail:
        page = await parts.run_long(
            partial(history.event_page, parts.store, reader, trail, count=_AT_ONCE)
        )
        yield [encode(render_event(done, page.actors)) for done in page.events]
        trail = page.rest


async def _rejects(
    parts: Parts, environment: EnvironmentId, wanted: Sequence[int]
) -> AsyncIterator[list[bytes]]:
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        found = await parts.run_long(partial(rejects.get_rejects, parts.store, environment, some))
        yield [encode(render_reject(kept)) for kept in found]
