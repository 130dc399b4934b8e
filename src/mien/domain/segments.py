"""The segment language: who is meant, as a tree of conditions on one person.

A tree is read once from decoded JSON; a part that is unknown or wrong is refused with its
path. `to_json` gives it back in canonical form. What a tree means is told by
`domain.matching`; `docs/segments.md` has all of it for people. Source: S-01, S-02.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec

from mien.domain.conditions import (
    Condition,
    DayCount,
    MoreOrEqual,
)
from mien.domain.ids import SegmentId
from mien.domain.preferences import Channel

DEPTH = 16
"""How deep nodes nest at most; the outermost is the first level."""

NODES = 250
"""How many nodes, filters of events and of their items, and facts of devices a tree has at most."""

LAST_MOMENT = 253_370_764_799
"""The last second of the year 9998, the last of which a segment speaks."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MOMENT)]

HOURS = 24 * 366
"""How many hours a window may look back at most; a longer one is given in days."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is read as a whole: no further keys."""


class LastDays(_Strict, frozen=True):
    """So many calendar days, of which today is the last; until now."""

    last_days: DayCount


class LastHours(_Strict, frozen=True):
    """So many hours of 3,600 seconds; until now."""

    last_hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS)]


class Days(_Strict, frozen=True, rename={"first": "from", "last": "to"}):
    """From a calendar day to another, both included; a missing one leaves that side open."""

    first: date | None = None
    last: date | None = None


class Moments(_Strict, frozen=True):
    """From a moment on and before another, in epoch seconds."""

    since: Moment
    until: Moment


Window: TypeAlias = LastDays | LastHours | Days | Moments


class Told(StrEnum):
    """Of what a filter of events asks a property; the values are keys of the JSON."""

    EVENT = "property"
    SESSION = "session"
    """The visit that the event belongs to, as its source and its campaign."""


class Filter(msgspec.Struct, frozen=True):
    """A condition on one property of an event, or of its session, that holds or, if negated, does not."""

    name: str
    condition: Condition
    told: Told = Told.EVENT
    is_negated: bool = False


class ItemFilter(msgspec.Struct, frozen=True):
    """A condition on one property of an item that holds or, if negated, does not."""

    name: str
    condition: Condition
    is_negated: bool = False


class HasItem(msgspec.Struct, frozen=True):
    """One item of a list of the event meets all of these at once or, if negated, none does.

    Items are objects; what else is in the list meets nothing. An object alone is a list of one.
    """

    name: str
    has: tuple[ItemFilter, ...]
    is_negated: bool = False


class Figure(StrEnum):
    """What is worked out over the events that count; the values are those of the JSON."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"


OF_A_PROPERTY = frozenset({Figure.SUM, Figure.AVERAGE, Figure.DISTINCT})
"""Figures that are about one property of the events."""

OF_NUMBERS = frozenset({Figure.SUM, Figure.AVERAGE})
"""Figures worked out of numbers alone, in whole millionths."""

OF_TIME = frozenset({Figure.FIRST, Figure.LAST})
"""Figures that are dates."""


class Aggregate(msgspec.Struct, frozen=True):
    """A figure, of a property if it is about one, and the condition it has to meet."""

    figure: Figure
    condition: Condition
    of: str | None = None


AT_LEAST_ONCE = Aggregate(Figure.COUNT, MoreOrEqual(1))


class ChannelState(StrEnum):
    """What may be asked of a channel; the values are those of the JSON."""

    REACHABLE = "reachable"
    """A message may be sent, as `domain.reachability` says."""

    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    UNDECIDED = "undecided"
    """Neither was said."""


class All(msgspec.Struct, frozen=True):
    """All of these hold; of no nodes: everybody."""

    nodes: tuple["Node", ...]


class Any(msgspec.Struct, frozen=True):
    """At least one of these holds; of no nodes: nobody."""

    nodes: tuple["Node", ...]


class Not(msgspec.Struct, frozen=True):
    """The node does not hold, for want of a value too."""

    node: "Node"


class Property(msgspec.Struct, frozen=True):
    """A condition on one property of the profile, by its exact name."""

    name: str
    condition: Condition


class Derived(msgspec.Struct, frozen=True):
    """A condition on one of `DERIVED_FIELDS`."""

    name: str
    condition: Condition


class Did(msgspec.Struct, frozen=True):
    """An event was done, under any spelling of its name.

    Events that count lie in `window` (None: at any time) and meet all of `where`; the figure over
    them meets the condition of `aggregate`. With `is_first` only those count that were done in the
    very second in which the person did the event first.
    """

    event: str
    window: Window | None = None
    where: tuple[Filter | HasItem, ...] = ()
    aggregate: Aggregate = AT_LEAST_ONCE
    is_first: bool = False


class Fact(msgspec.Struct, frozen=True):
    """A condition on one fact of a device."""

    name: str
    condition: Condition


class DeviceIs(msgspec.Struct, frozen=True):
    """One device meets all of these at once."""

    facts: tuple[Fact, ...]


class Reachable(msgspec.Struct, frozen=True):
    """A channel is in a state: for messages of a subscription group, if one is named."""

    channel: Channel
    state: ChannelState = ChannelState.REACHABLE
    group: str | None = None


class TestUser(msgspec.Struct, frozen=True):
    """The profile is marked as a test user."""


class Disabled(msgspec.Struct, frozen=True):
    """The profile is disabled: nothing is sent to the person, on no channel."""


class InSegment(msgspec.Struct, frozen=True):
    """The tree of a saved segment holds; `domain.expand` puts it in the place of this node."""

    segment: SegmentId


Question: TypeAlias = Property | Derived | Did | DeviceIs | Reachable | TestUser | Disabled
"""What is asked of a person."""

Leaf: TypeAlias = Question | InSegment
Node: TypeAlias = All | Any | Not | Leaf


def nodes_of(tree: Node) -> Iterator[Node]:
    """Give a node and all nodes below it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case All(nodes) | Any(nodes):
                waiting += nodes
            case Not(inner):
                waiting.append(inner)
            case _:
                pass
