"""Definitions: which user properties and events exist, of which type, since when.

A definition is made with the first accepted value. Integers then floats widen to
Float; any other second type makes it Mixed, and each value of another type is
counted as a conflict, never dropped. Source: P-14.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from mien.domain.values import TYPES, ValueType


class DefinitionKind(IntEnum):
    """What a definition is of. For an event property the parent is the event's id."""

    PROPERTY = 1
    EVENT = 2
    EVENT_PROPERTY = 3


class DefinitionState(IntEnum):
    """Whether values are taken and shown."""

    ACTIVE = 1
    INACTIVE = 2
    DISCARDED = 3


class Definition(msgspec.Struct):
    """One user property, event or event property of an environment.

    `key` is the form by which it is found; `name` its first spelling. `count` are
    accepted values (events: times done), `conflicts` those of another type. `last_seen_at`
    is None before the first value. A user property that is `in_table` is a column of the table
    of people.
    """

    id: int
    kind: DefinitionKind
    parent: int
    key: str
    name: str
    type: ValueType | None
    first_seen_at: int
    source: str
    state: DefinitionState = DefinitionState.ACTIVE
    description: str = ""
    count: int = 0
    conflicts: int = 0
    last_seen_at: int | None = None
    in_table: bool = False


class Tally:
    """Counts the values of a batch by name and type, so that definitions are written once a batch."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        # By class, not by ValueType: this runs for every value of every record.
        self._counts: dict[str, dict[type, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, values: Iterable[tuple[str, object]]) -> None:
        """Count each value once; None (a removed property) does not count."""
        counts = self._counts
        for name, value in values:
            kind = type(value)
            if kind is str and value[:3] == "$D_":  # type: ignore[index]  # a str
                kind = _Date
            counts[name][kind] += 1

    def by_name(self) -> dict[str, dict[ValueType, int]]:
        """Give the counts of each name by type, the first type seen first."""
        return {
            name: {_TYPES[kind]: count for kind, count in counts.items() if kind in _TYPES}
            for name, counts in self._counts.items()
            if counts.keys() & _TYPES.keys()
        }


class _Date:
    """Stands for the class of dates, which are texts."""


_TYPES: dict[type, ValueType] = {**TYPES, _Date: ValueType.DATE}

_NUMBERS = {ValueType.INTEGER, ValueType.FLOAT}


def widen(known: ValueType | None, seen: Mapping[ValueType, int]) -> tuple[ValueType, int]:
    """Give the type of a definition after these values, and how many of them conflicted.

    `seen` is the count by type, the first type seen first.
    """
    conflicts = 0
    for kind, count in seen.items():
        if known is None or known is kind:
            known = kind
        elif known in _NUMBERS and kind in _NUMBERS:
            known = ValueType.FLOAT
        else:
            known, conflicts = ValueType.MIXED, conflicts + count
    if known is None:
        msg = "a definition needs at least one value"
        raise ValueError(msg)
    return known, conflicts
