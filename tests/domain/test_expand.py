"""Segments inside segments: what is put in their places, circles, and how large a tree becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.conditions import AnyOf
from mien.domain.errors import InvalidSegmentError
from mien.domain.expand import LEVELS, PARTS, VALUES, NamedTree, expand, segments_in
from mien.domain.ids import SegmentId
from mien.domain.segments import (
    All,
    Any,
    Did,
    HasItem,
    InSegment,
    ItemFilter,
    Node,
    Not,
    Property,
    TestUser,
)
from tests.domain.trees import trees


def inside(segment: str) -> InSegment:
    """Give the node that stands for a saved segment."""
    return InSegment(SegmentId(segment))


def expanded(tree: Node, known: dict[str, Node], *, of: str | None = None) -> Node:
    """Expand a tree; what is known is saved under its id, and named in capitals."""

    def lookup(segment: SegmentId) -> NamedTree | None:
        found = known.get(segment)
        return None if found is None else NamedTree(segment.upper(), found)

    return expand(tree, lookup, of=None if of is None else SegmentId(of))


# S-01
def test_a_segment_inside_gives_way_to_its_tree() -> None:
    known: dict[str, Node] = {"a": Not(inside("b")), "b": TestUser()}
    tree = All((inside("a"), Any((inside("b"), inside("b")))))
    assert expanded(tree, known) == All((Not(TestUser()), Any((TestUser(), TestUser()))))
    assert segments_in(tree) == {"a", "b"}


# S-01
@given(trees)
def test_a_tree_without_segments_inside_stays_as_it_is(tree: Node) -> None:
    assert expanded(tree, {}) == tree
    assert segments_in(tree) == set()


# S-02
def test_an_unknown_segment_is_refused_with_its_path() -> None:
    with pytest.raises(InvalidSegmentError, match="there is no segment 'c'") as refusal:
        expanded(All((TestUser(), Not(inside("a")))), {"a": Any((inside("c"),))})
    assert refusal.value.path == "segment.all[1].not.segment.any[0].segment"


CIRCLES: list[tuple[Node, str | None, str]] = [
    (inside("a"), "a", "'A' (a) → 'A' (a)"),
    (inside("a"), None, "'A' (a) → 'B' (b) → 'A' (a)"),
    (Not(inside("b")), "a", "'A' (a) → 'B' (b) → 'A' (a)"),
    (inside("c"), None, "'A' (a) → 'B' (b) → 'A' (a)"),
    (inside("c"), "n", "'A' (a) → 'B' (b) → 'A' (a)"),
]


# S-02
@pytest.mark.parametrize(("tree", "of", "circle"), CIRCLES, ids=map(str, range(len(CIRCLES))))
def test_a_segment_that_includes_itself_is_refused_and_the_circle_named(
    tree: Node, of: str | None, circle: str
) -> None:
    known: dict[str, Node] = {"a": Not(inside("b")), "b": All((inside("a"),)), "c": inside("a")}
    with pytest.raises(InvalidSegmentError, match="would include itself") as refusal:
        expanded(tree, known, of=of)
    assert refusal.value.problem.endswith(f": {circle}")


# S-02
def test_a_segment_may_stand_twice_in_a_tree() -> None:
    twice = All((inside("a"), inside("a")))
    assert expanded(twice, {"a": inside("b"), "b": TestUser()}) == All((TestUser(), TestUser()))


# S-02
def test_a_tree_is_as_deep_as_the_limit_says_with_what_is_inside() -> None:
    def chained(length: int) -> dict[str, Node]:
        links: dict[str, Node] = {f"s{each}": inside(f"s{each + 1}") for each in range(length - 1)}
        return links | {f"s{length - 1}": TestUser()}

    assert expanded(inside("s0"), chained(LEVELS - 1)) == TestUser()
    for length in (LEVELS, 1_000):
        with pytest.raises(InvalidSegmentError, match=f"over {LEVELS} levels"):
            expanded(inside("s0"), chained(length))


# S-02
def test_a_tree_has_as_many_parts_as_the_limit_says_with_what_is_inside() -> None:
    known: dict[str, Node] = {"half": Any((TestUser(),) * (PARTS // 2 - 3))}
    both = (inside("half"), inside("half"))
    expanded(All((*both, TestUser())), known)
    with pytest.raises(InvalidSegmentError, match="over 1,000 parts") as refusal:
        expanded(All((*both, TestUser(), TestUser())), known)
    assert refusal.value.path == "segment.all[3]"


# S-02
def test_conditions_on_items_are_parts_too() -> None:
    asked = (ItemFilter("Sku", AnyOf(("a", "b"))),)
    known: dict[str, Node] = {"items": Did("Charged", where=(HasItem("Items", asked * 100),))}
    expanded(Any((inside("items"),) * 9), known)
    with pytest.raises(InvalidSegmentError, match="over 1,000 parts"):
        expanded(Any((inside("items"),) * 10), known)
    many = HasItem("Items", (ItemFilter("Sku", AnyOf(tuple(map(str, range(VALUES + 1))))),))
    with pytest.raises(InvalidSegmentError, match="over 10,000 values"):
        expanded(Did("Charged", where=(many,)), {})


# S-02
def test_segments_that_double_again_and_again_are_refused_at_once() -> None:
    known: dict[str, Node] = {f"s{each}": All((inside(f"s{each + 1}"),) * 2) for each in range(60)}
    with pytest.raises(InvalidSegmentError, match="over"):
        expanded(inside("s0"), known | {"s60": TestUser()})


# S-02
@given(st.integers(1, 20))
def test_lists_have_as_many_values_together_as_the_limit_says(times: int) -> None:
    known: dict[str, Node] = {"list": Property("Plan", AnyOf(tuple(range(1_000))))}
    tree = Any((inside("list"),) * times)
    if times * 1_000 <= VALUES:
        expanded(tree, known)
    else:
        with pytest.raises(InvalidSegmentError, match="over 10,000 values"):
            expanded(tree, known)
