"""What the two exports share: the query of the first call, batch sizes, days and cursors."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.query import Query
from mien.domain.errors import InvalidInputError
from mien.domain.ids import EventNameId
from mien.domain.segments import Moments
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.failures import invalid_event
from mien.http.state import Services
from mien.services import export_sets, exports
from mien.services.accounts import Caller
from mien.services.cursors import open_cursor, seal
from mien.services.definitions import unknown_event
from mien.services.exports import Window
from mien.services.reports import Asking

BATCH_DEFAULT, BATCH_MAX = 500, 5_000

_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True):
    """How a page is written: its size, and which parts a record has."""

    batch_size: int = BATCH_DEFAULT
    app: bool = False
    events: bool = True
    profile: bool = True


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds: the window, the shape, and where the next page begins."""

    window: Window
    shape: Shape
    after: tuple[int, int] | None = None


class Selection(NamedTuple):
    """What an export is of: how its query is read, and the pages of its set if it has filters."""

    parse: Callable[[object, ZoneInfo], Query]
    pages: Callable[[Asking, Query], Sequence[tuple[int, str]]]


async def answer_export(
    request: Request[Any, Any, Any],
    purpose: str,
    selection: Selection,
    page: Callable[[Services, Caller, Cursor], bytes],
) -> ASGIResponse:
    """Answer a call of an export: a cursor to begin with, or the page of a cursor."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, purpose):
        text = request.query_params.get("cursor")
        if text is None:
            return json_answer(await _begin(request, services, caller, purpose, selection))
        cursor = open_cursor(services.signing_key, caller.environment, purpose, text, Cursor)
        return json_answer(await services.run_long(lambda: page(services, caller, cursor)))


def write_page(
    services: Services,
    caller: Caller,
    purpose: str,
    cursor: Cursor,
    *,
    records: Sequence[object],
    after: tuple[int, int] | None,
) -> bytes:
    """Write a page, and the cursor of the next one unless this is the last."""
    answer: dict[str, object] = {"status": "success"}
    if after is not None:
        following = Cursor(cursor.window, cursor.shape, after)
        answer["next_cursor"] = seal(services.signing_key, caller.environment, purpose, following)
    if records:
        answer["records"] = records
    return _encode(answer)


async def _begin(
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    purpose: str,
    selection: Selection,
) -> bytes:
    """Answer a first call: a cursor for the first page."""
    shape = parse_shape(request)
    query = selection.parse(await read_query(request), caller.zone)
    return await services.run_long(
        lambda: _open(services, caller, purpose, query, shape, selection)
    )


def _open(
    services: Services,
    caller: Caller,
    purpose: str,
    query: Query,
    shape: Shape,
    selection: Selection,
) -> bytes:
    """Fix what the export gives, and write the cursor of its first page."""
    store, environment = services.store, caller.environment
    # Not an HTTP error: clients of the original read `status` in a 200 (G-06).
    if (unknown := unknown_event(store, environment, query.event_names)) is not None:
        return invalid_event(unknown)
    if query.event is not None and (span := plain_span(query)) is not None:
        window = exports.open_window(
            store, environment, query.event.event, since=span.since, until=span.until
        )
    else:
        asking = services.reports.ask(environment, query, clock.now_ms() // 1_000, caller.zone)
        picked = export_sets.keep(store, environment, selection.pages(asking, query))
        window = Window(EventNameId(0), 0, 0, 0, picked)
    cursor = seal(services.signing_key, environment, purpose, Cursor(window, shape))
    return _encode({"cursor": cursor, "status": "success"})


def plain_span(query: Query) -> Moments | None:
    """Give the span of a query that asks for an event alone, which needs no counting."""
    event = query.event
    if event is None or query.people or event.where or event.is_first:
        return None
    return event.window if isinstance(event.window, Moments) else None


async def read_query(request: Request[Any, Any, Any]) -> object:
    """Give the query: the body of a POST, or `query=` of a GET."""
    if request.method == "GET":
        text = request.query_params.get("query")
        if text is None:
            raise InvalidInputError(
                path="", problem="Give a cursor, or a query; POST a query to begin"
            )
        return decode_json(text.encode())
    return decode_json(await read_body(request, services_of(request).settings))


def parse_shape(request: Request[Any, Any, Any]) -> Shape:
    """Read `batch_size`, `app`, `events` and `profile`, or raise `InvalidInputError`."""
    return Shape(
        _batch_size(request.query_params.get("batch_size")),
        app=_flag(request, "app", default="false"),
        events=_flag(request, "events", default="true"),
        profile=_flag(request, "profile", default="true"),
    )


def packed_time(moment: int, zone: ZoneInfo) -> int:
    """Write epoch seconds as the original does: the digits yyyyMMddHHmmss in the account's zone."""
    return int(datetime.fromtimestamp(moment, zone).strftime("%Y%m%d%H%M%S"))


def _batch_size(text: str | None) -> int:
    if text is None:
        return BATCH_DEFAULT
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= BATCH_MAX:
        return int(text)
    raise InvalidInputError(
        path="batch_size", problem=f"'{text[:20]}' is not a number from 1 to {BATCH_MAX}"
    )


def _flag(request: Request[Any, Any, Any], name: str, *, default: str) -> bool:
    text = request.query_params.get(name, default).lower()
    if text not in ("true", "false"):
        raise InvalidInputError(path=name, problem=f"'{text[:20]}' is neither true nor false")
    return text == "true"
