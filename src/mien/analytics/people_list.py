"""People in the order that somebody wants, a page at a time, as SQL (D-03).

A page goes on behind the value and the id of the last person of the one before, so that it
costs the same wherever it is. Who has no value comes last, whichever way is sorted.
"""

from enum import StrEnum

import msgspec
from sqlglot import exp

from mien.analytics.compile import Query, question, rows_of_people
from mien.analytics.logic import all_of, any_of
from mien.analytics.people import PEOPLE, when_seen, with_sights
from mien.analytics.scope import Scope, column
from mien.domain.segments import Node

_SIGHT = "s"


class SortBy(StrEnum):
    """What people may be sorted by."""

    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"
    NAME = "name"
    ID = "id"
    """The first id of the person; who has none comes last."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ends: the value and the id of its last person."""

    value: str | int | None
    profile: int


class Order(msgspec.Struct, frozen=True):
    """How people are sorted; of those with one value the id decides."""

    by: SortBy = SortBy.LAST_SEEN
    is_descending: bool = True


def people_in_order(
    tree: Node, beginnings: list[str], order: Order, after: Place | None, limit: int, scope: Scope
) -> Query:
    """Give the question for the next people of whom a tree holds: their ids, and their values.

    With `beginnings` (`domain.names`) only those in whose name each of them stands.
    """
    value, person = _value(order.by, scope), column("profile_id", PEOPLE)
    select = rows_of_people(tree, scope).select(value, copy=False)
    if order.by in _SEEN:
        select = with_sights(select, _SIGHT, scope)
    key = column("name_key", PEOPLE)
    where = [scope.write("contains", text=key, part=scope.bind(each)) for each in beginnings]
    if after is not None:
        where.append(_is_behind(after, value, person, order, scope))
    if where:
        select = select.where(all_of(where), copy=False)
    ordered = [
        exp.Ordered(this=each, desc=order.is_descending, nulls_first=False)
        for each in (value, person)
    ]
    return question(select.order_by(*ordered, copy=False).limit(limit, copy=False), scope)


def _value(by: SortBy, scope: Scope) -> exp.Expr:
    match by:
        case SortBy.NAME:
            return column("name_key", PEOPLE)
        case SortBy.ID:
            return column("first_id", PEOPLE)
        case SortBy.LAST_SEEN | SortBy.FIRST_SEEN:
            return when_seen(_SEEN[by], _SIGHT, scope)


_SEEN = {SortBy.LAST_SEEN: "last_at", SortBy.FIRST_SEEN: "first_at"}


def _is_behind(
    place: Place, value: exp.Expr, person: exp.Expr, order: Order, scope: Scope
) -> exp.Expr:
    """Give whether somebody comes behind a place."""
    is_beyond = exp.LT if order.is_descending else exp.GT
    is_later = is_beyond(this=person, expression=exp.convert(place.profile))
    is_unknown = exp.Is(this=value, expression=exp.null())
    if place.value is None:
        return all_of([is_unknown, is_later])
    limit = scope.bind(place.value)
    is_same = exp.EQ(this=value, expression=limit)
    further: exp.Expr = is_beyond(this=value, expression=limit)
    return any_of([further, all_of([is_same, is_later]), is_unknown])
