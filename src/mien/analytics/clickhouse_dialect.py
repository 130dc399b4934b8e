"""How ClickHouse writes.

Texts travel as hexadecimal digits, so that no character of them means anything on the way;
floats travel as their bits, and days are numbers such as 20261130: its dates end in 2299.
"""

import struct
from collections.abc import Sequence
from datetime import date

from sqlglot import exp

from mien.analytics.clickhouse_schema import VALUES
from mien.analytics.dialects import Bind, Bound, Dialect, simple, type_of
from mien.analytics.logic import any_of

_AT_ONCE = 100
"""So many values are one parameter: a field of a form has 128 KiB at most."""

_CYCLE = 146_097
"""Days after which the calendar repeats itself: 400 years, just those that `Date32` has."""

_WHOLE = 2**53

_FLOAT, _BITS = struct.Struct("<d"), struct.Struct("<Q")


class _ClickHouse(Dialect, frozen=True):
    """Binds what is not an integer in a form that needs no escapes."""

    def bind(self, name: str, value: Bound, of: exp.DType | None) -> tuple[exp.Expr, Bound]:
        sent = [_sent(each) for each in value] if isinstance(value, list) else _sent(value)
        kind = type_of(sent) if of is None else simple(of)  # type: ignore[arg-type]
        if isinstance(value, list) and value and not isinstance(value[0], str):
            of_item = exp.DType.UBIGINT if isinstance(value[0], float) else exp.DType.BIGINT
            kind = exp.DataType(
                this=exp.DType.ARRAY, expressions=[simple(of_item)], nested=True, nullable=False
            )
        elif isinstance(value, float):
            kind = simple(exp.DType.UBIGINT)
        stands = exp.Placeholder(this=name, kind=kind)
        first = value[0] if isinstance(value, list) and value else value
        piece = {str: "text", float: "float"}.get(type(first))
        if piece is None:
            return stands, sent  # type: ignore[return-value]
        if isinstance(value, list):
            piece += "s"
        return self.write(piece, sent=stands), sent  # type: ignore[return-value]

    def among(self, value: exp.Expr, several: Sequence[Bound], bind: Bind) -> exp.Expr:
        if isinstance(several[0], bool):
            return super().among(value, several, bind)
        parts = [several[at : at + _AT_ONCE] for at in range(0, len(several), _AT_ONCE)]
        return any_of(
            self.write("among", value=value, wanted=bind(list(part)))  # type: ignore[arg-type]
            for part in parts
        )

    def day(self, found: object) -> date:
        assert isinstance(found, int)  # noqa: S101 - what its columns of days have
        return date(found // 10_000, found // 100 % 100, found % 100)


def number_of(day: date) -> int:
    """Give the number that a day is in ClickHouse."""
    return day.year * 10_000 + day.month * 100 + day.day


def _sent(value: object) -> object:
    match value:
        case str():
            return value.encode().hex()
        case float():
            return _BITS.unpack(_FLOAT.pack(value))[0]
        case date():
            return number_of(value)
        case _:
            return value


CLICKHOUSE = _ClickHouse(
    "clickhouse",
    narrows=False,
    has_bits=False,
    pieces={
        # Values as they travel
        "text": "unhex(:sent)",
        "texts": "arrayMap(x -> unhex(x), :sent)",
        "float": "reinterpretAsFloat64(:sent)",
        "floats": "arrayMap(x -> reinterpretAsFloat64(x), :sent)",
        "among": ":value IN (:wanted)",
        # Texts
        "matches": "match(:text, :pattern)",
        "contains": "position(:text, :part) > 0",
        "is_version": "match(:text, concat('^(?:', :version, ')$'))",
        "version": """
            arrayMap(part -> toInt32OrZero(part), splitByChar('.',
            replaceRegexpOne(ifNull(:text, ''), :tail, '')))""",
        # Lists, which columns hold as JSON
        "has_any": "hasAny(JSONExtract(ifNull(:list, '[]'), 'Array(String)'), :wanted)",
        "has_all": "hasAll(JSONExtract(ifNull(:list, '[]'), 'Array(String)'), :wanted)",
        "nth": "arrayElement(:list, :place)",
        "part_of_people": "toUInt8(0)",
        "people_of_part": "uniqExact(:id)",
        # Dates
        "seconds": "intDiv(:milliseconds, 1000)",
        "day_of": f"""
            CASE WHEN :moment BETWEEN -62135596800 AND 253402300799 THEN
            toInt32(toYYYYMMDD(addDays(toDate32('1900-01-01'),
            positiveModulo(toInt64(floor((:moment + 2208988800) / 86400)), {_CYCLE}))))
            + toInt32(floor((:moment + 2208988800) / {_CYCLE * 86_400})) * 4000000 END""",
        "year": "intDiv(:day, 10000)",
        "month_day": ":day % 10000",
        # Numbers
        "quotient": "intDiv(:number, :by)",
        "wide": "toInt256(:number)",
        # Floats beyond 2^63 are converted inexactly, so the upper bits go by themselves.
        "rounded": f"""
            arrayElement(arrayMap(
            x -> toInt256(toInt64(floor(x / {_WHOLE}))) * {_WHOLE}
            + toInt64(x - floor(x / {_WHOLE}) * {_WHOLE}),
            array(floor(if(abs(:float) < 1e24, :float, 0) * 1e6 + 0.5))), 1)""",
        "unsigned": "toUInt64(:id)",
        "folded": "bitXor(:bits, bitShiftRight(:bits, :by))",
        "times": "toUInt64(:bits * :factor)",
        "above": "toInt64(bitShiftRight(toUInt128(:bits) * :factor, 64))",
        # Devices
        "latest": "tupleElement(argMax(tuple(:fact), (:seen_at, :object_id)), 1)",
        # Values that have no column, by the pointer to each: `clickhouse_schema.VALUES`
        "json_has": "mapContains(:json, :at)",
        "json": ":json[:at]",
        **{f"json_{kind}": f"tupleElement(:value, '{kind}')" for kind in "sbifmdj"},
        # A list, as `clickhouse_rows` writes it: its texts, then its items as such values
        "json_l": "JSONExtractRaw(ifNull(:value, '[]'), 1)",
        "items": f"JSONExtract(ifNull(:json, '[]'), 2, 'Array({VALUES})')",
        "any_item": "arrayExists(item -> :test, :items)",
        "item_has": "mapContains(:item, :at)",
        "of_item": ":item[:at]",
    },
)
