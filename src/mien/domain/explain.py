"""Why a person is in a segment or not: each part of the tree, whether it holds, and what decided.

The same functions decide as in `domain.matching`. What is shown is bounded: the newest
events and devices, long texts and lists cut short. Source: S-06, B-08.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TypeAlias, assert_never

import msgspec

from mien.domain.conditions import Condition
from mien.domain.documents import TEST_MARK
from mien.domain.english import describe
from mien.domain.events import event_key
from mien.domain.expand import Lookup
from mien.domain.figures import FigureValue, Total, meets
from mien.domain.holds import holds
from mien.domain.matching import (
    Occurrence,
    Person,
    counting,
    derived,
    did_figure,
    first_item,
    has_facts,
    matches,
    said_of_channel,
)
from mien.domain.preferences import DISABLED
from mien.domain.reachability import Reason, reachability
from mien.domain.segments import (
    OF_TIME,
    All,
    Any,
    Derived,
    DeviceIs,
    Did,
    Disabled,
    Figure,
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
from mien.domain.totals import MILLION

EVENTS = 5
"""How many events are shown of a part."""

DEVICES = 5
"""How many devices are shown of a part."""

TEXT_CHARACTERS = 200
"""How much of a text is shown."""

ITEMS = 20
"""How many items of a list are shown, and how many properties of an item."""


class _Found(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """What was found of a part; `kind` tells which of them it is."""


class FoundValue(_Found, frozen=True, tag="value"):
    """The value that was asked about; absent if there is none."""

    value: object = None


class FoundItem(msgspec.Struct, frozen=True):
    """An item of an event that meets all that is asked of one, and the name of its list."""

    items: str
    item: Mapping[str, object]


class FoundEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event, `at` epoch seconds, whether it counts, and the values that were asked about.

    `items` has the first item that meets a condition on items, of each; if none does, the list
    is among the properties.
    """

    name: str
    at: int
    counts: bool
    properties: Mapping[str, object] = {}
    session: Mapping[str, object] = {}
    items: Sequence[FoundItem] = ()


class FoundEvents(_Found, frozen=True, tag="events"):
    """How many events count, of how many of that name, and the figure over those that count.

    `newest` are those that count, or if none does, those that do not. The figure is absent if
    there is nothing to work it out of.
    """

    counting: int
    known: int
    newest: Sequence[FoundEvent] = ()
    figure: object = None


class FoundDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device, whether it meets all conditions, and its facts that were asked about."""

    object_id: str
    meets: bool
    facts: Mapping[str, str] = {}


class FoundDevices(_Found, frozen=True, tag="devices"):
    """How many devices there are; those that meet all conditions, then those seen last."""

    known: int
    devices: Sequence[FoundDevice] = ()


class FoundChannel(_Found, frozen=True, tag="channel"):
    """What was said to the channel, if anything, and why nothing can be sent, if so."""

    said: bool | None = None
    reason: Reason | None = None


Found: TypeAlias = FoundValue | FoundEvents | FoundDevices | FoundChannel


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a tree by its path, what it says in English, and whether it holds.

    `decides`: the whole is as it is because of this part, too. `found` is of parts that ask
    something themselves, `parts` are of those that are made of others.
    """

    path: str
    sentence: str
    holds: bool
    decides: bool
    found: Found | None = None
    parts: tuple["Part", ...] = ()


def explain(
    tree: Node, person: Person, now: int, zone: tzinfo, lookup: Lookup, *, path: str = "segment"
) -> Part:
    """Tell of each part of a tree whether it holds, and why; the outermost tells of the whole.

    `lookup` finds the segments inside; that they can be put into the tree was checked before.
    """
    return _decided(_Explainer(person, now, zone, lookup).part(tree, path), decides=True)


def _part(
    path: str,
    sentence: str,
    *,
    holds: bool,
    found: Found | None = None,
    parts: tuple[Part, ...] = (),
) -> Part:
    return Part(path, sentence, holds, decides=True, found=found, parts=parts)


def _decided(part: Part, *, decides: bool) -> Part:
    """Mark the parts for whose sake the whole holds, or does not."""
    has_one = len(part.parts) == 1
    parts = tuple(
        _decided(each, decides=decides and (has_one or each.holds is part.holds))
        for each in part.parts
    )
    return msgspec.structs.replace(part, parts=parts, decides=decides)


class _Explainer:
    """Explains trees of one person."""

    def __init__(self, person: Person, now: int, zone: tzinfo, lookup: Lookup) -> None:
        self._person, self._now, self._zone, self._lookup = person, now, zone, lookup
        self._derived: dict[str, object] = {}
        self._events: dict[str, list[Occurrence]] = {}
        for event in person.events:
            self._events.setdefault(event_key(event.name), []).append(event)

    def part(self, node: Node, path: str) -> Part:
        """Explain a node and all below it."""
        match node:
            case All(nodes):
                parts = self._parts(nodes, f"{path}.all")
                are_all = all(each.holds for each in parts)
                return _part(path, "All of these.", holds=are_all, parts=parts)
            case Any(nodes):
                parts = self._parts(nodes, f"{path}.any")
                is_one = any(each.holds for each in parts)
                return _part(path, "At least one of these.", holds=is_one, parts=parts)
            case Not(inner):
                part = self.part(inner, f"{path}.not")
                return _part(path, "Not this.", holds=not part.holds, parts=(part,))
            case InSegment():
                return self._inside(node, path)
            case _:
                return self._leaf(node, path)

    def _parts(self, nodes: Sequence[Node], path: str) -> tuple[Part, ...]:
        return tuple(self.part(each, f"{path}[{place}]") for place, each in enumerate(nodes))

    def _inside(self, node: InSegment, path: str) -> Part:
        known = self._lookup(node.segment)
        assert known is not None  # noqa: S101 - the tree was expanded before
        part = self.part(known.tree, f"{path}.segment")
        sentence = describe(node, {node.segment: known.name})
        return _part(path, sentence, holds=part.holds, parts=(part,))

    def _leaf(self, node: Question, path: str) -> Part:
        sentence = describe(node)
        match node:
            case Property(name, condition):
                value = self._person.document.properties.get(name)
                return self._of_value(path, sentence, condition, value)
            case Derived(name, condition):
                return self._of_value(path, sentence, condition, self._derive(name))
            case Did():
                return self._did(node, path, sentence)
            case _:
                is_so = matches(node, self._person, self._now, self._zone)
                return _part(path, sentence, holds=is_so, found=self._found(node))

    def _of_value(self, path: str, sentence: str, condition: Condition, value: object) -> Part:
        is_so = holds(condition, value, self._now, self._zone)
        return _part(path, sentence, holds=is_so, found=FoundValue(shortened(value)))

    def _derive(self, name: str) -> object:
        if name not in self._derived:
            self._derived[name] = derived(name, self._person, self._now, self._zone)
        return self._derived[name]

    def _did(self, node: Did, path: str, sentence: str) -> Part:
        known = self._events.get(event_key(node.event), [])
        counted = counting(node, known, self._now, self._zone)
        figure = did_figure(node, counted)
        newest = sorted(counted or known, key=lambda event: event.at, reverse=True)[:EVENTS]
        shown = [self._shown_event(node, event, counts=bool(counted)) for event in newest]
        told = _shown_figure(node.aggregate.figure, figure)
        found = FoundEvents(len(counted), len(known), shown, told)
        is_so = meets(node.aggregate, figure, self._now, self._zone)
        return _part(path, sentence, holds=is_so, found=found)

    def _found(self, node: DeviceIs | Reachable | TestUser | Disabled) -> Found:
        document = self._person.document
        match node:
            case DeviceIs():
                return self._devices(node)
            case Reachable(channel, _, group):
                reach = reachability(document, self._person.states, group=group)[channel]
                return FoundChannel(said_of_channel(node, document), reach.reason)
            case TestUser():
                return FoundValue(shortened(document.properties.get(TEST_MARK)))
            case Disabled():
                return FoundValue(document.properties.get(DISABLED))
            case _:
                assert_never(node)

    def _devices(self, node: DeviceIs) -> FoundDevices:
        asked = [fact.name for fact in node.facts]
        devices = [
            (has_facts(device, node.facts, self._now, self._zone), device)
            for device in self._person.document.devices
        ]
        devices.sort(key=lambda each: (not each[0], -each[1].seen_at))
        shown = [
            FoundDevice(
                device.object_id,
                is_met,
                {name: fact for name, fact in device.facts().items() if name in asked},
            )
            for is_met, device in devices[:DEVICES]
        ]
        return FoundDevices(len(devices), shown)

    def _shown_event(self, node: Did, event: Occurrence, *, counts: bool) -> FoundEvent:
        of, of_session = {node.aggregate.of}, set[str]()
        items: list[FoundItem] = []
        for each in node.where:
            if isinstance(each, Filter):
                (of_session if each.told is Told.SESSION else of).add(each.name)
            elif (item := first_item(each, event, self._now, self._zone)) is None:
                of.add(each.name)
            else:
                items.append(_shown_item(each, item))
        return FoundEvent(
            event.name,
            event.at,
            counts,
            {name: shortened(value) for name, value in event.properties.items() if name in of},
            {name: shortened(value) for name, value in event.session.items() if name in of_session},
            tuple(items),
        )


def _shown_item(part: HasItem, item: Mapping[str, object]) -> FoundItem:
    """Give an item cut to what can be shown, what was asked of it first."""
    asked = [each.name for each in part.has if each.name in item]
    names = list(dict.fromkeys([*asked, *item]))[:ITEMS]
    return FoundItem(part.name, {name: shortened(item[name]) for name in names})


def _shown_figure(figure: Figure, value: FigureValue) -> object:
    """Give a figure as people know it: dates as values of properties have them."""
    if isinstance(value, Total):
        size = value.millionths if figure is Figure.SUM else value.millionths / value.count
        whole = int(size) // MILLION
        return whole if whole * MILLION == size else size / MILLION
    return f"$D_{value}" if figure in OF_TIME and value is not None else value


def shortened(value: object) -> object:
    """Give a value cut to what can be shown: the rest of a text or list is an ellipsis."""
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARACTERS else value[:TEXT_CHARACTERS] + "…"
    if isinstance(value, list):
        some = [shortened(each) for each in value[:ITEMS]]
        return some if len(value) <= ITEMS else [*some, "…"]
    if isinstance(value, dict):
        return shortened(msgspec.json.encode(value).decode())
    return value
