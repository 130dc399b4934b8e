"""`/1/profiles.json`: the profiles that did an event, page by page (G-01 to G-07)."""

from typing import Any

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.clevertap.documents import PROFILES
from mien.http.clevertap.exporting import Cursor, parse_query, parse_shape, read_query
from mien.http.clevertap.records import render_profile
from mien.http.cursors import open_cursor, seal
from mien.http.state import Services
from mien.services import exports
from mien.services.accounts import Caller
from mien.services.reading import ProfileView

_PURPOSE = "profiles"

_encode = msgspec.json.Encoder().encode


@route("/1/profiles.json", http_method=["GET", "POST"], **PROFILES)
async def profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Begin an export, or give its next page."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "profiles"):
        text = request.query_params.get("cursor")
        if text is None:
            answer = await begin(request, services, caller, _PURPOSE)
        else:
            cursor = open_cursor(services.signing_key, caller.environment, _PURPOSE, text, Cursor)
            answer = await services.run_long(lambda: _page(services, caller, cursor))
    return json_answer(answer)


async def begin(
    request: Request[Any, Any, Any], services: Services, caller: Caller, purpose: str
) -> bytes:
    """Answer a first call: a cursor for the first page."""
    shape = parse_shape(request)
    asked = parse_query(await read_query(request), caller.zone)
    window = await services.run_long(
        lambda: exports.open_window(
            services.store,
            caller.environment,
            asked.event_name,
            since=asked.since,
            until=asked.until,
        )
    )
    if window is None:
        # Not an HTTP error: clients of the original read `status` in a 200 (G-06).
        error = f'["Invalid event : {asked.event_name}"]'
        return _encode({"status": "fail", "error": error, "code": 400})
    cursor = seal(services.signing_key, caller.environment, purpose, Cursor(window, shape))
    return _encode({"cursor": cursor, "status": "success"})


def _page(services: Services, caller: Caller, cursor: Cursor) -> bytes:
    shape = cursor.shape

    def render(view: ProfileView) -> msgspec.Raw:
        record = render_profile(
            view, with_app=shape.app, with_events=shape.events, with_profile=shape.profile
        )
        return msgspec.Raw(_encode(record))

    records, after = exports.profile_page(
        services.store,
        services.reader(caller.environment),
        cursor.window,
        after=cursor.after[0] if cursor.after else 0,
        count=shape.batch_size,
        today=clock.today(caller.zone),
        render=render,
    )
    answer: dict[str, object] = {"status": "success"}
    if after is not None:
        following = Cursor(cursor.window, shape, (after, 0))
        answer["next_cursor"] = seal(services.signing_key, caller.environment, _PURPOSE, following)
    if records:
        answer["records"] = records
    return _encode(answer)
