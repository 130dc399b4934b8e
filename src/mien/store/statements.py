"""Core statements in the words of an engine: compiled once, with the places of their values."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class OneOf(sa.sql.expression.ColumnElement[bool]):
    """`column` is one of the values bound as `name`, however many there are."""

    inherit_cache = True

    def __init__(self, column: sa.Column[Any], name: str = "values") -> None:
        self.column, self.bind = column, sa.bindparam(name, type_=sa.types.NullType())


@compiles(OneOf, "sqlite")
def _one_of_sqlite(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(element.bind, **options)
    # What is spliced are a column of ours and a place for a bound value.
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608


@compiles(OneOf, "postgresql")
def _one_of_postgresql(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"{column} = ANY({compiler.process(element.bind, **options)})"


class Compiled(msgspec.Struct, frozen=True):
    """A statement in the engine's words: its text, and the names of its values in order."""

    text: str
    names: tuple[str, ...]
    lists: frozenset[str]
    constants: dict[str, Any]


class StatementCompiler:
    """Compiles each statement once; statements are module constants, so their identity is a key."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self.is_sqlite = is_sqlite
        self.dialect: sa.Dialect = (
            sqlite.dialect(paramstyle="qmark")
            if is_sqlite
            else postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
        )
        self._statements: dict[int, tuple[sa.sql.ClauseElement, Compiled]] = {}
        self._inserts: dict[tuple[str, str, int], str] = {}

    def statement(self, statement: sa.sql.ClauseElement) -> Compiled:
        """Compile a statement, or give it as compiled before."""
        if (known := self._statements.get(id(statement))) is not None:
            return known[1]
        compiled = statement.compile(dialect=self.dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - statements compile to this
        lists = frozenset(
            name
            for name, bind in compiled.binds.items()
            if isinstance(bind.type, sa.types.NullType)
        )
        constants = {name: v for name, v in compiled.params.items() if v is not None}
        done = Compiled(str(compiled), tuple(compiled.positiontup or ()), lists, constants)
        self._statements[id(statement)] = (statement, done)
        return done

    def insert(self, table: sa.Table, conflict: str, rows: int) -> str:
        """Give the text of an insert of so many rows (PostgreSQL: of arrays, one a column)."""
        key = (table.name, conflict, rows)
        if (known := self._inserts.get(key)) is None:
            statement = _conflicting(self._insert(table, rows), table, conflict)
            known = self._inserts[key] = str(statement.compile(dialect=self.dialect))
        return known

    def _insert(self, table: sa.Table, rows: int) -> Any:
        columns = list(table.columns)
        if self.is_sqlite:
            binds = [
                {c.name: sa.bindparam(f"{c.name}_{n}", type_=c.type) for c in columns}
                for n in range(rows)
            ]
            return sqlite.insert(table).values(binds)
        arrays = [
            sa.func.unnest(sa.cast(sa.bindparam(c.name), postgresql.ARRAY(_plain(c.type))))
            for c in columns
        ]
        return postgresql.insert(table).from_select([c.name for c in columns], sa.select(*arrays))


def _plain(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return sa.Text() if isinstance(kind, sa.Text) else kind


def _conflicting(statement: Any, table: sa.Table, conflict: str) -> Any:
    if conflict == "ignore":
        return statement.on_conflict_do_nothing()
    if conflict == "replace":
        rest = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)
    return statement
