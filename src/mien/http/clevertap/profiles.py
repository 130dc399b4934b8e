"""`/1/profiles.json`: the profiles that did an event, page by page (G-01 to G-07)."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.query import parse_query
from mien.http.clevertap.documents import PROFILES
from mien.http.clevertap.exporting import Cursor, Selection, answer_export, write_page
from mien.http.clevertap.records import render_profile
from mien.http.state import Services
from mien.services import export_sets, exports
from mien.services.accounts import Caller
from mien.services.reading import ProfileView

_PURPOSE = "profiles"
_SELECTION = Selection(parse_query, lambda asking, _query: asking.people())

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


@route("/1/profiles.json", http_method=["GET", "POST"], **PROFILES)
async def profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Begin an export, or give its next page."""
    return await answer_export(request, _PURPOSE, _SELECTION, _page)


def _page(services: Services, caller: Caller, cursor: Cursor) -> bytes:
    shape = cursor.shape

    def render(view: ProfileView) -> msgspec.Raw:
        record = render_profile(
            view, with_app=shape.app, with_events=shape.events, with_profile=shape.profile
        )
        return msgspec.Raw(_encode(record))

    records, after = _records(services, caller, cursor, render)
    return write_page(services, caller, _PURPOSE, cursor, records=records, after=after)


def _records(
    services: Services, caller: Caller, cursor: Cursor, render: Callable[[ProfileView], T]
) -> tuple[list[T], tuple[int, int] | None]:
    store, reader = services.store, services.reader(caller.environment)
    count, today = cursor.shape.batch_size, clock.today(caller.zone)
    if (picked := cursor.window.picked) is not None:
        return export_sets.profile_page(
            store, reader, picked, after=cursor.after, count=count, today=today, render=render
        )
    records, last = exports.profile_page(
        store,
        reader,
        cursor.window,
        after=cursor.after[0] if cursor.after else 0,
        count=count,
        today=today,
        render=render,
    )
    return records, None if last is None else (last, 0)
