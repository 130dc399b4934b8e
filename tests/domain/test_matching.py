"""What segments mean: tables of examples, windows at their boundaries, and laws that hold for all trees."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.conditions import Equals
from mien.domain.devices import Device, PushToken
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.ids import SegmentId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import Aggregate, All, Any, Did, Figure, InSegment, Node, Not
from mien.domain.values import Value
from tests.domain.ana import NOW, PARIS, ana, at, is_in
from tests.domain.crowd import MAIL, MOMENT, ZONES, people
from tests.domain.trees import trees


def charged(moment: int, **properties: object) -> Occurrence:
    """Give one purchase."""
    return Occurrence("Charged", moment, properties)


WINDOWS: list[tuple[dict[str, object], int, int]] = [
    ({"last_hours": 1}, NOW - 3_599, NOW),
    ({"last_hours": 24}, NOW - 86_399, NOW),
    ({"last_days": 1}, at("2026-03-29T00:00:00"), NOW),
    ({"last_days": 30}, at("2026-02-28T00:00:00"), NOW),
    (
        {"from": "2026-03-29", "to": "2026-03-29"},
        at("2026-03-29T00:00:00"),
        at("2026-03-29T23:59:59"),
    ),
    ({"since": NOW - 60, "until": NOW}, NOW - 60, NOW - 1),
]


# S-05
@pytest.mark.parametrize(("window", "first", "last"), WINDOWS, ids=repr)
def test_an_event_counts_from_the_first_to_the_last_second_of_a_window(
    window: dict[str, object], first: int, last: int
) -> None:
    node = {"did": "Charged", "window": window}
    counting = [
        moment
        for moment in (first - 1, first, first + 1, last - 1, last, last + 1)
        if is_in(node, ana(charged(moment)))
    ]
    assert counting == [first, first + 1, last - 1, last]


# S-05
def test_a_day_on_which_clocks_change_is_a_whole_window() -> None:
    node = {"did": "Charged", "window": {"from": "2026-03-29", "to": "2026-03-29"}}
    start = at("2026-03-29T00:00:00")
    assert is_in(node, ana(charged(start + 23 * 3_600 - 1)))
    assert not is_in(node, ana(charged(start + 23 * 3_600)))


# S-05
def test_a_window_moves_by_itself() -> None:
    person, bought = ana(charged(NOW)), NOW
    hour = {"did": "Charged", "window": {"last_hours": 1}}
    moments = (bought - 1, bought, bought + 3_599, bought + 3_600)
    assert [is_in(hour, person, now=now) for now in moments] == [False, True, True, False]
    day, midnight = {"did": "Charged", "window": {"last_days": 1}}, at("2026-03-30T00:00:00")
    assert is_in(day, person, now=midnight - 1)
    assert not is_in(day, person, now=midnight)


VISITED = (
    charged(NOW - 20, Shop="a"),
    Occurrence("Charged", NOW - 10, {"Shop": "b"}, {"utm_source": "mail", "visit": 2}),
    Occurrence("char ged", NOW - 20, {"Shop": "c"}, {"utm_source": "ad"}),
)
OF_AN_EVENT: list[tuple[dict[str, object], int]] = [
    ({"where": [{"session": "utm_source", "op": "equals", "value": "mail"}]}, 1),
    ({"where": [{"property": "utm_source", "op": "exists"}]}, 0),
    ({"where": [{"session": "visit", "op": "at_least", "value": 2}]}, 1),
    ({"where": [{"not": {"property": "Shop", "op": "equals", "value": "a"}}]}, 2),
    ({"where": [{"not": {"session": "utm_source", "op": "equals", "value": "ad"}}]}, 2),
    ({"where": [{"not": {"session": "utm_source", "op": "exists"}}]}, 1),
    ({"first_time": True}, 2),
    ({"first_time": True, "window": {"last_hours": 1}}, 2),
    ({"first_time": True, "window": {"since": NOW - 19, "until": NOW}}, 0),
    ({"first_time": True, "where": [{"property": "Shop", "op": "equals", "value": "c"}]}, 1),
    ({"first_time": True, "where": [{"property": "Shop", "op": "equals", "value": "b"}]}, 0),
]


# S-01, S-03
@pytest.mark.parametrize(("more", "count"), OF_AN_EVENT, ids=repr)
def test_a_filter_may_ask_the_session_be_negated_and_take_the_first_time_alone(
    more: dict[str, object], count: int
) -> None:
    person = ana(*VISITED)
    assert is_in({"did": "Charged", "count": {"op": "equals", "value": count}, **more}, person)


BOUGHT = (
    charged(NOW - 100 * 86_400, Amount=10, Shop="a", Fee=0.1),
    charged(NOW - 86_400, Amount=2**53, Shop="b", Fee=0.2),
    Occurrence("charged", NOW - 60, {"Amount": 1, "Shop": "b", "Fee": 4e-7}),
    charged(NOW - 30, Amount="1000", Shop=["b"], Fee=1e300, Far=-1e24),
    Occurrence("Viewed", NOW, {"Amount": 5}),
    Occurrence("Begun", at("2024-03-29T12:00:00")),
)
FIGURES: list[tuple[dict[str, object], bool]] = [
    ({}, True),
    ({"did": "CHAR GED"}, True),
    ({"did": "Sold"}, False),
    ({"count": {"op": "equals", "value": 4}}, True),
    ({"did": "Sold", "count": {"op": "equals", "value": 0}}, True),
    ({"did": "Sold", "count": {"op": "at_most", "value": 3}}, True),
    ({"window": {"last_days": 30}, "count": {"op": "equals", "value": 3}}, True),
    ({"where": [{"property": "Shop", "op": "equals", "value": "b"}]}, True),
    (
        {
            "where": [
                {"property": "Shop", "op": "equals", "value": "b"},
                {"property": "Amount", "op": "equals", "value": 10},
            ]
        },
        False,
    ),
    ({"sum": {"of": "Amount", "op": "equals", "value": 2**53 + 11}}, True),
    ({"sum": {"of": "Amount", "op": "more_than", "value": 2**53 + 11}}, False),
    ({"sum": {"of": "Nothing", "op": "at_most", "value": 100}}, False),
    ({"sum": {"of": "Fee", "op": "equals", "value": 0.3}}, True),
    ({"sum": {"of": "Fee", "op": "any_of", "values": [7, 0.3]}}, True),
    ({"sum": {"of": "Fee", "op": "at_least", "value": 0.3000004}}, True),
    ({"sum": {"of": "Fee", "op": "at_least", "value": 0.300001}}, False),
    ({"average": {"of": "Fee", "op": "equals", "value": 0.1}}, True),
    ({"average": {"of": "Fee", "op": "between", "low": 0.1, "high": 0.2}}, True),
    ({"average": {"of": "Fee", "op": "less_than", "value": 0.1}}, False),
    ({"sum": {"of": "Far", "op": "exists"}}, False),
    ({"did": "Sold", "sum": {"of": "Amount", "op": "exists"}}, False),
    (
        {"where": [{"property": "Amount", "op": "at_most", "value": 10}]}
        | {"average": {"of": "Amount", "op": "equals", "value": 5.5}},
        True,
    ),
    ({"average": {"of": "Nothing", "op": "exists"}}, False),
    ({"distinct": {"of": "Shop", "op": "equals", "value": 2}}, True),
    ({"distinct": {"of": "Nothing", "op": "equals", "value": 0}}, True),
    ({"first": {"op": "in_last", "days": 30}}, False),
    ({"first": {"op": "before", "day": "2026-01-01"}}, True),
    ({"window": {"last_days": 30}, "first": {"op": "on", "day": "2026-03-28"}}, True),
    ({"last": {"op": "in_last", "days": 1}}, True),
    ({"did": "Sold", "last": {"op": "before", "day": "2026-01-01"}}, False),
    ({"first": {"op": "exists"}}, True),
    ({"did": "Sold", "last": {"op": "exists"}}, False),
    ({"did": "Begun", "first": {"op": "anniversary", "days": 1}}, True),
    ({"did": "Begun", "window": {"last_days": 30}, "last": {"op": "exists"}}, False),
    ({"last": {"op": "anniversary", "days": 1}}, False),
]


# S-01, S-03
@pytest.mark.parametrize(
    ("asked", "holds"), FIGURES, ids=[str(place) for place in range(len(FIGURES))]
)
def test_a_figure_over_events(asked: dict[str, object], *, holds: bool) -> None:
    assert is_in({"did": "Charged", **asked}, ana(*BOUGHT)) is holds


PHONE = Device("d1", platform="iOS", country="DE", token=PushToken("t", "fcm"), seen_at=NOW - 9)
LAPTOP = Device("d2", platform="Web", country="FR", seen_at=NOW)
BO = ana(
    devices=[PHONE, LAPTOP],
    groups={"email": {"News": False, "Jobs": True}},
    known={"Email": "ana@example.com", "MSG-push": False, "DOB": "$D_20000329", TEST_MARK: IS_TEST},
)
NODES: list[tuple[dict[str, object], bool]] = [
    ({"device": [{"fact": "platform", "op": "equals", "value": "iOS"}]}, True),
    ({"device": [{"fact": "platform", "op": "contains", "value": "we"}]}, True),
    ({"device": [{"fact": "os", "op": "exists"}]}, False),
    (
        {
            "device": [
                {"fact": "platform", "op": "equals", "value": "iOS"},
                {"fact": "country", "op": "equals", "value": "FR"},
            ]
        },
        False,
    ),
    ({"derived": "Country", "op": "equals", "value": "FR"}, True),
    ({"derived": "Age", "op": "between", "low": 26, "high": 26}, True),
    ({"derived": "Type", "op": "equals", "value": "identified"}, True),
    ({"derived": "Session Count", "op": "equals", "value": 0}, True),
    ({"derived": "Last Seen", "op": "in_last", "days": 1}, True),
    ({"derived": "City", "op": "exists"}, False),
    ({"test_user": True}, True),
    ({"disabled": True}, False),
    ({"channel": "email"}, True),
    ({"channel": "email", "group": "News"}, False),
    ({"channel": "email", "group": "Jobs"}, True),
    ({"channel": "email", "is": "opted_out", "group": "News"}, True),
    ({"channel": "email", "is": "opted_in", "group": "Jobs"}, True),
    ({"channel": "email", "is": "undecided"}, True),
    ({"channel": "push"}, False),
    ({"channel": "push", "is": "opted_out"}, True),
    ({"channel": "push", "is": "undecided"}, False),
    ({"channel": "sms"}, False),
    ({"all": []}, True),
    ({"any": []}, False),
    ({"all": [{"channel": "email"}, {"channel": "sms"}]}, False),
    ({"any": [{"channel": "email"}, {"channel": "sms"}]}, True),
]


# R41
@pytest.mark.parametrize("said", [True, False, "true", None])
def test_who_is_disabled_is_in_that_segment_and_reached_on_no_channel(said: Value | None) -> None:
    is_so = said is True
    held = {} if said is None else {"MSG-disabled": said}
    someone = ana(known={"Email": "ana@example.com", **held})
    assert is_in({"disabled": True}, someone) is is_so
    assert is_in({"not": {"disabled": True}}, someone) is not is_so
    assert is_in({"channel": "email"}, someone) is not is_so


# S-01
@pytest.mark.parametrize(("raw", "holds"), NODES, ids=[str(place) for place in range(len(NODES))])
def test_a_node_on_a_person(raw: dict[str, object], *, holds: bool) -> None:
    assert is_in(raw, BO) is holds


# S-03
def test_different_values_are_told_apart_by_type_and_size() -> None:
    values: list[object] = [1, 1.0, True, "1", "true", 2**53, 2**53 + 1, None, ["1"], {"a": 1}]
    dates = ["$D_1", "$D_01", "$D_20260329", f"$D_{at('2026-03-29T00:00:00')}"]
    person = ana(*(charged(NOW, Shop=value) for value in (*values, *dates)))
    asked = {"of": "Shop", "op": "equals", "value": 6 + 3}
    assert is_in({"did": "Charged", "distinct": asked}, person)


# S-01
def test_a_blocked_address_cannot_be_reached() -> None:
    reach = {"channel": "email"}
    assert is_in(reach, ana(Email="ana@example.com"))
    assert not is_in(reach, ana(Email="ana@example.com", states={MAIL: True}))


zones = st.sampled_from(ZONES)


# S-03
@given(trees, people(), zones)
def test_everybody_is_in_a_segment_or_in_its_opposite(
    tree: Node, person: Person, zone: ZoneInfo
) -> None:
    assert matches(Not(tree), person, MOMENT, zone) is not matches(tree, person, MOMENT, zone)


# S-03
@given(trees, trees, people(), zones)
def test_all_is_the_opposite_of_any_opposite(
    one: Node, other: Node, person: Person, zone: ZoneInfo
) -> None:
    both, neither = All((one, other)), Not(Any((Not(one), Not(other))))
    assert matches(both, person, MOMENT, zone) is matches(neither, person, MOMENT, zone)


# S-02, S-03
@given(trees, people(), zones)
def test_the_canonical_form_means_the_same(tree: Node, person: Person, zone: ZoneInfo) -> None:
    canonical = parse_segment(to_json(tree))
    assert matches(canonical, person, MOMENT, zone) is matches(tree, person, MOMENT, zone)


# S-03
@given(trees, people(), zones)
def test_the_order_of_events_means_nothing(tree: Node, person: Person, zone: ZoneInfo) -> None:
    turned = Person(
        person.profile, person.document, person.created_at, person.events[::-1], person.states
    )
    assert matches(tree, turned, MOMENT, zone) is matches(tree, person, MOMENT, zone)


def test_a_condition_that_is_about_no_date_does_not_hold_of_one() -> None:
    last = Did("Charged", aggregate=Aggregate(Figure.LAST, Equals(NOW)))
    assert not matches(last, ana(charged(NOW)), NOW, PARIS)


def test_a_tree_is_matched_once_the_segments_inside_are_in_their_places() -> None:
    with pytest.raises(ValueError, match="not expanded: it names the segment 7"):
        matches(InSegment(SegmentId("7")), ana(), NOW, PARIS)
