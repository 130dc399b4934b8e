"""What conditions on values mean: tables of examples, and days on which clocks or birthdays matter."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.matching import matches
from mien.domain.moments import day_at, start_of
from mien.domain.segment_json import parse_segment
from mien.domain.values import Value
from tests.domain.ana import NOW, ana, at, is_in
from tests.domain.crowd import ZONES

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


# P-10
def test_age_changes_at_midnight_of_the_account_and_both_ends_are_included() -> None:
    born, midnight = ana(DOB="$D_20000329"), at("2026-03-29T00:00:00")
    for low, high, ages in (
        (25, 25, [True, False]),
        (26, 26, [False, True]),
        (25, 26, [True, True]),
        (26, 30, [False, True]),
        (20, 25, [True, False]),
    ):
        node = {"derived": "Age", "op": "between", "low": low, "high": high}
        assert [is_in(node, born, now=now) for now in (midnight - 1, midnight)] == ages


# P-10, S-03
def test_the_anniversary_of_29_february_is_1_march_in_other_years() -> None:
    leap, node = ana(DOB="$D_20040229"), {"property": "DOB", "op": "anniversary", "days": 1}
    found = [
        day
        for day in ("2026-02-28", "2026-03-01", "2028-02-29", "2028-03-01")
        if is_in(node, leap, now=at(f"{day}T12:00:00"))
    ]
    assert found == ["2026-03-01", "2028-02-29"]


zones = st.sampled_from(ZONES)


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
