"""Properties of events that also become properties of the person, where an environment says so.

A mapped value is one that the person had at the time of the event: what was set at a later
time stays. It is checked as any property is; one that does not fit is refused, and the event
counts all the same. Source: P-12.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from mien.domain.events import check_event_name, event_key
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import ALIASES
from mien.domain.operations import parse_plain
from mien.domain.preferences import ADDRESS_FLAGS, DISABLED, GROUP_KEYS
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import Value, check_event_key, check_key


class EventMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property of an event that also becomes a property of the profile."""

    event: str
    property: str
    to: str


Mappings: TypeAlias = Mapping[str, tuple[EventMapping, ...]]
"""The mappings of an environment, by the form by which event names are compared."""


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """What an event says of properties of the person.

    `values` fit. `refused` do not, with the reason; `raw` are all values as they came.
    """

    values: dict[str, Value]
    refused: dict[str, str]
    raw: dict[str, object]


def check_mapping(mapping: EventMapping) -> None:
    """Raise `Rejected` for a mapping that could never work."""
    check_event_name(mapping.event, is_system=True)
    check_event_key(mapping.property)
    to = check_key(mapping.to)
    if to in ALIASES or to in GROUP_KEYS or to in ADDRESS_FLAGS:
        raise Rejected(RejectCode.MAPPING, f"'{to}' is no property of a profile")
    if to == DISABLED:
        reason = f"'{to}' is for your server and for members to set, not for events"
        raise Rejected(RejectCode.MAPPING, reason)


def by_event(mappings: Iterable[EventMapping]) -> Mappings:
    """Sort mappings by their event."""
    found: dict[str, tuple[EventMapping, ...]] = {}
    for each in mappings:
        key = event_key(each.event)
        found[key] = (*found.get(key, ()), each)
    return found


def map_event(mappings: Iterable[EventMapping], properties: Mapping[str, object]) -> Mapped:
    """Read what the properties of an event say of the person."""
    mapped = Mapped({}, {}, {})
    for each in mappings:
        if (raw := properties.get(each.property)) is None:
            continue
        mapped.raw[each.to] = raw
        try:
            mapped.values[each.to] = _check(each.to, raw)
        except Rejected as rejected:
            mapped.refused[each.to] = rejected.reason
    return mapped


def _check(to: str, raw: object) -> Value:
    field = STANDARD_FIELDS.get(to)
    return parse_plain(to, raw) if field is None else field.check(raw)
