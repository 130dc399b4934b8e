"""Erasing a person: from every place, for ever, with a receipt (P-15, B-07).

What remains is a keyed hash of each id, so that a restored backup can be cleansed,
and one row of the change log that says that this profile is gone.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from mien import clock
from mien.domain.changes import Change, encode_change
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import FIELD_OF_ADDRESS, SUBSCRIPTIONS_OF, Address, addresses
from mien.domain.profiles import Profile
from mien.services.mentions import Mentions
from mien.services.merger import identities_of, own_id
from mien.services.merges import separate_newest
from mien.services.reading import find_in, find_shown
from mien.services.retrying import write_retried
from mien.services.trails import change_trail, walk_changes
from mien.store import accounts, idempotency, log, merges, numbers, people, rejects
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

_Find: TypeAlias = Callable[[Transaction], Profile | None]


_PLACES = (
    *("profiles", "identities", "addresses", "events", "changes"),
    *("merge_suggestions", "subscriptions", "rejects", "answers"),
)


class ErasureReceipt(msgspec.Struct, frozen=True):
    """What was removed, by place, and what remains. `erased_at` is epoch milliseconds."""

    object_id: str
    erased_at: int
    removed: dict[str, int]
    hashes_kept: int


def erase(store: Store, environment: EnvironmentId, identity: Identity) -> ErasureReceipt | None:
    """Erase the profile that an identity means; None if there is none."""
    return _retried(store, environment, lambda tx: find_in(tx, environment, identity))


def erase_part(
    store: Store, environment: EnvironmentId, identity: Identity
) -> ErasureReceipt | None:
    """Erase whom an id meant before any merge, and leave those whom it was merged with."""

    def find_alone(tx: Transaction) -> Profile | None:
        found = find_in(tx, environment, identity)
        while found is not None and found.is_merged:
            separate_newest(tx, environment, found, source="erasure")
            found = find_in(tx, environment, identity)
        return found

    return _retried(store, environment, find_alone)


def erasure_digest(secret: bytes, environment: EnvironmentId, identity: Identity) -> bytes:
    """Give the keyed hash that stands for an id of an erased person."""
    text = f"{environment}\n{int(identity.kind)}\n{identity.value}"
    return hmac.digest(secret, text.encode(), hashlib.sha256)


def _retried(store: Store, environment: EnvironmentId, find: _Find) -> ErasureReceipt | None:
    def work(tx: Transaction) -> ErasureReceipt | None:
        return _erase_one(tx, environment, find(tx), clock.now_ms())

    return write_retried(store, work)


def erase_within(
    tx: Transaction, environment: EnvironmentId, identity: Identity, *, now_ms: int
) -> ErasureReceipt | None:
    """Erase the profile that an identity means, within a transaction; None if there is none."""
    return _erase_one(tx, environment, find_in(tx, environment, identity), now_ms)


def _erase_one(
    tx: Transaction, environment: EnvironmentId, found: Profile | None, now_ms: int
) -> ErasureReceipt | None:
    if found is None:
        return None
    locked = merges.lock(tx, environment, [found.id])[found.id]
    return _erase(tx, environment, locked, now_ms)


def _erase(
    tx: Transaction, environment: EnvironmentId, profile: Profile, now_ms: int
) -> ErasureReceipt:
    parts = [chain.id for chain in profile.chains]
    removed = _erase_grey(tx, environment, parts, now_ms)
    found_by, reached = _found_by(profile), sorted(profile.reached)
    held = [each for each in found_by if each.kind is not IdentityKind.PUSH_TOKEN]
    once_reached, spellings = _once_reached(tx, environment, profile)
    removed.update({"profiles": len(parts), "identities": len(held), "addresses": len(reached)})
    for chain in profile.chains:
        _cleanse_neighbours(tx, environment, chain.id)
        events, changes = log.delete_profile(
            tx,
            environment,
            chain.id,
            last_event=chain.last_event,
            last_change=chain.last_change,
            names=list(profile.activity.events),
        )
        removed.update({"events": events, "changes": changes})
    profile_store.delete(tx, environment, profile.id, held=found_by, reached=reached)
    removed["merge_suggestions"] += sum(
        people.forget_suggestions(tx, environment, each) for each in parts
    )
    removed["merges"] += merges.forget(tx, environment, parts)
    removed["subscriptions"] += sum(
        people.forget_address(tx, environment, kind, value)
        for address, value in sorted({*reached, *once_reached})
        if not profile_store.find_by_address(tx, environment, address, value)
        for kind in SUBSCRIPTIONS_OF[address]
    )
    named = [*held, *map(own_id, parts)]
    ids = frozenset(value for _, value in named)
    mentions = Mentions(ids, frozenset(spellings))
    removed["rejects"] += _erase_rejects(tx, environment, mentions)
    removed["answers"] += idempotency.erase_answers(tx, environment, mentions.are_in)
    secret = accounts.secret(tx, "erasures", clock.new_secret())
    digests = [erasure_digest(secret, environment, each) for each in held]
    people.note_erasures(tx, environment, profile.id, digests, now_ms=now_ms)
    for part in parts:
        own = erasure_digest(secret, environment, own_id(part))
        people.note_erasures(tx, environment, part, [own], now_ms=now_ms)
        _append_tombstone(tx, environment, part, now_ms)
    hashes = len(digests) + len(parts)
    return ErasureReceipt(server_object_id(profile.id), now_ms, _places(removed), hashes)


def _places(removed: Counter[str]) -> dict[str, int]:
    """Give what was removed by place: the usual places always, the others if there was any."""
    return {
        place: removed[place]
        for place in (*_PLACES, *removed)
        if place in _PLACES or removed[place]
    }


def _erase_grey(
    tx: Transaction, environment: EnvironmentId, parts: list[ProfileId], now_ms: int
) -> Counter[str]:
    """Erase what devices of the person did before they were known, and count it by place.

    A visitor who has devices of their own is somebody else too; of those only the link goes.
    """
    removed: Counter[str] = Counter()
    rests = {link.rest for link in merges.find_grey_links(tx, environment, parts)}
    merges.forget_grey_links(tx, environment, parts)
    for rest in sorted(rests):
        profile = profile_store.find(tx, environment, rest)
        if profile is not None and profile.is_anonymous and not profile.document.devices:
            locked = merges.lock(tx, environment, [rest])[rest]
            removed.update(_erase(tx, environment, locked, now_ms).removed)
            removed["grey_profiles"] += 1
            removed["profiles"] -= 1
    return removed


def _found_by(profile: Profile) -> list[Identity]:
    """Give all that finds a profile, or found one that it took in."""
    return list(dict.fromkeys(each for part in profile.parts for each in identities_of(part)))


def _once_reached(
    tx: Transaction, environment: EnvironmentId, profile: Profile
) -> tuple[set[Address], set[str]]:
    """Give the addresses that a profile ever had, and every spelling of them."""
    reached: set[Address] = set()
    spellings: set[str] = set()
    for chain in profile.chains:
        for stored in log.walk_changes(tx, environment, chain.last_change):
            new = stored.change.new
            reached.update(addresses(new))
            spellings.update(str(new.get(name)) for name in FIELD_OF_ADDRESS.values())
    spellings.discard("None")
    return reached, spellings.union(value for _, value in reached)


def _erase_rejects(tx: Transaction, environment: EnvironmentId, mentions: Mentions) -> int:
    """Remove the rejected records that name the person, first or among others."""
    removed = sum(rejects.erase_person(tx, environment, each) for each in mentions.ids)
    found = [
        reject_id
        for needle in mentions.needles
        for reject_id, record in rejects.holding(tx, environment, needle)
        if mentions.are_in(record)
    ]
    return removed + rejects.erase(tx, environment, sorted(set(found)))


def _cleanse_neighbours(tx: Transaction, environment: EnvironmentId, erased: ProfileId) -> None:
    """Take the ids of an erased person out of the history of those it was confused with."""
    for neighbour in people.confused_with(tx, environment, erased):
        profile = find_shown(tx, environment, neighbour)
        trail = () if profile is None else change_trail(tx, environment, profile)
        for stored in walk_changes(tx, environment, trail):
            kept = tuple(each for each in stored.change.conflicts if each[2] != erased)
            if len(kept) != len(stored.change.conflicts):
                change = msgspec.structs.replace(stored.change, conflicts=kept)
                log.rewrite_change(tx, environment, stored.sequence, encode_change(change))


def _append_tombstone(
    tx: Transaction, environment: EnvironmentId, profile: ProfileId, now_ms: int
) -> None:
    transaction = numbers.transaction_id(tx)
    place = numbers.reserve_log(tx, environment, 1)[0]
    body = encode_change(Change(erased=True))
    log.append_changes(tx, [(environment, place, profile, 0, now_ms, "erasure", transaction, body)])
