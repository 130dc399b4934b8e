"""What pages tell of all people of an environment: shares, top values, numbers over time (D-05).

All of it is from the analytics copy. When the copy is not up with the record the answer is of
a moment before, and says so; nothing waits for long.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Generic, TypeVar

import msgspec

from mien.analytics import overview
from mien.analytics.compile import Query as Question
from mien.analytics.engine import Row
from mien.analytics.scope import Scope
from mien.analytics.tops import Ranking, ranking_of_people
from mien.analytics.trends import Calendar, keys_of
from mien.domain.cql.query import Query
from mien.domain.cql.reports import Measure, Ranked, Side, Step, Top, Trend
from mien.domain.errors import AnalyticsBehindError
from mien.domain.ids import EnvironmentId
from mien.domain.moments import Span, day_at, start_of
from mien.domain.segments import Did
from mien.services.questions import Answer, Build, Questions
from mien.services.reports import Asking, Number, UnknownRankedError, shown_value

T = TypeVar("T")

_ACTIVE_DAYS = (1, 7, 30)
_FAST_SECONDS = 300
"""Who is ahead of the clock by no more than this is there now."""


class Insight(msgspec.Struct, Generic[T], frozen=True):
    """Something that was worked out; `as_of` (epoch ms) if it is not true of all up to now."""

    value: T
    as_of: int | None = None


class Shares(msgspec.Struct, frozen=True):
    """How many people there are, and how many of them by name."""

    everybody: int
    people: Mapping[str, int]


class TopValue(msgspec.Struct, frozen=True):
    """A value, written as it is stored, and how many have it or how often it came."""

    type: str
    text: str
    count: int


class Active(msgspec.Struct, frozen=True):
    """How many did anything today, in the last seven days and in the last thirty."""

    today: int
    week: int
    month: int


class New(msgspec.Struct, frozen=True):
    """How many people were first seen on a day, and how many of them are identified by now."""

    day: date
    count: int
    identified: int


class Insights:
    """Asks the analytics copy for what pages show; days are those of a time zone."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def shares_of_properties(
        self, environment: EnvironmentId, names: Sequence[str], *, now: int, zone: tzinfo
    ) -> Insight[Shares]:
        """Count who has each of these properties."""
        found = self._questions.ask(
            environment, now, zone, lambda scope: overview.count_filled(names, scope)
        )
        [(everybody, *counts)] = found.rows
        return Insight(Shares(everybody, dict(zip(names, counts, strict=True))), found.as_of)

    def shares_of_events(
        self, environment: EnvironmentId, names: Sequence[str], *, now: int, zone: tzinfo
    ) -> Insight[Shares]:
        """Count who ever did each of these events."""
        found = self._questions.ask(
            environment, now, zone, lambda scope: overview.count_doers(names, scope)
        )
        counts: dict[int, int] = dict(found.rows)
        people = {name: counts.get(place, 0) for place, name in enumerate(names, 1)}
        return Insight(Shares(counts[0], people), found.as_of)

    def values(
        self, environment: EnvironmentId, name: str, *, count: int, now: int, zone: tzinfo
    ) -> Insight[list[TopValue]]:
        """Give the values of a property that most people have; lists are not counted."""
        asked_for: list[Ranking] = []

        def build(scope: Scope) -> Question | None:
            ranking = ranking_of_people(name, count, scope)
            asked_for[:] = [] if ranking is None else [ranking]
            return None if ranking is None else ranking.question

        found = self._questions.ask(environment, now, zone, build)
        counts: Counter[tuple[str, str]] = Counter()
        for *value, number in found.rows:
            named = asked_for[0].named(value)
            if (shown := shown_value(named, day_at(now, zone))) is not None:
                counts[shown] += number
        top = [TopValue(kind, text, number) for (kind, text), number in counts.most_common()]
        return Insight(top, found.as_of)

    def event_values(
        self,
        environment: EnvironmentId,
        event: Did,
        name: str,
        *,
        count: int,
        now: int,
        zone: tzinfo,
    ) -> Insight[list[TopValue]]:
        """Give the values of a property of an event that came most often."""
        top = Top(Ranked(Side.EVENT, name), count)

        def work(asking: Asking) -> list[TopValue]:
            try:
                found = asking.top(event, name, top, day_at(now, zone))
            except UnknownRankedError:
                return []
            values = [
                TopValue(kind, text, number)
                for kind, numbers in found.items()
                for text, number in numbers.items()
            ]
            return sorted(values, key=lambda each: -each.count)

        return self._about(environment, event, now, zone, work)

    def trend(
        self,
        environment: EnvironmentId,
        event: Did,
        step: Step,
        measure: Measure,
        *,
        now: int,
        zone: tzinfo,
    ) -> Insight[dict[int, Number]]:
        """Give a number for each day, week or month of the window of an event, by its key."""
        asked = Trend(measure, None, {})

        def work(asking: Asking) -> dict[int, Number]:
            found = asking.trend(event, asked, step)
            return {int(key): number for key, number in found.items()}

        return self._about(environment, event, now, zone, work)

    def counts_of_events(
        self, environment: EnvironmentId, *, days: int, now: int, zone: tzinfo
    ) -> Insight[dict[int, int]]:
        """Count how often each event was done in the last days, by its definition."""
        span = Span(_first_moment(now, zone, days), now + 1)
        found = self._questions.ask(
            environment, now, zone, lambda scope: overview.count_events(span, scope)
        )
        return Insight({name: count for name, count in found.rows if count}, found.as_of)

    def active(self, environment: EnvironmentId, *, now: int, zone: tzinfo) -> Insight[Active]:
        """Count who did anything today, in seven days and in thirty, of which today is the last."""
        starts = [_first_moment(now, zone, days) for days in _ACTIVE_DAYS]
        end = now + _FAST_SECONDS + 1

        def count(*, looks_back: bool) -> Answer:
            def build(scope: Scope) -> Question:
                return overview.count_active(starts, end, scope, looks_back=looks_back)

            return self._questions.ask(environment, now, zone, build)

        found = count(looks_back=False)
        [(*_, ahead)] = found.rows
        if ahead:
            found = count(looks_back=True)
        [(*counts, _)] = found.rows
        return Insight(Active(*counts), found.as_of)

    def new(
        self, environment: EnvironmentId, *, days: int, now: int, zone: tzinfo
    ) -> Insight[list[New]]:
        """Count the people who were first seen on each of the last days, as `First Seen` tells it.

        Raises `AnalyticsBehindError` while that was never gathered.
        """
        gathered = self._questions.gathered(environment)
        if gathered == 0:
            raise AnalyticsBehindError(self._questions.projection.state(environment).place)
        calendar = Calendar.of(Span(_first_moment(now, zone, days), now + 1), zone)
        keys = keys_of(calendar, Step.DAY)
        found = self._questions.ask(
            environment, now, zone, lambda scope: overview.count_new(keys, calendar, scope)
        )
        counts: dict[int, dict[bool, int]] = {}
        for key, is_identified, count in found.rows:
            counts.setdefault(key, {})[bool(is_identified)] = count
        new = [
            New(day, sum(counts.get(key, {}).values()), counts.get(key, {}).get(True, 0))
            for key, day in zip(keys, calendar.days, strict=True)
        ]
        as_of = [each for each in (gathered, found.as_of) if each is not None]
        return Insight(new, min(as_of, default=None))

    def _about(
        self,
        environment: EnvironmentId,
        event: Did,
        now: int,
        zone: tzinfo,
        work: Callable[[Asking], T],
    ) -> Insight[T]:
        moments: list[int] = []

        def rows(build: Build) -> list[Row]:
            found = self._questions.ask(environment, now, zone, build)
            if found.as_of is not None:
                moments.append(found.as_of)
            return found.rows

        value = work(Asking(rows, Query(event)))
        return Insight(value, min(moments, default=None))


def _first_moment(now: int, zone: tzinfo, days: int) -> int:
    """Give when the first of so many days starts, of which today is the last."""
    return start_of(day_at(now, zone) - timedelta(days=days - 1), zone)
