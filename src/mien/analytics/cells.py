"""Where the value of a property is found in a row, whatever its type: an expression a kind."""

from collections.abc import Mapping

import msgspec
from sqlglot import exp

from mien.analytics.catalog import Columns, Kind
from mien.analytics.columns import pointer
from mien.analytics.logic import any_of, is_known
from mien.analytics.scope import Scope, column


class Cell(msgspec.Struct, frozen=True):
    """Where a value is: an expression for each kind that it may be of, and whether there is one.

    An expression is NULL where the value is of another kind.
    """

    kinds: Mapping[Kind, exp.Expr]
    exists: exp.Expr


EMPTY = Cell({}, exp.false())
"""Of a property that nobody has."""


def cell_of(properties: Mapping[str, Columns], name: str, table: str, scope: Scope) -> Cell:
    """Give the cell of a property, by its exact name, in a table that stands under an alias."""
    columns = properties.get(name)
    if columns is None:
        return EMPTY
    if columns.in_rest:
        return json_cell(column("rest", table), name, scope)
    kinds = {kind: column(columns.name(kind), table) for kind in Kind if kind in columns.kinds}
    return Cell(kinds, any_of(map(is_known, kinds.values())))


def json_cell(json: exp.Expr, name: str, scope: Scope) -> Cell:
    """Give the cell of a value in a JSON object, by its name there."""
    exists = scope.write("json_has", json=json, at=scope.bind(pointer(name)))
    return read_cell(json_at(json, (name,), scope), exists, scope)


def read_cell(value: exp.Expr, exists: exp.Expr, scope: Scope) -> Cell:
    """Give the cell of a value that was found in JSON."""
    kinds = {kind: scope.write(f"json_{kind}", value=value) for kind in Kind if kind in _IN_JSON}
    kinds[Kind.JSON] = scope.write("json_j", value=value)
    return Cell(kinds, exists)


def json_at(json: exp.Expr, names: tuple[str, ...], scope: Scope) -> exp.Expr:
    """Give a value in JSON, as JSON, by the names on the way to it."""
    return scope.write("json", json=json, at=scope.bind(pointer(*names)))


_IN_JSON = frozenset(Kind) - {Kind.LIST, Kind.JSON}
