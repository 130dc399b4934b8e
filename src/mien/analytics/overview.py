"""Questions about all people at once, as SQL: what they have, what they did, who is new (D-05)."""

from collections.abc import Sequence
from functools import reduce

from sqlglot import exp

from mien.analytics.cells import cell_of
from mien.analytics.compile import Query, question
from mien.analytics.distinct import count_different
from mien.analytics.events import OCCURRED
from mien.analytics.logic import is_true
from mien.analytics.people import (
    EVENTS,
    PEOPLE,
    SIGHTS,
    when_seen,
    who_did,
    whose,
    with_sights,
)
from mien.analytics.scope import Scope, column
from mien.analytics.trends import Calendar, place_of
from mien.analytics.values import is_within
from mien.domain.events import event_key
from mien.domain.moments import Span

_PERSON, _AT, _SEEN = "profile_id", "at", "s"


def count_filled(names: Sequence[str], scope: Scope) -> Query:
    """Give the question how many people there are, and how many have each of these properties."""
    cells = [cell_of(scope.catalog.properties, name, PEOPLE, scope) for name in names]
    counts = [_count_if(cell.exists) for cell in cells]
    people = exp.select(exp.Count(this=exp.Star()), *counts)
    return question(people.from_(scope.table("profiles", PEOPLE)), scope)


def count_doers(names: Sequence[str], scope: Scope) -> Query:
    """Give the question how many people there are, and how many ever did each of these events.

    A row has the place of the event in `names`, from 1, and how many; at place 0 it is all.
    """
    everybody = exp.select(exp.convert(0), exp.Count(this=exp.Star()))
    selects: list[exp.Query] = [everybody.from_(scope.table("profiles", PEOPLE))]
    for place, name in enumerate(names, 1):
        if (table := scope.catalog.events.get(event_key(name))) is not None:
            did = who_did(table.name, exp.true(), scope, within=None)
            people = count_different(did, whose(scope), scope)
            people.set("expressions", [exp.convert(place), *people.expressions])
            selects.append(people)
    return question(_all(selects), scope)


def count_events(span: Span[int], scope: Scope) -> Query | None:
    """Give the question how often each event was done in a span: definition, and number."""
    selects: list[exp.Query] = []
    for table in scope.catalog.events.values():
        counted = exp.select(exp.convert(table.definition), exp.Count(this=exp.Star()))
        counted = counted.from_(scope.table(table.name, EVENTS))
        within = is_within(column(OCCURRED, EVENTS), span, scope)
        selects.append(counted if is_true(within) else counted.where(within, copy=False))
    return question(_all(selects), scope) if selects else None


def count_active(
    starts: Sequence[int], end: int, scope: Scope, *, looks_back: bool = False
) -> Query:
    """Give the question how many people did anything since each of these moments, before an end.

    The last number is of those who did something after that, by clocks that are fast. If there
    are any the others are right only with `looks_back`, which looks into the events of these.
    """
    since, last = min(starts), column("last_at", EVENTS)
    span = Span(since, end if looks_back else None)
    seen: exp.Query = _moments(SIGHTS, last, span, scope)
    if looks_back:
        ahead = who_did(SIGHTS, is_within(last, Span(end, None), scope), scope, within=None)
        at = column(OCCURRED, EVENTS)
        tables = [table.name for table in scope.catalog.events.values()]
        seen = _all([seen, *(_moments(each, at, span, scope, within=ahead) for each in tables)])
    spans = [*(Span(start, end) for start in starts), Span(end, None)]
    rows = exp.select().from_(seen.subquery(_SEEN, copy=False))
    within = [is_within(column(_AT, _SEEN), each, scope) for each in spans]
    return question(count_different(rows, column(_PERSON, _SEEN), scope, of=within), scope)


def _moments(
    table: str, at: exp.Expr, span: Span[int], scope: Scope, *, within: exp.Query | None = None
) -> exp.Select:
    """Select who did something in a span, and when."""
    people = who_did(table, is_within(at.copy(), span, scope), scope, within=within)
    return people.select(exp.alias_(at.copy(), _AT, quoted=True), copy=False)


def count_new(keys: Sequence[int], calendar: Calendar, scope: Scope) -> Query:
    """Give the question how many people were first seen by day: key, identified by now, number.

    `keys` has the key of each day of the calendar.
    """
    at = exp.alias_(when_seen("first_at", _SEEN, scope), _AT, quoted=True, copy=False)
    seen = exp.select(at, column("is_identified", PEOPLE)).from_(scope.table("profiles", PEOPLE))
    seen = with_sights(seen, _SEEN, scope)
    moment = column(_AT, _SEEN)
    place = place_of(moment, calendar, scope)
    key = exp.alias_(scope.write("nth", list=scope.bind(list(keys)), place=place), "k", quoted=True)
    span = Span(calendar.starts[0], calendar.starts[-1])
    rows = exp.select(key, column("is_identified", _SEEN)).from_(seen.subquery(_SEEN, copy=False))
    rows = rows.where(is_within(moment.copy(), span, scope), copy=False)
    parts = [column("k", _SEEN), column("is_identified", _SEEN)]
    counted = exp.select(*parts, exp.Count(this=exp.Star()))
    return question(counted.from_(rows.subquery(_SEEN, copy=False)).group_by(*parts), scope)


def _count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=exp.convert(1))]))


def _all(selects: Sequence[exp.Query]) -> exp.Query:
    return reduce(lambda left, right: exp.union(left, right, distinct=False, copy=False), selects)
