"""Property values: from Python to what the wire knows, and dates back again."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATE_PREFIX = "$D_"
BIRTH_PROPERTY = "DOB"
DEEPEST = 32
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1


class UnsendableValueError(ValueError):
    """A value that JSON or Mien has no form for; `path` leads to it."""

    def __init__(self, path: tuple[str, ...], problem: str) -> None:
        """Keep the facts; the sentence is made from them."""
        self.path, self.problem = path, problem
        super().__init__(f"{'.'.join(path)}: {problem}")


def epoch_seconds(moment: datetime) -> int:
    """Give the whole seconds since 1970 of an aware datetime, rounded down.

    A naive one is a `ValueError`: it does not say which moment it means.
    """
    if moment.utcoffset() is None:
        message = f"{moment!r} has no time zone; give it one, for example tzinfo=UTC"
        raise ValueError(message)
    return (moment - EPOCH) // timedelta(seconds=1)


def parse_date(value: object) -> datetime | None:
    """Read a date as properties hold it (`"$D_1700000000"`), in UTC.

    None if the value is something else, or outside the years 1 to 9999.
    """
    if not isinstance(value, str) or not value.startswith(DATE_PREFIX):
        return None
    try:
        return EPOCH + timedelta(seconds=int(value.removeprefix(DATE_PREFIX)))
    except (ValueError, OverflowError):
        return None


def render_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give properties as JSON can carry them; raises UnsendableValueError."""
    return {key: render_value(value, (str(key),)) for key, value in properties.items()}


def render_value(value: object, path: tuple[str, ...]) -> Any:
    """Give one value as JSON can carry it.

    An aware datetime becomes `$D_<epoch seconds>`, a plain day of `DOB`
    becomes `$D_YYYYMMDD`. Anything the wire has no form for (NaN, bytes, sets,
    naive datetimes, integers beyond 64 bits) raises UnsendableValueError.
    """
    if len(path) > DEEPEST:
        raise UnsendableValueError(path[:3], f"nested more than {DEEPEST} levels deep")
    match value:
        case Enum():
            return render_value(value.value, path)
        case Mapping():
            return {
                _key(key, path): render_value(it, (*path, str(key))) for key, it in value.items()
            }
        case list() | tuple():
            return [render_value(it, (*path, str(index))) for index, it in enumerate(value)]
        case date():
            return _render_day_or_moment(value, path)
        case _:
            return _render_scalar(value, path)


def _key(key: object, path: tuple[str, ...]) -> str:
    if isinstance(key, str):
        return key
    raise UnsendableValueError(path, f"the key {key!r} is not text")


def _render_day_or_moment(value: date, path: tuple[str, ...]) -> str:
    if isinstance(value, datetime):
        try:
            return f"{DATE_PREFIX}{epoch_seconds(value)}"
        except ValueError as error:
            raise UnsendableValueError(path, str(error)) from error
    # `$D_20260501` on any other property would be read as a second of 1970.
    if path[0] != BIRTH_PROPERTY:
        problem = f"a day without a time is sent for {BIRTH_PROPERTY} only; give an aware datetime"
        raise UnsendableValueError(path, problem)
    return DATE_PREFIX + value.isoformat().replace("-", "")


def _render_scalar(value: object, path: tuple[str, ...]) -> str | int | float | None:
    match value:
        case None | bool() | str():
            return value
        case int() if SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        case int():
            raise UnsendableValueError(path, "an integer beyond 64 bits")
        case float() if math.isfinite(value):
            return float(value)
        case float():
            raise UnsendableValueError(path, f"{value} is not a number that JSON knows")
        case _:
            raise UnsendableValueError(path, f"a {type(value).__name__} has no form in JSON")
