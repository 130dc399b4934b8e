"""Why somebody is in a segment: each part agrees with the whole, and shows what decided (S-06, B-08)."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.devices import Device
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.expand import Lookup, NamedTree, expand
from mien.domain.explain import (
    DEVICES,
    EVENTS,
    ITEMS,
    TEXT_CHARACTERS,
    Found,
    FoundChannel,
    FoundDevice,
    FoundDevices,
    FoundEvent,
    FoundEvents,
    FoundValue,
    Part,
    explain,
)
from mien.domain.ids import SegmentId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.reachability import Reason
from mien.domain.segment_json import parse_segment
from mien.domain.segments import All, InSegment, Node, Not
from tests.domain.ana import NOW, PARIS, ana
from tests.domain.crowd import MOMENT, ZONES, people
from tests.domain.trees import trees


def nothing(segment: SegmentId) -> NamedTree | None:
    """Find no segment."""
    return None


def explained(raw: object, someone: Person, lookup: Lookup = nothing) -> Part:
    """Explain a segment by the time of Paris."""
    return explain(parse_segment(raw), someone, NOW, PARIS, lookup)


def found(raw: object, someone: Person) -> Found | None:
    """Give what decided of a segment of one part."""
    return explained(raw, someone).found


def walk(part: Part) -> Iterator[Part]:
    """Give a part and all below it."""
    yield part
    for each in part.parts:
        yield from walk(each)


zones = st.sampled_from(ZONES)


# S-06
@given(trees, people(), zones)
def test_an_explanation_says_what_matching_says(
    tree: Node, someone: Person, zone: ZoneInfo
) -> None:
    part = explain(tree, someone, MOMENT, zone, nothing)
    assert part.holds is matches(tree, someone, MOMENT, zone)
    assert msgspec.json.encode(part)


# S-06
@given(trees, trees, people(), zones)
def test_a_segment_inside_is_explained_in_its_place(
    tree: Node, inner: Node, someone: Person, zone: ZoneInfo
) -> None:
    def lookup(segment: SegmentId) -> NamedTree:
        return NamedTree("VIP", inner)

    whole = All((tree, Not(InSegment(SegmentId("7")))))
    part = explain(whole, someone, MOMENT, zone, lookup)
    assert part.holds is matches(expand(whole, lookup), someone, MOMENT, zone)
    (inside,) = part.parts[1].parts
    assert (inside.path, inside.sentence) == (
        "segment.all[1].not",
        'People who are in the segment "VIP".',
    )
    assert (
        inside.parts
        == (explain(inner, someone, MOMENT, zone, lookup, path="segment.all[1].not.segment"),)
        or not inside.decides
    )


# S-06
@given(trees, people(), zones)
def test_the_whole_follows_from_the_parts_that_decide(
    tree: Node, someone: Person, zone: ZoneInfo
) -> None:
    part = explain(tree, someone, MOMENT, zone, nothing)
    for each in walk(part):
        if each.decides and each.parts:
            deciding = {inner.holds for inner in each.parts if inner.decides}
            assert deciding == {each.holds is not (each.sentence == "Not this.")}
        if not each.decides:
            assert not any(inner.decides for inner in each.parts)


# S-06
def test_the_parts_that_do_not_hold_keep_somebody_out() -> None:
    plan = {"property": "Plan", "op": "equals", "value": "Gold"}
    score = {"property": "Score", "op": "at_least", "value": 3}
    part = explained({"all": [plan, {"any": [score, {"not": plan}]}]}, ana(Plan="Gold", Score=2))
    assert [(each.path, each.holds, each.decides) for each in walk(part)] == [
        ("segment", False, True),
        ("segment.all[0]", True, False),
        ("segment.all[1]", False, True),
        ("segment.all[1].any[0]", False, True),
        ("segment.all[1].any[1]", False, True),
        ("segment.all[1].any[1].not", True, True),
    ]
    assert [each.sentence for each in walk(part)] == [
        "All of these.",
        'People whose Plan is "Gold".',
        "At least one of these.",
        "People whose Score is at least 3.",
        "Not this.",
        'People whose Plan is "Gold".',
    ]
    assert part.parts[1].parts[0].found == FoundValue(2)


# S-06
def test_the_value_that_was_asked_about_is_shown() -> None:
    someone = ana(Plan="Gold", DOB="$D_20000329", known={TEST_MARK: IS_TEST})
    assert found({"property": "Plan", "op": "exists"}, someone) == FoundValue("Gold")
    assert found({"property": "plan", "op": "exists"}, someone) == FoundValue(None)
    assert found({"derived": "Age", "op": "exists"}, someone) == FoundValue(26)
    assert found({"test_user": True}, someone) == FoundValue("Yes")
    assert found({"test_user": True}, ana()) == FoundValue(None)
    assert found({"disabled": True}, someone) == FoundValue(None)
    disabled = ana(known={"MSG-disabled": True})
    assert found({"disabled": True}, disabled) == FoundValue(value=True)
    assert found({"channel": "push"}, disabled) == FoundChannel(None, Reason.DISABLED)


BOUGHT = [
    Occurrence(
        "Charged",
        NOW - day * 86_400,
        {"Amount": 0.1 * day, "Shop": "a", "Other": 1},
        {"utm_source": "mail", "other": 1},
    )
    for day in range(8)
]


# S-06
def test_the_newest_events_that_count_are_shown_with_what_was_asked_of_them() -> None:
    asked: dict[str, object] = {
        "did": "charged",
        "window": {"last_days": 7},
        "where": [
            {"property": "Shop", "op": "equals", "value": "a"},
            {"not": {"session": "utm_source", "op": "equals", "value": "ad"}},
        ],
        "sum": {"of": "Amount", "op": "at_least", "value": 2},
    }
    part = explained(asked, ana(*BOUGHT, Occurrence("Viewed", NOW)))
    assert part.holds
    assert isinstance(part.found, FoundEvents)
    assert (part.found.figure, part.found.counting, part.found.known) == (2.1, 7, 8)
    assert [event.at for event in part.found.newest] == [event.at for event in BOUGHT[:EVENTS]]
    assert part.found.newest[1] == FoundEvent(
        "Charged",
        NOW - 86_400,
        counts=True,
        properties={"Amount": 0.1, "Shop": "a"},
        session={"utm_source": "mail"},
    )


# S-06
def test_if_no_event_counts_the_newest_of_that_name_are_shown() -> None:
    where = [{"property": "Shop", "op": "equals", "value": "b"}]
    nearly = found({"did": "Charged", "where": where}, ana(*BOUGHT))
    assert isinstance(nearly, FoundEvents)
    assert (nearly.figure, nearly.counting, nearly.known) == (0, 0, 8)
    assert [event.counts for event in nearly.newest] == [False] * EVENTS
    never = found({"did": "Sold", "where": where}, ana(*BOUGHT))
    assert never == FoundEvents(0, 0, [], 0)


# S-06
def test_a_figure_is_shown_as_people_know_it() -> None:
    ten = ana(*[Occurrence("Charged", NOW - n, {"Amount": n, "Huge": 2**62}) for n in range(4)])
    figures = {
        "count": ({"op": "at_least", "value": 1}, 4),
        "sum": ({"of": "Amount", "op": "exists"}, 6),
        "average": ({"of": "Amount", "op": "exists"}, 1.5),
        "distinct": ({"of": "Amount", "op": "at_least", "value": 1}, 4),
        "first": ({"op": "exists"}, f"$D_{NOW - 3}"),
        "last": ({"op": "exists"}, f"$D_{NOW}"),
    }
    for figure, (asked, shown) in figures.items():
        told = found({"did": "Charged", figure: asked}, ten)
        assert isinstance(told, FoundEvents)
        assert told.figure == shown
    for figure, size in (("sum", 2**64), ("average", 2**62)):
        told = found({"did": "Charged", figure: {"of": "Huge", "op": "exists"}}, ten)
        assert isinstance(told, FoundEvents)
        assert told.figure == size
    nothing_added = found({"did": "Charged", "sum": {"of": "x", "op": "exists"}}, ten)
    assert isinstance(nothing_added, FoundEvents)
    assert nothing_added.figure is None


# S-06
def test_devices_that_meet_all_are_shown_first_then_those_seen_last() -> None:
    devices = [
        Device(f"d{n}", seen_at=n, platform="iOS" if n == 1 else "Web", country="FR", city="Paris")
        for n in range(8)
    ]
    asked = [
        {"fact": "platform", "op": "equals", "value": "iOS"},
        {"fact": "country", "op": "exists"},
    ]
    told = found({"device": asked}, ana(devices=devices))
    assert isinstance(told, FoundDevices)
    assert [each.object_id for each in told.devices] == ["d1", "d7", "d6", "d5", "d4"]
    assert (len(told.devices), told.known) == (DEVICES, 8)
    assert told.devices[0] == FoundDevice(
        "d1", meets=True, facts={"platform": "iOS", "country": "FR"}
    )
    assert not told.devices[1].meets


# S-06
def test_a_channel_shows_what_was_said_and_why_nothing_can_be_sent() -> None:
    email = {"channel": "email"}
    assert found(email, ana()) == FoundChannel(None, Reason.NO_ADDRESS)
    someone = ana(Email="ana@example.com", known={"MSG-email": False})
    assert found(email, someone) == FoundChannel(said=False, reason=Reason.OPTED_OUT)
    asked = {"channel": "email", "is": "opted_out"}
    assert found(asked, someone) == FoundChannel(said=False, reason=Reason.OPTED_OUT)
    assert found(email, ana(Email="ana@example.com")) == FoundChannel(None, None)


# S-06
def test_long_values_are_cut() -> None:
    someone = ana(Text="ä" * 512, List=[f"{n}" + "x" * 300 for n in range(100)])
    text = found({"property": "Text", "op": "exists"}, someone)
    assert text == FoundValue("ä" * TEXT_CHARACTERS + "…")
    some = found({"property": "List", "op": "exists"}, someone)
    assert isinstance(some, FoundValue)
    assert isinstance(some.value, list)
    assert (len(some.value), some.value[-1]) == (ITEMS + 1, "…")
    items = [{"sku": "x" * 300}, {"sku": "y"}]
    told = found(
        {"did": "Charged", "where": [{"property": "Items", "op": "exists"}]},
        ana(Occurrence("Charged", NOW, {"Items": items})),
    )
    assert isinstance(told, FoundEvents)
    cut = '{"sku":"' + "x" * (TEXT_CHARACTERS - 8) + "…"
    assert told.newest[0].properties == {"Items": [cut, '{"sku":"y"}']}
