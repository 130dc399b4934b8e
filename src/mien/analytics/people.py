"""Sets of people in SQL: whose rows in a table of events or devices meet something."""

from sqlglot import exp

from mien.analytics.logic import is_true
from mien.analytics.scope import Scope, column

PEOPLE, EVENTS, DEVICES, BLOCKS = "p", "e", "d", "b"
"""The aliases of tables. `profiles` has its own in the outermost question alone."""

SEEN = "seen"
"""The table with when each person was first and last seen, as of when that was gathered."""

SIGHTS = "sights"
"""The table with the first and last of what each did, whatever it was, by whom it came with.

One person may have several rows, each for a part of what they did.
"""

_MERGED = "m"


def is_among(people: exp.Query, whose: exp.Expr | None = None) -> exp.Expr:
    """Give whether the person, or whose row it is, is one of those whose ids are selected."""
    person = column("profile_id", PEOPLE) if whose is None else whose
    return exp.In(this=person, query=people.subquery(copy=False))


def who_did(table: str, where: exp.Expr, scope: Scope, *, within: exp.Query | None) -> exp.Select:
    """Select, an event at a time, who did an event that meets `where`; only of those `within`.

    `table` is that of one event, or `SIGHTS`. An event is of the person that it came with;
    once that one was merged, of the profile that is shown.
    """
    select = exp.select(exp.alias_(whose(scope), "profile_id", quoted=True, copy=False))
    select = select.from_(scope.table(table, EVENTS), copy=False)
    if scope.catalog.has_merged:
        part = exp.EQ(this=column("profile_id", _MERGED), expression=column("profile_id", EVENTS))
        merged = scope.table("merged", _MERGED)
        select = select.join(merged, on=part, join_type="left", copy=False)
    return _where(select, where, whose(scope), within)


def who_has_device(where: exp.Expr, scope: Scope, *, within: exp.Query | None) -> exp.Select:
    """Select, a device at a time, who has a device that meets `where`; only of those `within`."""
    person = column("profile_id", DEVICES)
    select = exp.select(person).from_(scope.table("devices", DEVICES), copy=False)
    return _where(select, where, person, within)


def whose(scope: Scope) -> exp.Expr:
    """Give whose an event is."""
    came_with = column("profile_id", EVENTS)
    if not scope.catalog.has_merged:
        return came_with
    return exp.Coalesce(this=column("root_id", _MERGED), expressions=[came_with])


def per_person(select: exp.Select, whose: exp.Expr, having: exp.Expr) -> exp.Select:
    """Group a selection by person, and keep those of whom something holds."""
    return select.group_by(whose, copy=False).having(having, copy=False)


def _where(
    select: exp.Select, where: exp.Expr, person: exp.Expr, within: exp.Query | None
) -> exp.Select:
    if not is_true(where):
        select = select.where(where, copy=False)
    if within is not None:
        select = select.where(is_among(within, person), copy=False)
    return select


def with_sights(people: exp.Select, alias: str, scope: Scope) -> exp.Select:
    """Add to a selection from `profiles` when each was seen, as far as that was gathered."""
    on = exp.EQ(this=column("profile_id", alias), expression=column("profile_id", PEOPLE))
    return people.join(scope.table(SEEN, alias), on=on, join_type="left", copy=False)


def when_seen(sight: str, alias: str, scope: Scope) -> exp.Expr:
    """Give a sight of a person in epoch seconds: `first_at` or `last_at` of `with_sights`.

    Who is new since it was gathered was seen when the profile was made.
    """
    made = scope.write("seconds", milliseconds=column("created_at", PEOPLE))
    return exp.Coalesce(this=column(sight, alias), expressions=[made])
