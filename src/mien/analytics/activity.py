"""Who is there at this moment, as SQL: whoever did anything since a moment (G-12)."""

from functools import reduce

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import json_cell
from mien.analytics.compile import Query, question
from mien.analytics.events import OCCURRED
from mien.analytics.logic import is_known
from mien.analytics.occurrences import how_many
from mien.analytics.people import EVENTS, PEOPLE, who_did
from mien.analytics.scope import Scope, column
from mien.analytics.tops import TOLD, latest_told
from mien.analytics.values import is_within
from mien.domain.moments import Span

_THERE, _SOURCE, _IS_NEW = "profile_id", "session_source", "is_new"
_ACTIVE, _LATEST, _ROW = "a", "l", "c"


def count_active(span: Span[int], scope: Scope) -> Query | None:
    """Give the question how many people did anything in a span; None if nobody ever did."""
    people = _active(span, scope)
    return None if people is None else how_many(people, scope)


def by_age(span: Span[int], scope: Scope) -> Query | None:
    """Give the question how many of them are new in the span, and how many are not."""
    if (people := _active(span, scope)) is None:
        return None
    created = column("created_at", PEOPLE)
    is_new = exp.GTE(this=created, expression=scope.bind((span.start or 0) * 1_000))
    same = exp.EQ(this=column(_THERE, PEOPLE), expression=column(_THERE, _ACTIVE))
    joined = exp.select(exp.alias_(is_new, _IS_NEW, quoted=True))
    joined = joined.from_(people.subquery(_ACTIVE, copy=False))
    joined = joined.join(scope.table("profiles", PEOPLE), on=same)
    return _counted(joined, _IS_NEW, exp.Count(this=exp.Star()), scope)


def by_fact(span: Span[int], fact: str, scope: Scope) -> Query | None:
    """Give the question how many of them have each value of a fact of their device seen last."""
    if (people := _active(span, scope)) is None:
        return None
    same = exp.EQ(this=column(_THERE, _LATEST), expression=column(_THERE, _ACTIVE))
    told = latest_told((fact,), scope).subquery(_LATEST, copy=False)
    joined = exp.select(column(TOLD, _LATEST)).from_(people.subquery(_ACTIVE, copy=False))
    return _counted(joined.join(told, on=same), TOLD, exp.Count(this=exp.Star()), scope)


def by_source(span: Span[int], scope: Scope) -> Query | None:
    """Give the question how many people came by each source of a session."""
    if (events := _active(span, scope, with_source=True)) is None:
        return None
    people = exp.Count(this=exp.Distinct(expressions=[column(_THERE, _ROW)]))
    return _counted(events, _SOURCE, people, scope)


def _counted(rows: exp.Query, name: str, count: exp.Expr, scope: Scope) -> Query:
    value = column(name, _ROW)
    counted = exp.select(value, count).from_(rows.subquery(_ROW, copy=False))
    return question(counted.where(is_known(value)).group_by(value), scope)


def _active(span: Span[int], scope: Scope, *, with_source: bool = False) -> exp.Query | None:
    """Select who did anything in a span, once each, or once with each source; None: nobody ever did."""
    selects: list[exp.Query] = []
    for table in scope.catalog.events.values():
        within = is_within(column(OCCURRED, EVENTS), span, scope)
        select = who_did(table.name, within, scope, within=None)
        if with_source:
            source = json_cell(column("session", EVENTS), _SOURCE, scope).kinds[Kind.TEXT]
            select = select.select(exp.alias_(source, _SOURCE, quoted=True), copy=False)
        selects.append(select.distinct())
    return reduce(exp.union, selects) if selects else None
