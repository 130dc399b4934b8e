"""When a person was first and last seen, as SQL: by events, by devices, by when the profile was made.

The earliest of several moments is before another when any of them is, the latest is not when
any of them is not. So nothing is worked out over all events, but for anniversaries.
"""

from collections.abc import Callable

from sqlglot import exp

from mien.analytics.events import of_moment
from mien.analytics.logic import all_of, any_of, negated
from mien.analytics.people import DEVICES, EVENTS, PEOPLE, SIGHTS, is_among, who_did, who_has_device
from mien.analytics.scope import Scope, column
from mien.domain.conditions import After, Anniversary, Before, Condition, Exists, InLast, InNext, On
from mien.domain.moments import Span, span_of

_Test = Callable[[exp.Expr], exp.Expr]
"""What the moment of a sight has to meet."""

_MOMENT = "moment"


def first_seen(condition: Condition, scope: Scope, within: exp.Query | None) -> exp.Expr:
    """Give whether the earliest sight of a person meets a condition."""
    match condition:
        case Exists():
            return exp.true()
        case Anniversary():
            made = exp.select(column("profile_id", "q"), _named(_second_made("q", scope)))
            made = made.from_(scope.table("profiles", "q"))
            sights = exp.union(_sights(_always, scope, within, is_first=True), made, distinct=False)
            return _is_met(condition, exp.Min, sights, scope)
        case Before() | On() | After() | InLast() | InNext():
            span = span_of(condition, scope.today, scope.zone)
            return _in_span(span, scope, within, _first_before)
        case _:
            return exp.false()


def last_seen(condition: Condition, scope: Scope, within: exp.Query | None) -> exp.Expr:
    """Give whether the latest sight of a person meets a condition; without any, when it was made."""
    match condition:
        case Exists():
            return exp.true()
        case Anniversary():
            sights = _sights(_always, scope, within, is_first=False)
            made = of_moment(condition, _second_made(PEOPLE, scope), scope)
            unseen = negated(is_among(_ids(_sights(_always, scope, within, is_first=False))))
            return any_of([_is_met(condition, exp.Max, sights, scope), all_of([made, unseen])])
        case Before() | On() | After() | InLast() | InNext():
            span = span_of(condition, scope.today, scope.zone)
            return _in_span(span, scope, within, _last_before)
        case _:
            return exp.false()


def _in_span(
    span: Span[int],
    scope: Scope,
    within: exp.Query | None,
    is_before: Callable[[int, Scope, exp.Query | None], exp.Expr],
) -> exp.Expr:
    sides: list[exp.Expr] = []
    if span.start is not None:
        sides.append(negated(is_before(span.start, scope, within)))
    if span.end is not None:
        sides.append(is_before(span.end, scope, within))
    return all_of(sides)


def _first_before(moment: int, scope: Scope, within: exp.Query | None) -> exp.Expr:
    """Give whether any sight is before a moment. Sights of whom was made before it are not looked at."""
    bound = scope.bind(moment)
    sights = _sights(
        lambda at: exp.LT(this=at, expression=bound),
        scope,
        within or _made_since(moment, scope),
        is_first=True,
    )
    return any_of([negated(_is_made_since(moment, PEOPLE, scope)), is_among(_ids(sights))])


def _last_before(moment: int, scope: Scope, within: exp.Query | None) -> exp.Expr:
    """Give whether no sight is at or after a moment, nor, without any, the making of the profile."""
    bound = scope.bind(moment)
    later = _sights(lambda at: exp.GTE(this=at, expression=bound), scope, within, is_first=False)
    of_new = within or _made_since(moment, scope)
    any_sight = _sights(_always, scope, of_new, is_first=False)
    was_there = any_of([negated(_is_made_since(moment, PEOPLE, scope)), is_among(_ids(any_sight))])
    return all_of([negated(is_among(_ids(later))), was_there])


def _always(_at: exp.Expr) -> exp.Expr:
    return exp.true()


def _sights(test: _Test, scope: Scope, within: exp.Query | None, *, is_first: bool) -> exp.Query:
    """Select sights of people, by devices and events, that meet a test: person and moment.

    Of events it is the first sights, or the last ones: a test holds of these if it does of any.
    """
    at = column("first_seen_at" if is_first else "seen_at", DEVICES)
    is_told = exp.NEQ(this=at, expression=exp.convert(0)) if is_first else exp.true()
    where = all_of([test(at), is_told])
    by_device = who_has_device(where, scope, within=within).select(_named(at), copy=False)
    at = column("first_at" if is_first else "last_at", EVENTS)
    by_event = who_did(SIGHTS, test(at), scope, within=within).select(_named(at), copy=False)
    return exp.union(by_device, by_event, distinct=False, copy=False)


def _ids(sights: exp.Query) -> exp.Select:
    return exp.select(column("profile_id", "s")).from_(sights.subquery("s", copy=False))


def _is_met(
    condition: Condition,
    figure: type[exp.AggFunc],
    sights: exp.Query,
    scope: Scope,
) -> exp.Expr:
    """Give whether a figure over the sights of a person meets a condition."""
    having = of_moment(condition, figure(this=column(_MOMENT, "s")), scope)
    ids = _ids(sights).group_by(column("profile_id", "s"), copy=False)
    return is_among(ids.having(having, copy=False))


def _named(moment: exp.Expr) -> exp.Expr:
    return exp.alias_(moment, _MOMENT, quoted=True)


def _second_made(alias: str, scope: Scope) -> exp.Expr:
    return scope.write("seconds", milliseconds=column("created_at", alias))


def _is_made_since(moment: int, alias: str, scope: Scope) -> exp.Expr:
    return exp.GTE(this=column("created_at", alias), expression=scope.bind(moment * 1_000))


def _made_since(moment: int, scope: Scope) -> exp.Select:
    """Select who was made at a moment or after it."""
    made = exp.select(column("profile_id", "q")).from_(scope.table("profiles", "q"))
    return made.where(_is_made_since(moment, "q", scope), copy=False)
