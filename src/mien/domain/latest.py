"""The latest value of each event property of one profile, by the time of the events.

Events are added in any order, most quickly the last arrived first: then most of them need
not be decoded, and often the rest of a long activity need not be read. Of two events of
the same second the one that arrived later counts. Source: P-12.
"""

from collections.abc import Iterable, Mapping

import msgspec

from mien.domain.events import Summary

_Moment = tuple[int, int]
"""When an event happened (epoch seconds), and its place among all that arrived."""

_NEVER: _Moment = (-1, -1)
_ALWAYS: _Moment = (2**63, 0)

_decode = msgspec.json.Decoder(dict[str, object]).decode


class LatestValue(msgspec.Struct, frozen=True, gc=False):
    """What an event property was last; `event` is the id of its name, `at` is epoch seconds."""

    event: int
    property: str
    value: object
    at: int


class LatestValues:
    """Gathers the latest value of each property of some events."""

    def __init__(
        self, done: Mapping[int, Summary], properties: Mapping[int, Iterable[str]]
    ) -> None:
        """Begin with what the profile did, by event name id.

        `properties` are at least all those that these events can have.
        """
        self._kinds = {
            name: _Kind(summary, properties.get(name, ())) for name, summary in done.items()
        }
        self._open = sum(not kind.is_settled for kind in self._kinds.values())
        self.seen = 0

    @property
    def is_settled(self) -> bool:
        """Can no further event change anything, if those to come arrived before?"""
        return self._open == 0

    def add(self, name: int, at: int, sequence: int, body: bytes) -> None:
        """Take in one event; `body` are its properties as JSON."""
        self.seen += 1
        kind = self._kinds[name]
        was_settled = kind.is_settled
        kind.add((at, sequence), body)
        if kind.is_settled and not was_settled:
            self._open -= 1

    def values(self) -> list[LatestValue]:
        """Give what is known so far."""
        return [
            LatestValue(name, property_, value, at)
            for name, kind in self._kinds.items()
            for property_, ((at, _), value) in kind.known.items()
        ]


class _Kind:
    """The latest values of the events of one name."""

    __slots__ = ("_floor", "_last", "_left", "_unseen", "known")

    def __init__(self, summary: Summary, properties: Iterable[str]) -> None:
        self.known: dict[str, tuple[_Moment, object]] = {}
        self._unseen = set(properties)
        self._left, self._last = summary.count, summary.last
        self._floor = _NEVER if self._unseen else _ALWAYS

    @property
    def is_settled(self) -> bool:
        """Were all events seen, or has every property its value of the very last second?"""
        return self._left <= 0 or self._floor[0] >= self._last

    def add(self, moment: _Moment, body: bytes) -> None:
        self._left -= 1
        if moment < self._floor:
            return
        for name, value in _decode(body).items():
            known = self.known.get(name)
            if known is None or known[0] < moment:
                self.known[name] = moment, value
                self._unseen.discard(name)
        if not self._unseen:
            self._floor = min(moment for moment, _ in self.known.values())
