"""What a person is known by, and whether stored JSON tells of them.

What does is part of what is known of the person, and goes when they are erased (P-15, P-16).
"""

from collections.abc import Iterable, Iterator

import msgspec

from mien.domain.identities import Identity, IdentityKind, own_id
from mien.domain.ids import EnvironmentId
from mien.domain.preferences import FIELD_OF_ADDRESS, Address, addresses
from mien.domain.profiles import Profile
from mien.services.merger import identities_of
from mien.store import log, rejects
from mien.store.engine import Transaction

_OBJECT_IDS = frozenset({"objectId", "object_id"})
_IDS = _OBJECT_IDS | {"identity", "Identity", "distinct_id", "value"}
_IDS |= {"FBID", "facebook_id", "GPID", "google_id"}
"""Keys of records and answers, of either API, whose value is an id."""

_decode = msgspec.json.Decoder().decode


class Mentions(msgspec.Struct, frozen=True):
    """The ids of a person, and the addresses by which they were reached, in every spelling.

    A short id is a common value (`"5"`): it counts only where an id stands. An address
    counts wherever it stands. `needles` are bytes of which JSON that tells of the person
    holds at least one.
    """

    ids: frozenset[str]
    addresses: frozenset[str]
    needles: tuple[bytes, ...]

    @classmethod
    def of(cls, ids: Iterable[str], addresses: Iterable[str]) -> "Mentions":
        """Make mentions of texts."""
        known, reached = frozenset(ids), frozenset(addresses)
        needles = [msgspec.json.encode(each)[1:-1] for each in sorted(known | reached)]
        return cls(known, reached, tuple(needles))

    def are_in(self, raw: bytes) -> bool:
        """Tell whether this JSON names or reaches the person."""
        # Most JSON does not, and need not be decoded to tell.
        return any(needle in raw for needle in self.needles) and any(
            text in self.addresses or (key in _IDS and self._is_id(key, text))
            for key, text in _leaves(_decode(raw))
        )

    def _is_id(self, key: str, text: str) -> bool:
        return (text.removeprefix("-") if key in _OBJECT_IDS else text) in self.ids


class Known(msgspec.Struct, frozen=True):
    """All that a person is or was known by.

    `found_by` leads to the profile, `named` are its ids, with the objectIds that the server
    made for it and for all that it took in. `reached` are all addresses that it ever had.
    """

    found_by: tuple[Identity, ...]
    named: tuple[Identity, ...]
    reached: frozenset[Address]
    mentions: Mentions


def known_of(tx: Transaction, environment: EnvironmentId, profile: Profile) -> Known:
    """Give all that a person is or was known by; `profile` has what stands behind it."""
    found_by = dict.fromkeys(each for part in profile.parts for each in identities_of(part))
    held = [each for each in found_by if each.kind is not IdentityKind.PUSH_TOKEN]
    named = (*held, *(own_id(chain.id) for chain in profile.chains))
    reached, spellings = set(profile.reached), set[str]()
    for chain in profile.chains:
        for stored in log.walk_changes(tx, environment, chain.last_change):
            # What others had with whom the person was one for a while is not the person's.
            new = stored.change.alone().new
            reached.update(addresses(new))
            spellings.update(str(new[name]) for name in FIELD_OF_ADDRESS.values() if name in new)
    spellings.discard("None")
    spellings.update(value for _, value in reached)
    mentions = Mentions.of((value for _, value in named), spellings)
    return Known(tuple(found_by), named, frozenset(reached), mentions)


def find_rejects(
    tx: Transaction, environment: EnvironmentId, mentions: Mentions, *, after: int = 0
) -> set[int]:
    """Find the rejected records that name or reach a person, those with greater ids than `after`."""
    return {
        reject_id
        for needle in mentions.needles
        for reject_id, record in rejects.holding(tx, environment, needle, after=after)
        if mentions.are_in(record)
    }


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
