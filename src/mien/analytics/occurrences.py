"""Questions about events themselves: which of them, of which people, and how many (G-12)."""

from sqlglot import exp

from mien.analytics.compile import Query, question, select_people
from mien.analytics.events import OCCURRED, happened
from mien.analytics.people import EVENTS, is_among, whose
from mien.analytics.scope import Scope, column
from mien.domain.sampling import PRIME, Mixer
from mien.domain.segments import All, Did, Node

_COUNTED = "o"


def occurrences(event: Did, people: Node, scope: Scope) -> exp.Select | None:
    """Select whose each event was that lies in the window and meets the filters; None: there are none.

    Only those of whom `people` holds. The columns of the event may be added to the selection.
    """
    select = happened(event, scope)
    if select is None or people == All(()):
        return select
    return select.where(is_among(select_people(people, scope), whose(scope)), copy=False)


def how_many(select: exp.Query, scope: Scope) -> Query:
    """Give the question how many rows a selection has."""
    return question(_counted(select), scope)


def count_people(people: Node, scope: Scope) -> Query:
    """Give the question how many people there are of whom a tree holds."""
    return question(_number_of(people, scope), scope)


def sizes(people: Node, scope: Scope) -> Query:
    """Give the question of how many a tree holds, and how many people there are at that moment."""
    counts = [_number_of(each, scope) for each in (people, All(()))]
    columns = [each.subquery(copy=False) for each in counts]
    return question(exp.select(*columns, copy=False), scope)


def next_people(people: Node, scope: Scope, *, after: int, limit: int) -> Query:
    """Give the question for the next ids after one of whom a tree holds, in order."""
    person = column("profile_id", _COUNTED)
    more = exp.GT(this=person, expression=exp.convert(after))
    page = exp.select(person).from_(select_people(people, scope).subquery(_COUNTED, copy=False))
    return question(page.where(more).order_by(person).limit(limit), scope)


def sampled_people(people: Node, scope: Scope, *, size: int, mixer: Mixer) -> Query:
    """Give the question for so many of whom a tree holds, those of the lowest ranks first."""
    person = column("profile_id", _COUNTED)
    some = exp.select(person).from_(select_people(people, scope).subquery(_COUNTED, copy=False))
    return question(some.order_by(_rank(person, mixer, scope), person).limit(size), scope)


def _rank(person: exp.Expr, mixer: Mixer, scope: Scope) -> exp.Expr:
    """Give what `Mixer.rank` gives; each product is of two numbers below the prime."""

    def times(one: exp.Expr, other: exp.Expr, plus: int = 0) -> exp.Expr:
        product = exp.Mul(this=exp.paren(one), expression=exp.paren(other))
        added = exp.Add(this=product, expression=scope.bind(plus))
        return exp.Mod(this=exp.paren(added), expression=scope.bind(PRIME))

    small = exp.Mod(this=person, expression=scope.bind(PRIME))
    mixed = times(small, scope.bind(mixer.factor), mixer.offset)
    squared = times(mixed, mixed)
    return times(times(squared, squared), mixed)


def count_events(event: Did, people: Node, scope: Scope) -> Query | None:
    """Give the question how many such events there are; None: none."""
    select = occurrences(event, people, scope)
    return None if select is None else how_many(select, scope)


def ids_of_people(people: Node, scope: Scope) -> Query:
    """Give the question for the ids of all of whom a tree holds, in order."""
    rows = select_people(people, scope).subquery(_COUNTED, copy=False)
    person = column("profile_id", _COUNTED)
    return question(exp.select(person).from_(rows).order_by(person), scope)


def places_of_events(event: Did, people: Node, scope: Scope) -> Query | None:
    """Give the question for the places of such events in the log, in the order of time; None: none."""
    select = occurrences(event, people, scope)
    if select is None:
        return None
    columns = [column(name, EVENTS) for name in ("sequence", OCCURRED)]
    rows = select.select(*columns, append=False, copy=False).subquery(_COUNTED, copy=False)
    sequence, occurred = (column(name, _COUNTED) for name in ("sequence", OCCURRED))
    return question(exp.select(sequence).from_(rows).order_by(occurred, sequence), scope)


def _number_of(people: Node, scope: Scope) -> exp.Select:
    """Select how many a tree holds: what selects them has each once, so its rows are counted."""
    count = exp.Count(this=exp.Star())
    return select_people(people, scope).select(count, append=False, copy=False)


def _counted(select: exp.Query) -> exp.Select:
    count = exp.select(exp.Count(this=exp.Star()), copy=False)
    return count.from_(select.subquery(_COUNTED, copy=False), copy=False)
