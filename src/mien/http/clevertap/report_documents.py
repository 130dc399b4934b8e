"""How counts and reports of the compatible API are described in the OpenAPI document."""

from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPIType, RequestBody, Schema

from mien.http.clevertap.documents import (
    BOOLEAN,
    DAY,
    TEXT,
    body_of,
    described,
    query_parameter,
)

_OBJECT = Schema(type=OpenAPIType.OBJECT)
_LIST = Schema(type=OpenAPIType.ARRAY, items=_OBJECT)
_TEXTS = Schema(type=OpenAPIType.ARRAY, items=TEXT)
_POLL = (query_parameter("req_id", "The answer that was told as `partial` under it.", TEXT),)
_QUERY: dict[str, Schema] = {
    "event_name": TEXT,
    "from": DAY,
    "to": DAY,
    "event_properties": _LIST,
    "session_properties": _LIST,
    "common_profile_properties": _OBJECT,
    "advanced_query": _OBJECT,
}
_EXAMPLE = {"event_name": "Charged", "from": 20261101, "to": 20261130}


class CountAnswer(msgspec.Struct, frozen=True):
    """A number, or where it will be had (`partial`); `error` and `code` for an event never seen."""

    status: str
    count: int | msgspec.UnsetType = msgspec.UNSET
    req_id: str | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    code: int | msgspec.UnsetType = msgspec.UNSET


class MessagesAnswer(msgspec.Struct, frozen=True):
    """The campaigns that began within these days."""

    status: str
    total_results: int
    messages: list[dict[str, Any]]


def _body(example: dict[str, Any], **more: Schema) -> RequestBody:
    return body_of(example, is_required=False, **more)


COUNT_PROFILES = described(
    "clevertapCountProfiles",
    "Count the people that a query means",
    gives=CountAnswer,
    example={"status": "success", "count": 42},
    parameters=_POLL,
    body=_body(_EXAMPLE, **_QUERY),
)
COUNT_EVENTS = described(
    "clevertapCountEvents",
    "Count the events that a query means",
    gives=CountAnswer,
    example={"status": "success", "count": 42},
    parameters=_POLL,
    body=_body(_EXAMPLE, **_QUERY),
)
TRENDS = described(
    "clevertapCountTrends",
    "Count events, or people, by day, week or month",
    gives=dict[str, Any],
    about="Numbers of each label by day, week or month; or `partial` with a `req_id`.",
    example={"status": "success", "days": {"20261101": 2, "20261102": 0}},
    parameters=_POLL,
    body=_body(
        {**_EXAMPLE, "unique": True, "groups": {"days": {"trend_type": "daily"}}},
        **_QUERY,
        unique=BOOLEAN,
        sum_event_prop=TEXT,
        groups=_OBJECT,
    ),
)
TOP = described(
    "clevertapCountTop",
    "Count the values that come most often with an event",
    gives=dict[str, Any],
    about="Counts of each label by the type of value and the value; or `partial` with a `req_id`.",
    example={"status": "success", "shops": {"STR": {"north": 7, "south": 2}}},
    parameters=_POLL,
    body=_body(
        {
            **_EXAMPLE,
            "groups": {"shops": {"property_type": "event_properties", "name": "Shop", "top_n": 5}},
        },
        **_QUERY,
        groups=_OBJECT,
    ),
)
NOW = described(
    "clevertapCountNow",
    "Count who did something in the last five minutes",
    gives=dict[str, Any],
    about="The number, and the same by what was asked.",
    example={"status": "success", "count": 3, "user_type": {"new": 1, "returning": 2}},
    body=_body(
        {"user_type": True},
        user_type=BOOLEAN,
        session_source=BOOLEAN,
        browser=BOOLEAN,
        os=BOOLEAN,
        device=BOOLEAN,
    ),
)
MESSAGES = described(
    "clevertapMessageReport",
    "Tell of the campaigns that began within some days",
    gives=MessagesAnswer,
    example={"status": "success", "total_results": 0, "messages": []},
    body=_body(
        {"from": 20261101, "to": 20261130, "channel": ["email"]},
        **{
            "from": DAY,
            "to": DAY,
            "daily": BOOLEAN,
            **dict.fromkeys(("channel", "delivery", "status", "message_type", "label"), _TEXTS),
        },
    ),
)
