"""What segments mean: tables of examples, windows at their boundaries, and laws that hold for all trees."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.devices import Device, PushToken
from mien.domain.documents import IS_TEST, TEST_MARK, Document
from mien.domain.ids import ProfileId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.moments import day_at, start_of
from mien.domain.preferences import SubscriptionKey
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import All, Any, Node, Not
from mien.domain.values import Value
from tests.domain.crowd import MAIL, MOMENT, ZONES, people
from tests.domain.trees import trees

PARIS = ZoneInfo("Europe/Paris")
NOW = MOMENT
"""2026-03-29 01:30 in Paris: half an hour before clocks go from 2 to 3."""


def ana(
    *events: Occurrence,
    devices: list[Device] | None = None,
    groups: dict[str, dict[str, bool]] | None = None,
    states: dict[SubscriptionKey, bool] | None = None,
    known: dict[str, Value] | None = None,
    **properties: Value,
) -> Person:
    """Give a person with these properties and events."""
    document = Document(
        0, properties=properties | (known or {}), devices=devices or [], groups=groups or {}
    )
    return Person(ProfileId(7), document, NOW * 1_000, events, states or {})


def is_in(raw: object, person: Person, *, now: int = NOW) -> bool:
    """Ask whether a person is in a segment, by the time of Paris."""
    return matches(parse_segment(raw), person, now, PARIS)


def at(text: str) -> int:
    """Give a moment of Paris in epoch seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp())


CONDITIONS: list[tuple[Value | None, dict[str, object], bool]] = [
    (None, {"op": "exists"}, False),
    (False, {"op": "exists"}, True),
    ("", {"op": "exists"}, True),
    ("Gold", {"op": "equals", "value": "Gold"}, True),
    ("gold", {"op": "equals", "value": "Gold"}, False),
    ("Gold ", {"op": "equals", "value": "Gold"}, False),
    (None, {"op": "equals", "value": "Gold"}, False),
    ("", {"op": "equals", "value": ""}, True),
    (None, {"op": "equals", "value": ""}, False),
    ("1", {"op": "equals", "value": 1}, False),
    (1, {"op": "equals", "value": "1"}, False),
    (1, {"op": "equals", "value": True}, False),
    (True, {"op": "equals", "value": 1}, False),
    (True, {"op": "equals", "value": True}, True),
    (1.0, {"op": "equals", "value": 1}, True),
    (2**53 + 1, {"op": "equals", "value": 2**53}, False),
    (2**53 + 1, {"op": "equals", "value": 2**53 + 1}, True),
    (float(2**53), {"op": "equals", "value": 2**53 + 1}, False),
    (["Gold"], {"op": "equals", "value": "Gold"}, False),
    ("b", {"op": "any_of", "values": ["a", "b"]}, True),
    (1, {"op": "any_of", "values": ["1", True]}, False),
    ("50% off", {"op": "contains", "value": "%"}, True),
    ("50 off", {"op": "contains", "value": "%"}, False),
    ("axb", {"op": "contains", "value": "a_b"}, False),
    ("Big GOLD", {"op": "contains", "value": "gOlD"}, True),
    ("Ä", {"op": "contains", "value": "ä"}, False),
    ("İ", {"op": "contains", "value": "i"}, False),
    ("$D_1774744200", {"op": "contains", "value": "17"}, False),
    (17, {"op": "contains", "value": "17"}, False),
    (["gold"], {"op": "contains", "value": "gold"}, False),
    ("Golden", {"op": "starts_with", "value": "gO"}, True),
    ("2.9", {"op": "version_below", "value": "2.10"}, True),
    ("2.10", {"op": "version_below", "value": "2.9"}, False),
    ("2.9", {"op": "version_at_least", "value": "2.10"}, False),
    ("2.10", {"op": "version_at_least", "value": "2.10.0"}, True),
    ("2.10.0", {"op": "version_below", "value": "2.10"}, False),
    ("0.0", {"op": "version_at_least", "value": "0"}, True),
    ("10", {"op": "version_at_least", "value": "9.9.9"}, True),
    ("2.1-beta", {"op": "version_below", "value": "3"}, False),
    ("2.1-beta", {"op": "version_at_least", "value": "1"}, False),
    (2.1, {"op": "version_below", "value": "3"}, False),
    ("The Gold", {"op": "starts_with", "value": "Gold"}, False),
    (1, {"op": "less_than", "value": 1}, False),
    (0.5, {"op": "less_than", "value": 1}, True),
    ("0", {"op": "less_than", "value": 1}, False),
    (True, {"op": "at_least", "value": 0}, False),
    (1, {"op": "at_most", "value": 1}, True),
    (2**53 + 1, {"op": "more_than", "value": 2**53}, True),
    (float(2**53), {"op": "more_than", "value": 2**53}, False),
    (1, {"op": "more_than", "value": 1}, False),
    (1, {"op": "at_least", "value": 1}, True),
    (25, {"op": "between", "low": 25, "high": 30}, True),
    (30, {"op": "between", "low": 25, "high": 30}, True),
    (30.5, {"op": "between", "low": 25, "high": 30}, False),
    (["art", "tea"], {"op": "has_any", "values": ["tea", "x"]}, True),
    (["art"], {"op": "has_any", "values": ["Art"]}, False),
    ([], {"op": "has_any", "values": ["tea"]}, False),
    (["art", "tea"], {"op": "has_all", "values": ["tea", "art"]}, True),
    (["art", "tea"], {"op": "has_all", "values": ["tea", "x"]}, False),
    (["", "$D_1"], {"op": "has_all", "values": ["$D_1", ""]}, True),
    ("tea", {"op": "has_any", "values": ["tea"]}, False),
]


# S-03
@pytest.mark.parametrize(
    ("value", "condition", "holds"),
    CONDITIONS,
    ids=[str(place) for place in range(len(CONDITIONS))],
)
def test_a_condition_on_a_value(
    value: Value | None, condition: dict[str, object], *, holds: bool
) -> None:
    person = ana() if value is None else ana(Plan=value)
    node = {"property": "Plan", **condition}
    assert is_in(node, person) is holds
    assert is_in({"not": node}, person) is not holds


DATES: list[tuple[str, dict[str, object], bool]] = [
    ("$D_20260329", {"op": "on", "day": "2026-03-29"}, True),
    ("$D_20260328", {"op": "on", "day": "2026-03-29"}, False),
    (f"$D_{at('2026-03-29T00:00:00')}", {"op": "on", "day": "2026-03-29"}, True),
    (f"$D_{at('2026-03-29T00:00:00') - 1}", {"op": "on", "day": "2026-03-29"}, False),
    (f"$D_{at('2026-03-30T00:00:00') - 1}", {"op": "on", "day": "2026-03-29"}, True),
    (f"$D_{at('2026-03-30T00:00:00')}", {"op": "on", "day": "2026-03-29"}, False),
    (f"$D_{at('2026-03-30T00:00:00')}", {"op": "after", "day": "2026-03-29"}, True),
    (f"$D_{at('2026-03-30T00:00:00') - 1}", {"op": "after", "day": "2026-03-29"}, False),
    (f"$D_{at('2026-03-29T00:00:00') - 1}", {"op": "before", "day": "2026-03-29"}, True),
    (f"$D_{at('2026-03-29T00:00:00')}", {"op": "before", "day": "2026-03-29"}, False),
    ("$D_-1", {"op": "on", "day": "1970-01-01"}, True),
    ("$D_-3601", {"op": "on", "day": "1969-12-31"}, True),
    ("$D_999999999999", {"op": "after", "day": "2026-03-29"}, True),
    ("$D_20260329", {"op": "in_last", "days": 1}, True),
    ("$D_20260328", {"op": "in_last", "days": 1}, False),
    ("$D_20260328", {"op": "in_last", "days": 2}, True),
    ("$D_20260330", {"op": "in_last", "days": 2}, False),
    ("$D_20260329", {"op": "in_next", "days": 1}, True),
    ("$D_20260330", {"op": "in_next", "days": 1}, False),
    ("$D_20260330", {"op": "in_next", "days": 2}, True),
    ("$D_20260328", {"op": "in_next", "days": 2}, False),
    ("$D_19900329", {"op": "anniversary", "days": 1}, True),
    ("$D_19900330", {"op": "anniversary", "days": 1}, False),
    ("$D_19900330", {"op": "anniversary", "days": 2}, True),
    ("$D_19900328", {"op": "anniversary", "days": 2}, False),
    ("$D_19900102", {"op": "anniversary", "days": 365}, True),
    ("$D_20260329", {"op": "anniversary", "days": 1}, False),
    ("Gold", {"op": "before", "day": "2026-03-29"}, False),
    ("Gold", {"op": "anniversary", "days": 365}, False),
]


# S-03
@pytest.mark.parametrize(
    ("value", "condition", "holds"), DATES, ids=[str(place) for place in range(len(DATES))]
)
def test_a_condition_on_a_date(value: str, condition: dict[str, object], *, holds: bool) -> None:
    assert is_in({"property": "Renewal", **condition}, ana(Renewal=value)) is holds


# P-10, S-03
def test_the_anniversary_of_29_february_is_1_march_in_other_years() -> None:
    leap, node = ana(DOB="$D_20040229"), {"property": "DOB", "op": "anniversary", "days": 1}
    found = [
        day
        for day in ("2026-02-28", "2026-03-01", "2028-02-29", "2028-03-01")
        if is_in(node, leap, now=at(f"{day}T12:00:00"))
    ]
    assert found == ["2026-03-01", "2028-02-29"]


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


# S-05
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), zones)
def test_a_day_ends_where_the_next_one_starts(day: date, zone: ZoneInfo) -> None:
    start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    assert (day_at(start - 1, zone), day_at(start, zone)) == (day - timedelta(days=1), day)
    assert day_at(end - 1, zone) == day
    assert 82_800 <= end - start <= 90_000 or day.year < 1990


# S-05
def test_a_day_that_a_zone_skipped_is_empty() -> None:
    apia, skipped = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    assert start_of(skipped, apia) == start_of(skipped + timedelta(days=1), apia)


# S-03
def test_a_day_is_itself_where_the_zone_skipped_it_too() -> None:
    person, apia = ana(Renewal="$D_20111230"), ZoneInfo("Pacific/Apia")
    on: dict[str, object] = {"property": "Renewal", "op": "on", "day": "2011-12-30"}
    assert matches(parse_segment(on), person, NOW, apia)
    before = {**on, "op": "before", "day": "2011-12-31"}
    assert matches(parse_segment(before), person, NOW, apia)


# S-05
def test_a_day_starts_when_clocks_skip_its_midnight() -> None:
    start = start_of(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"))
    assert datetime.fromtimestamp(start, UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)
