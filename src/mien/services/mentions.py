"""Does stored JSON tell of a person? What does goes when the person is erased (P-15)."""

from collections.abc import Iterator

import msgspec

_OBJECT_IDS = frozenset({"objectId", "object_id"})
_IDS = _OBJECT_IDS | {"identity", "Identity", "distinct_id", "value"}
_IDS |= {"FBID", "facebook_id", "GPID", "google_id"}
"""Keys of records and answers, of either API, whose value is an id."""

_decode = msgspec.json.Decoder().decode


class Mentions(msgspec.Struct, frozen=True):
    """The ids of a person, and the addresses by which they were reached, in every spelling.

    A short id is a common value (`"5"`): it counts only where an id stands. An address
    counts wherever it stands.
    """

    ids: frozenset[str]
    addresses: frozenset[str]

    @property
    def needles(self) -> list[bytes]:
        """Bytes of which JSON that tells of the person holds at least one."""
        return [msgspec.json.encode(each)[1:-1] for each in sorted(self.ids | self.addresses)]

    def are_in(self, raw: bytes) -> bool:
        """Tell whether this JSON names or reaches the person."""
        return any(
            text in self.addresses or (key in _IDS and self._is_id(key, text))
            for key, text in _leaves(_decode(raw))
        )

    def _is_id(self, key: str, text: str) -> bool:
        return (text.removeprefix("-") if key in _OBJECT_IDS else text) in self.ids


def _leaves(value: object) -> Iterator[tuple[str, str]]:
    """Give each text or number with the key under which it stands, however deep."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        key, each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.items())
        elif isinstance(each, list):
            waiting.extend((key, item) for item in each)
        else:
            yield key, str(each)
