"""Segments as JSON: read from it, part by part with its path, and written in canonical form.

Source: S-01, S-02. The forms are shown in `docs/segments.md`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, TypeVar, assert_never

import msgspec

from mien.domain.condition_json import check_unicode, parse_condition
from mien.domain.conditions import Condition, Exists
from mien.domain.derived import DERIVED_FIELDS
from mien.domain.devices import FACT_NAMES
from mien.domain.errors import InvalidSegmentError
from mien.domain.events import check_event_name
from mien.domain.ids import SegmentId
from mien.domain.preferences import Channel
from mien.domain.rejects import Rejected
from mien.domain.segments import (
    AT_LEAST_ONCE,
    DEPTH,
    NODES,
    OF_A_PROPERTY,
    OF_NUMBERS,
    OF_TIME,
    Aggregate,
    All,
    Any,
    ChannelState,
    Derived,
    DeviceIs,
    Did,
    Disabled,
    Fact,
    Figure,
    Filter,
    HasItem,
    InSegment,
    ItemFilter,
    Leaf,
    Node,
    Not,
    Property,
    Reachable,
    TestUser,
    Told,
    Window,
)
from mien.domain.totals import TOO_LARGE, limits_of, millionths
from mien.domain.values import ValueType, check_event_key, check_item, check_key
from mien.domain.window_json import parse_window

Raw: TypeAlias = Mapping[str, object]

_SEGMENT_ID = re.compile(r"[a-z0-9-]{1,40}")

N = TypeVar("N", bound=str)


def parse_segment(raw: object, path: str = "segment") -> Node:
    """Read a tree out of decoded JSON, or raise `InvalidSegmentError` with the path of what is wrong.

    `path` names the outermost node in that path.
    """
    return _Reader().node(raw, path, level=1)


class _Reader:
    """Reads one tree and counts its parts."""

    def __init__(self) -> None:
        self._parts = 0
        self._kinds: Mapping[str, Callable[[Raw, str, int], Node]] = {
            "all": self._all,
            "any": self._any,
            "not": self._not,
            "property": self._property,
            "derived": self._derived,
            "did": self._did,
            "device": self._device,
            "channel": self._channel,
            "test_user": self._test_user,
            "disabled": self._disabled,
            "segment": self._segment,
        }

    def node(self, raw: object, path: str, *, level: int) -> Node:
        """Read a node, `level` deep."""
        if level > DEPTH:
            raise InvalidSegmentError(path, f"nodes nest deeper than {DEPTH} levels")
        part = self._part(raw, path)
        kinds = [kind for kind in self._kinds if kind in part]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            known = ", ".join(self._kinds)
            raise InvalidSegmentError(path, f"a node has one of {known}; {found} came")
        return self._kinds[kinds[0]](part, path, level)

    def _part(self, raw: object, path: str) -> Raw:
        """Take an object as one more part of the tree."""
        self._parts += 1
        if self._parts > NODES:
            raise InvalidSegmentError(path, f"the segment has more than {NODES} parts")
        if not isinstance(raw, dict):
            raise InvalidSegmentError(path, "an object is needed")
        return raw

    def _all(self, raw: Raw, path: str, level: int) -> Node:
        return All(self._nodes(raw, path, "all", level))

    def _any(self, raw: Raw, path: str, level: int) -> Node:
        return Any(self._nodes(raw, path, "any", level))

    def _nodes(self, raw: Raw, path: str, key: str, level: int) -> tuple[Node, ...]:
        _check_keys(raw, path, {key})
        return tuple(
            self.node(each, at, level=level + 1) for each, at in _items(raw[key], f"{path}.{key}")
        )

    def _not(self, raw: Raw, path: str, level: int) -> Node:
        _check_keys(raw, path, {"not"})
        return Not(self.node(raw["not"], f"{path}.not", level=level + 1))

    def _property(self, raw: Raw, path: str, _level: int) -> Node:
        name, rest = _named(raw, path, "property", check_key)
        return Property(name, parse_condition(rest, path))

    def _derived(self, raw: Raw, path: str, _level: int) -> Node:
        name, rest = _chosen(raw, path, "derived", DERIVED_FIELDS)
        return Derived(name, parse_condition(rest, path, of=DERIVED_FIELDS[name].type))

    def _did(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"did", "window", "where", "first_time", *Figure})
        event, _ = _named(raw, path, "did", _event_name)
        where = tuple(
            self._filter(each, at) for each, at in _items(raw.get("where", []), f"{path}.where")
        )
        window = parse_window(raw["window"], f"{path}.window") if "window" in raw else None
        is_first = _true(raw, path, "first_time") if "first_time" in raw else False
        return Did(event, window, where, _aggregate(raw, path), is_first)

    def _filter(self, raw: object, path: str) -> Filter | HasItem:
        part, at, is_negated = self._negatable(raw, path)
        if "items" in part:
            return self._has_item(part, at, is_negated=is_negated)
        told = Told.SESSION if Told.SESSION in part else Told.EVENT
        name, rest = _named(part, at, told, check_event_key)
        return Filter(name, parse_condition(rest, at), told, is_negated)

    def _has_item(self, part: Raw, path: str, *, is_negated: bool) -> HasItem:
        _check_keys(part, path, {"items", "has"})
        name, _ = _named(part, path, "items", check_event_key)
        at = f"{path}.has"
        has = tuple(self._of_item(each, place) for each, place in _items(part.get("has"), at))
        if not has:
            raise InvalidSegmentError(at, "at least one condition on an item is needed")
        return HasItem(name, has, is_negated)

    def _of_item(self, raw: object, path: str) -> ItemFilter:
        part, at, is_negated = self._negatable(raw, path)
        name, rest = _named(part, at, "property", check_event_key)
        return ItemFilter(name, parse_condition(rest, at), is_negated)

    def _negatable(self, raw: object, path: str) -> tuple[Raw, str, bool]:
        """Take a part that may be wrapped in `not`: what is inside, its path, and whether it is."""
        part = self._part(raw, path)
        if "not" not in part:
            return part, path, False
        _check_keys(part, path, {"not"})
        at = f"{path}.not"
        return self._part(part["not"], at), at, True

    def _device(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"device"})
        at = f"{path}.device"
        facts = tuple(self._fact(each, place) for each, place in _items(raw["device"], at))
        if not facts:
            raise InvalidSegmentError(at, "at least one condition on a fact is needed")
        return DeviceIs(facts)

    def _fact(self, raw: object, path: str) -> Fact:
        name, rest = _chosen(self._part(raw, path), path, "fact", FACT_NAMES)
        return Fact(name, parse_condition(rest, path, of=ValueType.STRING))

    def _channel(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"channel", "is", "group"})
        channel, _ = _chosen(raw, path, "channel", list(Channel))
        state, _ = _chosen({"is": "reachable", **raw}, path, "is", list(ChannelState))
        group = _named(raw, path, "group", _group)[0] if "group" in raw else None
        return Reachable(Channel(channel), ChannelState(state), group)

    def _test_user(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"test_user"})
        _true(raw, path, "test_user")
        return TestUser()

    def _disabled(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"disabled"})
        _true(raw, path, "disabled")
        return Disabled()

    def _segment(self, raw: Raw, path: str, _level: int) -> Node:
        _check_keys(raw, path, {"segment"})
        segment = raw["segment"]
        if not isinstance(segment, str) or not _SEGMENT_ID.fullmatch(segment):
            at = f"{path}.segment"
            raise InvalidSegmentError(at, "the id of a saved segment is needed")
        return InSegment(SegmentId(segment))


def _true(raw: Raw, path: str, key: str) -> bool:
    if raw[key] is not True:
        at = f"{path}.{key}"
        raise InvalidSegmentError(at, "true is needed; for others take not")
    return True


def _check_keys(raw: Raw, path: str, known: Collection[str]) -> None:
    for key in raw:
        if key not in known:
            at = f"{path}.{key[:40]}"
            raise InvalidSegmentError(at, f"unknown here; known are {', '.join(sorted(known))}")


def _items(raw: object, path: str) -> list[tuple[object, str]]:
    if not isinstance(raw, list):
        raise InvalidSegmentError(path, "a list is needed")
    return [(each, f"{path}[{place}]") for place, each in enumerate(raw)]


def _named(raw: Raw, path: str, key: str, check: Callable[[str], str]) -> tuple[str, Raw]:
    """Read a name that data could have; gives what else there is beside it."""
    name, at = raw.get(key), f"{path}.{key}"
    if not isinstance(name, str):
        raise InvalidSegmentError(at, "a text is needed")
    check_unicode(name, at)
    try:
        return check(name), _without(raw, key)
    except Rejected as rejected:
        raise InvalidSegmentError(at, rejected.reason) from None


def _chosen(raw: Raw, path: str, key: str, known: Collection[N]) -> tuple[str, Raw]:
    """Read a name that is one of few; gives what else there is beside it."""
    name = raw.get(key)
    if not isinstance(name, str) or name not in known:
        at, said = f"{path}.{key}", "is missing" if name is None else f"{str(name)[:40]!r} is none"
        problem = f"{said}; known are {', '.join(known)}"
        raise InvalidSegmentError(at, problem)
    return name, _without(raw, key)


def _without(raw: Raw, key: str) -> Raw:
    return {other: value for other, value in raw.items() if other != key}


def _event_name(name: str) -> str:
    return check_event_name(name, is_system=True)


def _group(name: str) -> str:
    return check_item("group", name)


def _aggregate(raw: Raw, path: str) -> Aggregate:
    figures = [figure for figure in Figure if figure in raw]
    if not figures:
        return AT_LEAST_ONCE
    figure = figures[0]
    part, at = raw[figure], f"{path}.{figure}"
    if len(figures) > 1:
        raise InvalidSegmentError(at, f"one figure is asked at once, {figures[1]} came too")
    if not isinstance(part, dict):
        raise InvalidSegmentError(at, "an object is needed")
    of = None
    if figure in OF_A_PROPERTY:
        of, part = _named(part, at, "of", check_event_key)
    kind = ValueType.DATE if figure in OF_TIME else ValueType.INTEGER
    condition = parse_condition(part, at, of=kind)
    if figure in OF_NUMBERS and any(millionths(each) is None for each in limits_of(condition)):
        raise InvalidSegmentError(at, f"a sum is compared with numbers under {TOO_LARGE:.0e}")
    if isinstance(condition, Exists) and figure in (Figure.COUNT, Figure.DISTINCT):
        problem = "there always is a count; take at_least"
        raise InvalidSegmentError(at, problem)
    return Aggregate(figure, condition, of)


def to_json(node: Node) -> dict[str, object]:
    """Give a tree as plain JSON in canonical form: read again, it is the same tree."""
    match node:
        case All(nodes):
            return {"all": [to_json(each) for each in nodes]}
        case Any(nodes):
            return {"any": [to_json(each) for each in nodes]}
        case Not(inner):
            return {"not": to_json(inner)}
        case _:
            return _leaf_json(node)


def _leaf_json(node: Leaf) -> dict[str, object]:
    match node:
        case Property(name, condition):
            return {"property": name, **_plain(condition)}
        case Derived(name, condition):
            return {"derived": name, **_plain(condition)}
        case Did():
            return _did_json(node)
        case DeviceIs(facts):
            return {"device": [{"fact": each.name, **_plain(each.condition)} for each in facts]}
        case _:
            return _short_json(node)


def _short_json(node: Reachable | TestUser | Disabled | InSegment) -> dict[str, object]:
    match node:
        case Reachable(channel, state, group):
            named = {} if group is None else {"group": group}
            return {"channel": str(channel), "is": str(state), **named}
        case InSegment(segment):
            return {"segment": str(segment)}
        case TestUser():
            return {"test_user": True}
        case Disabled():
            return {"disabled": True}
        case _:
            assert_never(node)


def _did_json(node: Did) -> dict[str, object]:
    raw: dict[str, object] = {"did": node.event}
    if node.window is not None:
        raw["window"] = _plain(node.window)
    if node.where:
        raw["where"] = [_filter_json(each) for each in node.where]
    if node.is_first:
        raw["first_time"] = True
    if node.aggregate != AT_LEAST_ONCE:
        figure, condition, of = node.aggregate.figure, node.aggregate.condition, node.aggregate.of
        raw[str(figure)] = ({} if of is None else {"of": of}) | _plain(condition)
    return raw


def _filter_json(part: Filter | HasItem | ItemFilter) -> dict[str, object]:
    match part:
        case HasItem(name, has):
            raw: dict[str, object] = {"items": name, "has": [_filter_json(each) for each in has]}
        case Filter(name, condition, told):
            raw = {str(told): name, **_plain(condition)}
        case ItemFilter(name, condition):
            raw = {"property": name, **_plain(condition)}
        case _:
            assert_never(part)
    return {"not": raw} if part.is_negated else raw


def _plain(struct: Condition | Window) -> dict[str, object]:
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(struct))
    return plain
