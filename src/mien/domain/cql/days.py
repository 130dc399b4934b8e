"""`from` and `to` of a query: days of the account's time zone, or epoch seconds (G-01)."""

from datetime import date, timedelta, tzinfo

from mien.domain.cql.parts import Raw
from mien.domain.errors import InvalidInputError
from mien.domain.moments import start_of
from mien.domain.segments import LAST_MOMENT, Moments

_DAY_DIGITS = 8


def parse_moments(raw: Raw, path: str, zone: tzinfo) -> Moments:
    """Read both ends: days as YYYYMMDD are included, epoch seconds are so `from`, not `to`."""
    at = f"{path}." if path else ""
    since = _moment(raw.get("from"), f"{at}from", zone, later=timedelta())
    until = _moment(raw.get("to"), f"{at}to", zone, later=timedelta(days=1))
    if until <= since:
        raise InvalidInputError(path=f"{at}to", problem="it needs to be after from")
    return Moments(min(since, LAST_MOMENT), min(until, LAST_MOMENT))


def parse_day(value: object, path: str) -> date:
    """Read a day as YYYYMMDD, a number or its digits."""
    number = _number(value, path, "give a day as YYYYMMDD")
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(path, f"{number} is not a day YYYYMMDD") from error


def _moment(value: object, path: str, zone: tzinfo, *, later: timedelta) -> int:
    """Give the moment that is meant, of a day its start; of a day, so much `later`."""
    number = _number(value, path)
    if len(str(number)) == _DAY_DIGITS:
        day = parse_day(number, path)
        try:
            return start_of(day + later, zone)
        except (ValueError, OverflowError) as error:
            raise InvalidInputError(path, f"{number} is not a day YYYYMMDD") from error
    if number > LAST_MOMENT:
        raise InvalidInputError(path, f"{number} is no time in seconds; milliseconds are not taken")
    return number


def _number(
    value: object, path: str, needed: str = "give a day as YYYYMMDD or epoch seconds"
) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInputError(path, needed)
    return value
