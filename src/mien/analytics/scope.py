"""What a tree is compiled against, and the values that are bound on the way."""

from collections.abc import Sequence
from datetime import date, tzinfo

from sqlglot import exp

from mien.analytics.catalog import Catalog
from mien.analytics.dialects import Dialect
from mien.domain.moments import day_at

Bound = str | bool | int | float | date | list[str] | list[int]
"""A value that is bound; no text of a user ever becomes SQL (S-07)."""

_TYPES: dict[type, exp.DType] = {
    str: exp.DType.TEXT,
    bool: exp.DType.BOOLEAN,
    int: exp.DType.BIGINT,
    float: exp.DType.DOUBLE,
    date: exp.DType.DATE32,
}


class Scope:
    """One compilation: the tables of an environment, an engine, a moment in a time zone.

    `parameters` are the values bound so far, by the names of their placeholders.
    """

    def __init__(self, catalog: Catalog, dialect: Dialect, now: int, zone: tzinfo) -> None:
        self.catalog = catalog
        self.dialect = dialect
        self.now = now
        self.zone = zone
        self.today = day_at(now, zone)
        self.parameters: dict[str, Bound] = {}
        self._names: dict[tuple[type, str], str] = {}

    def bind(self, value: Bound, *, of: exp.DType | None = None) -> exp.Placeholder:
        """Give a placeholder that stands for a value, of a type of SQL if not of the plain one."""
        key = (type(value), repr(value))
        name = self._names.setdefault(key, f"v{len(self._names)}")
        self.parameters[name] = value
        return exp.Placeholder(this=name, kind=_type_of(value) if of is None else _simple(of))

    def write(self, piece: str, **parts: exp.Expr) -> exp.Expr:
        """Give a piece of SQL in the way of the engine."""
        return self.dialect.write(piece, **parts)

    def table(self, name: str, alias: str) -> exp.Table:
        """Give a table of the environment under an alias."""
        return exp.table_(name, db=self.catalog.schema, alias=alias, quoted=True)


def column(name: str, table: str) -> exp.Column:
    """Give a column of a table that stands under an alias."""
    return exp.column(name, table=table, quoted=True)


def one_of(value: exp.Expr, several: Sequence[Bound], scope: Scope) -> exp.Expr:
    """Give whether a value is one of these; of none: false."""
    if not several:
        return exp.false()
    bound = [scope.bind(each) for each in several]
    if len(bound) == 1:
        return exp.EQ(this=value, expression=bound[0])
    return exp.In(this=value, expressions=bound)


def _type_of(value: Bound) -> exp.DataType:
    if isinstance(value, list):
        of = _simple(exp.DType.INT if value and isinstance(value[0], int) else exp.DType.TEXT)
        return exp.DataType(this=exp.DType.ARRAY, expressions=[of], nested=True, nullable=False)
    return _simple(_TYPES[type(value)])


def _simple(of: exp.DType) -> exp.DataType:
    return exp.DataType(this=of, nullable=False)
