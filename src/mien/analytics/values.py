"""Conditions on one value as SQL: what `domain.holds` tells of a value, told of a cell."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import assert_never

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import Cell
from mien.analytics.logic import all_of, any_of, is_known
from mien.analytics.ranges import (
    Wanted,
    booleans_of,
    texts_of,
    wanted_floats,
    wanted_integers,
)
from mien.analytics.scope import Scope, one_of
from mien.domain.conditions import (
    After,
    Anniversary,
    AnyOf,
    Before,
    Between,
    Condition,
    Contains,
    DaysCondition,
    Equals,
    Exists,
    HasAll,
    HasAny,
    InLast,
    InNext,
    LessOrEqual,
    LessThan,
    ListCondition,
    MoreOrEqual,
    MoreThan,
    NumberCondition,
    On,
    StartsWith,
    TextCondition,
    VersionAtLeast,
    VersionBelow,
)
from mien.domain.moments import Span, days_of, span_of
from mien.domain.versions import TAIL, VERSION, version_of

_Test = Callable[[exp.Expr], exp.Expr]
"""What a value has to meet."""


def holds(condition: Condition, cell: Cell, scope: Scope) -> exp.Expr:
    """Give whether a condition holds of the value that is in a cell."""
    if isinstance(condition, Exists):
        return cell.exists
    if isinstance(condition, Before | On | After | InLast | InNext):
        return _on_days(condition, cell, scope)
    tests = _tests(condition, scope)
    return any_of(test(cell.kinds[kind]) for kind, test in tests.items() if kind in cell.kinds)


def _tests(
    condition: Equals | AnyOf | TextCondition | NumberCondition | ListCondition | Anniversary,
    scope: Scope,
) -> dict[Kind, _Test]:
    """Give what the value has to meet, by the kinds that a condition may hold of."""
    match condition:
        case Equals() | AnyOf():
            return {
                Kind.TEXT: lambda text: one_of(text, texts_of(condition), scope),
                Kind.BOOLEAN: lambda is_so: one_of(is_so, booleans_of(condition), scope),
                **_number_tests(condition, scope),
            }
        case Contains() | StartsWith():
            return {Kind.TEXT: lambda text: _has_text(condition, text, scope)}
        case VersionBelow() | VersionAtLeast():
            return {Kind.TEXT: lambda text: _is_version(condition, text, scope)}
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual() | Between():
            return _number_tests(condition, scope)
        case HasAny() | HasAll():
            return {
                Kind.LIST: lambda items: _has_items(condition, items, scope),
                Kind.JSON: lambda json: _has_items(
                    condition, scope.write("json_l", value=json), scope
                ),
            }
        case Anniversary(days):
            return {Kind.DAY: lambda day: comes_round(day, days, scope)}
        case _:
            assert_never(condition)


def _number_tests(condition: Equals | AnyOf | NumberCondition, scope: Scope) -> dict[Kind, _Test]:
    return {
        Kind.INTEGER: lambda number: is_wanted(number, wanted_integers(condition), scope),
        Kind.FLOAT: lambda number: is_wanted(number, wanted_floats(condition), scope),
    }


def is_wanted(number: exp.Expr, wanted: Wanted[int] | Wanted[float], scope: Scope) -> exp.Expr:
    """Give whether a number is in a range, or is one of several."""
    if isinstance(wanted, list):
        return one_of(number, wanted, scope)
    low, high = wanted.low, wanted.high
    if low is None and high is None:
        return is_known(number)
    if low is not None and high is not None:
        return exp.Between(this=number, low=scope.bind(low), high=scope.bind(high))
    if low is not None:
        return exp.GTE(this=number, expression=scope.bind(low))
    assert high is not None  # noqa: S101 - one of both is there
    return exp.LTE(this=number, expression=scope.bind(high))


def is_within(value: exp.Expr, span: Span[int] | Span[date], scope: Scope) -> exp.Expr:
    """Give whether a moment, or a day, lies in a span; in one that is open: always."""
    sides: list[exp.Expr] = []
    if span.start is not None:
        sides.append(exp.GTE(this=value, expression=scope.bind(span.start)))
    if span.end is not None:
        sides.append(exp.LT(this=value, expression=scope.bind(span.end)))
    return all_of(sides)


def _has_text(condition: Contains | StartsWith, text: exp.Expr, scope: Scope) -> exp.Expr:
    start = "^" if isinstance(condition, StartsWith) else ""
    pattern = start + "".join(map(_either_case, condition.value))
    return scope.write("matches", text=text, pattern=scope.bind(pattern))


def _is_version(condition: VersionBelow | VersionAtLeast, text: exp.Expr, scope: Scope) -> exp.Expr:
    limit = version_of(condition.value)
    if limit is None:
        return exp.false()
    version = scope.write("version", text=text, version=scope.bind(VERSION), tail=scope.bind(TAIL))
    compares = exp.LT if isinstance(condition, VersionBelow) else exp.GTE
    is_version = scope.write("is_version", text=text, version=scope.bind(VERSION))
    return all_of([is_version, compares(this=version, expression=scope.bind(list(limit)))])


def comes_round(day: exp.Expr, days: int, scope: Scope) -> exp.Expr:
    """Give whether a day has an anniversary on one of so many days from today on."""
    last = scope.today + timedelta(days=days - 1)
    return any_of(
        _comes_round_in(year, day, max(scope.today, date(year, 1, 1)), last, scope)
        for year in range(scope.today.year, last.year + 1)
    )


def _comes_round_in(year: int, day: exp.Expr, first: date, last: date, scope: Scope) -> exp.Expr:
    """Give whether a day of an earlier year comes round in a year, from a day to another."""
    from_day = first.month * 100 + first.day
    if from_day == _FIRST_OF_MARCH and not _is_leap(year):
        from_day = _END_OF_FEBRUARY
    to_day = last.month * 100 + last.day if last.year == year else _LAST_OF_YEAR
    is_earlier = exp.LT(this=scope.write("year", day=day), expression=exp.convert(year))
    return exp.And(
        this=is_earlier,
        expression=exp.Between(
            this=exp.paren(scope.write("month_day", day=day), copy=False),
            low=exp.convert(from_day),
            high=exp.convert(to_day),
        ),
    )


_END_OF_FEBRUARY, _FIRST_OF_MARCH, _LAST_OF_YEAR = 229, 301, 1231
"""Days of a year as month times 100 and day; 29 February is 1 March in most years."""


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _on_days(condition: DaysCondition, cell: Cell, scope: Scope) -> exp.Expr:
    """Give whether a date, a moment or else a day, is on the days of a condition."""
    moment, day = cell.kinds.get(Kind.MOMENT), cell.kinds.get(Kind.DAY)
    either: list[exp.Expr] = []
    if moment is not None:
        span = span_of(condition, scope.today, scope.zone)
        either.append(is_within(moment, span, scope))
    if day is not None:
        on_day = is_within(day, days_of(condition, scope.today), scope)
        is_day = exp.true() if moment is None else exp.Is(this=moment, expression=exp.null())
        either.append(all_of([on_day, is_day]))
    return any_of(either)


def _has_items(condition: ListCondition, items: exp.Expr, scope: Scope) -> exp.Expr:
    piece = "has_any" if isinstance(condition, HasAny) else "has_all"
    return scope.write(piece, list=items, wanted=scope.bind(list(condition.values)))


def _either_case(letter: str) -> str:
    """Give a regular expression of one letter: A to Z are a to z, every other is itself."""
    if not letter.isascii():
        return letter
    if letter.isalpha():
        return f"[{letter.lower()}{letter.upper()}]"
    return letter if letter.isdigit() else f"\\x{ord(letter):02x}"
