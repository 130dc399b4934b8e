"""What SQL is made of a segment: no text of a user, the right people at each second, at any size."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.analytics.compile import compile_tree
from mien.analytics.engine import Analytics
from mien.analytics.occurrences import next_people, sizes
from mien.analytics.scope import Scope
from mien.domain import conditions as c
from mien.domain import segments as s
from mien.domain.derived import age_on
from mien.domain.documents import Document
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId, ProfileId, SegmentId
from mien.domain.matching import Occurrence, Person
from mien.domain.moments import start_of
from mien.domain.preferences import Channel
from mien.domain.segment_json import parse_segment
from mien.domain.values import Value
from tests.analytics.loading import assert_agree, drop, load, members, new_environment
from tests.domain.crowd import MOMENT
from tests.domain.trees import trees

PARIS = ZoneInfo("Europe/Paris")
T = TypeVar("T")


def person(
    number: int, *moments: int, born: str | None = None, made: int = MOMENT, **known: Value
) -> Person:
    """Give a person who bought at these moments."""
    properties = known if born is None else {**known, "DOB": born}
    bought = [Occurrence("Charged", at, {"Amount": 1}) for at in moments]
    return Person(ProfileId(number), Document(0, properties=properties), made * 1_000, bought)


CHANGE = date(2026, 3, 29)
"""Clocks change in Paris on this day: it has 23 hours."""

WINDOWED: list[dict[str, object]] = [
    {"window": {"last_days": 1}},
    {"window": {"last_days": 2}},
    {"window": {"last_hours": 24}},
    {"window": {"from": "2026-03-29", "to": "2026-03-29"}},
    {"window": {"to": "2026-03-29"}},
    {"window": {"last_days": 1}, "count": {"op": "equals", "value": 2}},
    {"window": {"last_days": 1}, "count": {"op": "at_most", "value": 1}},
    {"window": {"last_days": 1}, "sum": {"of": "Amount", "op": "at_least", "value": 2}},
    {"first": {"op": "on", "day": "2026-03-29"}},
    {"first": {"op": "in_last", "days": 1}},
    {"last": {"op": "in_last", "days": 2}},
    {"last": {"op": "before", "day": "2026-03-29"}},
    {"first_time": True, "window": {"last_days": 1}},
]
SEEN: list[dict[str, object]] = [
    {"derived": name, "op": op, **more}
    for name in ("First Seen", "Last Seen")
    for op, more in (
        ("on", {"day": "2026-03-29"}),
        ("in_last", {"days": 1}),
        ("before", {"day": "2026-03-30"}),
        ("after", {"day": "2026-03-28"}),
    )
]


def seconds_around(*moments: int) -> list[int]:
    return sorted({moment + beside for moment in moments for beside in (-1, 0, 1)})


# S-05
@pytest.mark.parametrize(
    "raw",
    [*({"did": "Charged", **each} for each in WINDOWED), *SEEN],
    ids=[str(place) for place in range(len(WINDOWED) + len(SEEN))],
)
def test_windows_move_by_themselves(analytics: Analytics, raw: dict[str, object]) -> None:
    """One second before, at and after each boundary, for what is asked and when it is asked."""
    starts = [start_of(CHANGE + timedelta(days=each), PARIS) for each in (-1, 0, 1, 2)]
    moments = seconds_around(*starts, *(start - 86_400 for start in starts))
    crowd = [person(place, at, made=at) for place, at in enumerate(moments, 1)]
    crowd += [
        person(100 + place, *both, made=both[0]) for place, both in enumerate(pairwise(moments))
    ]
    catalog = load(analytics, new_environment(), crowd)
    tree = parse_segment(raw)
    found = {
        tuple(assert_agree(analytics, catalog, tree, crowd, now, PARIS))
        for now in seconds_around(*starts[1:3])
    }
    is_sliding = "last_" in str(raw) or "in_last" in str(raw)
    assert len(found) > 1 or not is_sliding
    drop(analytics, catalog)


TODAYS = [
    date(2026, 2, 28),
    date(2026, 3, 1),
    date(2028, 2, 28),
    date(2028, 2, 29),
    date(2028, 3, 1),
]
BORN = [
    "$D_20000228",
    "$D_20000229",
    "$D_20000301",
    "$D_19990228",
    "$D_19990301",
    "$D_20280301",
    "$D_951782400",
    "$D_-1",
    "$D_00010101",
    "$D_99991231",
]


# P-10
@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_age_is_right_on_birthdays(analytics: Analytics, today: date) -> None:
    """Both ends of a range of ages are in it; without a date of birth the age that was given counts."""
    crowd = [person(place, born=born) for place, born in enumerate(BORN, 1)]
    crowd += [person(50 + age, Age=age) for age in (25, 26, 27, 28)]
    crowd += [person(80, born="$D_20990101", Age=26)]
    catalog = load(analytics, new_environment(), crowd)
    now = int(datetime(today.year, today.month, today.day, 12, tzinfo=PARIS).timestamp())
    ages = {age_on(each.document.properties, today) for each in crowd} | {26}
    for age in sorted(age for age in ages if age is not None):
        for condition in (
            c.Equals(age),
            c.Between(age, age + 1),
            c.LessThan(age),
            c.LessOrEqual(age),
            c.MoreThan(age),
            c.MoreOrEqual(age),
            c.AnyOf((age, age + 2)),
            c.Exists(),
        ):
            assert_agree(analytics, catalog, s.Derived("Age", condition), crowd, now, PARIS)
    drop(analytics, catalog)


USER_TEXTS = [
    "'; DROP TABLE profiles; --",
    '"',
    "\\",
    "`",
    "$v0",
    ":at",
    "{v0: String}",
    "\x00",
    "%",
    "😀",
]


def texts_in(value: object) -> Iterator[str]:
    """Give all texts in a tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for each in msgspec.structs.astuple(value):
            yield from texts_in(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from texts_in(each)


def with_texts(value: T, texts: dict[str, str]) -> T:
    """Give a tree with other texts of a user in it."""
    if isinstance(value, msgspec.Struct):
        kept = {"figure", "told", "channel", "state"}
        if isinstance(value, s.Derived | s.Fact):
            kept.add("name")
        fields = {
            name: each if name in kept else with_texts(each, texts)
            for name, each in msgspec.structs.asdict(value).items()
        }
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(with_texts(each, texts) for each in value)  # type: ignore[return-value]
    return texts.get(value, value) if isinstance(value, str) else value  # type: ignore[return-value]


def wide_catalog(tree: s.Node) -> Catalog:
    """Give a catalog that has every name of a tree, with columns of every kind."""
    names = sorted(set(texts_in(tree)))
    properties = {name: Columns(place, frozenset(Kind)) for place, name in enumerate(names, 1)}
    events = {event_key(name): EventTable(7, properties) for name in names}
    return Catalog(EnvironmentId(1), properties, events, has_merged=True, has_blocks=True)


# S-07
@given(trees, st.lists(st.sampled_from(USER_TEXTS), min_size=1, unique=True))
def test_no_text_of_a_user_becomes_sql(tree: s.Node, odd: list[str]) -> None:
    """With such texts as names and values, whatever a segment asks."""
    texts = {each: f"{odd[place % len(odd)]}{place}" for place, each in enumerate(texts_in(tree))}
    asked = with_texts(tree, texts)
    sql = compile_tree(asked, wide_catalog(asked), MOMENT, PARIS).sql
    assert not any(text in sql for text in set(texts.values()) & set(texts_in(asked)))


# S-07
@pytest.mark.parametrize("odd", USER_TEXTS)
def test_odd_texts_are_found_as_they_are(analytics: Analytics, odd: str) -> None:
    crowd = [person(1, Plan=odd), person(2, Plan=f"a{odd}b"), person(3, Plan="a", Tags=[odd])]
    catalog = load(analytics, new_environment(), crowd)
    for condition in (c.Equals(odd), c.AnyOf((odd, "a")), c.Contains(odd), c.StartsWith(odd)):
        assert_agree(analytics, catalog, s.Property("Plan", condition), crowd, MOMENT, PARIS)
    tags = s.Property("Tags", c.HasAny((odd,)))
    assert assert_agree(analytics, catalog, tags, crowd, MOMENT, PARIS) == [3]
    drop(analytics, catalog)


# S-07
@pytest.mark.parametrize(
    "name", ["select", "a/b", "~1", "~0/~", "x" * 120, "é😀", "0", "*", "$.a", "\"'\\"]
)
@pytest.mark.parametrize("in_rest", [False, True])
def test_odd_names_are_found_as_they_are(analytics: Analytics, name: str, *, in_rest: bool) -> None:
    """Of properties of people, events, sessions and items, of events, and of subscription groups."""
    documents = [
        Document(0, properties={name: "Gold"}, groups={"email": {name: False}}),
        Document(0, properties={name: "Lead", "a": {}}, groups={"email": {name: True}}),  # type: ignore[dict-item]
        Document(0, groups={"email": {"other": False}}),
    ]
    crowd = [
        Person(ProfileId(place), document, 0, [Occurrence(name, 0, {**told, "List": listed}, told)])
        for place, document in enumerate(documents, 1)
        for told in [{name: "Gold" if place == 1 else 1}]
        for listed in [[["Gold"], "Gold", told]]
    ]
    names = (name, "List") if in_rest else ()
    catalog = load(analytics, new_environment(), crowd, in_rest=names)
    gold = c.Equals("Gold")
    for tree in (
        s.Property(name, gold),
        s.Did(name, where=(s.Filter(name, gold),)),
        s.Did(name, where=(s.Filter(name, gold, s.Told.SESSION),)),
        s.Did(name, where=(s.HasItem("List", (s.ItemFilter(name, gold),)),)),
        s.Reachable(Channel.EMAIL, s.ChannelState.OPTED_OUT, name),
    ):
        assert assert_agree(analytics, catalog, tree, crowd, MOMENT, PARIS) == [1]
    drop(analytics, catalog)


def test_a_large_segment_is_answered(analytics: Analytics) -> None:
    """As large as segments inside segments may become, over many events."""
    basket = {"Items": [{f"Fact {each}": each for each in range(100)}]}
    crowd = [
        Person(
            ProfileId(place),
            Document(0, properties={"Plan": f"p{place}"}),
            MOMENT * 1_000,
            [Occurrence(f"Event {each}", MOMENT - each, basket) for each in range(300)],
        )
        for place in (1, 2)
    ]
    catalog = load(analytics, new_environment(), crowd)
    several = s.Any(tuple(s.Property("Plan", c.Equals(f"p{each}")) for each in range(2, 900)))
    deep: s.Node = s.Property("Plan", c.AnyOf(tuple(f"p{each}" for each in range(2, 10_000))))
    for _ in range(31):
        deep = s.Not(s.All((deep, s.Property("Plan", c.Exists()))))
    seen = s.Derived("First Seen", c.InLast(1))
    did = s.All(tuple(s.Did(f"Event {each}") for each in range(40)))
    fits = tuple(s.ItemFilter(f"Fact {each}", c.MoreThan(each)) for each in range(240))
    bought = s.Did("Event 0", where=(s.HasItem("Items", fits),))
    for tree in (several, deep, seen, did, bought):
        assert_agree(analytics, catalog, tree, crowd, MOMENT, PARIS)
    drop(analytics, catalog)


def test_people_are_counted_and_listed_page_by_page(analytics: Analytics) -> None:
    crowd = [person(place, MOMENT, MOMENT) for place in range(1, 8)]
    catalog = load(analytics, new_environment(), crowd)
    bought = s.Did("Charged")

    def scope() -> Scope:
        return Scope(catalog, analytics.dialect, MOMENT, PARIS)

    query = sizes(bought, scope())
    assert analytics.query(query.sql, query.values, seconds=30) == [(7, 7)]
    pages = [
        members(analytics, next_people(bought, scope(), after=after, limit=3))
        for after in (0, 3, 6, 7)
    ]
    assert pages == [[1, 2, 3], [4, 5, 6], [7], []]
    drop(analytics, catalog)


def test_a_tree_is_expanded_first() -> None:
    catalog = Catalog(EnvironmentId(1))
    with pytest.raises(ValueError, match="is not expanded"):
        compile_tree(s.InSegment(SegmentId("x")), catalog, MOMENT, PARIS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(tree=trees)
def test_an_environment_without_anything_has_nobody(analytics: Analytics, tree: s.Node) -> None:
    catalog = load(analytics, new_environment(), [])
    assert assert_agree(analytics, catalog, tree, [], MOMENT, PARIS) == []
    drop(analytics, catalog)
