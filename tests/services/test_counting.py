"""Counts and members through the whole way: upload, copy, compiled question (S-04, G-14)."""

from datetime import UTC

import pytest

from mien import clock
from mien.analytics.engine import Analytics
from mien.domain.errors import AnalyticsBehindError, InvalidSegmentError
from mien.domain.identities import IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.services.counting import Counting, Size
from mien.services.projection import Projection
from mien.services.questions import Questions
from tests.support.uploading import Desk, event, profile

NOBODY = ProfileId(0)


class Counted:
    """Asks of one environment, once all is copied."""

    def __init__(self, desk: Desk, analytics: Analytics) -> None:
        self.projection = Projection(desk.store, analytics)
        self.counting = Counting(Questions(self.projection, fresh_seconds=0.01, query_seconds=10))
        self.environment = desk.environment

    def copy(self) -> None:
        while self.projection.advance(self.environment):
            pass

    def count(self, tree: object) -> Size:
        self.copy()
        return self.counting.count(self.environment, parse_segment(tree), UTC)

    def members(self, tree: object, *, count: int = 2) -> list[ProfileId]:
        """Give all members, a small page at a time."""
        self.copy()
        node, found, after = parse_segment(tree), list[ProfileId](), NOBODY
        while True:
            page = self.counting.members(self.environment, node, UTC, after=after, count=count)
            found += page.profiles
            if page.after is None:
                return found
            after = page.after


@pytest.fixture
def questions(desk: Desk, analytics: Analytics) -> Counted:
    return Counted(desk, analytics)


PARIS = {"property": "city", "op": "equals", "value": "Paris"}


async def test_a_count_is_that_of_its_members(desk: Desk, questions: Counted) -> None:
    """G-14."""
    await desk.send(*[profile(f"p{n}", city="Paris" if n % 3 else "Rome") for n in range(10)])
    assert questions.count(PARIS) == Size(6, 10)
    members = questions.members(PARIS)
    assert members == [desk.get(f"p{n}").id for n in range(10) if n % 3]
    assert questions.count({"all": []}) == Size(10, 10)
    assert questions.members({"any": []}) == []


async def test_what_a_part_did_counts_for_the_whole(desk: Desk, questions: Counted) -> None:
    """P-05, P-07: before the merge for two, after it for one, and after it is undone for two."""
    await desk.send(
        {"type": "event", "FBID": "f", "evtName": "Bought", "evtData": {"price": 3}},
        event("a", "Bought", price=4),
    )
    twice = {"did": "bought", "count": {"op": "at_least", "value": 2}}
    total = {"did": "Bought", "sum": {"of": "price", "op": "equals", "value": 7}}
    assert questions.count(twice) == Size(0, 2)
    await desk.send({"type": "profile", "identity": "a", "FBID": "f", "profileData": {"x": 1}})
    assert questions.count(twice) == Size(1, 1)
    assert questions.members(total) == [desk.get("f", IdentityKind.FBID).id]


async def test_the_copy_says_as_of_when_it_is(desk: Desk, questions: Counted) -> None:
    """S-04: nobody copies here, so an answer is of before, and says so."""
    tree: Node = parse_segment(PARIS)
    await desk.send(profile("a", city="Paris"))
    with pytest.raises(AnalyticsBehindError):
        questions.counting.count(questions.environment, tree, UTC)
    before = clock.now_ms()
    questions.copy()
    await desk.send(profile("b", city="Paris"))
    size = questions.counting.count(questions.environment, tree, UTC)
    assert (size.size, size.everybody) == (1, 1)
    assert size.as_of is not None
    assert before <= size.as_of <= clock.now_ms()
    assert questions.count(PARIS) == Size(2, 2)


async def test_an_unknown_segment_inside_is_refused(desk: Desk, questions: Counted) -> None:
    await desk.send(profile("a"))
    with pytest.raises(InvalidSegmentError, match="no-such"):
        questions.count({"all": [PARIS, {"segment": "no-such"}]})
