"""`/1/events.json`: every time that the event of a query was done, page by page (G-10)."""

from typing import Any

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.query import parse_event_query
from mien.http.clevertap.documents import EVENTS
from mien.http.clevertap.exporting import (
    Cursor,
    answer_export,
    packed_time,
    write_page,
)
from mien.http.clevertap.records import render_profile
from mien.http.state import Services
from mien.services import export_sets
from mien.services.accounts import Caller
from mien.services.reading import ProfileView
from mien.store.log import StoredEvent

_PURPOSE = "events"


@route("/1/events.json", http_method=["GET", "POST"], **EVENTS)
async def events(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Begin an export, or give its next page."""
    return await answer_export(request, _PURPOSE, parse_event_query, _page)


def _page(services: Services, caller: Caller, cursor: Cursor) -> bytes:
    page = export_sets.event_page(
        services.store,
        services.reader(caller.environment),
        cursor.export,
        after=cursor.after,
        count=cursor.shape.batch_size,
        today=clock.today(caller.zone),
    )
    records = [_render(event, page.views[event.profile], cursor, caller) for event in page.events]
    return write_page(services, caller, _PURPOSE, cursor, records=records, after=page.after)


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
    record = {
        "profile": profile,
        "ts": packed_time(event.occurred_at, caller.zone),
        "event_props": msgspec.Raw(event.body),
        "session_props": msgspec.Raw(event.session or b"{}"),
    }
    if items := _items(event.body):
        record["items"] = items
    return record


class _Bought(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]] = msgspec.field(name="Items")


_bought = msgspec.json.Decoder(_Bought)


def _items(body: bytes) -> list[dict[str, msgspec.Raw]]:
    """Give what was bought as clients look for it: beside the properties, names after `Items|`."""
    if b'"Items"' not in body:
        return []
    try:
        items = _bought.decode(body).items
    except msgspec.ValidationError:
        # An event of another name may have anything under that key.
        return []
    return [{f"Items|{name}": value for name, value in item.items()} for item in items]
