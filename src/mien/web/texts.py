"""How values and times are written for people: escaped, isolated, in the account's time zone."""

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup, escape

from mien.domain.values import Value, day_of, type_of

_CONTROLS = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_PLAIN = frozenset("\n\t\u200d")
"""Line ends and tabs are laid out; the joiner holds emoji together."""

_DAY_CHARACTERS = len("$D_20261125")
_NO_TIME = (OverflowError, ValueError, OSError)
"""What `datetime` raises for a time before year 1 or after year 9999."""

_KILO = 1_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def shown(value: object) -> Markup:
    """Write a text that came from users: as text, whatever is in it.

    Its direction ends where it ends, and characters that nobody would see are named.
    """
    text = value if isinstance(value, str) else _written(value)
    if text.isprintable():
        return Markup("<bdi>{}</bdi>").format(text)
    pieces = [_odd(each) if _is_odd(each) else escape(each) for each in text]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(pieces))


def code(text: str) -> Markup:
    """Write a text of ours in which backticks stand around code."""
    pieces = [
        Markup("<code>{}</code>").format(each) if place % 2 else escape(each)
        for place, each in enumerate(text.split("`"))
    ]
    return Markup("").join(pieces)


def plain(text: str) -> str:
    """Give a text for where no mark-up can be: characters that nobody would see are replaced."""
    return "".join("\ufffd" if _is_odd(each) else each for each in text)


def type_name(value: Value) -> str:
    """Name the type of a value as definitions do."""
    return type_of(value).lower()


def people_word(count: int) -> str:
    """Give what so many are called."""
    return "person" if count == 1 else "people"


def size_of(count: int) -> str:
    """Write a number of bytes."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= _KILO and len(units) > 1:
        size, units = size / _KILO, units[1:]
    return f"{count:,} bytes" if count < _KILO else f"{size:.1f} {units[0]}"


class Zone:
    """Writes times in the time zone of an account, with the exact one for who looks closer."""

    def __init__(self, zone: ZoneInfo, *, now_ms: int) -> None:
        self._zone, self._now_ms = zone, now_ms

    def when(self, epoch_ms: int) -> Markup:
        """Write a day and a time; a number that is none that a calendar has, as it is."""
        try:
            return self._when(epoch_ms)
        except _NO_TIME:
            return shown(epoch_ms)

    def ago(self, epoch_ms: int) -> Markup:
        """Write how long something is past."""
        return self._tag(epoch_ms, _ago((self._now_ms - epoch_ms) // 1_000))

    def time(self, epoch_ms: int) -> Markup:
        """Write the time of the day alone."""
        return self._tag(epoch_ms, f"{self._at(epoch_ms):%H:%M:%S}")

    def day(self, epoch_ms: int) -> str:
        """Write the day alone."""
        return _day(self._at(epoch_ms))

    def iso_day(self, epoch_ms: int) -> str:
        """Write the day as forms send it."""
        return self._at(epoch_ms).date().isoformat()

    def value(self, value: object) -> Markup:
        """Write a value of a property: a date as the day or the moment that it means."""
        if value == "":
            return Markup('<span class="text-secondary">empty</span>')
        if isinstance(value, str) and value.startswith("$D_"):
            return self._date(value)
        if isinstance(value, list):
            items = (
                Markup('<span class="badge bg-secondary-lt">{}</span>').format(shown(each))
                for each in value
            )
            return Markup(" ").join(items)
        return shown(value)

    def _date(self, text: str) -> Markup:
        day = day_of(text)
        if day is None:
            return shown(text)
        if len(text) == _DAY_CHARACTERS and f"{day:%Y%m%d}" == text[3:]:
            return Markup('<time datetime="{}">{}</time>').format(
                day.isoformat(), f"{day.day} {day:%b %Y}"
            )
        try:
            return self._when(int(text[3:]) * 1_000)
        except _NO_TIME:
            return shown(text)

    def _when(self, epoch_ms: int) -> Markup:
        return self._tag(epoch_ms, f"{_day(self._at(epoch_ms))}, {self._at(epoch_ms):%H:%M}")

    def _at(self, epoch_ms: int) -> datetime:
        return datetime.fromtimestamp(epoch_ms / 1_000, self._zone)

    def _tag(self, epoch_ms: int, text: str) -> Markup:
        exact, utc = self._at(epoch_ms), datetime.fromtimestamp(epoch_ms // 1_000, UTC)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{exact:%Y-%m-%d %H:%M:%S %Z} (UTC{exact:%z})", text
        )


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _ago(seconds: int) -> str:
    if seconds < _MINUTE:
        return "just now"
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if count := seconds // size:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def _written(value: object) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, (list, dict)):
        return msgspec.json.encode(value).decode()
    return str(value)


def _is_odd(character: str) -> bool:
    return character not in _PLAIN and unicodedata.category(character) in _CONTROLS


def _odd(character: str) -> Markup:
    name = unicodedata.name(character, "control character")
    return Markup('<span class="odd" title="{}">U+{}</span>').format(
        name.lower(), f"{ord(character):04X}"
    )
