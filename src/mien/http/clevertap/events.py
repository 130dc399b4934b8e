"""`/1/events.json`: every time that an event was done, page by page (G-10)."""

from typing import Any

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.clevertap.documents import EVENTS
from mien.http.clevertap.exporting import Cursor, packed_time
from mien.http.clevertap.profiles import begin
from mien.http.clevertap.records import render_profile
from mien.http.cursors import open_cursor, seal
from mien.http.state import Services
from mien.services import exports
from mien.services.accounts import Caller
from mien.services.reading import ProfileView
from mien.store.log import StoredEvent

_PURPOSE = "events"

_encode = msgspec.json.Encoder().encode


@route("/1/events.json", http_method=["GET", "POST"], **EVENTS)
async def events(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Begin an export, or give its next page."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "events"):
        text = request.query_params.get("cursor")
        if text is None:
            answer = await begin(request, services, caller, _PURPOSE)
        else:
            cursor = open_cursor(services.signing_key, caller.environment, _PURPOSE, text, Cursor)
            answer = await services.run_long(lambda: _page(services, caller, cursor))
    return json_answer(answer)


def _page(services: Services, caller: Caller, cursor: Cursor) -> bytes:
    page = exports.event_page(
        services.store,
        services.reader(caller.environment),
        cursor.window,
        after=cursor.after,
        count=cursor.shape.batch_size,
        today=clock.today(caller.zone),
    )
    answer: dict[str, object] = {"status": "success"}
    if page.after is not None:
        following = Cursor(cursor.window, cursor.shape, page.after)
        answer["next_cursor"] = seal(services.signing_key, caller.environment, _PURPOSE, following)
    if page.events:
        answer["records"] = [
            _render(event, page.views[event.profile], cursor, caller) for event in page.events
        ]
    return _encode(answer)


def _render(
    event: StoredEvent, view: ProfileView, cursor: Cursor, caller: Caller
) -> dict[str, object]:
    shape = cursor.shape
    profile = render_profile(
        view, with_app=shape.app, with_events=shape.events, with_profile=shape.profile
    )
    del profile["platformInfo"]
    profile["objectId"] = event.object_id or view.object_id
    device = next((each for each in view.devices if each.object_id == event.object_id), None)
    if device is not None and device.platform is not None:
        profile["platform"] = device.platform
    return {
        "profile": profile,
        "ts": packed_time(event.occurred_at, caller.zone),
        "event_props": msgspec.Raw(event.body),
        "session_props": {},
    }
