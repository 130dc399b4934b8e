"""What is derived of a person: worked out when it is asked for, from what is known then.

`DERIVED_FIELDS` is the one table of it; API, docs and segments read it. Nothing of it is
stored, so that it is never stale, and it is kept apart from properties, so that names
cannot collide. Values have the forms of properties. Source: P-03, P-10, P-17.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import msgspec

from mien.domain.devices import Device
from mien.domain.documents import Document, is_identified
from mien.domain.events import Summary
from mien.domain.ids import ProfileId
from mien.domain.sessions import LAUNCHED
from mien.domain.values import Value, ValueType, day_of

BUCKETS = 1_000
"""User Buckets are numbered from 0 to one less than this."""

_MASK = 2**64 - 1

TOLD_BY_DEVICE: Mapping[str, Sequence[str]] = {
    "Time Zone": ("time_zone",),
    "Language": ("language",),
    "Country": ("country", "region", "city"),
    "Region": ("region", "country", "city"),
    "City": ("city", "country", "region"),
}
"""Fields that are a fact of the device seen last, among those that tell it or a fact beside it."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """What there is to derive from. `events` is by name, `created_at` is epoch milliseconds.

    `today` is the day in the account's time zone.
    """

    profile: ProfileId
    document: Document
    events: Mapping[str, Summary]
    created_at: int
    today: date


class DerivedField(msgspec.Struct, frozen=True):
    """One derived field: its type, what it means, and how it is worked out (None: unknown)."""

    name: str
    type: ValueType
    help: str
    derive: Callable[[Known], Value | None]


def derived_values(known: Known) -> dict[str, Value]:
    """Give what is derived of a person, by name; what is unknown is absent."""
    values = {name: field.derive(known) for name, field in DERIVED_FIELDS.items()}
    return {name: value for name, value in values.items() if value is not None}


def age_on(properties: Mapping[str, Value], today: date) -> int | None:
    """Give the age in whole years from DOB or Birthday, None without a date (U-09, P-10).

    A date still to come gives none. Who was born on 29 February turns older on 1 March in other years.
    """
    for name in ("DOB", "Birthday"):
        text = properties.get(name)
        if isinstance(text, str) and (born := day_of(text)) is not None:
            return years_since(born, today)
    return None


def years_since(born: date, today: date) -> int | None:
    """Give the whole years since a day of birth, None of a day still to come."""
    years = today.year - born.year
    years -= (today.month, today.day) < (born.month, born.day)
    return years if years >= 0 else None


def bucket_of(profile: ProfileId) -> int:
    """Give the User Bucket of a profile: 0 to 999, evenly spread, the same for life.

    The number of the profile is mixed (the end of SplitMix64), so that neighbours part.
    """
    mixed = int(profile) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    mixed ^= mixed >> 31
    return (mixed * BUCKETS) >> 64


def _type(known: Known) -> str:
    return "identified" if is_identified(known.document) else "anonymous"


def _age(known: Known) -> int | None:
    properties = known.document.properties
    if (age := age_on(properties, known.today)) is not None:
        return age
    given = properties.get("Age")
    return given if isinstance(given, int) else None


def _first_seen(known: Known) -> str:
    return _date(
        min(
            [
                known.created_at // 1_000,
                *(done.first for done in known.events.values()),
                *(each.first_seen_at for each in known.document.devices if each.first_seen_at),
            ]
        )
    )


def _last_seen(known: Known) -> str:
    seen = [done.last for done in known.events.values()]
    seen += [each.seen_at for each in known.document.devices]
    return _date(max(seen, default=known.created_at // 1_000))


def _date(epoch: int) -> str:
    return f"$D_{epoch}"


def _sessions(known: Known) -> int:
    launched = known.events.get(LAUNCHED)
    return 0 if launched is None else launched.count


def _bucket(known: Known) -> int:
    return bucket_of(known.profile)


def _of_device(facts: Sequence[str]) -> Callable[[Known], Value | None]:
    """Read the first of these facts of the device seen last, among those that tell any of them.

    Of devices seen in the same second it is that with the greatest objectId.
    """

    def derive(known: Known) -> Value | None:
        told = _telling(known.document.devices, facts)
        last = max(told, key=lambda device: (device.seen_at, device.object_id), default=None)
        fact: str | None = None if last is None else getattr(last, facts[0])
        return fact

    return derive


def _telling(devices: Sequence[Device], names: Iterable[str]) -> list[Device]:
    """Give the devices of which at least one of these facts is known."""
    return [each for each in devices if any(getattr(each, name) is not None for name in names)]


def _fields() -> tuple[DerivedField, ...]:
    last = "of the device seen last that tells it"
    place = "of the device seen last that tells a place"
    text = ValueType.STRING
    return (
        DerivedField(
            "Type",
            text,
            "`identified` once the data names or reaches a person, else `anonymous`.",
            _type,
        ),
        DerivedField(
            "Age",
            ValueType.INTEGER,
            "Whole years, from `DOB`, else from `Birthday`, as of today in the account's time "
            "zone; without a date the `Age` that was given. Born on 29 February: older on 1 March "
            "in other years.",
            _age,
        ),
        DerivedField(
            "First Seen",
            ValueType.DATE,
            "The earliest of: its first event, the first sight of its devices, when it was made.",
            _first_seen,
        ),
        DerivedField(
            "Last Seen",
            ValueType.DATE,
            "The latest of: its last event, the last sight of its devices (kept to 10 minutes); "
            "without both, when it was made.",
            _last_seen,
        ),
        DerivedField(
            "Session Count", ValueType.INTEGER, f"How often it did `{LAUNCHED}`.", _sessions
        ),
        *(
            DerivedField(
                name, text, f"The `{facts[0]}` {place if facts[1:] else last}.", _of_device(facts)
            )
            for name, facts in TOLD_BY_DEVICE.items()
        ),
        DerivedField(
            "User Bucket",
            ValueType.INTEGER,
            f"A number from 0 to {BUCKETS - 1}, evenly spread, the same for life.",
            _bucket,
        ),
    )


DERIVED_FIELDS: Mapping[str, DerivedField] = {field.name: field for field in _fields()}
