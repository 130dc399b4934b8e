"""What the two exports share: the query of the first call, batch sizes, days and cursors."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse

from mien.domain.errors import InvalidInputError
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.state import Services
from mien.services import exports
from mien.services.accounts import Caller
from mien.services.cursors import open_cursor, seal
from mien.services.exports import Window

BATCH_DEFAULT, BATCH_MAX = 500, 5_000

_encode = msgspec.json.Encoder().encode

FILTERS = (
    "event_properties",
    "session_properties",
    "common_profile_properties",
    "advanced_query",
    "props",
)
"""Parts of the query language that narrow an export; refused as long as they are not read."""

_DAY_DIGITS = 8


class Shape(msgspec.Struct, frozen=True):
    """How a page is written: its size, and which parts a record has."""

    batch_size: int = BATCH_DEFAULT
    app: bool = False
    events: bool = True
    profile: bool = True


class Asked(msgspec.Struct, frozen=True):
    """The query of a first call; `since` and `until` are epoch seconds."""

    event_name: str
    since: int
    until: int


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds: the window, the shape, and where the next page begins."""

    window: Window
    shape: Shape
    after: tuple[int, int] | None = None


async def answer_export(
    request: Request[Any, Any, Any],
    purpose: str,
    page: Callable[[Services, Caller, Cursor], bytes],
) -> ASGIResponse:
    """Answer a call of an export: a cursor to begin with, or the page of a cursor."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, purpose):
        text = request.query_params.get("cursor")
        if text is None:
            return json_answer(await _begin(request, services, caller, purpose))
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


def parse_query(raw: object, zone: ZoneInfo) -> Asked:
    """Read the query of a first call, or raise `InvalidInputError`."""
    if not isinstance(raw, dict):
        raise InvalidInputError(path="", problem="The query needs to be an object")
    for part in FILTERS:
        if raw.get(part):
            problem = "this filter is not supported yet; leave it out and filter what comes"
            raise InvalidInputError(path=part, problem=problem)
    name = raw.get("event_name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidInputError(
            path="event_name", problem="name the event whose profiles are wanted"
        )
    since, until = _moment("from", raw, zone), _moment("to", raw, zone)
    if until <= since:
        raise InvalidInputError(path="to", problem="it needs to be after from")
    return Asked(name.strip(), since, until)


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


def _moment(name: str, raw: dict[str, object], zone: ZoneInfo) -> int:
    value = raw.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInputError(path=name, problem="give a day as YYYYMMDD or epoch seconds")
    if len(str(value)) != _DAY_DIGITS:
        if value >= 2**53:
            raise InvalidInputError(path=name, problem=f"{value} is no time in seconds")
        return value
    try:
        day = date(value // 10_000, value // 100 % 100, value % 100)
        return _midnight(day if name == "from" else day + timedelta(days=1), zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(path=name, problem=f"{value} is not a day YYYYMMDD") from error


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp())
