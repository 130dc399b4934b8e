"""Which values come most often with events, as SQL (G-12)."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlglot import exp

from mien.analytics.catalog import Kind
from mien.analytics.cells import Cell, cell_of, json_cell
from mien.analytics.compile import Query, question
from mien.analytics.devices import fact_column
from mien.analytics.dialects import Dialect
from mien.analytics.logic import any_of, is_known
from mien.analytics.occurrences import occurrences
from mien.analytics.people import DEVICES, EVENTS, PEOPLE, who_has_device, whose
from mien.analytics.reach import is_in_state
from mien.analytics.scope import Scope, column
from mien.analytics.totals import whole_and_other
from mien.domain.cql.reports import Ranked, Side, Top
from mien.domain.derived import TOLD_BY_DEVICE
from mien.domain.events import event_key
from mien.domain.preferences import Channel
from mien.domain.segments import Did, Node, Reachable

TEXT, BOOLEAN, WHOLE, NUMBER, MOMENT, DAY, BORN = (
    "text",
    "boolean",
    "whole",
    "number",
    "moment",
    "day",
    "born",
)
"""The columns of a ranked value: it is in one of them. `born` stands for an age."""

_NAMES = {Kind.TEXT: TEXT, Kind.BOOLEAN: BOOLEAN, Kind.MOMENT: MOMENT, Kind.DAY: DAY}
TOLD = "told"
"""The column of a fact that a device told."""

_EACH, _COUNT, _LATEST = "o", "n", "l"


def is_defined(ranked: Ranked, event: Did, scope: Scope) -> bool:
    """Tell whether anybody ever heard of what is ranked."""
    if ranked.side is Side.PROPERTY:
        return ranked.name in scope.catalog.properties
    table = scope.catalog.events.get(event_key(event.event))
    if ranked.side is Side.EVENT and table is not None:
        return ranked.name in table.properties
    return True


class Ranking(msgspec.Struct, frozen=True):
    """A question for values and how often each comes; the values have these columns."""

    question: Query
    columns: Sequence[str]
    dialect: Dialect

    def named(self, value: Sequence[object]) -> dict[str, object]:
        """Give the columns of a value by name; days and booleans are such, whatever the engine has."""
        named = dict(zip(self.columns, value, strict=True))
        for name in (DAY, BORN):
            if named.get(name) is not None:
                named[name] = self.dialect.day(named[name])
        if named.get(BOOLEAN) is not None:
            named[BOOLEAN] = bool(named[BOOLEAN])
        return named


def ranking(event: Did, people: Node, asked: Top, scope: Scope) -> Ranking | None:
    """Give the question for the values that come most often, or least; None: there are none.

    Ages are not yet ranked: how often each day of birth comes is told.
    """
    select = occurrences(event, people, scope)
    if select is None or not (columns := _columns(select, asked.ranked, event, scope)):
        return None
    return _ranking(select, columns, asked, scope)


def ranking_of_people(name: str, count: int, scope: Scope) -> Ranking | None:
    """Give the question for the values of a property that most people have; None: there are none."""
    columns = _split(cell_of(scope.catalog.properties, name, PEOPLE, scope), scope)
    if not columns:
        return None
    people = exp.select().from_(scope.table("profiles", PEOPLE))
    return _ranking(people, columns, Top(Ranked(Side.PROPERTY, name), count), scope)


def _ranking(
    select: exp.Select, columns: Mapping[str, exp.Expr], asked: Top, scope: Scope
) -> Ranking:
    named = [exp.alias_(each, name, quoted=True, copy=False) for name, each in columns.items()]
    each_event = select.select(*named, append=False, copy=False).subquery(_EACH, copy=False)
    values = [column(name, _EACH) for name in columns]
    count = exp.alias_(exp.Count(this=exp.Star()), _COUNT, quoted=True)
    ranked = exp.select(*values, count).from_(each_event).where(any_of(map(is_known, values)))
    order = exp.Ordered(this=exp.column(_COUNT, quoted=True), desc=not asked.is_rising)
    ranked = ranked.group_by(*values).order_by(order, *values)
    if BORN not in columns:
        ranked = ranked.limit(asked.count)
    return Ranking(question(ranked, scope), list(columns), scope.dialect)


def _columns(
    select: exp.Select, ranked: Ranked, event: Did, scope: Scope
) -> Mapping[str, exp.Expr]:
    """Give the columns of a ranked value, and join to the events what they are read from."""
    match ranked.side:
        case Side.EVENT:
            table = scope.catalog.events[event_key(event.event)]
            return _split(cell_of(table.properties, ranked.name, EVENTS, scope), scope)
        case Side.SESSION:
            return _split(json_cell(column("session", EVENTS), ranked.name, scope), scope)
        case Side.FACT:
            return _told_by_device((ranked.name,), select, scope)
        case Side.DERIVED if ranked.name in TOLD_BY_DEVICE:
            return _told_by_device(tuple(TOLD_BY_DEVICE[ranked.name]), select, scope)
        case _:
            return _of_person(select, ranked, scope)


def _split(cell: Cell, scope: Scope) -> dict[str, exp.Expr]:
    """Give a column a type; lists and objects are not ranked."""
    columns = {_NAMES[kind]: each for kind, each in cell.kinds.items() if kind in _NAMES}
    numbers = whole_and_other(cell, scope)
    return columns | dict(zip((WHOLE, NUMBER), numbers, strict=False))


def _of_person(select: exp.Select, ranked: Ranked, scope: Scope) -> dict[str, exp.Expr]:
    """Read it from the row of the person who is shown."""
    same = exp.EQ(this=column("profile_id", PEOPLE), expression=whose(scope))
    select.join(scope.table("profiles", PEOPLE), on=same, copy=False)
    if ranked.side is Side.CHANNEL:
        can = is_in_state(Reachable(Channel(ranked.name)), scope)
        return {BOOLEAN: exp.Coalesce(this=can, expressions=[exp.false()])}
    columns = _split(cell_of(scope.catalog.properties, ranked.name, PEOPLE, scope), scope)
    if ranked.side is Side.DERIVED:
        return {BORN: column("born", PEOPLE), **{k: v for k, v in columns.items() if k == WHOLE}}
    return columns


def _told_by_device(
    facts: tuple[str, ...], select: exp.Select, scope: Scope
) -> dict[str, exp.Expr]:
    """Read the first of these facts, of the device seen last that tells any of them."""
    same = exp.EQ(this=column("profile_id", _LATEST), expression=whose(scope))
    told = latest_told(facts, scope).subquery(_LATEST, copy=False)
    select.join(told, on=same, join_type="left", copy=False)
    return {TEXT: column(TOLD, _LATEST)}


def latest_told(facts: tuple[str, ...], scope: Scope) -> exp.Select:
    """Select, a person at a time, the first of these facts of the device seen last that tells any."""
    fact = fact_column(facts[0])
    tells = any_of(is_known(fact_column(each)) for each in facts)
    latest = scope.write(
        "latest",
        fact=fact,
        seen_at=column("seen_at", DEVICES),
        object_id=column("object_id", DEVICES),
    )
    told = who_has_device(tells, scope, within=None)
    told = told.select(exp.alias_(latest, TOLD, quoted=True), copy=False)
    return told.group_by(column("profile_id", DEVICES), copy=False)
