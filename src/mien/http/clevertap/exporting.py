"""What the two exports share: the query of the first call, batch sizes, times and cursors."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.query import Query
from mien.domain.errors import InvalidInputError
from mien.domain.segments import Did
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.failures import invalid_event
from mien.http.state import Services
from mien.services import export_sets
from mien.services.accounts import Caller
from mien.services.cursors import InvalidCursorError, open_cursor, seal
from mien.services.definitions import unknown_event
from mien.services.export_sets import Place

BATCH_DEFAULT, BATCH_MAX = 500, 5_000

Parse: TypeAlias = Callable[[object, ZoneInfo], tuple[Did | None, Query]]
"""Reads what an export is of: the events of a query, or, with None, the people."""

_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True):
    """How a page is written: its size, and which parts a record has."""

    batch_size: int = BATCH_DEFAULT
    app: bool = False
    events: bool = True
    profile: bool = True


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds: the set of its export, the shape, and where the next page begins."""

    export: int
    shape: Shape
    after: Place | None = None


async def answer_export(
    request: Request[Any, Any, Any],
    purpose: str,
    parse: Parse,
    page: Callable[[Services, Caller, Cursor], bytes],
) -> ASGIResponse:
    """Answer a call of an export: a cursor to begin with, or the page of a cursor."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, purpose):
        text = request.query_params.get("cursor")
        if text is None:
            return json_answer(await _begin(request, services, caller, purpose, parse))
        try:
            cursor = open_cursor(services.signing_key, caller.environment, purpose, text, Cursor)
        except InvalidCursorError as error:
            # By these words clients know that they have to begin again.
            problem = f"Incorrect Usage, {error.problem}"
            raise InvalidCursorError(problem) from error
        return json_answer(await services.run_long(lambda: page(services, caller, cursor)))


def write_page(
    services: Services,
    caller: Caller,
    purpose: str,
    cursor: Cursor,
    *,
    records: Sequence[object],
    after: Place | None,
) -> bytes:
    """Write a page, and the cursor of the next one unless this is the last."""
    answer: dict[str, object] = {"status": "success"}
    if after is not None:
        following = Cursor(cursor.export, cursor.shape, after)
        answer["next_cursor"] = seal(services.signing_key, caller.environment, purpose, following)
    if records:
        answer["records"] = records
    return _encode(answer)


async def _begin(
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    purpose: str,
    parse: Parse,
) -> bytes:
    """Answer a first call: a cursor for the first page."""
    shape = parse_shape(request)
    event, query = parse(await read_query(request), caller.zone)
    return await services.run_long(
        lambda: _open(services, caller, purpose, query, event=event, shape=shape)
    )


def _open(
    services: Services,
    caller: Caller,
    purpose: str,
    query: Query,
    *,
    event: Did | None,
    shape: Shape,
) -> bytes:
    """Fix what the export gives, and write the cursor of its first page."""
    store, environment = services.store, caller.environment
    # Not an HTTP error: clients of the original read `status` in a 200 (G-06).
    if (unknown := unknown_event(store, environment, query.event_names)) is not None:
        return invalid_event(unknown)
    keep = partial(export_sets.keep, store, environment)
    now = clock.now_ms() // 1_000
    kept = services.reports.ids(environment, query, event, now, caller.zone, keep)
    cursor = seal(services.signing_key, environment, purpose, Cursor(kept.set_id, shape))
    return _encode({"cursor": cursor, "status": "success"})


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
