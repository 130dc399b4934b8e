"""Events: their names, the limits of their properties, and what a profile has done.

Source: U-14; the refused names are those of the original's system events.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from mien.domain.keys import index_key
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    SURELY_SHORT,
    VALUE_BYTES,
    check_event_key,
    is_date,
    is_too_long,
)

NAME_CHARACTERS = 1_024
PROPERTIES = 256
CHARGED_ITEMS = 256
NESTED_LEVELS = 3
NESTED_LIST_ITEMS = 100
NESTED_KEYS = 100
RECORD_BYTES = 128 * 1024

STANDARD_EVENTS = (
    "App Launched",
    "App Installed",
    "App Uninstalled",
    "Charged",
    "Notification Viewed",
    "Notification Sent",
    "Product Viewed",
    "UTM Visited",
)
"""Known in every environment, before anybody did one (G-06)."""

CHARGED_KEY = "charged"

_SPELLINGS = 8_192
"""Names remembered; an environment has a few hundred."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def event_key(name: str) -> str:
    """Give the form by which event names are compared: without case and spaces."""
    return index_key("".join(name.split()).casefold())


RESTRICTED_KEYS = frozenset(
    event_key(name)
    for name in (
        "Notification Sent",
        "Notification Viewed",
        "Notification Clicked",
        "Notification Delivered",
        "Notification Replied",
        "UTM Visited",
        "App Launched",
        "App Uninstalled",
        "App Version Changed",
        "Stayed",
        "Reply Sent",
        "Experiment Rendered",
        "Reachable By",
        "Identity Reset",
        "Identity Set",
        "Identity Error",
        "Web Page Viewed",
    )
)


class Summary(msgspec.Struct, array_like=True, gc=False):
    """How often a profile did one event, and when first and last (epoch seconds)."""

    count: int
    first: int
    last: int


class Activity(msgspec.Struct, omit_defaults=True, gc=False):
    """What a profile did, by event name id."""

    events: dict[int, Summary] = {}

    def add(self, name: int, at: int) -> None:
        """Count one event."""
        if (summary := self.events.get(name)) is None:
            self.events[name] = Summary(1, at, at)
            return
        summary.count += 1
        if at < summary.first:
            summary.first = at
        elif at > summary.last:
            summary.last = at


def check_event_name(value: object, *, is_system: bool = False) -> str:
    """Give the name of an event, or raise `Rejected`; `is_system` allows the reserved ones."""
    if not isinstance(value, str) or not value.strip():
        raise Rejected(RejectCode.EVENT_NAME_MISSING, "Event name is mandatory")
    name = value.strip()
    if len(name) > NAME_CHARACTERS:
        reason = f"Event name is {len(name)} characters, the limit is {NAME_CHARACTERS}"
        raise Rejected(RejectCode.EVENT_NAME_TOO_LONG, reason)
    # Quick for nearly all; what is not printable may still be a joiner or a wide space.
    if not name.isprintable() and _CONTROL.search(name):
        raise Rejected(RejectCode.KEY_CHARACTERS, "Event name has a control character")
    if not is_system and _is_restricted(name):
        raise Rejected(RejectCode.EVENT_RESTRICTED, "Trying to raise a restricted system event")
    return name


@lru_cache(_SPELLINGS)
def _is_restricted(name: str) -> bool:
    return event_key(name) in RESTRICTED_KEYS


def check_event_properties(name: str, raw: object) -> dict[str, object]:
    """Give the properties of an event as they came, or raise `Rejected`."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise Rejected(RejectCode.EVENT_INVALID, "evtData needs to be an object")
    if len(raw) > PROPERTIES:
        reason = f"The event has {len(raw)} properties, the limit is {PROPERTIES}"
        raise Rejected(RejectCode.EVENT_TOO_MANY_PROPERTIES, reason)
    nested = [key for key, value in raw.items() if _check_property(key, value)]
    if nested:
        _check_nested(name, raw, nested)
    return raw


def _check_property(key: str, value: object) -> bool:
    """Check one property; true when it nests and wants a further look."""
    check_event_key(key)
    if type(value) is str:
        # Nearly every text is short, and no date.
        if len(value) > SURELY_SHORT or value[:3] == "$D_":
            _check_text(key, value)
    elif type(value) is int:
        _check_integer(key, value)
    elif type(value) is list or type(value) is dict:
        return True
    elif value is None:
        raise Rejected(RejectCode.EVENT_INVALID, f"The value of '{key}' is null")
    return False


def _check_text(key: str, value: str) -> None:
    if is_too_long(value):
        size = len(value.encode())
        reason = f"The value of '{key}' is {size} bytes, the limit is {VALUE_BYTES}"
        raise Rejected(RejectCode.EVENT_VALUE_TOO_LONG, reason)
    if value[:3] == "$D_" and not is_date(value):
        raise Rejected(RejectCode.DATE_VALUE, f"The value of '{key}' is not a date: {value[:40]!r}")


def _check_integer(key: str, value: int) -> None:
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        reason = f"The value of '{key}' is an integer that does not fit into 64 bits"
        raise Rejected(RejectCode.INTEGER_RANGE, reason)


def _check_nested(name: str, raw: dict[str, object], nested: list[str]) -> None:
    if event_key(name) == CHARGED_KEY:
        _check_charged(raw, nested)
        return
    keys = 0
    for key in nested:
        for inner in _walk(key, raw[key], level=1):
            keys += inner
    if keys > NESTED_KEYS:
        reason = f"The nested objects of the event have {keys} keys, the limit is {NESTED_KEYS}"
        raise Rejected(RejectCode.NESTED_TOO_MANY_KEYS, reason)


def _walk(key: str, value: object, *, level: int) -> Iterator[int]:
    """Check a list or object and what is in it; yields the number of keys of each object."""
    if level > NESTED_LEVELS:
        reason = f"'{key}' nests deeper than {NESTED_LEVELS} levels"
        raise Rejected(RejectCode.NESTED_TOO_DEEP, reason)
    if isinstance(value, dict):
        yield len(value)
        items = list(value.items())
    else:
        assert isinstance(value, list)  # noqa: S101 - _check_property lets nothing else through
        if len(value) > NESTED_LIST_ITEMS:
            reason = f"The list of '{key}' has {len(value)} items, the limit is {NESTED_LIST_ITEMS}"
            raise Rejected(RejectCode.NESTED_TOO_LONG, reason)
        items = [(key, item) for item in value]
    for inner_key, inner in items:
        if _check_property(inner_key, inner):
            yield from _walk(inner_key, inner, level=level + 1)


def _check_charged(raw: dict[str, object], nested: list[str]) -> None:
    if nested != ["Items"]:
        other = next(key for key in nested if key != "Items")
        raise Rejected(RejectCode.CHARGED_INVALID, f"Charged takes no list or object in '{other}'")
    items = raw["Items"]
    if not isinstance(items, list):
        raise Rejected(RejectCode.CHARGED_INVALID, "Items of Charged needs to be a list")
    if len(items) > CHARGED_ITEMS:
        reason = f"Charged has {len(items)} Items, the limit is {CHARGED_ITEMS}"
        raise Rejected(RejectCode.EVENT_TOO_MANY_PROPERTIES, reason)
    for item in items:
        if not isinstance(item, dict) or any(_check_property(k, v) for k, v in item.items()):
            raise Rejected(RejectCode.CHARGED_INVALID, "Each of Items needs to be a flat object")
