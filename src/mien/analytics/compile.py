"""From the tree of a segment to SQL that selects who is in it.

`domain.matching` is the meaning; each module beside this one says the same of one kind of
node in SQL. The tree is built of SQLGlot expressions and written in the dialect of an engine.
Values are bound, identifiers are made of ids: no text of a user becomes SQL (S-01, S-03, S-07).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import assert_never

import msgspec
from sqlglot import exp

from mien.analytics.catalog import Catalog
from mien.analytics.cells import cell_of
from mien.analytics.derived import OF_ROW, derived
from mien.analytics.devices import has_device
from mien.analytics.dialects import DUCKDB, Bound, Dialect
from mien.analytics.events import did
from mien.analytics.logic import all_of, any_of, is_true, negated
from mien.analytics.people import PEOPLE, is_among
from mien.analytics.reach import is_disabled, is_in_state
from mien.analytics.scope import PREFIX, Scope, column
from mien.analytics.values import holds
from mien.domain.conditions import (
    Anniversary,
    AnyOf,
    Between,
    Condition,
    Contains,
    Equals,
    HasAll,
    InLast,
    InNext,
    On,
    StartsWith,
)
from mien.domain.derived import TOLD_BY_DEVICE
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.segments import (
    All,
    Any,
    Derived,
    DeviceIs,
    Did,
    Disabled,
    InSegment,
    Node,
    Not,
    Property,
    Question,
    Reachable,
    TestUser,
)

_PLACEHOLDER = re.compile(rf"\b{PREFIX}\d+\b")

_STEP = "step"
"""The alias of the step before."""


class Query(msgspec.Struct, frozen=True):
    """A question in the dialect of its engine, and the values of its placeholders by name."""

    sql: str
    values: Mapping[str, Bound]


def compile_tree(
    tree: Node, catalog: Catalog, now: int, zone: tzinfo, *, dialect: Dialect = DUCKDB
) -> Query:
    """Give the question for the ids of those in a segment at `now` (epoch seconds), once each.

    The segments inside the tree have been put into it (`domain.expand`).
    """
    scope = Scope(catalog, dialect, now, zone)
    return question(select_people(tree, scope), scope)


def question(expression: exp.Query, scope: Scope) -> Query:
    """Give the question that an expression is, with the values that it asks for."""
    sql = expression.sql(dialect=scope.dialect.name, copy=False)
    # What was bound for a part that could be left out must not be given.
    wanted = set(_PLACEHOLDER.findall(sql))
    return Query(sql, {name: scope.parameters[name] for name in wanted})


def select_people(tree: Node, scope: Scope) -> exp.Select:
    """Select the ids of those in whom a tree holds, once each."""
    parts = list(_conjuncts(tree))
    narrows = scope.dialect.narrows and _pays(parts)
    return _narrowed(parts, scope) if narrows else rows_of_people(tree, scope)


def rows_of_people(tree: Node, scope: Scope) -> exp.Select:
    """Select from `profiles`, by one condition, those in whom a tree holds; columns may be added."""
    return _people(_holds(tree, scope), scope)


def _people(condition: exp.Expr, scope: Scope) -> exp.Select:
    people = exp.select(column("profile_id", PEOPLE), copy=False)
    people = people.from_(scope.table("profiles", PEOPLE), copy=False)
    return people if is_true(condition) else people.where(condition, copy=False)


def _narrowed(parts: Sequence[Node], scope: Scope) -> exp.Select:
    """Select in steps: by properties first, then by devices and events of those who are left.

    Each step is worked out once, and what people did is looked up for those of the step before.
    """
    by_row = [each for each in parts if _is_of_row(each)]
    last = _people(all_of(_holds(each, scope) for each in by_row), scope)
    steps: list[exp.Select] = []
    for each in sorted((each for each in parts if not _is_of_row(each)), key=_cost):
        name = f"step_{len(steps)}"
        steps.append(last)
        last = _of_step(name, each, scope)
    for place, step in enumerate(steps):
        last = last.with_(f"step_{place}", as_=step, materialized=True, copy=False)
    return last


def _of_step(step: str, node: Node, scope: Scope) -> exp.Select:
    """Select those of a step in whom a node holds."""
    before = exp.select(column("profile_id", _STEP)).from_(exp.table_(step, alias=_STEP))
    condition = _holds(node, scope, before)
    of_person = {each.name for each in condition.find_all(exp.Column) if each.table == PEOPLE}
    if of_person <= {"profile_id"}:
        source = exp.table_(step, alias=PEOPLE)
        people = exp.select(column("profile_id", PEOPLE)).from_(source)
        return people.where(condition, copy=False)
    return _people(all_of([is_among(before), condition]), scope)


def _holds(node: Node, scope: Scope, within: exp.Query | None = None) -> exp.Expr:
    """Give whether a node holds of a person; who is not `within` need not be told right."""
    match node:
        case All(nodes):
            return all_of(_holds(each, scope, within) for each in nodes)
        case Any(nodes):
            return any_of(_holds(each, scope, within) for each in nodes)
        case Not(inner):
            return negated(_holds(inner, scope, within))
        case InSegment(segment):
            msg = f"the tree is not expanded: it names the segment {segment}"
            raise ValueError(msg)
        case _:
            return _leaf(node, scope, within)


def _leaf(
    node: Question,
    scope: Scope,
    within: exp.Query | None,
) -> exp.Expr:
    match node:
        case Property(name, condition):
            cell = cell_of(scope.catalog.properties, name, PEOPLE, scope)
            return holds(condition, cell, scope)
        case Derived():
            return derived(node, scope, within)
        case Did():
            return did(node, scope, within)
        case DeviceIs():
            return has_device(node, scope, within)
        case Reachable():
            return is_in_state(node, scope)
        case TestUser() | Disabled():
            return _is_marked(node, scope)
        case _:
            assert_never(node)


def _is_marked(node: TestUser | Disabled, scope: Scope) -> exp.Expr:
    if isinstance(node, Disabled):
        return is_disabled(scope)
    cell = cell_of(scope.catalog.properties, TEST_MARK, PEOPLE, scope)
    return holds(Equals(IS_TEST), cell, scope)


def _conjuncts(node: Node) -> Iterator[Node]:
    """Give the nodes that all have to hold for a node to hold."""
    match node:
        case All(nodes):
            for each in nodes:
                yield from _conjuncts(each)
        case Not(Any(nodes)):
            for each in nodes:
                yield from _conjuncts(Not(each))
        case Not(Not(inner)):
            yield from _conjuncts(inner)
        case _:
            yield node


def _is_of_row(node: Node) -> bool:
    """Tell whether the row of a profile tells whether a node holds."""
    match node:
        case All(nodes) | Any(nodes):
            return all(map(_is_of_row, nodes))
        case Not(inner):
            return _is_of_row(inner)
        case Derived(name):
            return name in OF_ROW
        case _:
            return not isinstance(node, Did | DeviceIs)


def _pays(parts: Sequence[Node]) -> bool:
    """Tell whether steps pay: few are left by properties, before what is dear is looked up."""
    return any(map(_is_selective, parts)) and not all(map(_is_of_row, parts))


_SELECTIVE = (Equals, AnyOf, Between, Contains, StartsWith, On, InLast, InNext, Anniversary, HasAll)


def _is_of_booleans(condition: Condition) -> bool:
    return isinstance(condition, Equals) and isinstance(condition.value, bool)


def _is_selective(node: Node) -> bool:
    """Guess whether a node that the row of a profile tells holds of few."""
    match node:
        case Property(_, condition) | Derived("Age" | "User Bucket", condition):
            return isinstance(condition, _SELECTIVE) and not _is_of_booleans(condition)
        case TestUser() | Disabled():
            return True
        case Any(nodes):
            return bool(nodes) and all(map(_is_selective, nodes))
        case All(nodes):
            return all(map(_is_of_row, nodes)) and any(map(_is_selective, nodes))
        case _:
            return False


def _cost(node: Node) -> int:
    """Give the place of a node among those that look into other tables: the cheap ones first."""
    match node:
        case DeviceIs():
            return 0
        case Derived(name):
            return 0 if name in TOLD_BY_DEVICE else 3
        case Did():
            return 1
        case Not(Did()):
            return 2
        case _:
            return 3
