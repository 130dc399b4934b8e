"""Questions to the analytics copy, which wait a little for what was just uploaded (S-04)."""

from collections.abc import Callable
from datetime import tzinfo
from typing import TypeAlias

import msgspec

from mien.analytics.compile import Query
from mien.analytics.engine import Row
from mien.analytics.scope import Scope
from mien.domain.ids import EnvironmentId
from mien.services.projection import Look, Projection

Build: TypeAlias = Callable[[Scope], Query | None]
"""Gives the question for what the copy has; None when there is nothing that could answer it."""


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

        def look() -> Look:
            return self.projection.look(environment, seconds=self._fresh_seconds)

        return self._answer(look, now, zone, build)

    def ask_whole(
        self, environment: EnvironmentId, now: int, zone: tzinfo, build: Build
    ) -> list[Row]:
        """Answer from all that was uploaded before; else raises `AnalyticsBehindError`."""

        def look() -> Look:
            return Look(self.projection.fresh_catalog(environment, seconds=self._fresh_seconds))

        return self._answer(look, now, zone, build).rows

    def gathered(self, environment: EnvironmentId) -> int | None:
        """Have it gathered when people were seen; gives as of when it is, as `Projection.gathered`."""
        return self.projection.gathered(environment, seconds=self._fresh_seconds)

    def _answer(self, look: Callable[[], Look], now: int, zone: tzinfo, build: Build) -> Answer:
        analytics = self.projection.analytics
        while True:
            seen = look()
            question = build(Scope(seen.catalog, analytics.dialect, now, zone))
            if question is None:
                return Answer([], seen.as_of)
            rows = analytics.query(question.sql, question.values, seconds=self._query_seconds)
            # Merges and blocks that came meanwhile would be half in the answer.
            if self.projection.still_has(seen.catalog):
                return Answer(rows, seen.as_of)
