"""Saved segments: made of trees and of each other, changed and deleted without breaking another."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.domain.errors import (
    InvalidInputError,
    InvalidSegmentError,
    LimitExceededError,
    NotFoundError,
)
from mien.domain.ids import EnvironmentId, SegmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import All, InSegment, Node, Not, TestUser
from mien.services.segments import (
    SEGMENTS,
    TEST_USERS,
    Segment,
    SegmentInUseError,
    SegmentNameTakenError,
    SystemSegmentError,
    change_segment,
    create_segment,
    delete_segment,
    expand_segments,
    get_segment,
    list_segments,
)
from mien.store import schema
from mien.store.engine import Store
from tests.support.uploading import fresh_environment

GOLD = parse_segment({"property": "Plan", "op": "equals", "value": "Gold"})


@pytest.fixture
def environment() -> EnvironmentId:
    """Give an environment without segments."""
    return fresh_environment()


def make(store: Store, environment: EnvironmentId, name: str, tree: Node = GOLD) -> Segment:
    """Save a segment."""
    return create_segment(store, environment, name=name, tree=tree, source="v1:1")


def within(segment: Segment) -> InSegment:
    """Give the node that stands for a saved segment."""
    return InSegment(segment.head.segment_id)


def names(store: Store, environment: EnvironmentId) -> list[str]:
    """Give the names of all segments in order."""
    found, rest = list_segments(store, environment, after=None, count=1_000)
    assert rest is None
    return [each.name for each in found]


# S-01
def test_a_saved_segment_is_read_as_it_was_written(
    shared_store: Store, environment: EnvironmentId
) -> None:
    made = create_segment(
        shared_store, environment, name=" VIP 😀 ", tree=GOLD, description="Ours.", source="v1:3"
    )
    assert (made.head.name, made.head.description, made.head.source) == ("VIP 😀", "Ours.", "v1:3")
    assert made.head.created_at == made.head.updated_at > 0
    assert made.sentence == 'People whose Plan is "Gold".'
    assert get_segment(shared_store, environment, made.head.segment_id) == made
    with pytest.raises(NotFoundError):
        get_segment(shared_store, fresh_environment(), made.head.segment_id)


def test_what_is_not_named_of_a_segment_stays(
    shared_store: Store, environment: EnvironmentId
) -> None:
    made = make(shared_store, environment, "VIP").head
    changed = change_segment(
        shared_store, environment, made.segment_id, description="Ours.", source="member:2"
    )
    assert (changed.head.name, changed.tree, changed.head.source) == ("VIP", GOLD, "member:2")
    assert changed.head.updated_at >= changed.head.created_at == made.created_at
    again = change_segment(
        shared_store, environment, made.segment_id, name="Best", tree=TestUser(), source="v1:1"
    )
    assert (again.head.name, again.tree, again.head.description) == ("Best", TestUser(), "Ours.")
    assert get_segment(shared_store, environment, made.segment_id) == again


def test_a_name_is_of_one_segment_of_an_environment(
    shared_store: Store, environment: EnvironmentId
) -> None:
    made = make(shared_store, environment, "VIP").head
    other = make(shared_store, environment, "vip").head
    make(shared_store, fresh_environment(), "VIP")
    with pytest.raises(SegmentNameTakenError, match=f"segment {made.segment_id} is called 'VIP'"):
        make(shared_store, environment, "VIP ")
    with pytest.raises(SegmentNameTakenError):
        change_segment(shared_store, environment, other.segment_id, name="VIP", source="v1:1")
    change_segment(shared_store, environment, made.segment_id, name="VIP", source="v1:1")
    delete_segment(shared_store, environment, made.segment_id)
    make(shared_store, environment, "VIP")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", "a\x00b", "\ud800"], ids=repr)
def test_a_name_of_a_wrong_form_is_refused(
    shared_store: Store, environment: EnvironmentId, name: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make(shared_store, environment, name)
    assert refusal.value.path == "name"
    assert names(shared_store, environment) == ["Test users"]


# P-11
def test_test_users_are_a_segment_that_is_always_there(
    shared_store: Store, environment: EnvironmentId
) -> None:
    fixed = TEST_USERS.head.segment_id
    assert get_segment(shared_store, environment, fixed).tree == TestUser()
    assert expand_segments(shared_store, environment, Not(InSegment(fixed))) == Not(TestUser())
    with pytest.raises(SystemSegmentError):
        change_segment(shared_store, environment, fixed, name="Mine", source="v1:1")
    with pytest.raises(SystemSegmentError):
        delete_segment(shared_store, environment, fixed)
    with pytest.raises(SegmentNameTakenError):
        make(shared_store, environment, "TEST users")


def test_segments_are_listed_by_name_page_by_page(
    shared_store: Store, environment: EnvironmentId
) -> None:
    for name in ("b", "Z", "ä", "Test people", "a"):
        make(shared_store, environment, name)
    whole = ["Test users", "Test people", "Z", "a", "b", "ä"]
    assert names(shared_store, environment) == whole
    for size in (1, 2, 3, 5, 6, 7):
        paged: list[str] = []
        after: str | None = None
        for _ in itertools.count():
            page, after = list_segments(shared_store, environment, after=after, count=size)
            assert len(page) <= size
            paged += [each.name for each in page]
            if after is None:
                break
        assert paged == whole


# S-01
def test_segments_are_made_of_segments(shared_store: Store, environment: EnvironmentId) -> None:
    gold = make(shared_store, environment, "Gold")
    best = make(shared_store, environment, "Best", All((within(gold), Not(TestUser()))))
    assert best.names == {gold.head.segment_id: "Gold"}
    assert best.sentence.startswith('People who are in the segment "Gold" and')
    assert get_segment(shared_store, environment, best.head.segment_id) == best
    expanded = expand_segments(shared_store, environment, within(best))
    assert expanded == All((GOLD, Not(TestUser())))
    change_segment(shared_store, environment, gold.head.segment_id, tree=TestUser(), source="v1:1")
    expanded = expand_segments(shared_store, environment, within(best))
    assert expanded == All((TestUser(), Not(TestUser())))


# S-02
def test_a_segment_cannot_come_to_include_itself(
    shared_store: Store, environment: EnvironmentId
) -> None:
    a = make(shared_store, environment, "A")
    b = make(shared_store, environment, "B", within(a))
    c = make(shared_store, environment, "C", Not(within(b)))
    ids = [each.head.segment_id for each in (a, c, b, a)]
    circle = " → ".join(f"'{name}' ({each})" for name, each in zip("ACBA", ids, strict=True))
    with pytest.raises(InvalidSegmentError) as refusal:
        change_segment(shared_store, environment, ids[0], tree=Not(within(c)), source="v1:1")
    assert str(refusal.value) == (
        f"tree.not.segment.not.segment.segment: the segment would include itself: {circle}"
    )
    assert get_segment(shared_store, environment, ids[0]).tree == GOLD


# S-02
@pytest.mark.parametrize("unknown", ["99", "no-such", "1'; drop table segments --", "\x00"])
def test_what_is_not_there_is_said_so(
    shared_store: Store, environment: EnvironmentId, unknown: str
) -> None:
    segment = SegmentId(unknown)
    with pytest.raises(InvalidSegmentError, match="there is no segment") as refusal:
        make(shared_store, environment, "A", Not(InSegment(segment)))
    assert refusal.value.path == "tree.not.segment"
    for work in (get_segment, delete_segment):
        with pytest.raises(NotFoundError):
            work(shared_store, environment, segment)
    with pytest.raises(NotFoundError):
        change_segment(shared_store, environment, segment, name="B", source="v1:1")


def test_a_segment_of_which_others_are_made_stays(
    shared_store: Store, environment: EnvironmentId
) -> None:
    gold = make(shared_store, environment, "Gold")
    users = [make(shared_store, environment, f"U{n}", Not(within(gold))) for n in range(7)]
    with pytest.raises(SegmentInUseError) as refusal:
        delete_segment(shared_store, environment, gold.head.segment_id)
    named = ", ".join(f"'U{n}' ({users[n].head.segment_id})" for n in range(5))
    assert str(refusal.value).endswith(f"is part of {named} and 2 more.")
    for user in users:
        delete_segment(shared_store, environment, user.head.segment_id)
    assert delete_segment(shared_store, environment, gold.head.segment_id) == gold
    assert names(shared_store, environment) == ["Test users"]


# S-02
def test_a_segment_cannot_grow_so_that_another_breaks(
    shared_store: Store, environment: EnvironmentId
) -> None:
    part = make(shared_store, environment, "Part")
    ten = make(shared_store, environment, "Ten", All((within(part),) * 10))
    make(shared_store, environment, "Ten too", Not(within(ten)))
    large = All((GOLD,) * 150)
    with pytest.raises(InvalidSegmentError, match=r"^tree: 'Ten' .* could not be used any more"):
        change_segment(shared_store, environment, part.head.segment_id, tree=large, source="v1:1")
    assert get_segment(shared_store, environment, part.head.segment_id) == part
    smaller = All((GOLD,) * 90)
    change_segment(shared_store, environment, part.head.segment_id, tree=smaller, source="v1:1")


def test_two_thousand_segments_are_saved_and_listed_and_one_more_is_refused(
    shared_store: Store, environment: EnvironmentId
) -> None:
    rows = [
        (environment, f"s{n}", f"S{n:04}", "", 1, 1, "v1:1", b'{"test_user":true}')
        for n in range(SEGMENTS)
    ]
    with shared_store.write() as tx:
        tx.insert(schema.segments, rows)
    page, rest = list_segments(shared_store, environment, after="S1499", count=500)
    assert ([page[0].name, page[-1].name], rest) == (["S1500", "S1999"], None)
    with pytest.raises(LimitExceededError, match=f"saved segments: {SEGMENTS + 1} sent"):
        make(shared_store, environment, "One more")
    delete_segment(shared_store, environment, SegmentId("s7"))
    make(shared_store, environment, "One more", Not(InSegment(SegmentId("s8"))))


def point(store: Store, environment: EnvironmentId, one: Segment, other: Segment) -> bool:
    """Let a segment be another one; false if that is refused."""
    try:
        change_segment(store, environment, one.head.segment_id, tree=within(other), source="v1:1")
    except InvalidSegmentError:
        return False
    return True


# S-02
def test_two_processes_cannot_make_a_circle_together(pair_of_stores: tuple[Store, Store]) -> None:
    for _ in range(5):
        environment = fresh_environment()
        a = make(pair_of_stores[0], environment, "A")
        b = make(pair_of_stores[0], environment, "B")
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(point, pair_of_stores[0], environment, a, b)
            second = pool.submit(point, pair_of_stores[1], environment, b, a)
        assert sorted([first.result(), second.result()]) == [False, True]
        for each in (a, b):
            assert expand_segments(pair_of_stores[0], environment, within(each)) == GOLD


def test_what_was_counted_of_a_segment_goes_with_it(
    shared_store: Store, environment: EnvironmentId
) -> None:
    made = make(shared_store, environment, "A").head.segment_id
    other = make(shared_store, environment, "B").head.segment_id
    with shared_store.write() as tx:
        rows = [(environment, each, "2026-06-01", 7, 1) for each in (made, other)]
        tx.insert(schema.segment_sizes, rows)
    delete_segment(shared_store, environment, made)
    with shared_store.read() as tx:
        left = tx.rows(
            schema.segment_sizes.select().where(
                schema.segment_sizes.c.environment_id == environment
            )
        )
    assert [row[1] for row in left] == [other]
