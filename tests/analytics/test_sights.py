"""The first and last of what each did, rolled up with each step: who is active, who was seen when."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.analytics import overview
from mien.analytics.columns import make_catalog
from mien.analytics.compile import compile_tree
from mien.analytics.duckdb_sights import COMPACTED_EACH
from mien.analytics.engine import Analytics
from mien.analytics.scope import Scope
from mien.analytics.step import Step
from mien.domain.conditions import InLast
from mien.domain.ids import EventNameId, ProfileId
from mien.domain.schema import Definition, DefinitionKind
from mien.domain.segments import Derived
from tests.analytics.loading import drop, members, new_environment
from tests.domain.crowd import MOMENT, ZONES

ZONE = ZONES[0]
DAY = 86_400
NAMES = (EventNameId(1), EventNameId(2))
PEOPLE = (1, 2, 5_000)
"""In two of the parts by which people are counted."""
STARTS = (MOMENT - DAY, MOMENT - 7 * DAY)
END = MOMENT + 1

Done = tuple[int, EventNameId, int]
"""Who did what, and when."""


class Log:
    """Writes steps of what people did to a copy, and knows what should be there."""

    def __init__(self, analytics: Analytics, *, first: int = 0) -> None:
        self.analytics = analytics
        made = [
            Definition(each, DefinitionKind.EVENT, 0, f"e{each}", "", None, 0, "") for each in NAMES
        ]
        catalog = make_catalog(new_environment(), made)
        self.catalog = msgspec.structs.replace(catalog, within=analytics.within)
        self.done: list[tuple[int, int]] = []
        self._places = count(first + 1)
        self._add_people(first)

    def _add_people(self, place: int) -> None:
        line = f'\t{(MOMENT - 90 * DAY) * 1_000}\t{{"base_at":0}}'
        profiles = "\n".join(f"{each}{line}" for each in PEOPLE)
        self.analytics.apply(
            self.catalog, Step(place, list(map(ProfileId, PEOPLE)), profiles=profiles)
        )

    def do(self, *done: Done) -> Step:
        """Write a step, and give it."""
        lines: dict[EventNameId, list[str]] = {}
        place = 0
        for person, name, at in done:
            place = next(self._places)
            lines.setdefault(name, []).append(f"{place}\t{person}\t{at}\t{{}}\t")
            self.done.append((person, at))
        step = Step(place, events={name: "\n".join(each) for name, each in lines.items()})
        self.analytics.apply(self.catalog, step)
        return step

    def merge(self, part: int, root: int) -> None:
        """Let one person be part of another."""
        shown = f'{root}\t0\t{{"base_at":0}}'
        both = [ProfileId(part), ProfileId(root)]
        step = Step(next(self._places), both, profiles=shown, merged=[(part, root)])
        self.analytics.apply(self.catalog, step)
        self.catalog = msgspec.structs.replace(self.catalog, has_merged=True)
        self.done = [(root if each == part else each, at) for each, at in self.done]

    def erase(self, person: int) -> None:
        """Let somebody be gone with all that they did."""
        gone = [ProfileId(person)]
        self.analytics.apply(self.catalog, Step(next(self._places), gone, gone))
        self.done = [each for each in self.done if each[0] != person]

    def active(self, *, looks_back: bool) -> tuple[int, ...]:
        """Ask who is active."""
        present = self.analytics.trim(self.catalog)
        scope = Scope(present, self.analytics.dialect, MOMENT, ZONE)
        query = overview.count_active(STARTS, END, scope, looks_back=looks_back)
        [found] = self.analytics.query(query.sql, query.values, seconds=30)
        return tuple(found)

    def should_be_active(self) -> tuple[int, ...]:
        """Work out of all that was done what `active` gives."""
        counts = [len({each for each, at in self.done if start <= at < END}) for start in STARTS]
        return (*counts, 0)

    def ahead(self) -> int:
        """Work out how many did something that is yet to come."""
        return len({each for each, at in self.done if at >= END})

    def seen_since(self, days: int) -> list[ProfileId]:
        """Ask who was last seen on one of the last days."""
        tree = Derived("Last Seen", InLast(days))
        query = compile_tree(tree, self.catalog, MOMENT, ZONE, dialect=self.analytics.dialect)
        return members(self.analytics, query)

    def rows(self) -> int:
        """Count the rows that are rolled up."""
        sql = f"SELECT count(*) FROM {self.catalog.schema}.sights"
        [(number,)] = self.analytics.query(sql, {}, seconds=5)
        return int(number)


def assert_right(log: Log) -> None:
    """Compare who is active with what was done; whoever is ahead is looked up among the events."""
    *counts, ahead = log.active(looks_back=False)
    assert ahead == log.ahead()
    if not ahead:
        assert (*counts, 0) == log.should_be_active()
    assert log.active(looks_back=True) == log.should_be_active()


moments = st.sampled_from([0, 1, -1, -DAY, -DAY - 1, -3 * DAY, -7 * DAY - 1, -30 * DAY, 3_600])
done = st.tuples(
    st.sampled_from(PEOPLE), st.sampled_from(NAMES), moments.map(lambda at: MOMENT + at)
)
logs = given(
    steps=st.lists(st.lists(done, min_size=1, max_size=6), min_size=1, max_size=4),
    then=st.sampled_from(["nothing", "merge", "erase"]),
    more=st.lists(done, min_size=1, max_size=3),
)
on_one_copy = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_who_is_active(
    analytics: Analytics, *, steps: Sequence[Sequence[Done]], then: str, more: Sequence[Done]
) -> None:
    log = Log(analytics)
    for each in steps:
        log.do(*each)
    assert_right(log)
    if then == "merge":
        log.merge(1, 2)
    elif then == "erase":
        log.erase(1)
    log.do(*[each for each in more if each[0] != 1] or [(2, NAMES[0], MOMENT)])
    assert_right(log)
    drop(analytics, log.catalog)


# D-06, P-05, P-15
@on_one_copy
@logs
def test_duckdb_counts_who_is_active_as_the_events_tell(duckdb: Analytics, **drawn: Any) -> None:
    check_who_is_active(duckdb, **drawn)


# D-06, P-05, P-15
@settings(on_one_copy, max_examples=4)
@logs
def test_clickhouse_counts_who_is_active_as_the_events_tell(
    clickhouse: Analytics, **drawn: Any
) -> None:
    check_who_is_active(clickhouse, **drawn)


# S-03
def test_a_late_event_makes_nobody_less_recent(analytics: Analytics) -> None:
    log = Log(analytics)
    log.do((1, NAMES[0], MOMENT), (2, NAMES[0], MOMENT - 20 * DAY))
    log.do((1, NAMES[1], MOMENT - 40 * DAY), (2, NAMES[1], MOMENT - 2 * DAY))
    assert log.seen_since(1) == [1]
    assert log.seen_since(7) == [1, 2]
    drop(analytics, log.catalog)


# S-04
def test_a_step_that_is_taken_twice_adds_no_sight_in_clickhouse(clickhouse: Analytics) -> None:
    log = Log(clickhouse)
    clickhouse.apply(log.catalog, log.do((1, NAMES[0], MOMENT), (2, NAMES[0], MOMENT)))
    assert log.rows() == 2
    assert_right(log)
    drop(clickhouse, log.catalog)


@pytest.mark.parametrize("places", [2, 3])
def test_from_time_to_time_there_is_one_row_a_person_again(duckdb: Analytics, places: int) -> None:
    log = Log(duckdb, first=COMPACTED_EACH - places)
    log.do((1, NAMES[0], MOMENT - 3 * DAY))
    log.do((1, NAMES[0], MOMENT))
    assert log.rows() == (1 if places == 2 else 2)
    assert_right(log)
    drop(duckdb, log.catalog)
