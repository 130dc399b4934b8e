"""Questions to the analytics copy, which wait a little for what was just uploaded (S-04)."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec

from mien.analytics.compile import Query
from mien.analytics.engine import Row
from mien.analytics.scope import Scope
from mien.domain.ids import EnvironmentId
from mien.services.projection import Look, Projection

T = TypeVar("T")

Build: TypeAlias = Callable[[Scope], Query | None]
"""Gives the question for what the copy has; None when there is nothing that could answer it."""

Take: TypeAlias = Callable[[Iterator[bytes]], T]
"""Takes the ids of an answer, a line each; begins anew when it is called again."""


class Answer(msgspec.Struct, frozen=True):
    """What was found; `as_of` (epoch ms) if it is not true of all up to now."""

    rows: list[Row]
    as_of: int | None


class Questions:
    """Asks the analytics copy of a record.

    A question waits up to `fresh_seconds` for the copy, and may take `query_seconds`; one that
    takes longer raises `QueryTimeoutError`.
    """

    def __init__(
        self, projection: Projection, *, fresh_seconds: float, query_seconds: float
    ) -> None:
        self.projection = projection
        self._fresh_seconds, self._query_seconds = fresh_seconds, query_seconds

    def ask(self, environment: EnvironmentId, now: int, zone: tzinfo, build: Build) -> Answer:
        """Answer as of `now` (epoch seconds) in a time zone, from what the copy has by then.

        Raises `AnalyticsBehindError` when nothing was ever copied whole.
        """
        return Answer(*self._answer(self._latest(environment), now, zone, build, self._rows))

    def ask_whole(
        self, environment: EnvironmentId, now: int, zone: tzinfo, build: Build
    ) -> list[Row]:
        """Answer from all that was uploaded before; else raises `AnalyticsBehindError`."""
        return self._answer(self._whole(environment), now, zone, build, self._rows)[0]

    def list_ids(
        self, environment: EnvironmentId, now: int, zone: tzinfo, build: Build, take: Take[T]
    ) -> tuple[T, int | None]:
        """Answer for ids as `ask` does: give what `take` made of them, and as of when that is."""
        return self._answer(self._latest(environment), now, zone, build, partial(self._lines, take))

    def list_whole(
        self, environment: EnvironmentId, now: int, zone: tzinfo, build: Build, take: Take[T]
    ) -> T:
        """Answer for ids as `ask_whole` does: give what `take` made of them."""
        found = self._whole(environment)
        return self._answer(found, now, zone, build, partial(self._lines, take))[0]

    def gathered(self, environment: EnvironmentId) -> int | None:
        """Have it gathered when people were seen; gives as of when it is, as `Projection.gathered`."""
        return self.projection.gathered(environment, seconds=self._fresh_seconds)

    def _latest(self, environment: EnvironmentId) -> Callable[[], Look]:
        return partial(self.projection.look, environment, seconds=self._fresh_seconds)

    def _whole(self, environment: EnvironmentId) -> Callable[[], Look]:
        return lambda: Look(self.projection.fresh_catalog(environment, seconds=self._fresh_seconds))

    def _rows(self, question: Query | None) -> list[Row]:
        if question is None:
            return []
        return self.projection.analytics.query(
            question.sql, question.values, seconds=self._query_seconds
        )

    def _lines(self, take: Take[T], question: Query | None) -> T:
        if question is None:
            return take(iter(()))
        with self.projection.analytics.lines(
            question.sql, question.values, seconds=self._query_seconds
        ) as lines:
            return take(lines)

    def _answer(
        self,
        look: Callable[[], Look],
        now: int,
        zone: tzinfo,
        build: Build,
        find: Callable[[Query | None], T],
    ) -> tuple[T, int | None]:
        while True:
            seen = look()
            question = build(Scope(seen.catalog, self.projection.analytics.dialect, now, zone))
            found = find(question)
            # Merges and blocks that came meanwhile would be half in the answer.
            if question is None or self.projection.still_has(seen.catalog):
                return found, seen.as_of
