"""The list of all people: sorted and filtered by the analytics copy, shown as the record has them.

Who looks at a list is not kept waiting for the copy: after a moment it tells as of when its
order is (D-02, D-03).
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from mien import clock
from mien.analytics.people_list import Order, Place, SortBy, people_in_order
from mien.domain.ids import ProfileId
from mien.domain.names import beginnings
from mien.domain.segments import All, Node
from mien.services.counting import show_members
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.services.reading import ProfileView, Reader

_NAME_CHARACTERS = 200
_BY_NAME = Order(SortBy.NAME, is_descending=False)
_BY_SIGHT = (SortBy.LAST_SEEN, SortBy.FIRST_SEEN)


class Listed(msgspec.Struct, frozen=True):
    """Some people in order; `rest` is where the next page begins, None on the last.

    `as_of` (epoch ms) is set when who is there, or their order, is not that of now; it is 0
    while it is not known yet when people were seen, so that the order is that of their making.
    """

    people: Sequence[ProfileView]
    rest: Place | None = None
    as_of: int | None = None


class PeopleList:
    """Lists people of an environment. Raises `AnalyticsBehindError` while the copy is being made.

    It waits up to `fresh_seconds` for the copy, and as long again for when people were seen.
    """

    def __init__(
        self, projection: Projection, *, fresh_seconds: float, query_seconds: float
    ) -> None:
        self._projection = projection
        self._questions = Questions(
            projection, fresh_seconds=fresh_seconds, query_seconds=query_seconds
        )

    def page(
        self,
        reader: Reader,
        tree: Node,
        order: Order,
        *,
        after: Place | None,
        count: int,
        zone: ZoneInfo,
    ) -> Listed:
        """Give the next people in order of whom a tree holds; it names no other segments."""
        gathered = None
        if order.by in _BY_SIGHT:
            gathered = self._questions.gathered(reader.environment)
        found = self._find(reader, tree, [], order, after, count, zone)
        as_of = [each for each in (gathered, found.as_of) if each is not None]
        return msgspec.structs.replace(found, as_of=min(as_of, default=None))

    def named(
        self, reader: Reader, text: str, *, after: Place | None, count: int, zone: ZoneInfo
    ) -> Listed:
        """Give people in whose name words begin with each of these, by name."""
        words = beginnings(text[:_NAME_CHARACTERS])
        if not words:
            return Listed(())
        return self._find(reader, All(()), words, _BY_NAME, after, count, zone)

    def _find(
        self,
        reader: Reader,
        tree: Node,
        words: list[str],
        order: Order,
        after: Place | None,
        count: int,
        zone: ZoneInfo,
    ) -> Listed:
        answer = self._questions.ask(
            reader.environment,
            clock.now_ms() // 1_000,
            zone,
            lambda scope: people_in_order(tree, words, order, after, count + 1, scope),
        )
        rows = answer.rows[:count]
        ids = [ProfileId(row[0]) for row in rows]
        rest = Place(rows[-1][1], rows[-1][0]) if len(answer.rows) > count else None
        return Listed(show_members(self._projection, reader, ids, zone), rest, answer.as_of)
