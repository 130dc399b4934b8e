"""`common_profile_properties` of a query: what has to hold of the person, now. Source: G-11."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from typing import NamedTuple

from mien.domain.conditions import Condition, Exists
from mien.domain.cql.operators import FILTER_KEYS, Asked, Manner, parse_asked, values_of
from mien.domain.cql.parts import Raw, known_as, parse_list, parse_name, parse_object
from mien.domain.derived import DERIVED_FIELDS
from mien.domain.errors import InvalidInputError
from mien.domain.fields import STANDARD_FIELDS, StandardField
from mien.domain.preferences import Channel
from mien.domain.rejects import Rejected
from mien.domain.segments import All, Any, Derived, DeviceIs, Fact, Node, Not, Property, Reachable
from mien.domain.values import ValueType, check_key

_IDS = frozenset({"identity", "objectid", "guid", "fbid", "gpid"})

_PLACES = "geo_fields"
_OF_PLACE = ("Country", "Region", "City")

FIELD_OF_DEMOGRAPHIC: Mapping[str, str] = {
    "gender": "Gender",
    "age": "Age",
    "education": "Education",
    "employed": "Employed",
    "employment": "Employed",
    "married": "Married",
    "marital status": "Married",
    "customer type": "Customer Type",
    "language": "Language",
}

FACTS: Mapping[str, str] = {
    "os": "os",
    "os version": "os_version",
    "platform": "platform",
    "browser": "browser",
    "browser version": "browser_version",
    "app version": "app_version",
    "sdk version": "sdk_version",
    "make": "make",
    "model": "model",
    "device": "model",
    "language": "language",
}
"""What the original calls facts of a device, by our names of them."""

CHANNELS: Mapping[str, Channel] = {
    "email": Channel.EMAIL,
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "push": Channel.PUSH,
    "mobile push": Channel.PUSH,
    "webpush": Channel.WEB_PUSH,
    "web push": Channel.WEB_PUSH,
}


class Subject(NamedTuple):
    """What a filter is about: how its values are read, and the node of one condition on it."""

    manner: Manner
    node: Callable[[Condition], Node]


def parse_people(raw: object, path: str, zone: tzinfo) -> list[Node]:
    """Read what has to hold of the person, or raise `InvalidInputError` with the path.

    `zone` is that of the account.
    """
    if raw is None:
        return []
    parts = parse_object(raw, path, {*_READERS, _PLACES})
    nodes = [
        node
        for key, read in _READERS.items()
        for node in parse_list(parts.get(key), f"{path}.{key}", partial(read, zone=zone))
    ]
    places = parse_list(parts.get(_PLACES), f"{path}.{_PLACES}", partial(_place, zone=zone))
    if places:
        nodes.append(Any(tuple(places)))
    return _of_one_device(nodes)


def _of_one_device(nodes: list[Node]) -> list[Node]:
    """Ask all facts of a device of one and the same."""
    facts = [fact for node in nodes if isinstance(node, DeviceIs) for fact in node.facts]
    others: list[Node] = [node for node in nodes if not isinstance(node, DeviceIs)]
    return [*others, DeviceIs(tuple(facts))] if facts else others


def _field(raw: object, path: str, zone: tzinfo) -> Node:
    part = parse_object(raw, path, FILTER_KEYS)
    name = parse_name(part, path, check_key)
    if name.replace(" ", "").casefold() in _IDS:
        problem = f"profiles are not filtered by {name}; GET /1/profile.json finds one by it"
        raise InvalidInputError(path=f"{path}.name", problem=problem)
    return _asking(_normal(part, name), path, subject_of_property(name, zone))


def _demographic(raw: object, path: str, zone: tzinfo) -> Node:
    part = parse_object(raw, path, FILTER_KEYS)
    name = known_as(part.get("name"), f"{path}.name", FIELD_OF_DEMOGRAPHIC)
    read = subject_of_derived if name == "Language" else subject_of_property
    return _asking(_normal(part, name), path, read(name, zone))


def subject_of_property(name: str, zone: tzinfo) -> Subject:
    """Give what a property of the profile is as the subject of a filter; the age is derived."""
    if name == "Age":
        return subject_of_derived(name, zone)
    return Subject(Manner(zone, in_lists=True), lambda condition: Property(name, condition))


def subject_of_derived(name: str, zone: tzinfo) -> Subject:
    """Give what a derived field is as the subject of a filter."""
    manner = Manner(zone, of=DERIVED_FIELDS[name].type)
    return Subject(manner, lambda condition: Derived(name, condition))


def _asking(part: Raw, path: str, subject: Subject) -> Node:
    """Make the node of a filter; without an operator, equality is meant."""
    asked = parse_asked(part, path, subject.manner, default="equals")
    nodes = tuple(subject.node(condition) for condition in asked.conditions)
    return _negated(nodes[0] if len(nodes) == 1 else Any(nodes), asked)


def _negated(node: Node, asked: Asked) -> Node:
    return Not(node) if asked.is_negated else node


def _normal(part: Raw, name: str) -> Raw:
    """Give a filter with its values as they are stored: `male` is stored as `M`."""
    field = STANDARD_FIELDS.get(name)
    if field is None or field.type is not ValueType.STRING or "value" not in part:
        return part
    value = part["value"]
    if isinstance(value, list):
        return {**part, "value": [_stored(field, each) for each in value]}
    return {**part, "value": _stored(field, value)}


def _stored(field: StandardField, value: object) -> object:
    """Give a value as the field would keep it; what it would not keep stays as it is."""
    if field.name == "Phone" and isinstance(value, int) and not isinstance(value, bool):
        value = f"+{value}"
    try:
        return field.check(value)
    except Rejected:
        return value


def _fact(raw: object, path: str, zone: tzinfo) -> Node:
    part = parse_object(raw, path, FILTER_KEYS)
    name = known_as(part.get("name"), f"{path}.name", FACTS)
    manner = Manner(zone, of=ValueType.STRING, is_version=name.endswith("_version"))
    asked = parse_asked(part, path, manner, default="equals")
    if len(asked.conditions) > 1:
        raise InvalidInputError(path=f"{path}.value", problem="one text is needed here")
    return _negated(DeviceIs((Fact(name, asked.conditions[0]),)), asked)


def _place(raw: object, path: str, zone: tzinfo) -> Node:
    """Read `[country, region, city]`; a region and a city may be left out."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= len(_OF_PLACE):
        raise InvalidInputError(path, "a list of a country, its region and its city is needed")
    return All(
        tuple(
            _asking({"value": text}, f"{path}[{place}]", subject_of_derived(_OF_PLACE[place], zone))
            for place, text in enumerate(raw)
        )
    )


def _channel(raw: object, path: str, zone: tzinfo) -> Node:
    """Read a channel: its name, or a filter whose value is whether it reaches the person."""
    part = {"name": raw} if isinstance(raw, str) else parse_object(raw, path, FILTER_KEYS)
    channel = known_as(part.get("name"), f"{path}.name", CHANNELS)
    asked = parse_asked({"value": True, **part}, path, Manner(zone), default="equals")
    if asked.conditions == (Exists(),):
        return _negated(Reachable(channel), asked)
    said = {str(value).lower() for value, _ in values_of({"value": True, **part}, path)}
    if said not in ({"true"}, {"false"}):
        raise InvalidInputError(path=f"{path}.value", problem="True or False is needed")
    is_reached = (said == {"true"}) is not asked.is_negated
    return Reachable(channel) if is_reached else Not(Reachable(channel))


_READERS: Mapping[str, Callable[..., Node]] = {
    "profile_fields": _field,
    "demographics": _demographic,
    "technographics": _fact,
    "app_fields": _fact,
    "reachability": _channel,
}
