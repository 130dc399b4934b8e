"""Questions as they were compiled, for when the same is asked of the same tables again.

A page asks for the sizes of the same segments over and over, and compiling one takes as long
as a quick count of a million people.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from mien.analytics.catalog import Catalog
from mien.analytics.compile import Query
from mien.analytics.scope import Scope
from mien.domain.segments import Node

KEPT = 256
_LONGEST = 4_000
"""How many characters a tree may have to be kept."""


class _Kept(msgspec.Struct, frozen=True):
    """What was compiled, for these tables as they are and no others."""

    catalog: Catalog
    query: Query


class Compiled:
    """Gives the question that `compiles` makes of a tree, and keeps it; any thread may ask.

    Kept is what holds for a whole day: what looks at the hour is another question each second.
    """

    def __init__(self, compiles: Callable[[Node, Scope], Query]) -> None:
        self._compiles = compiles
        self._kept: OrderedDict[object, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, tree: Node, scope: Scope) -> Query:
        # Not the tree itself: 1, 1.0 and true are equal there, and three different values.
        text = repr(tree)
        key = (text, scope.catalog.environment, scope.zone, scope.today)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None and kept.catalog is scope.catalog:
            return kept.query
        query = self._compiles(tree, scope)
        if not scope.is_of_moment and len(text) <= _LONGEST:
            self._keep(key, _Kept(scope.catalog, query))
        return query

    def _keep(self, key: object, kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
