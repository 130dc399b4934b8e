"""Calendar days as moments: what dates, days and windows of a segment mean in a time zone.

A date value is a day or a moment. Days compare with days, moments (whole epoch seconds)
with the starts of days in the zone, so that every engine compares the same dates and
integers. Source: S-03, S-05.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Generic, TypeVar, assert_never

import msgspec

from mien.domain.conditions import After, Before, DaysCondition, InLast, InNext, On
from mien.domain.segments import Days, LastDays, LastHours, Moments, Window
from mien.domain.values import day_of, is_date

_HOUR = 3_600
_DAY = timedelta(days=1)

T = TypeVar("T", int, date)


class Span(msgspec.Struct, Generic[T], frozen=True):
    """What is from `start` on and before `end`: moments in epoch seconds, or days.

    None leaves a side open.
    """

    start: T | None
    end: T | None

    def has(self, when: T) -> bool:
        """Tell whether a moment, or a day, lies in it."""
        return (self.start is None or when >= self.start) and (self.end is None or when < self.end)


def start_of(day: date, zone: tzinfo) -> int:
    """Give the moment at which a day starts in a zone.

    Where clocks skip midnight it is the moment of the skip; where they pass it twice, the first.
    """
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp())


def day_at(moment: int, zone: tzinfo) -> date:
    """Give the day that it is in a zone at a moment."""
    return datetime.fromtimestamp(moment, UTC).astimezone(zone).date()


def meant_by(text: str) -> date | int | None:
    """Read a date value as the day, or else the moment (epoch seconds), that it means.

    None for a text that is no date. Eight digits that form a day are that day.
    """
    if not is_date(text):
        return None
    day = day_of(text)
    if day is not None and text == f"$D_{day.isoformat().replace('-', '')}":
        return day
    return int(text.removeprefix("$D_"))


def days_of(condition: DaysCondition, today: date) -> Span[date]:
    """Give the days that meet a condition on days."""
    match condition:
        case Before(day):
            return Span(None, day)
        case On(day):
            return Span(day, day + _DAY)
        case After(day):
            return Span(day + _DAY, None)
        case InLast(days):
            return Span(today - (days - 1) * _DAY, today + _DAY)
        case InNext(days):
            return Span(today, today + days * _DAY)
        case _:
            assert_never(condition)


def span_of(condition: DaysCondition, today: date, zone: tzinfo) -> Span[int]:
    """Give the moments that meet a condition on days."""
    return _moments(days_of(condition, today), zone)


def span_of_window(window: Window | None, now: int, zone: tzinfo) -> Span[int]:
    """Give the moments of a window; `now`, in epoch seconds, is the last of a sliding one."""
    match window:
        case None:
            return Span(None, None)
        case LastHours(hours):
            return Span(now + 1 - hours * _HOUR, now + 1)
        case LastDays(days):
            return Span(start_of(day_at(now, zone) - (days - 1) * _DAY, zone), now + 1)
        case Days(first, last):
            return _moments(Span(first, None if last is None else last + _DAY), zone)
        case Moments(since, until):
            return Span(since, until)
        case _:
            assert_never(window)


def comes_round(born: date, today: date, days: int) -> bool:
    """Tell whether a day has an anniversary on one of so many days, of which today is the first.

    The day itself is none. Of 29 February it is 1 March in other years, as for the age.
    """
    last = today + (days - 1) * _DAY
    return any(
        born.year < year and today <= _in_year(born, year) <= last
        for year in range(today.year, last.year + 1)
    )


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _moments(days: Span[date], zone: tzinfo) -> Span[int]:
    start = None if days.start is None else start_of(days.start, zone)
    end = None if days.end is None else start_of(days.end, zone)
    return Span(start, end)
