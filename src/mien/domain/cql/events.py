"""Events of a query: the one that it is about, and those of `advanced_query`. Source: G-11."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial

import msgspec

from mien.domain.conditions import Condition
from mien.domain.cql.days import parse_moments
from mien.domain.cql.operators import (
    FILTER_KEYS,
    Asked,
    Manner,
    parse_asked,
    values_of,
)
from mien.domain.cql.parts import Raw, check_unicode, parse_list, parse_name, parse_object
from mien.domain.errors import InvalidInputError
from mien.domain.events import check_event_name
from mien.domain.rejects import Rejected
from mien.domain.segments import (
    AT_LEAST_ONCE,
    Aggregate,
    Any,
    Did,
    Figure,
    Filter,
    LastDays,
    Node,
    Not,
    Told,
    Window,
)
from mien.domain.values import ValueType, check_event_key

DAYS = 365
"""How many days an event of `advanced_query` looks back that has no days of its own."""

EVENT_KEYS = frozenset(
    {"event_name", "from", "to", "event_properties", "props", "session_properties"}
)
_FIRST_TIME = "first_time"
_ELSEWHERE = frozenset({"time_of_day", "day_of_week", "day_of_month"})
_COUNT_KEYS = frozenset({"operator", "value"})


def parse_event(raw: Raw, path: str, zone: tzinfo, *, default: Window | None = None) -> Did:
    """Read one event with its filters, or raise `InvalidInputError` with the path.

    `default` is its window if it has no days; None: it needs to have some.
    """
    at = f"{path}." if path else ""
    name = _name(raw.get("event_name"), f"{at}event_name")
    has_days = raw.get("from") is not None or raw.get("to") is not None
    window = default if default is not None and not has_days else parse_moments(raw, path, zone)
    where = [
        part
        for key in ("event_properties", "props")
        for part in parse_list(raw.get(key), f"{at}{key}", partial(_property, zone=zone))
    ]
    sessions = parse_list(
        raw.get("session_properties"), f"{at}session_properties", partial(_session, zone=zone)
    )
    filters = (*where, *(part for part in sessions if part is not None))
    return Did(name, window, filters, is_first=None in sessions)


def parse_advanced(raw: object, path: str, zone: tzinfo) -> list[Node]:
    """Read `advanced_query`: what else the person has to have done, or not."""
    if raw is None:
        return []
    parts = parse_object(raw, path, _GROUPS)
    return [
        node
        for key, read in _GROUPS.items()
        if parts.get(key) is not None
        for node in read(parts[key], f"{path}.{key}", zone)
    ]


def _did_all(raw: object, path: str, zone: tzinfo) -> list[Node]:
    return _each(raw, path, zone)


def _did_none(raw: object, path: str, zone: tzinfo) -> list[Node]:
    """Nobody who did one of them: the original joins what was not done by `and` in any case."""
    return [Not(node) for node in _several(raw, path, zone)]


def _did_any(raw: object, path: str, zone: tzinfo) -> list[Node]:
    nodes = _several(raw, path, zone)
    return [Any(tuple(nodes))] if nodes else []


def _several(raw: object, path: str, zone: tzinfo) -> list[Node]:
    """Read a list of events, or an object that has it as `any_events` and a count for each."""
    if not isinstance(raw, dict):
        return _each(raw, path, zone)
    parse_object(raw, path, {"any_events", *_COUNT_KEYS})
    nodes = _each(raw.get("any_events"), f"{path}.any_events", zone, often=_often(raw, path, zone))
    if not nodes:
        raise InvalidInputError(path=f"{path}.any_events", problem="at least one event is needed")
    return nodes


def _each(raw: object, path: str, zone: tzinfo, *, often: Aggregate = AT_LEAST_ONCE) -> list[Node]:
    def parse(each: object, at: str) -> Node:
        part = parse_object(each, at, EVENT_KEYS | _COUNT_KEYS)
        did = parse_event(part, at, zone, default=LastDays(DAYS))
        own = _often(part, at, zone) if _COUNT_KEYS & part.keys() else often
        return msgspec.structs.replace(did, aggregate=own)

    return parse_list(raw, path, parse)


def _often(part: Raw, path: str, zone: tzinfo) -> Aggregate:
    """Read how often the event was done."""
    if not _COUNT_KEYS & part.keys():
        return AT_LEAST_ONCE
    manner = Manner(zone, of=ValueType.INTEGER)
    asked = parse_asked(part, path, manner, default="greater_than_equals")
    at = f"{path}.operator"
    if asked.is_negated or part.get("operator") == "exists":
        raise InvalidInputError(at, "a count is compared by equals, greater_than, less_than …")
    return Aggregate(Figure.COUNT, _one(asked, f"{path}.value"))


def _property(raw: object, path: str, zone: tzinfo) -> Filter:
    part = parse_object(raw, path, FILTER_KEYS)
    name = parse_name(part, path, check_event_key)
    asked = parse_asked(part, path, Manner(zone), default="equals")
    return _filter(asked, name, path, Told.EVENT)


def _session(raw: object, path: str, zone: tzinfo) -> Filter | None:
    """Read a filter of the session; None for the one that asks for the first time."""
    part = parse_object(raw, path, FILTER_KEYS)
    name = parse_name(part, path, check_event_key)
    if name in _ELSEWHERE:
        problem = f"{name} is not kept; take from and to, or filter what comes by its ts"
        raise InvalidInputError(path=f"{path}.name", problem=problem)
    asked = parse_asked(part, path, Manner(zone), default="equals")
    if name != _FIRST_TIME:
        return _filter(asked, name, path, Told.SESSION)
    said = [str(value).lower() for value, _ in values_of(part, path)]
    if said != ["true"] or asked.is_negated:
        raise InvalidInputError(
            path=f"{path}.value", problem="first_time is asked by equals and True"
        )
    return None


def _filter(asked: Asked, name: str, path: str, told: Told) -> Filter:
    return Filter(name, _one(asked, f"{path}.value"), told, asked.is_negated)


def _one(asked: Asked, path: str) -> Condition:
    """Give the condition of a filter that has to be one: of an event no two are joined by `or`."""
    if len(asked.conditions) > 1:
        raise InvalidInputError(
            path, "one value is needed here; a list is for equals, not for dates"
        )
    return asked.conditions[0]


def _name(raw: object, path: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise InvalidInputError(path, "name the event that is meant")
    check_unicode(raw, path)
    try:
        return check_event_name(raw, is_system=True)
    except Rejected as rejected:
        raise InvalidInputError(path, rejected.reason) from None


_GROUPS: Mapping[str, Callable[[object, str, tzinfo], list[Node]]] = {
    "did_all": _did_all,
    "did_any": _did_any,
    "did_none": _did_none,
    "did_not": _did_none,
    "did_not_any": _did_none,
    "did_not_all": _did_none,
}
