"""Which different people rows are of, and how many, as SQL.

Ids are nearly dense. So DuckDB keeps a bit for each of them, in parts of a few thousand, and
no set of them, which takes four to seven times as long.
"""

from collections.abc import Sequence

from sqlglot import exp

from mien.analytics.scope import Scope, column

_PART, _IDS, _EVERYBODY = "x", "i", "q"


def count_different(
    rows: exp.Select,
    person: exp.Expr,
    scope: Scope,
    *,
    by: Sequence[exp.Column] = (),
    of: Sequence[exp.Expr] = (),
) -> exp.Select:
    """Select how many different people rows are of, for each value of some columns of theirs.

    With conditions `of` there is a number for those rows that meet each of them.
    """
    kept: list[exp.Expr] = [exp.Case(ifs=[exp.If(this=each, true=person)]) for each in of]
    numbers = [scope.write("people_of_part", id=each) for each in kept or [person]]
    named = [exp.alias_(each, f"n{place}", quoted=True) for place, each in enumerate(numbers)]
    part = exp.alias_(scope.write("part_of_people", id=person), _PART, quoted=True)
    in_parts = rows.select(*by, part, *named, append=False).group_by(*by, exp.column(_PART))
    sums = [
        exp.Coalesce(this=exp.Sum(this=column(f"n{place}", _IDS)), expressions=[exp.convert(0)])
        for place in range(len(numbers))
    ]
    keys = [column(each.name, _IDS) for each in by]
    counted = exp.select(*keys, *(exp.cast(each, "bigint") for each in sums))
    counted = counted.from_(in_parts.subquery(_IDS, copy=False))
    return counted.group_by(*keys) if keys else counted


def once_each(rows: exp.Select, person: exp.Expr, scope: Scope) -> exp.Select:
    """Select those people once each of whom rows are; it pays when each has several."""
    bits = exp.alias_(scope.write("bits_of_part", id=person), "b", quoted=True)
    part = exp.alias_(scope.write("part_of_people", id=person), _PART, quoted=True)
    in_parts = rows.select(part, bits, append=False).group_by(exp.column(_PART))
    id_ = column("profile_id", _EVERYBODY)
    same = exp.EQ(this=column(_PART, _IDS), expression=scope.write("part_of_people", id=id_))
    people = exp.select(id_).from_(scope.table("profiles", _EVERYBODY))
    people = people.join(in_parts.subquery(_IDS, copy=False), on=same, copy=False)
    return people.where(scope.write("is_in_bits", bits=column("b", _IDS), id=id_), copy=False)
