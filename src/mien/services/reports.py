"""Counts and reports over many people, from the analytics copy (G-12, G-14, S-04).

A question sees all that was uploaded before it was asked: it waits for the copy a little.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, tzinfo
from typing import TypeAlias, TypeVar

import msgspec

from mien.analytics import activity, occurrences, tops
from mien.analytics.compile import Query as Question
from mien.analytics.engine import Row
from mien.analytics.scope import Scope
from mien.analytics.trends import Calendar, keys_of, trend
from mien.domain.cql.query import Query
from mien.domain.cql.reports import TEXTS, Measure, Step, Top, Trend
from mien.domain.derived import years_since
from mien.domain.ids import EnvironmentId
from mien.domain.moments import Span, span_of_window
from mien.domain.segments import All, Did
from mien.domain.totals import MILLION
from mien.services.questions import Build, Questions, Take

T = TypeVar("T")

Number: TypeAlias = int | float
Answer: TypeAlias = Callable[[Build], list[Row]]

ACTIVE_SECONDS = 300

_FACTS = {"browser": "browser", "os": "os", "device": "model"}


class UnknownRankedError(Exception):
    """Nobody ever heard of what a group ranks."""

    def __init__(self, label: str) -> None:
        self.label = label
        super().__init__(label)


class Active(msgspec.Struct, frozen=True):
    """How many people are there, and the same by what was asked."""

    count: int
    splits: Mapping[str, Mapping[str, int]]


class Reports:
    """Asks the analytics copy on behalf of the reports."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def ask(self, environment: EnvironmentId, query: Query, now: int, zone: tzinfo) -> "Asking":
        """Begin to ask about a query, as of `now` (epoch seconds), in the account's time zone.

        What is asked then raises `AnalyticsBehindError` when the copy is not fresh in time, and
        `QueryTimeoutError` when it takes too long.
        """
        return Asking(lambda build: self._questions.ask_whole(environment, now, zone, build), query)

    def ids(
        self,
        environment: EnvironmentId,
        query: Query,
        event: Did | None,
        now: int,
        zone: tzinfo,
        take: Take[T],
    ) -> T:
        """Hand over the ids of the people whom a query means, or the places of such an event of theirs.

        People are in the order of their ids, events in that of time. Raises as `ask` says.
        """

        def build(scope: Scope) -> Question | None:
            if event is None:
                return occurrences.ids_of_people(query.tree, scope)
            return occurrences.places_of_events(event, All(query.people), scope)

        return self._questions.list_whole(environment, now, zone, build, take)

    def active(self, environment: EnvironmentId, now: int, splits: Sequence[str]) -> Active:
        """Count who did anything in the last five minutes, and by what else is asked."""
        span = Span(now - ACTIVE_SECONDS, now + 1)

        def rows(build: Build) -> list[Row]:
            return self._questions.ask_whole(environment, now, UTC, build)

        counted = rows(lambda scope: activity.count_active(span, scope))
        count = counted[0][0] if counted else 0
        return Active(count, {name: _split(name, span, rows) for name in splits})


def _split(name: str, span: Span[int], rows: Answer) -> dict[str, int]:
    if name == "session_source":
        return dict(rows(lambda scope: activity.by_source(span, scope)))
    if name == "user_type":
        found: dict[bool, int] = dict(rows(lambda scope: activity.by_age(span, scope)))
        return {"new": found.get(True, 0), "returning": found.get(False, 0)}
    return dict(rows(lambda scope: activity.by_fact(span, _FACTS[name], scope)))


class Asking:
    """What is asked about one query; all of it of the same moment."""

    def __init__(self, rows: Answer, query: Query) -> None:
        self._rows, self._tree, self._people = rows, query.tree, All(query.people)

    def count_people(self) -> int:
        """Count the people that are meant."""
        [(count,)] = self._rows(lambda scope: occurrences.count_people(self._tree, scope))
        return int(count)

    def count_events(self, event: Did) -> int:
        """Count the events that are meant."""
        rows = self._rows(lambda scope: occurrences.count_events(event, self._people, scope))
        return int(rows[0][0]) if rows else 0

    def trend(self, event: Did, asked: Trend, step: Step) -> dict[str, Number]:
        """Give a number for each day, week or month of the window of the event."""
        keys: list[int] = []

        def build(scope: Scope) -> Question | None:
            calendar = Calendar.of(span_of_window(event.window, scope.now, scope.zone), scope.zone)
            keys[:] = keys_of(calendar, step)
            return trend(event, self._people, asked, keys, calendar, scope)

        rows = self._rows(build)
        numbers: dict[int, Number] = dict.fromkeys(keys, 0)
        for key, number in rows:
            if asked.measure is not Measure.SUM:
                numbers[key] = number
            elif number is not None:
                numbers[key] = _in_units(int(number))
        return {str(key): number for key, number in numbers.items()}

    def top(self, event: Did, label: str, asked: Top, today: date) -> dict[str, dict[str, int]]:
        """Give how often each value comes, by its type; raises `UnknownRankedError`.

        `today` is the day by which ages are told.
        """
        asked_for: list[tops.Ranking] = []

        def build(scope: Scope) -> Question | None:
            if not tops.is_defined(asked.ranked, event, scope):
                raise UnknownRankedError(label)
            ranking = tops.ranking(event, self._people, asked, scope)
            asked_for[:] = [] if ranking is None else [ranking]
            return None if ranking is None else ranking.question

        counts: Counter[tuple[str, str]] = Counter()
        for *value, count in self._rows(build):
            named = asked_for[0].named(value)
            if (shown := shown_value(named, today)) is not None:
                counts[shown] += count
        return _by_type(counts, asked)


def _in_units(size: int) -> Number:
    """Give a sum in millionths as the number that it is."""
    return size // MILLION if size % MILLION == 0 else size / MILLION


def shown_value(value: Mapping[str, object], today: date) -> tuple[str, str] | None:
    """Give the type of a ranked value, and how it is written."""
    shown = dict(value)
    if isinstance(born := shown.get(tops.BORN), date):
        # Of a date to come the age is the one that was given.
        shown[tops.BORN] = years_since(born, today)
    for name, each in shown.items():
        if each is not None:
            return _TYPES.get(name, "NUM"), _WRITTEN.get(name, str)(each)
    return None


_TYPES = {tops.TEXT: TEXTS, tops.BOOLEAN: "BOOL", tops.MOMENT: "DATE", tops.DAY: "DATE"}
_WRITTEN: Mapping[str, Callable[[object], str]] = {
    tops.MOMENT: "$D_{}".format,
    tops.DAY: "$D_{:%Y%m%d}".format,
}


def _by_type(counts: Mapping[tuple[str, str], int], asked: Top) -> dict[str, dict[str, int]]:
    sign = 1 if asked.is_rising else -1
    ranked = sorted(counts.items(), key=lambda each: (sign * each[1], each[0]))
    shown: dict[str, dict[str, int]] = {}
    for (kind, text), count in ranked[: asked.count]:
        named = asked.texts if kind == TEXTS else kind
        shown.setdefault(named, {})[text] = count
    return shown
