"""What people did, as SQL: a question is one look through the table of its event.

Who did nothing of it has no row there. So a figure that nothing meets too, as a count of at
most 2, is asked the other way round: it is met by all but those of whom it is not.
"""

from collections.abc import Sequence

from sqlglot import exp

from mien.analytics.catalog import EventTable
from mien.analytics.cells import EMPTY, Cell, cell_of, json_cell
from mien.analytics.distinct import once_each
from mien.analytics.items import has_item
from mien.analytics.logic import all_of, is_false, is_true, negated
from mien.analytics.people import EVENTS, is_among, per_person, who_did, whose
from mien.analytics.ranges import Range, Wanted, wanted_integers
from mien.analytics.scope import Scope, column
from mien.analytics.totals import average_meets, distinct_count, sum_meets
from mien.analytics.values import comes_round, holds, is_wanted, is_within
from mien.domain import holds as meaning
from mien.domain.conditions import (
    After,
    Anniversary,
    Before,
    Condition,
    Exists,
    InLast,
    InNext,
    On,
)
from mien.domain.events import event_key
from mien.domain.moments import span_of, span_of_window
from mien.domain.segments import Aggregate, Did, Figure, Filter, HasItem, Told

OCCURRED = "occurred_at"


def did(node: Did, scope: Scope, within: exp.Query | None = None) -> exp.Expr:
    """Give whether a person did something; who is not `within` need not be told right."""
    people = happened(node, scope, within)
    table = scope.catalog.events.get(event_key(node.event))
    if people is None or table is None:
        return _of_nothing(node.aggregate, scope)
    return _meets(node.aggregate, table, people, scope)


def happened(node: Did, scope: Scope, within: exp.Query | None = None) -> exp.Select | None:
    """Select, an event at a time, whose each is that counts; None if none does, whoever did it."""
    table = scope.catalog.events.get(event_key(node.event))
    if table is None:
        return None
    where = all_of([*_in_window(node, scope), *_filters(node.where, table, scope)])
    if is_false(where):
        return None
    people = who_did(table.name, where, scope, within=within)
    if node.is_first:
        _only_first(people, table, scope, within)
    return people


def of_moment(condition: Condition, moment: exp.Expr, scope: Scope) -> exp.Expr:
    """Give whether a condition on dates holds of a moment that there is, in epoch seconds."""
    match condition:
        case Exists():
            return exp.true()
        case Anniversary(days):
            return comes_round(scope.write("day_of", moment=moment), days, scope)
        case Before() | On() | After() | InLast() | InNext():
            return is_within(moment, span_of(condition, scope.today, scope.zone), scope)
        case _:
            return exp.false()


def _in_window(node: Did, scope: Scope) -> Sequence[exp.Expr]:
    span = span_of_window(node.window, scope.now, scope.zone)
    return [is_within(column(OCCURRED, EVENTS), span, scope)]


def _filters(
    filters: Sequence[Filter | HasItem], table: EventTable, scope: Scope
) -> list[exp.Expr]:
    return [_filter(each, table, scope) for each in filters]


def _filter(part: Filter | HasItem, table: EventTable, scope: Scope) -> exp.Expr:
    if isinstance(part, Filter) and part.told is Told.SESSION:
        cell = json_cell(column("session", EVENTS), part.name, scope)
    else:
        cell = cell_of(table.properties, part.name, EVENTS, scope)
    if isinstance(part, HasItem):
        passes = has_item(part, cell, scope)
    else:
        passes = holds(part.condition, cell, scope)
    return negated(passes) if part.is_negated else passes


def _only_first(
    people: exp.Select, table: EventTable, scope: Scope, within: exp.Query | None
) -> None:
    """Keep the events of the second in which a person did it first, whenever that was."""
    first = who_did(table.name, exp.true(), scope, within=within)
    earliest = exp.alias_(exp.Min(this=column(OCCURRED, EVENTS)), "first_at", quoted=True)
    first = first.select(earliest, copy=False).group_by(whose(scope), copy=False)
    same = all_of(
        [
            exp.EQ(this=column("profile_id", "f"), expression=whose(scope)),
            exp.EQ(this=column("first_at", "f"), expression=column(OCCURRED, EVENTS)),
        ]
    )
    people.join(first.subquery("f", copy=False), on=same, copy=False)


def _of_nothing(aggregate: Aggregate, scope: Scope) -> exp.Expr:
    """Give whether the figure over no events meets its condition."""
    is_met = aggregate.figure in (Figure.COUNT, Figure.DISTINCT) and meaning.holds(
        aggregate.condition, 0, scope.now, scope.zone
    )
    return exp.true() if is_met else exp.false()


def _meets(aggregate: Aggregate, table: EventTable, people: exp.Select, scope: Scope) -> exp.Expr:
    """Give whether the figure over the events of each person meets its condition."""
    condition = aggregate.condition
    cell = EMPTY
    if aggregate.of is not None:
        cell = cell_of(table.properties, aggregate.of, EVENTS, scope)
    match aggregate.figure:
        case Figure.COUNT:
            return _count_meets(condition, exp.Count(this=exp.Star()), people, scope)
        case Figure.DISTINCT:
            return _distinct_meets(aggregate, cell, people, scope)
        case Figure.SUM:
            return _who(people, sum_meets(condition, cell, scope), scope)
        case Figure.AVERAGE:
            return _who(people, average_meets(condition, cell, scope), scope)
        case Figure.FIRST:
            first = exp.Min(this=column(OCCURRED, EVENTS))
            return _who(people, of_moment(condition, first, scope), scope)
        case Figure.LAST:
            last = exp.Max(this=column(OCCURRED, EVENTS))
            return _who(people, of_moment(condition, last, scope), scope)


def _distinct_meets(aggregate: Aggregate, cell: Cell, people: exp.Select, scope: Scope) -> exp.Expr:
    count = distinct_count(cell, scope)
    if count is None:
        return _of_nothing(aggregate, scope)
    return _count_meets(aggregate.condition, count, people, scope)


def _count_meets(
    condition: Condition, count: exp.Expr, people: exp.Select, scope: Scope
) -> exp.Expr:
    """Give whether a count meets a condition; it is 0 for who has no row."""
    wanted = wanted_integers(condition)
    is_met = is_wanted(count, wanted, scope)
    if isinstance(count, exp.Count) and isinstance(count.this, exp.Star):
        # A row is one event at least.
        is_met = _simplified(is_met, wanted)
    if meaning.holds(condition, 0, scope.now, scope.zone):
        return negated(_who(people, negated(is_met), scope))
    return _who(people, is_met, scope)


def _simplified(is_met: exp.Expr, wanted: Wanted[int]) -> exp.Expr:
    """Give a condition on a count that is 1 at least, without one if all or none of these meet it."""
    if isinstance(wanted, Range):
        if wanted.high is None and (wanted.low is None or wanted.low <= 1):
            return exp.true()
        return exp.false() if wanted.high is not None and wanted.high < 1 else is_met
    return is_met if any(number >= 1 for number in wanted) else exp.false()


def _who(people: exp.Select, having: exp.Expr, scope: Scope) -> exp.Expr:
    """Give whether a person is one of those, who have an event each, of whom something holds."""
    if is_false(having):
        return having
    if not is_true(having):
        return is_among(per_person(people, whose(scope), having))
    # Whoever did it at any time: often most people, each again and again.
    is_ever = people.args.get("where") is None
    is_in_bits = is_ever and scope.dialect.has_bits
    return is_among(once_each(people, whose(scope), scope) if is_in_bits else people)
