"""Who is in a segment, decided in memory: the meaning that every engine has to give.

A condition on a value that is absent, or of another type, does not hold; so `not` of it
holds. Nothing is ever unknown. Source: S-01, S-03; `docs/segments.md` has it for people.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import assert_never

import msgspec

from mien.domain.derived import DERIVED_FIELDS, Known
from mien.domain.devices import Device
from mien.domain.documents import IS_TEST, TEST_MARK, Document
from mien.domain.events import Summary, event_key
from mien.domain.figures import FigureValue, figure_of, meets
from mien.domain.holds import holds
from mien.domain.ids import ProfileId
from mien.domain.moments import day_at, span_of_window
from mien.domain.preferences import FLAG_OF_CHANNEL, SubscriptionKey, is_disabled
from mien.domain.reachability import reachability
from mien.domain.segments import (
    All,
    Any,
    ChannelState,
    Derived,
    DeviceIs,
    Did,
    Disabled,
    Fact,
    Filter,
    HasItem,
    InSegment,
    Node,
    Not,
    Property,
    Question,
    Reachable,
    TestUser,
    Told,
)
from mien.domain.values import Value


class Occurrence(msgspec.Struct, frozen=True):
    """One event of a person: `at` is epoch seconds, `session` what is told of its visit."""

    name: str
    at: int
    properties: Mapping[str, object] = {}
    session: Mapping[str, object] = {}


class Person(msgspec.Struct, frozen=True):
    """What there is to know of one person; `created_at` is epoch milliseconds.

    `states` is what was said of the addresses of the profile: true blocks. `done` sums up by
    name all that was done; None: `events` has all of it.
    """

    profile: ProfileId
    document: Document
    created_at: int
    events: Sequence[Occurrence] = ()
    states: Mapping[SubscriptionKey, bool] = {}
    done: Mapping[str, Summary] | None = None


def matches(tree: Node, person: Person, now: int, zone: tzinfo) -> bool:
    """Tell whether a person is in a segment at `now` (epoch seconds), in the account's time zone.

    The segments inside the tree have been put into it (`domain.expand`).
    """
    match tree:
        case All(nodes):
            return all(matches(each, person, now, zone) for each in nodes)
        case Any(nodes):
            return any(matches(each, person, now, zone) for each in nodes)
        case Not(inner):
            return not matches(inner, person, now, zone)
        case InSegment(segment):
            msg = f"the tree is not expanded: it names the segment {segment}"
            raise ValueError(msg)
        case _:
            return _leaf(tree, person, now, zone)


def _leaf(
    node: Question,
    person: Person,
    now: int,
    zone: tzinfo,
) -> bool:
    properties = person.document.properties
    match node:
        case Property(name, condition):
            return holds(condition, properties.get(name), now, zone)
        case Derived(name, condition):
            return holds(condition, derived(name, person, now, zone), now, zone)
        case Did():
            return _did(node, person.events, now, zone)
        case DeviceIs(facts):
            return _has_device(facts, person, now, zone)
        case Reachable():
            return _is_in_state(node, person)
        case TestUser() | Disabled():
            return _is_marked(node, properties)
        case _:
            assert_never(node)


def _is_marked(node: TestUser | Disabled, properties: Mapping[str, Value]) -> bool:
    if isinstance(node, Disabled):
        return is_disabled(properties)
    return properties.get(TEST_MARK) == IS_TEST


def derived(name: str, person: Person, now: int, zone: tzinfo) -> object:
    """Work out one of `DERIVED_FIELDS` of a person; None if it is unknown."""
    known = Known(
        person.profile,
        person.document,
        _summaries(person.events) if person.done is None else person.done,
        person.created_at,
        day_at(now, zone),
    )
    return DERIVED_FIELDS[name].derive(known)


def _summaries(events: Sequence[Occurrence]) -> dict[str, Summary]:
    moments: dict[str, list[int]] = {}
    for event in events:
        moments.setdefault(event.name, []).append(event.at)
    return {name: Summary(len(at), min(at), max(at)) for name, at in moments.items()}


def _has_device(facts: Sequence[Fact], person: Person, now: int, zone: tzinfo) -> bool:
    """Tell whether one device meets all of these at once."""
    return any(has_facts(device, facts, now, zone) for device in person.document.devices)


def has_facts(device: Device, facts: Sequence[Fact], now: int, zone: tzinfo) -> bool:
    """Tell whether a device meets all of these."""
    return all(holds(fact.condition, getattr(device, fact.name), now, zone) for fact in facts)


def _is_in_state(node: Reachable, person: Person) -> bool:
    document = person.document
    if node.state is ChannelState.REACHABLE:
        return reachability(document, person.states, group=node.group)[node.channel].can
    return node.state is _STATES[said_of_channel(node, document)]


_STATES = {
    True: ChannelState.OPTED_IN,
    False: ChannelState.OPTED_OUT,
    None: ChannelState.UNDECIDED,
}


def said_of_channel(node: Reachable, document: Document) -> bool | None:
    """Give what a person said to a channel, or to its group if one is named; None for nothing."""
    said: object
    if node.group is None:
        said = document.properties.get(FLAG_OF_CHANNEL[node.channel])
    else:
        said = document.groups.get(node.channel, {}).get(node.group)
    return said if isinstance(said, bool) else None


def _did(node: Did, events: Sequence[Occurrence], now: int, zone: tzinfo) -> bool:
    return meets(node.aggregate, did_figure(node, counting(node, events, now, zone)), now, zone)


def counting(node: Did, events: Sequence[Occurrence], now: int, zone: tzinfo) -> list[Occurrence]:
    """Give the events that count for a node, in the order in which they came."""
    key, span = event_key(node.event), span_of_window(node.window, now, zone)
    named = [event for event in events if event_key(event.name) == key]
    first = min((event.at for event in named), default=None)
    return [
        event
        for event in named
        if span.has(event.at)
        and (event.at == first or not node.is_first)
        and all(_passes(each, event, now, zone) for each in node.where)
    ]


def did_figure(node: Did, events: Sequence[Occurrence]) -> FigureValue:
    """Work out the figure of a node over the events that count."""
    values = [event.properties.get(node.aggregate.of or "") for event in events]
    return figure_of(node.aggregate, [event.at for event in events], values)


def _passes(part: Filter | HasItem, event: Occurrence, now: int, zone: tzinfo) -> bool:
    if isinstance(part, HasItem):
        return (first_item(part, event, now, zone) is None) is part.is_negated
    told = event.session if part.told is Told.SESSION else event.properties
    return holds(part.condition, told.get(part.name), now, zone) is not part.is_negated


def first_item(
    part: HasItem, event: Occurrence, now: int, zone: tzinfo
) -> Mapping[str, object] | None:
    """Give the first item of the list that meets all that is asked of one; None if none does."""
    listed = event.properties.get(part.name)
    items: Sequence[object] = listed if isinstance(listed, list) else [listed]
    return next(
        (each for each in items if isinstance(each, dict) and _meets_all(part, each, now, zone)),
        None,
    )


def _meets_all(part: HasItem, item: Mapping[str, object], now: int, zone: tzinfo) -> bool:
    return all(
        holds(each.condition, item.get(each.name), now, zone) is not each.is_negated
        for each in part.has
    )
