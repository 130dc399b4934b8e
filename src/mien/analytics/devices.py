"""What is known of devices, as SQL."""

from collections.abc import Sequence

from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import Cell
from mien.analytics.logic import all_of, any_of, is_known, negated
from mien.analytics.people import DEVICES, is_among, per_person, who_has_device
from mien.analytics.scope import Scope, column
from mien.analytics.values import holds
from mien.domain.conditions import (
    Condition,
    Contains,
    StartsWith,
    VersionAtLeast,
    VersionBelow,
)
from mien.domain.devices import FACT_NAMES
from mien.domain.segments import DeviceIs

_DATES = "$D_"


def has_device(node: DeviceIs, scope: Scope, within: exp.Query | None = None) -> exp.Expr:
    """Give whether one device meets all of these; who is not `within` need not be told right."""
    where = all_of(_meets(each.condition, fact_column(each.name), scope) for each in node.facts)
    return is_among(who_has_device(where, scope, within=within))


def told_by_device(
    facts: Sequence[str], condition: Condition, scope: Scope, within: exp.Query | None = None
) -> exp.Expr:
    """Give whether the first of these facts, of the device seen last that tells any, meets a condition.

    Only who has a device that meets it is looked at, for nobody else can be in.
    """
    fact = fact_column(facts[0])
    candidates = who_has_device(_meets(condition, fact, scope), scope, within=within)
    latest = scope.write(
        "latest",
        fact=fact,
        seen_at=column("seen_at", DEVICES),
        object_id=column("object_id", DEVICES),
    )
    tells = any_of(is_known(fact_column(each)) for each in facts)
    people = who_has_device(tells, scope, within=candidates)
    having = _meets(condition, latest, scope)
    return is_among(per_person(people, column("profile_id", DEVICES), having))


def fact_column(name: str) -> exp.Expr:
    """Give the column of a fact of devices."""
    if name not in FACT_NAMES:
        msg = f"{name!r} is no fact of a device"
        raise ValueError(msg)
    return column(name, DEVICES)


def _meets(condition: Condition, fact: exp.Expr, scope: Scope) -> exp.Expr:
    meets = holds(condition, Cell({Kind.TEXT: fact}, is_known(fact)), scope)
    if isinstance(condition, Contains | StartsWith | VersionBelow | VersionAtLeast):
        # As a property, a text like this would be a date.
        is_date = exp.StartsWith(this=fact, expression=exp.Literal.string(_DATES))
        return all_of([meets, negated(is_date)])
    return meets
