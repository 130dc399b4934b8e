"""Windows as JSON: a span of days or of moments, each part with its path.

Source: S-01, S-02. The forms are shown in `docs/segments.md`.
"""

from collections.abc import Mapping

from mien.domain.condition_json import check_day, convert
from mien.domain.errors import InvalidSegmentError
from mien.domain.segments import Days, LastDays, LastHours, Moments, Window

_WINDOWS: Mapping[str, type[Window]] = {
    "last_days": LastDays,
    "last_hours": LastHours,
    "from": Days,
    "to": Days,
    "since": Moments,
    "until": Moments,
}


def parse_window(raw: object, path: str) -> Window:
    """Read a window, or raise `InvalidSegmentError`."""
    kind = (
        next((_WINDOWS[key] for key in raw if key in _WINDOWS), None)
        if isinstance(raw, dict)
        else None
    )
    if kind is None:
        known = ", ".join(_WINDOWS)
        raise InvalidSegmentError(path, f"an object with one of {known} is needed")
    window = convert(raw, kind, path)
    if isinstance(window, Days):
        _check_days(window, path)
    if isinstance(window, Moments) and window.until <= window.since:
        at = f"{path}.until"
        raise InvalidSegmentError(at, "it needs to be after since")
    return window


def _check_days(window: Days, path: str) -> None:
    for key, day in (("from", window.first), ("to", window.last)):
        if day is not None:
            check_day(day, f"{path}.{key}")
    if window.first is None and window.last is None:
        raise InvalidSegmentError(path, "a day is needed for from, for to or for both")
    if window.first is not None and window.last is not None and window.first > window.last:
        at = f"{path}.from"
        raise InvalidSegmentError(at, f"{window.first} is after to, {window.last}")
