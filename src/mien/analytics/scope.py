"""What a tree is compiled against, and the values that are bound on the way."""

from collections.abc import Sequence
from datetime import tzinfo

from sqlglot import exp

from mien.analytics.catalog import Catalog
from mien.analytics.dialects import Bound, Dialect
from mien.domain.moments import day_at

PREFIX = "v"
"""What the name of a placeholder is, before its number; no other name of a question is like it."""


class Scope:
    """One compilation: the tables of an environment, an engine, a moment in a time zone.

    `parameters` are the values bound so far, by the names of their placeholders.
    `is_of_moment` tells whether the moment was asked for, beyond the day that it is on.
    """

    def __init__(self, catalog: Catalog, dialect: Dialect, now: int, zone: tzinfo) -> None:
        self.catalog = catalog
        self.dialect = dialect
        self.zone = zone
        self.today = day_at(now, zone)
        self.is_of_moment = False
        self._now = now
        self.parameters: dict[str, Bound] = {}
        self._names: dict[tuple[type, str], str] = {}

    @property
    def now(self) -> int:
        """The moment, in epoch seconds."""
        self.is_of_moment = True
        return self._now

    def bind(self, value: Bound, *, of: exp.DType | None = None) -> exp.Expr:
        """Give what stands for a value, of a type of SQL if not of the plain one."""
        key = (type(value), repr(value))
        name = self._names.setdefault(key, f"{PREFIX}{len(self._names)}")
        stands, self.parameters[name] = self.dialect.bind(name, value, of)
        return stands

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
    if len(several) == 1:
        return exp.EQ(this=value, expression=scope.bind(several[0]))
    return scope.dialect.among(value, several, scope.bind)
