"""Queries of the original's language, and the segments that they mean."""

from typing import Any
from zoneinfo import ZoneInfo

from mien.domain.cql.query import Query, parse_query

PARIS = ZoneInfo("Europe/Paris")
DAYS = {"from": 20150810, "to": 20151025}
WINDOW = {"since": 1439157600, "until": 1445814000}
YEAR = {"last_days": 365}


def read(raw: object) -> Query:
    return parse_query(raw, PARIS)


def event(name: str, window: object = WINDOW, **more: object) -> dict[str, object]:
    return {"did": name, "window": window, **more}


def food(*filters: dict[str, object]) -> dict[str, object]:
    return {"event_name": "choseNewFavoriteFood", **DAYS, "event_properties": list(filters)}


def of_people(part: str, *items: object) -> dict[str, Any]:
    return {"event_name": "-1", "common_profile_properties": {part: list(items)}}


def equal(name: str, *values: object) -> dict[str, object]:
    """Give what equality with texts means of a property of a profile."""
    one = {"op": "any_of", "values": list(values)}
    return {"any": [{"property": name, **one}, {"property": name, **one, "op": "has_any"}]}


PIZZA: dict[str, object] = {"name": "value", "operator": "contains", "value": "piz"}
DAY = "$D_20260329"
