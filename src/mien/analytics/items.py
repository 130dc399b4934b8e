"""Conditions on the items of an event as SQL: each item of a list is looked at by itself."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import Cell, read_cell
from mien.analytics.columns import pointer
from mien.analytics.logic import all_of, is_false, negated
from mien.analytics.scope import Scope
from mien.analytics.values import holds
from mien.domain.segments import HasItem, ItemFilter


def has_item(part: HasItem, cell: Cell, scope: Scope) -> exp.Expr:
    """Give whether one item of the list in a cell meets all that is asked of one."""
    json = cell.kinds.get(Kind.JSON)
    names = sorted({each.name for each in part.has})
    test = all_of(_meets(each, names, scope) for each in part.has)
    if json is None or is_false(test):
        return exp.false()
    at = scope.bind([pointer(name) for name in names])
    return scope.write("any_item", items=scope.write("items", json=json, at=at), test=test)


def _meets(part: ItemFilter, names: Sequence[str], scope: Scope) -> exp.Expr:
    """Give whether the property of an item meets a condition; all names are looked up at once."""
    parts: Mapping[str, exp.Expr] = {
        "item": exp.column("item"),
        "at": scope.bind(pointer(part.name)),
        "place": exp.convert(names.index(part.name) + 1),
    }
    exists = scope.write("item_has", **parts)
    passes = holds(part.condition, read_cell(scope.write("of_item", **parts), exists, scope), scope)
    return negated(passes) if part.is_negated else passes
