"""And, or, not, in SQL that never says unknown: what is neither true nor false does not hold.

A condition on NULL is NULL. Under `and` and `or`, and as the whole, that counts as false;
under `not` it has to be made false first, or NULL would leak (S-03).
"""

from collections.abc import Callable, Iterable

from sqlglot import exp


def all_of(parts: Iterable[exp.Expr]) -> exp.Expr:
    """Give what holds when all parts hold; of none: true."""
    return _joined(parts, exp.And, is_empty=is_true, is_decisive=is_false)


def any_of(parts: Iterable[exp.Expr]) -> exp.Expr:
    """Give what holds when a part holds; of none: false."""
    return _joined(parts, exp.Or, is_empty=is_false, is_decisive=is_true)


def negated(part: exp.Expr) -> exp.Expr:
    """Give what holds when a part does not: when it is false, or unknown."""
    match part.unnest():
        case exp.Boolean() as known:
            return exp.false() if known.this else exp.true()
        case exp.Not(this=exp.Expr() as inner):
            return inner
        case exp.And() as both:
            return any_of(map(negated, both.flatten()))
        case exp.Or() as either:
            return all_of(map(negated, either.flatten()))
        case other:
            # Ids are never NULL.
            is_set = isinstance(other, exp.In) and other.args.get("query") is not None
            is_so = other if is_set else exp.Coalesce(this=other, expressions=[exp.false()])
            return exp.Not(this=is_so)


def is_false(part: exp.Expr) -> bool:
    """Tell whether this never holds."""
    return isinstance(part, exp.Boolean) and not part.this


def is_true(part: exp.Expr) -> bool:
    """Tell whether this always holds."""
    return isinstance(part, exp.Boolean) and bool(part.this)


def is_known(value: exp.Expr) -> exp.Expr:
    """Give whether there is a value."""
    return exp.Not(this=exp.Is(this=value, expression=exp.null()))


def _joined(
    parts: Iterable[exp.Expr],
    connector: type[exp.Connector],
    *,
    is_empty: Callable[[exp.Expr], bool],
    is_decisive: Callable[[exp.Expr], bool],
) -> exp.Expr:
    """Join parts; a decisive one is the whole, an empty one is left out."""
    joined: exp.Expr | None = None
    for part in parts:
        if is_decisive(part):
            return part
        if not is_empty(part):
            wrapped = exp.paren(part, copy=False) if isinstance(part, exp.Connector) else part
            joined = wrapped if joined is None else connector(this=joined, expression=wrapped)
    if joined is not None:
        return joined
    return exp.true() if connector is exp.And else exp.false()
