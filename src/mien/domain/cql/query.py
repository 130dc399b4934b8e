"""A whole query: the event that it is about, and what has to hold of the person.

Source: G-01, G-11; what an absent event means is ours, as `docs/cql.md` says.
"""

from collections.abc import Collection, Iterator
from datetime import timedelta, tzinfo

import msgspec

from mien.domain.conditions import After, Before, InLast
from mien.domain.cql.days import parse_moments
from mien.domain.cql.events import DAYS, EVENT_KEYS, parse_advanced, parse_event
from mien.domain.cql.parts import Raw, parse_object
from mien.domain.cql.people import parse_people
from mien.domain.errors import InvalidInputError
from mien.domain.moments import day_at
from mien.domain.segments import (
    NODES,
    All,
    Any,
    Derived,
    DeviceIs,
    Did,
    Fact,
    Filter,
    HasItem,
    Node,
    Not,
)

NO_EVENT = "-1"
"""What clients write as the name of no event: people are found by the rest of the query."""

QUERY_KEYS = EVENT_KEYS | {"common_profile_properties", "advanced_query"}

_PEOPLE, _ADVANCED = "common_profile_properties", "advanced_query"
_OF_EVENTS = ("event_properties", "props", "session_properties")
_LAST, _DAY = "Last Seen", timedelta(days=1)


class Query(msgspec.Struct, frozen=True):
    """A query as it was read.

    `event` says which events are meant, by their window and their filters; None: the query
    is about people alone. `people` is what has to hold of whoever did them.
    """

    event: Did | None
    people: tuple[Node, ...] = ()

    @property
    def tree(self) -> Node:
        """Who is meant."""
        return All(self.people if self.event is None else (self.event, *self.people))

    @property
    def event_names(self) -> list[str]:
        """The events of which the query speaks, its own first, as they were written."""
        return [node.event for node in _walk(self.tree) if isinstance(node, Did)]


def parse_query(raw: object, zone: tzinfo) -> Query:
    """Read a query out of decoded JSON, or raise `InvalidInputError` with the path of what is wrong.

    `zone` is that of the account.
    """
    whole = parse_object(raw, "", QUERY_KEYS)
    people = _people(whole, zone)
    name = whole.get("event_name")
    if name == NO_EVENT or (name is None and people):
        return _checked(Query(None, (*_without_event(whole, zone), *people)))
    return _checked(Query(parse_event(whole, "", zone), people))


def parse_event_query(
    raw: object, zone: tzinfo, *, beside: Collection[str] = ()
) -> tuple[Did, Query]:
    """Read a query that is about an event, and give that event too, or raise `InvalidInputError`.

    `beside` are further keys that the caller reads.
    """
    whole = parse_object(raw, "", QUERY_KEYS.union(beside))
    event = parse_event(whole, "", zone)
    return event, _checked(Query(event, _people(whole, zone)))


def _people(whole: Raw, zone: tzinfo) -> tuple[Node, ...]:
    nodes = parse_people(whole.get(_PEOPLE), _PEOPLE, zone)
    return (*nodes, *parse_advanced(whole.get(_ADVANCED), _ADVANCED, zone))


def _checked(query: Query) -> Query:
    if sum(1 for _ in _walk(query.tree)) > NODES:
        raise InvalidInputError(path="", problem=f"The query has more than {NODES} parts")
    return query


def _without_event(whole: Raw, zone: tzinfo) -> list[Node]:
    """Give who is meant where no event is: with days, whoever was known and active by them."""
    for key in _OF_EVENTS:
        if whole.get(key):
            raise InvalidInputError(key, "it filters an event; name one as event_name")
    if whole.get("from") is None and whole.get("to") is None:
        return [] if whole.get("event_name") == NO_EVENT else [Derived(_LAST, InLast(DAYS))]
    span = parse_moments(whole, "", zone)
    first, last = day_at(span.since, zone), day_at(span.until - 1, zone)
    return [Derived(_LAST, After(first - _DAY)), Derived("First Seen", Before(last + _DAY))]


def _walk(node: Node) -> Iterator[Node | Filter | HasItem | Fact]:
    """Give a node and all parts below it."""
    yield node
    match node:
        case All(nodes) | Any(nodes):
            for each in nodes:
                yield from _walk(each)
        case Not(inner):
            yield from _walk(inner)
        case Did():
            yield from node.where
        case DeviceIs(facts):
            yield from facts
        case _:
            pass
