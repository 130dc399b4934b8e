"""Counting and listing who is meant by a tree: exactly, with the last upload in it (S-04, G-14)."""

from collections.abc import Callable, Sequence
from datetime import tzinfo

import msgspec

from mien import clock
from mien.analytics.compile import Query, compile_tree
from mien.analytics.engine import Row
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.moments import day_at
from mien.domain.segments import All, Node
from mien.services.projection import Projection
from mien.services.reading import ProfileView, Reader
from mien.services.segments import expand_segments
from mien.store import profiles as profile_store

EVERYBODY = All(())


class Size(msgspec.Struct, frozen=True):
    """How many are meant, of how many people in all.

    `as_of` (epoch ms) is absent when everything that was answered before is counted.
    """

    size: int
    everybody: int
    as_of: int | None = None


class Members(msgspec.Struct, frozen=True):
    """Some of those who are meant, by id; `after` begins the next page, None on the last."""

    profiles: list[ProfileId]
    after: ProfileId | None
    as_of: int | None = None


class Counting:
    """Answers questions about many people of an environment.

    Each waits up to `fresh_seconds` for what was just uploaded, and may take `query_seconds`.
    """

    def __init__(
        self, projection: Projection, *, fresh_seconds: float, query_seconds: float
    ) -> None:
        self._projection = projection
        self._fresh_seconds, self._query_seconds = fresh_seconds, query_seconds

    def count(self, environment: EnvironmentId, tree: Node, zone: tzinfo) -> Size:
        """Count those whom a tree means.

        Raises `InvalidSegmentError` for unknown segments inside, `AnalyticsBehindError` when the
        copy is being made, `QueryTimeoutError` when it takes too long.
        """
        sizes = self._ask(environment, tree, zone, Query.count)
        everybody = self._ask(environment, EVERYBODY, zone, Query.count)
        return Size(sizes.rows[0][0], everybody.rows[0][0], sizes.as_of)

    def members(
        self,
        environment: EnvironmentId,
        tree: Node,
        zone: tzinfo,
        *,
        after: ProfileId,
        count: int,
    ) -> Members:
        """Give the next of those whom a tree means, by id; raises as `count` does."""
        found = self._ask(
            environment, tree, zone, lambda query: query.page(after=after, limit=count + 1)
        )
        ids = [ProfileId(row[0]) for row in found.rows]
        more = len(ids) > count
        return Members(ids[:count], ids[count - 1] if more else None, found.as_of)

    def _ask(
        self,
        environment: EnvironmentId,
        tree: Node,
        zone: tzinfo,
        question: Callable[[Query], Query],
    ) -> "_Answer":
        whole = expand_segments(self._projection.store, environment, tree)
        now = clock.now_ms() // 1_000
        while True:
            look = self._projection.look(environment, seconds=self._fresh_seconds)
            query = question(compile_tree(whole, look.catalog, now, zone))
            rows = self._projection.analytics.query(
                query.sql(), query.values, seconds=self._query_seconds
            )
            # Merges and blocks that came meanwhile would be half in the answer.
            if self._projection.still_has(look.catalog):
                return _Answer(rows, look.as_of)


def show_members(
    projection: Projection, reader: Reader, wanted: Sequence[ProfileId], zone: tzinfo
) -> list[ProfileView]:
    """Show members as the record has them now; who is gone since is left out."""
    today = day_at(clock.now_ms() // 1_000, zone)
    with projection.store.snapshot() as tx:
        found = profile_store.load(tx, reader.environment, wanted)
        return reader.views(tx, [found[each] for each in wanted if each in found], today=today)


class _Answer(msgspec.Struct, frozen=True):
    rows: list[Row]
    as_of: int | None
