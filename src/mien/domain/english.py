"""Segments in English: one plain sentence that says who is meant.

It is made from the tree alone, for people who check what a segment asks. Texts are in
quotation marks, names as they are.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

from mien.domain.conditions import (
    After,
    Anniversary,
    AnyOf,
    Before,
    Between,
    Condition,
    Contains,
    DaysCondition,
    Equals,
    Exists,
    HasAll,
    HasAny,
    InLast,
    InNext,
    LessOrEqual,
    LessThan,
    ListCondition,
    MoreOrEqual,
    MoreThan,
    NumberCondition,
    On,
    Scalar,
    StartsWith,
    TextCondition,
    VersionAtLeast,
    VersionBelow,
)
from mien.domain.ids import SegmentId
from mien.domain.preferences import Channel
from mien.domain.segments import (
    AT_LEAST_ONCE,
    Aggregate,
    All,
    Any,
    ChannelState,
    Days,
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
    LastDays,
    LastHours,
    Leaf,
    Moments,
    Node,
    Not,
    Property,
    Reachable,
    TestUser,
    Told,
    Window,
)

_CHANNELS = {
    Channel.EMAIL: "e-mail",
    Channel.SMS: "SMS",
    Channel.WHATSAPP: "WhatsApp",
    Channel.PUSH: "push",
    Channel.WEB_PUSH: "web push",
}

_STATES = {
    ChannelState.REACHABLE: "who can be reached by",
    ChannelState.OPTED_IN: "who opted in to",
    ChannelState.OPTED_OUT: "who opted out of",
    ChannelState.UNDECIDED: "who said neither yes nor no to",
}


Names: TypeAlias = Mapping[SegmentId, str]


def describe(tree: Node, names: Names | None = None) -> str:
    """Give a sentence that says who is in a segment; `names` are those of the segments inside."""
    match tree:
        case All(()):
            return "Everybody."
        case Any(()):
            return "Nobody."
        case _:
            return f"People {_clause(tree, names or {})}."


def _clause(node: Node, names: Names) -> str:
    """Give what follows "people"."""
    match node:
        case All(nodes):
            return _joined(nodes, "and", names, none="whoever they are")
        case Any(nodes):
            return _joined(nodes, "or", names, none="of whom there are none")
        case Not(inner):
            return f"other than people {_part(inner, names)}"
        case _:
            return _leaf(node, names)


def _joined(nodes: Sequence[Node], word: str, names: Names, *, none: str) -> str:
    if not nodes:
        return none
    if len(nodes) == 1:
        return _clause(nodes[0], names)
    return f" {word} ".join(_part(each, names) for each in nodes)


def _part(node: Node, names: Names) -> str:
    """Give a clause that stands beside others, in brackets if it joins several itself."""
    if isinstance(node, All | Any) and len(node.nodes) == 1:
        return _part(node.nodes[0], names)
    clause = _clause(node, names)
    is_joined = isinstance(node, All | Any) and node.nodes
    return f"({clause})" if is_joined or isinstance(node, Not) else clause


def _leaf(node: Leaf, names: Names) -> str:
    match node:
        case Property(name, condition) | Derived(name, condition):
            return f"whose {name} {_verb(condition)}"
        case Did():
            return _did(node)
        case DeviceIs(facts):
            return f"with a device whose {_named(facts)}"
        case Reachable():
            return _reach(node)
        case TestUser() | Disabled():
            return "who are test users" if isinstance(node, TestUser) else "who are disabled"
        case InSegment(segment):
            return f"who are in the segment {_quoted(names.get(segment, segment))}"
        case _:
            assert_never(node)


def _reach(node: Reachable) -> str:
    within = "" if node.group is None else f" for the group {_quoted(node.group)}"
    return f"{_STATES[node.state]} {_CHANNELS[node.channel]}{within}"


def _named(parts: Sequence[Fact | Filter | HasItem | ItemFilter]) -> str:
    return " and ".join(_one_named(each) for each in parts)


def _one_named(part: Fact | Filter | HasItem | ItemFilter) -> str:
    match part:
        case HasItem(name, has):
            several = f"({_named(has)})" if len(has) > 1 else _named(has)
            said = f"{name} has one where {several}"
        case Filter(name, condition, Told.SESSION):
            said = f"the session's {name} {_verb(condition)}"
        case _:
            said = f"{part.name} {_verb(part.condition)}"
    is_negated = not isinstance(part, Fact) and part.is_negated
    return f"it is not so that {said}" if is_negated else said


def _did(node: Did) -> str:
    if node.aggregate == AT_LEAST_ONCE:
        return f"who did {_events(node)}"
    return _figure(node.aggregate, node)


def _events(node: Did) -> str:
    where = f" where {_named(node.where)}" if node.where else ""
    first = " for the first time" if node.is_first else ""
    return f"{node.event}{first}{_window(node.window)}{where}"


def _figure(aggregate: Aggregate, node: Did) -> str:
    verb, events = _verb(aggregate.condition), _events(node)
    match aggregate.figure:
        case Figure.COUNT:
            return f"for whom the number of {events} {verb}"
        case Figure.SUM:
            return f"for whom the sum of {aggregate.of} over {events} {verb}"
        case Figure.AVERAGE:
            return f"for whom the average {aggregate.of} of {events} {verb}"
        case Figure.DISTINCT:
            return f"for whom the number of different {aggregate.of} in {events} {verb}"
        case Figure.FIRST | Figure.LAST:
            return f"for whom the day of the {aggregate.figure} {events} {verb}"
        case _:
            assert_never(aggregate.figure)


def _window(window: Window | None) -> str:
    match window:
        case None:
            return ""
        case LastDays(days):
            return f" in the last {_many(days, 'day')}"
        case LastHours(hours):
            return f" in the last {_many(hours, 'hour')}"
        case Days():
            return _days(window)
        case Moments(since, until):
            return f" from second {since} to before second {until}"
        case _:
            assert_never(window)


def _days(window: Days) -> str:
    if window.last is None:
        return f" from {window.first} on"
    return (
        f" until {window.last}"
        if window.first is None
        else f" from {window.first} to {window.last}"
    )


def _verb(condition: Condition) -> str:
    """Give a condition as what follows the name of a value."""
    match condition:
        case Exists():
            return "is known"
        case Equals(value):
            return f"is {_shown(value)}"
        case AnyOf(values):
            return f"is {_choice(values, 'or')}"
        case Contains() | StartsWith() | VersionBelow() | VersionAtLeast():
            return _text_verb(condition)
        case HasAny() | HasAll():
            return _list_verb(condition)
        case _:
            return _measure(condition)


def _text_verb(condition: TextCondition) -> str:
    match condition:
        case Contains(text):
            return f"contains {_quoted(text)}"
        case StartsWith(text):
            return f"starts with {_quoted(text)}"
        case VersionBelow(version):
            return f"is a version before {version}"
        case VersionAtLeast(version):
            return f"is version {version} or later"
        case _:
            assert_never(condition)


def _list_verb(condition: ListCondition) -> str:
    word = "or" if isinstance(condition, HasAny) else "and"
    return f"has {_choice(condition.values, word)}"


def _measure(condition: NumberCondition | DaysCondition | Anniversary) -> str:
    match condition:
        case LessThan() | LessOrEqual() | MoreThan() | MoreOrEqual():
            return f"is {_MEASURES[type(condition)]} {condition.value}"
        case Between(low, high):
            return f"is between {low} and {high}"
        case Before() | On() | After():
            return f"is {_MEASURES[type(condition)]} {condition.day}"
        case InLast(days):
            return f"is in the last {_many(days, 'day')}"
        case InNext(days):
            return f"is in the next {_many(days, 'day')}"
        case Anniversary(days):
            return f"has an anniversary in the next {_many(days, 'day')}"
        case _:
            assert_never(condition)


_MEASURES: dict[type[Condition], str] = {
    LessThan: "less than",
    LessOrEqual: "at most",
    MoreThan: "more than",
    MoreOrEqual: "at least",
    Before: "before",
    On: "on",
    After: "after",
}


def _many(number: int, unit: str) -> str:
    return unit if number == 1 else f"{number} {unit}s"


def _choice(values: Sequence[Scalar], word: str) -> str:
    """List values; of many, the first few and how many there are more."""
    shown = [_shown(value) for value in values[:_SHOWN]]
    if (more := len(values) - len(shown)) > 0:
        shown.append(f"{more} more")
    return f" {word} ".join(", ".join(part) for part in (shown[:-1], shown[-1:]) if part)


_SHOWN = 10
"""How many values of a list are told."""


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    # What cannot be seen, or would steer a terminal, is written as its escape.
    seen = (each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return f'"{"".join(seen)}"'
