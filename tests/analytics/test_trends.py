"""The days of trends: an event belongs to the day that it is on, whatever clocks do (G-12, S-05)."""

from bisect import bisect_right
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.analytics.trends import Calendar, keys_of
from mien.domain.cql.reports import Step
from mien.domain.moments import Span, start_of

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Paris",
        # Clocks skip midnight, or pass it twice.
        "America/Sao_Paulo",
        "Africa/Cairo",
        "America/Havana",
        # A whole day is missing.
        "Pacific/Apia",
        "Asia/Kathmandu",
    )
]
moments = st.integers(
    int(datetime(2009, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()),
)


@given(
    zone=st.sampled_from(ZONES),
    since=moments,
    length=st.integers(1, 400 * 86_400),
    parts=st.lists(st.floats(0, 1), max_size=20),
)
def test_the_place_of_a_moment_by_runs_of_days_is_that_of_its_day(
    zone: ZoneInfo, since: int, length: int, parts: list[float]
) -> None:
    calendar = Calendar.of(Span(since, since + length), zone)
    assert calendar.starts[:-1] == [start_of(day, zone) for day in calendar.days]
    for at in [since, since + length - 1, *(since + int(part * (length - 1)) for part in parts)]:
        assert calendar.starts[0] <= at < calendar.starts[-1]
        assert _by_runs(calendar, at) == bisect_right(calendar.starts, at) - 1


def _by_runs(calendar: Calendar, at: int) -> int:
    """Do what the SQL does."""
    for first, end, is_whole in calendar.runs():
        if at < calendar.starts[end]:
            return first + (at - calendar.starts[first]) // 86_400 if is_whole else first
    pytest.fail("the moment is after the last day")


def test_weeks_are_those_of_iso_8601() -> None:
    calendar = Calendar.of(
        Span(
            int(datetime(2020, 12, 27, tzinfo=UTC).timestamp()),
            int(datetime(2021, 1, 5, tzinfo=UTC).timestamp()),
        ),
        UTC,
    )
    assert keys_of(calendar, Step.WEEK) == [202052, *[202053] * 7, 202101]
    assert keys_of(calendar, Step.MONTH) == [*[202012] * 5, *[202101] * 4]
