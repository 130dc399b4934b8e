"""Figures over the events of one person, in SQL: the sums of `domain.totals`, different values."""

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import Cell
from mien.analytics.logic import all_of, any_of, is_known
from mien.analytics.scope import Scope
from mien.domain.conditions import (
    AnyOf,
    Between,
    Condition,
    Equals,
    LessOrEqual,
    LessThan,
    MoreOrEqual,
    MoreThan,
    NumberCondition,
)
from mien.domain.totals import MILLION, TOO_LARGE, in_millionths
from mien.domain.values import INTEGER_MIN

_COMPARED: dict[type[NumberCondition], type[exp.Binary]] = {
    LessThan: exp.LT,
    LessOrEqual: exp.LTE,
    MoreThan: exp.GT,
    MoreOrEqual: exp.GTE,
}


def sum_meets(condition: Condition, cell: Cell, scope: Scope) -> exp.Expr:
    """Give whether the sum of the numbers in a cell meets a condition; there is one of numbers alone."""
    size = millionths(cell, scope)
    if size is None:
        return exp.false()
    return _meets(condition, exp.Sum(this=size), None, scope)


def average_meets(condition: Condition, cell: Cell, scope: Scope) -> exp.Expr:
    """Give whether the mean of the numbers in a cell meets a condition."""
    size = millionths(cell, scope)
    if size is None:
        return exp.false()
    return _meets(condition, exp.Sum(this=size), exp.Count(this=size), scope)


def distinct_count(cell: Cell, scope: Scope) -> exp.Expr | None:
    """Give how many different values a cell has; None of a cell without any that count.

    Numbers of one size are one; so are two dates that mean the same. Lists do not count.
    """
    kinds, several = cell.kinds, []
    several += [kinds[kind] for kind in (Kind.TEXT, Kind.BOOLEAN, Kind.MOMENT) if kind in kinds]
    if Kind.DAY in kinds:
        day = kinds[Kind.DAY]
        moment = kinds.get(Kind.MOMENT)
        is_day = exp.true() if moment is None else exp.Is(this=moment, expression=exp.null())
        several.append(_if(is_day, day))
    several += whole_and_other(cell, scope)
    if not several:
        return None
    counts: list[exp.Expr] = [exp.Count(this=exp.Distinct(expressions=[each])) for each in several]
    total = counts[0]
    for count in counts[1:]:
        total = exp.Add(this=total, expression=count)
    return total


def whole_and_other(cell: Cell, scope: Scope) -> list[exp.Expr]:
    """Give the numbers of a cell: those that are integers of 64 bits, whatever their type, and others."""
    integer, number = cell.kinds.get(Kind.INTEGER), cell.kinds.get(Kind.FLOAT)
    if number is None:
        return [] if integer is None else [integer]
    is_whole = all_of(
        [
            exp.EQ(this=number, expression=exp.Floor(this=number)),
            exp.GTE(this=number, expression=scope.bind(float(INTEGER_MIN))),
            exp.LT(this=number, expression=scope.bind(-float(INTEGER_MIN))),
        ]
    )
    whole = _if(is_whole, exp.cast(number, "bigint"))
    if integer is not None:
        whole = exp.Coalesce(this=integer, expressions=[whole])
    return [whole, exp.Case(ifs=[exp.If(this=is_whole, true=exp.null())], default=number)]


def millionths(cell: Cell, scope: Scope) -> exp.Expr | None:
    """Give the number of a cell in whole millionths; None of a cell without numbers."""
    integer, number = cell.kinds.get(Kind.INTEGER), cell.kinds.get(Kind.FLOAT)
    sizes: list[exp.Expr] = []
    if integer is not None:
        wide = scope.write("wide", number=integer)
        sizes.append(exp.Mul(this=wide, expression=exp.convert(MILLION)))
    if number is not None:
        counts = exp.LT(this=exp.Abs(this=number), expression=scope.bind(TOO_LARGE))
        sizes.append(_if(counts, scope.write("rounded", float=number)))
    if not sizes:
        return None
    return sizes[0] if len(sizes) == 1 else exp.Coalesce(this=sizes[0], expressions=sizes[1:])


def _meets(condition: Condition, total: exp.Expr, count: exp.Expr | None, scope: Scope) -> exp.Expr:
    """Give whether a sum meets a condition, or, divided by a count, a mean does."""

    def scaled(limit: float) -> exp.Expr:
        bound = scope.bind(int(limit), of=exp.DType.INT256)
        return bound if count is None else exp.Mul(this=bound, expression=count)

    match in_millionths(condition):
        case Equals(limit) if isinstance(limit, int):
            return exp.EQ(this=total, expression=scaled(limit))
        case AnyOf(limits):
            sizes = [limit for limit in limits if isinstance(limit, int)]
            return any_of(exp.EQ(this=total, expression=scaled(size)) for size in sizes)
        case Between(low, high):
            return exp.Between(this=total, low=scaled(low), high=scaled(high))
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual() as compared:
            return _COMPARED[type(compared)](this=total, expression=scaled(compared.value))
        case _:
            return is_known(total)


def _if(condition: exp.Expr, then: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=then)])
