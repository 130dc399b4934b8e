"""Where engines differ: the pieces of SQL that each writes in its own way.

A piece is a template of SQL, part of the program, with a named placeholder for each
expression that is put in. Everything else is written by SQLGlot in the engine's dialect.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache

import msgspec
import sqlglot
from sqlglot import exp

Bound = str | bool | int | float | date | list[str] | list[int] | list[float]
"""A value that is bound; no text of a user ever becomes SQL (S-07)."""

Bind = Callable[[Bound], exp.Expr]

_TYPES: dict[type, exp.DType] = {
    str: exp.DType.TEXT,
    bool: exp.DType.BOOLEAN,
    int: exp.DType.BIGINT,
    float: exp.DType.DOUBLE,
    date: exp.DType.DATE32,
}


class Dialect(msgspec.Struct, frozen=True):
    """How an engine writes: the dialect of SQLGlot by its name, and each piece.

    `narrows` tells whether it works out a step once, however often it is asked for, `has_bits`
    whether it has sets of people in bits.
    """

    name: str
    narrows: bool
    has_bits: bool
    pieces: Mapping[str, str]

    def write(self, piece: str, **parts: exp.Expr) -> exp.Expr:
        """Give a piece of SQL with these expressions in it."""
        return exp.replace_placeholders(_template(self.name, self.pieces[piece]), **parts)

    def bind(self, name: str, value: Bound, of: exp.DType | None) -> tuple[exp.Expr, Bound]:
        """Give what stands for a value under a name, and the value as it is sent."""
        return exp.Placeholder(this=name, kind=type_of(value) if of is None else simple(of)), value

    def among(self, value: exp.Expr, several: Sequence[Bound], bind: Bind) -> exp.Expr:
        """Give whether a value is one of several of one type."""
        return exp.In(this=value, expressions=[bind(each) for each in several])

    def day(self, found: object) -> date:
        """Give a day of an answer as such."""
        assert isinstance(found, date)  # noqa: S101 - what its columns of days have
        return found


def type_of(value: Bound) -> exp.DataType:
    """Give the plain type of a value in SQL."""
    if isinstance(value, list):
        of = simple(exp.DType.INT if value and isinstance(value[0], int) else exp.DType.TEXT)
        return exp.DataType(this=exp.DType.ARRAY, expressions=[of], nested=True, nullable=False)
    return simple(_TYPES[type(value)])


def simple(of: exp.DType) -> exp.DataType:
    """Give a type in SQL whose values are never NULL."""
    return exp.DataType(this=of, nullable=False)


@lru_cache(1_024)
def _template(dialect: str, piece: str) -> exp.Expr:
    return sqlglot.parse_one(piece, dialect=dialect)


DUCKDB = Dialect(
    "duckdb",
    narrows=True,
    has_bits=True,
    pieces={
        # Texts
        "matches": "REGEXP_MATCHES(:text, :pattern)",
        "contains": "CONTAINS(:text, :part)",
        "version": """
            CASE WHEN REGEXP_FULL_MATCH(:text, :version) THEN LIST_TRANSFORM(
            STRING_SPLIT(REGEXP_REPLACE(:text, :tail, ''), '.'),
            LAMBDA part : CAST(part AS INTEGER)) END""",
        # Lists
        "has_any": "LIST_HAS_ANY(:list, :wanted)",
        "has_all": "LIST_HAS_ALL(:list, :wanted)",
        "is_version": "REGEXP_FULL_MATCH(:text, :version)",
        "nth": "LIST_EXTRACT(:list, :place)",
        # Dates
        "seconds": ":milliseconds // 1000",
        "day_of": "DAY_AT(:moment)",
        "year": "YEAR(:day)",
        "month_day": "MONTH(:day) * 100 + DAY(:day)",
        # Numbers
        "quotient": ":number // :by",
        "wide": "CAST(:number AS HUGEINT)",
        "rounded": "CAST(FLOOR(:float * 1e6 + 0.5) AS HUGEINT)",
        "unsigned": "CAST(:id AS UBIGINT)",
        "folded": "XOR(:bits, :bits >> :by)",
        "times": "CAST((CAST(:bits AS UHUGEINT) * :factor) & 18446744073709551615 AS UBIGINT)",
        "above": "(CAST(:bits AS UHUGEINT) * :factor) >> 64",
        # Different people
        "part_of_people": ":id >> 12",
        "people_of_part": "BIT_COUNT(BITSTRING_AGG(:id & 4095, 0, 4095))",
        "bits_of_part": "BITSTRING_AGG(:id & 4095, 0, 4095)",
        "is_in_bits": "GET_BIT(:bits, CAST(:id & 4095 AS INT)) = 1",
        # Devices
        "latest": "ARG_MAX_NULL(:fact, (:seen_at, :object_id))",
        # Values in JSON, as `analytics.columns` reads them
        "json_has": "JSON_EXTRACT(:json, :at) IS NOT NULL",
        "json": "CAST(JSON_EXTRACT(:json, :at) AS VARCHAR)",
        "json_s": "READ_S(:value)",
        "json_b": "READ_B(:value)",
        "json_i": "READ_I(:value)",
        "json_f": "READ_F(:value)",
        "json_m": "READ_M(:value)",
        "json_d": "READ_D(:value)",
        "json_j": ":value",
        "json_l": """
            CASE WHEN STARTS_WITH(:value, '[') THEN LIST_TRANSFORM(
            LIST_FILTER(CAST(:value AS JSON[]), LAMBDA item : JSON_TYPE(item) = 'VARCHAR'),
            LAMBDA item : JSON_EXTRACT_STRING(item, '$')) END""",
        # Items of an event: of each the values that are asked about, read at once
        "items": """
            LIST_TRANSFORM(LIST_FILTER(CASE
            WHEN STARTS_WITH(:json, '[') THEN FROM_JSON(:json, '["JSON"]')
            WHEN STARTS_WITH(:json, '{') THEN LIST_VALUE(CAST(:json AS JSON)) END,
            LAMBDA each : STARTS_WITH(CAST(each AS VARCHAR), '{')),
            LAMBDA each : JSON_EXTRACT(each, :at))""",
        "any_item": "LEN(LIST_FILTER(:items, LAMBDA item : :test)) > 0",
        "item_has": "LIST_EXTRACT(:item, :place) IS NOT NULL",
        "of_item": "CAST(LIST_EXTRACT(:item, :place) AS VARCHAR)",
    },
)
"""With the macros of `analytics.columns`, which are in each of its files."""
