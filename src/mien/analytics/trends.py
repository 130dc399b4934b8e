"""How events go over time: numbers by day, week or month of the account's time zone, as SQL (G-12).

A day begins where `domain.moments` says. Days are 86,400 seconds long but where clocks change,
so the day of an event is worked out by a division, and looked up which number it belongs to.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from itertools import pairwise

import msgspec
from sqlglot import exp

from mien.analytics.cells import cell_of
from mien.analytics.compile import Query, question
from mien.analytics.distinct import count_different
from mien.analytics.events import OCCURRED
from mien.analytics.occurrences import occurrences
from mien.analytics.people import EVENTS, whose
from mien.analytics.scope import Scope, column
from mien.analytics.totals import millionths
from mien.domain.cql.reports import Measure, Step, Trend
from mien.domain.events import event_key
from mien.domain.moments import Span, day_at, start_of
from mien.domain.segments import Did, Node

_SECONDS = 86_400


class Calendar(msgspec.Struct, frozen=True):
    """The days of a span: when each begins (epoch seconds), and when the last one ends."""

    days: Sequence[date]
    starts: Sequence[int]

    @classmethod
    def of(cls, span: Span[int], zone: tzinfo) -> "Calendar":
        """Give the days that a span, open on neither side, touches."""
        if span.start is None or span.end is None:
            msg = "a trend is of a span with both ends"
            raise ValueError(msg)
        first, last = day_at(span.start, zone), day_at(span.end - 1, zone)
        if start_of(first + timedelta(days=1), zone) <= span.start:
            first += timedelta(days=1)
        if start_of(last + timedelta(days=1), zone) < span.end:
            last += timedelta(days=1)
        days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
        return cls(days, [start_of(each, zone) for each in [*days, last + timedelta(days=1)]])

    def runs(self) -> Iterator[tuple[int, int, bool]]:
        """Give days that follow each other as far as they are equally long: first, end, is it whole."""
        lengths = [after - before for before, after in pairwise(self.starts)]
        first = 0
        for place, length in enumerate(lengths):
            if length != _SECONDS:
                if first < place:
                    yield first, place, True
                yield place, place + 1, False
                first = place + 1
        if first < len(lengths):
            yield first, len(lengths), True


def keys_of(calendar: Calendar, step: Step) -> list[int]:
    """Give the number by which the day, week or month of each day is shown."""
    return [_KEYS[step](day) for day in calendar.days]


_KEYS: Mapping[Step, Callable[[date], int]] = {
    Step.DAY: lambda day: int(f"{day:%Y%m%d}"),
    Step.WEEK: lambda day: day.isocalendar().year * 100 + day.isocalendar().week,
    Step.MONTH: lambda day: day.year * 100 + day.month,
}


def trend(
    event: Did, people: Node, asked: Trend, keys: Sequence[int], calendar: Calendar, scope: Scope
) -> Query | None:
    """Give the question for pairs of a key and its number, of those that are not 0; None: all are.

    `keys` has the key of each day of the calendar.
    """
    select = occurrences(event, people, scope)
    if select is None or (numbers := _numbers(asked, event, scope)) is None:
        return None
    value, total = numbers
    place = place_of(column(OCCURRED, EVENTS), calendar, scope)
    key = scope.write("nth", list=scope.bind(list(keys)), place=place)
    columns = {_KEY: key} if value is None else {_KEY: key, _VALUE: value}
    named = [exp.alias_(each, name, quoted=True, copy=False) for name, each in columns.items()]
    each_event = select.select(*named, append=False, copy=False).subquery(_EACH, copy=False)
    if asked.measure is Measure.PEOPLE and len(set(keys)) <= _IN_BITS:
        rows, by = exp.select().from_(each_event), [column(_KEY, _EACH)]
        return question(count_different(rows, column(_VALUE, _EACH), scope, by=by), scope)
    of_key = exp.select(column(_KEY, _EACH), total).from_(each_event)
    return question(of_key.group_by(column(_KEY, _EACH)), scope)


_EACH, _KEY, _VALUE = "o", "k", "v"
_IN_BITS = 100
"""So many numbers of people are counted in bits, which have to be in memory all at once."""


def _numbers(asked: Trend, event: Did, scope: Scope) -> tuple[exp.Expr | None, exp.Expr] | None:
    """Give a value of each event, if one is needed, and the total of a day; None: all are 0."""
    value = column(_VALUE, _EACH)
    match asked.measure:
        case Measure.EVENTS:
            return None, exp.Count(this=exp.Star())
        case Measure.PEOPLE:
            return whose(scope), exp.Count(this=exp.Distinct(expressions=[value]))
        case Measure.SUM:
            table = scope.catalog.events[event_key(event.event)]
            size = millionths(cell_of(table.properties, asked.of or "", EVENTS, scope), scope)
            return None if size is None else (size, exp.Sum(this=value))


def place_of(at: exp.Expr, calendar: Calendar, scope: Scope) -> exp.Expr:
    """Give the place, from 1, of the day in the calendar on which a moment (epoch seconds) is."""
    cases: list[exp.If] = []
    for first, end, is_whole in calendar.runs():
        place: exp.Expr = scope.bind(first + 1)
        if is_whole:
            since = exp.paren(
                exp.Sub(this=at.copy(), expression=scope.bind(calendar.starts[first]))
            )
            days = scope.write("quotient", number=since, by=exp.convert(_SECONDS))
            place = exp.Add(this=place, expression=days)
        is_before = exp.LT(this=at.copy(), expression=scope.bind(calendar.starts[end]))
        cases.append(exp.If(this=is_before, true=place))
    return exp.Case(ifs=cases)
