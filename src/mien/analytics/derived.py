"""What is derived of a person, as SQL: what `domain.derived` works out, told of tables."""

from collections.abc import Callable, Mapping
from datetime import date

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import cell_of
from mien.analytics.devices import told_by_device
from mien.analytics.events import did
from mien.analytics.logic import all_of, any_of, is_known, negated
from mien.analytics.people import PEOPLE
from mien.analytics.ranges import Range, wanted_integers
from mien.analytics.scope import Scope, column
from mien.analytics.seen import first_seen, last_seen
from mien.analytics.values import is_wanted
from mien.domain import holds as meaning
from mien.domain.conditions import Condition
from mien.domain.derived import BUCKETS, TOLD_BY_DEVICE
from mien.domain.segments import Aggregate, Derived, Did, Figure
from mien.domain.sessions import LAUNCHED


def derived(node: Derived, scope: Scope, within: exp.Query | None = None) -> exp.Expr:
    """Give whether a condition holds of a derived field; who is not `within` need not be told right."""
    condition = node.condition
    if (facts := TOLD_BY_DEVICE.get(node.name)) is not None:
        return told_by_device(facts, condition, scope, within)
    if (of_row := _OF_ROW.get(node.name)) is not None:
        return of_row(condition, scope)
    if node.name == "Session Count":
        launched = Did(LAUNCHED, aggregate=Aggregate(Figure.COUNT, condition))
        return did(launched, scope, within)
    return _SEEN[node.name](condition, scope, within)


def _type(condition: Condition, scope: Scope) -> exp.Expr:
    is_identified = column("is_identified", PEOPLE)
    types = {"identified": is_identified, "anonymous": negated(is_identified)}
    return any_of(
        is_so
        for name, is_so in types.items()
        if meaning.holds(condition, name, scope.now, scope.zone)
    )


def _age(condition: Condition, scope: Scope) -> exp.Expr:
    """Give whether the age meets a condition: as of the day of birth, else the age that was given."""
    born = column("born", PEOPLE)
    wanted = wanted_integers(condition)
    ranges = [Range(each, each) for each in wanted] if isinstance(wanted, list) else [wanted]
    of_age = any_of(_is_born(each, scope) for each in ranges)
    given = cell_of(scope.catalog.properties, "Age", PEOPLE, scope).kinds.get(Kind.INTEGER)
    if given is None:
        return of_age
    is_unborn = exp.GT(this=born, expression=scope.bind(scope.today))
    is_unknown = any_of([negated(is_known(born)), is_unborn])
    return any_of([of_age, all_of([is_wanted(given, wanted, scope), is_unknown])])


def _is_born(age: Range[int], scope: Scope) -> exp.Expr:
    """Give whether the day of birth makes an age of at least `low` and at most `high` years today."""
    latest = _born_for(max(age.low or 0, 0), scope.today)
    if latest is None or (age.high is not None and age.high < 0):
        return exp.false()
    born = column("born", PEOPLE)
    sides: list[exp.Expr] = [exp.LTE(this=born, expression=scope.bind(latest))]
    if age.high is not None and (too_old := _born_for(age.high + 1, scope.today)) is not None:
        sides.append(exp.GT(this=born, expression=scope.bind(too_old)))
    return all_of(sides)


def _born_for(age: int, today: date) -> date | None:
    """Give the last day on which one was born who is of an age today; None if there is none."""
    year = today.year - age
    if year < 1:
        return None
    try:
        return today.replace(year=year)
    except ValueError:
        # Today is 29 February: who was born on 1 March of that year is not that old yet.
        return date(year, 2, 28)


def _bucket(condition: Condition, scope: Scope) -> exp.Expr:
    """Give whether the User Bucket meets a condition.

    These are the steps of `domain.derived.bucket_of`, in integers without a sign.
    """
    bits = scope.write("unsigned", id=column("profile_id", PEOPLE))
    for by, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        folded = scope.write("folded", bits=bits, by=exp.convert(by))
        bits = scope.write("times", bits=folded, factor=exp.convert(factor))
    folded = scope.write("folded", bits=bits, by=exp.convert(31))
    bucket = scope.write("above", bits=folded, factor=exp.convert(BUCKETS))
    return is_wanted(bucket, wanted_integers(condition), scope)


_OF_ROW: Mapping[str, Callable[[Condition, Scope], exp.Expr]] = {
    "Type": _type,
    "Age": _age,
    "User Bucket": _bucket,
}
_SEEN: Mapping[str, Callable[[Condition, Scope, exp.Query | None], exp.Expr]] = {
    "First Seen": first_seen,
    "Last Seen": last_seen,
}

OF_ROW = frozenset(_OF_ROW)
"""Derived fields that the row of a profile tells."""
