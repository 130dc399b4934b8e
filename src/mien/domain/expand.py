"""Segments inside segments: each reference gives way to the tree that it means.

After that a tree can be matched, or compiled, on its own. Source: S-01, S-02.
"""

from collections.abc import Callable, Sequence

import msgspec

from mien.domain.conditions import AnyOf, Condition, HasAll, HasAny
from mien.domain.errors import InvalidSegmentError
from mien.domain.ids import SegmentId
from mien.domain.segments import (
    All,
    Any,
    Derived,
    DeviceIs,
    Did,
    Filter,
    HasItem,
    InSegment,
    Node,
    Not,
    Property,
    nodes_of,
)

LEVELS = 64
"""How deep a tree is at most with the segments inside it; going into one is a level too."""

PARTS = 1_000
"""How many parts a tree has at most with the segments inside it."""

VALUES = 10_000
"""How many values all lists have together at most, those of the segments inside included."""


class NamedTree(msgspec.Struct, frozen=True):
    """A saved segment: what people call it, and its tree as it was saved."""

    name: str
    tree: Node


Lookup = Callable[[SegmentId], NamedTree | None]


def expand(
    tree: Node, lookup: Lookup, *, of: SegmentId | None = None, path: str = "segment"
) -> Node:
    """Give a tree in which no node stands for a saved segment; `lookup` finds those.

    `of` is the id of the tree itself, if it has one. Raises `InvalidSegmentError` for an unknown
    segment, for one that includes itself (the circle is named), and for a tree that becomes too
    large or too deep. Its path goes on into the segments inside.
    """
    return _Expander(lookup).node(tree, path, () if of is None else (of,), level=1)


def segments_in(tree: Node) -> set[SegmentId]:
    """Give the segments that a tree names itself."""
    return {node.segment for node in nodes_of(tree) if isinstance(node, InSegment)}


class _Expander:
    """Expands one tree and counts what it becomes."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._parts = self._values = 0

    def node(self, node: Node, path: str, within: tuple[SegmentId, ...], *, level: int) -> Node:
        """Expand a node, `level` deep, that stands within these segments, the innermost last."""
        self._count(node, path, level)
        match node:
            case All(nodes):
                return All(self._nodes(nodes, f"{path}.all", within, level))
            case Any(nodes):
                return Any(self._nodes(nodes, f"{path}.any", within, level))
            case Not(inner):
                return Not(self.node(inner, f"{path}.not", within, level=level + 1))
            case InSegment(segment):
                at = f"{path}.segment"
                inside = self._find(segment, at, within)
                return self.node(inside.tree, at, (*within, segment), level=level + 1)
            case _:
                return node

    def _nodes(
        self, nodes: Sequence[Node], path: str, within: tuple[SegmentId, ...], level: int
    ) -> tuple[Node, ...]:
        return tuple(
            self.node(each, f"{path}[{place}]", within, level=level + 1)
            for place, each in enumerate(nodes)
        )

    def _find(self, segment: SegmentId, path: str, within: tuple[SegmentId, ...]) -> NamedTree:
        if segment in within:
            circle = (*within[within.index(segment) :], segment)
            named = " → ".join(map(self._name, circle))
            raise InvalidSegmentError(path, f"the segment would include itself: {named}")
        if (found := self._lookup(segment)) is None:
            raise InvalidSegmentError(path, f"there is no segment {segment!r}")
        return found

    def _name(self, segment: SegmentId) -> str:
        found = self._lookup(segment)
        return segment if found is None else f"{found.name!r} ({segment})"

    def _count(self, node: Node, path: str, level: int) -> None:
        beside = _conditions(node)
        self._parts += 1 + (len(beside) if isinstance(node, Did | DeviceIs) else 0)
        self._values += sum(map(_size, beside))
        for size, limit, what in (
            (level, LEVELS, "levels"),
            (self._parts, PARTS, "parts"),
            (self._values, VALUES, "values in its lists"),
        ):
            if size > limit:
                problem = f"with the segments inside it, the segment has over {limit:,} {what}"
                raise InvalidSegmentError(path, problem)


def _conditions(node: Node) -> Sequence[Condition]:
    match node:
        case Property(_, condition) | Derived(_, condition):
            return (condition,)
        case Did():
            return [condition for each in node.where for condition in _of_filter(each)]
        case DeviceIs(facts):
            return [each.condition for each in facts]
        case _:
            return ()


def _of_filter(part: Filter | HasItem) -> Sequence[Condition]:
    return [each.condition for each in part.has] if isinstance(part, HasItem) else [part.condition]


def _size(condition: Condition) -> int:
    return len(condition.values) if isinstance(condition, AnyOf | HasAny | HasAll) else 0
