"""`/1/profiles.json`: the profiles that a query is of, page by page (G-01 to G-07)."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.query import Query, parse_query
from mien.http.clevertap.documents import PROFILES
from mien.http.clevertap.exporting import Cursor, answer_export, write_page
from mien.http.clevertap.records import render_profile
from mien.http.state import Services
from mien.services import export_sets
from mien.services.accounts import Caller
from mien.services.reading import ProfileView

_PURPOSE = "profiles"

_encode = msgspec.json.Encoder().encode


@route("/1/profiles.json", http_method=["GET", "POST"], **PROFILES)
async def profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Begin an export, or give its next page."""
    return await answer_export(request, _PURPOSE, _parse, _page)


def _parse(raw: object, zone: ZoneInfo) -> tuple[None, Query]:
    return None, parse_query(raw, zone)


def _page(services: Services, caller: Caller, cursor: Cursor) -> bytes:
    shape = cursor.shape

    def render(view: ProfileView) -> msgspec.Raw:
        record = render_profile(
            view, with_app=shape.app, with_events=shape.events, with_profile=shape.profile
        )
        return msgspec.Raw(_encode(record))

    records, after = export_sets.profile_page(
        services.store,
        services.reader(caller.environment),
        cursor.export,
        after=cursor.after,
        count=shape.batch_size,
        today=clock.today(caller.zone),
        render=render,
    )
    return write_page(services, caller, _PURPOSE, cursor, records=records, after=after)
