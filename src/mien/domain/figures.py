"""Figures over the events that count: how many, sums, means, different values, first and last.

Source: S-01, S-03; `docs/segments.md` has it for people.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TypeAlias, assert_never

import msgspec

from mien.domain.holds import holds, holds_at, is_number
from mien.domain.moments import meant_by
from mien.domain.segments import OF_TIME, Aggregate, Figure
from mien.domain.totals import in_millionths, millionths


class Total(msgspec.Struct, frozen=True):
    """The sum of numbers in whole millionths, and of how many; never of none."""

    millionths: int
    count: int


FigureValue: TypeAlias = int | Total | None
"""A count, a moment (epoch seconds), or a total; None if there is nothing to work it out of."""


def figure_of(
    aggregate: Aggregate, moments: Sequence[int], values: Sequence[object]
) -> FigureValue:
    """Work out a figure: of events at these moments, with these values of its property."""
    match aggregate.figure:
        case Figure.COUNT:
            return len(moments)
        case Figure.DISTINCT:
            return _distinct(values)
        case Figure.SUM | Figure.AVERAGE:
            return _total(values)
        case Figure.FIRST:
            return min(moments, default=None)
        case Figure.LAST:
            return max(moments, default=None)
        case _:
            assert_never(aggregate.figure)


def meets(aggregate: Aggregate, value: FigureValue, now: int, zone: tzinfo) -> bool:
    """Tell whether a figure that was worked out meets its condition."""
    if isinstance(value, Total):
        is_average = aggregate.figure is Figure.AVERAGE
        times = value.count if is_average else 1
        return holds(in_millionths(aggregate.condition, times), value.millionths, now, zone)
    if aggregate.figure in OF_TIME:
        return holds_at(aggregate.condition, value, now, zone)
    return holds(aggregate.condition, value, now, zone)


def _total(values: Sequence[object]) -> Total | None:
    sizes = [millionths(value) for value in values if is_number(value)]
    counting = [size for size in sizes if size is not None]
    return Total(sum(counting), len(counting)) if counting else None


def _distinct(values: Sequence[object]) -> int:
    """Count different values; lists and objects do not count."""
    return len({_form(value) for value in values if isinstance(value, str | int | float)})


def _form(value: str | float) -> tuple[str, object]:
    """Give a type and what is compared within it: two dates that mean the same are one."""
    if isinstance(value, str):
        when = meant_by(value)
        return ("text", value) if when is None else ("date", when)
    return ("boolean" if isinstance(value, bool) else "number"), value
