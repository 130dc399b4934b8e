"""Erasing a person: from every place, for ever, with a receipt (P-15, B-07).

What remains is a keyed hash of each id, so that a restored backup can be cleansed,
and one row of the change log that says that this profile is gone.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from mien import clock
from mien.domain.changes import Change, encode_change
from mien.domain.identities import Identity, IdentityKind, server_object_id, token_identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import FIELD_OF_ADDRESS, SUBSCRIPTIONS_OF, Address, addresses
from mien.domain.profiles import Profile
from mien.services.mentions import Mentions
from mien.services.reading import find_in
from mien.services.retrying import write_retried
from mien.store import accounts, idempotency, log, numbers, people, rejects
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

_Find: TypeAlias = Callable[[Transaction], Profile | None]


class ErasureReceipt(msgspec.Struct, frozen=True):
    """What was removed, by place, and what remains. `erased_at` is epoch milliseconds."""

    object_id: str
    erased_at: int
    removed: dict[str, int]
    hashes_kept: int


def erase(store: Store, environment: EnvironmentId, identity: Identity) -> ErasureReceipt | None:
    """Erase the profile that an identity means; None if there is none."""
    return _retried(store, environment, lambda tx: find_in(tx, environment, identity))


def erase_profile(
    store: Store, environment: EnvironmentId, profile: ProfileId
) -> ErasureReceipt | None:
    """Erase a profile by its id; None if there is none."""
    return _retried(store, environment, lambda tx: profile_store.find(tx, environment, profile))


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
    locked = profile_store.lock(tx, environment, [found.id])[found.id]
    return _erase(tx, environment, locked, now_ms)


def _erase(
    tx: Transaction, environment: EnvironmentId, profile: Profile, now_ms: int
) -> ErasureReceipt:
    held, reached = _held(profile), addresses(profile.document.properties)
    once_reached, spellings = _once_reached(tx, environment, profile)
    _cleanse_neighbours(tx, environment, profile.id)
    removed = {"profiles": 1, "identities": len(held), "addresses": len(reached)}
    removed["events"], removed["changes"] = log.delete_profile(
        tx,
        environment,
        profile.id,
        last_event=profile.last_event,
        last_change=profile.last_change,
        names=list(profile.activity.events),
    )
    found_by = [*held, *_tokens(profile)]
    profile_store.delete(tx, environment, profile.id, held=found_by, reached=reached)
    removed["merge_suggestions"] = people.forget_suggestions(tx, environment, profile.id)
    removed["subscriptions"] = sum(
        people.forget_address(tx, environment, kind, value)
        for address, value in sorted({*reached, *once_reached})
        if not profile_store.find_by_address(tx, environment, address, value)
        for kind in SUBSCRIPTIONS_OF[address]
    )
    own = Identity(IdentityKind.OBJECT_ID, server_object_id(profile.id))
    ids = frozenset(value for _, value in [*held, own])
    mentions = Mentions(ids, frozenset(spellings))
    removed["rejects"] = _erase_rejects(tx, environment, mentions)
    removed["answers"] = idempotency.erase_answers(tx, environment, mentions.are_in)
    secret = accounts.secret(tx, "erasures", clock.new_secret())
    digests = [erasure_digest(secret, environment, each) for each in [*held, own]]
    people.note_erasures(tx, environment, profile.id, digests, now_ms=now_ms)
    _append_tombstone(tx, environment, profile.id, now_ms)
    return ErasureReceipt(server_object_id(profile.id), now_ms, removed, len(digests))


def _held(profile: Profile) -> list[Identity]:
    named = [Identity(IdentityKind(kind), value) for kind, value in profile.document.identities]
    devices = [Identity(IdentityKind.OBJECT_ID, device.key) for device in profile.document.devices]
    return named + devices


def _tokens(profile: Profile) -> list[Identity]:
    """Give the push tokens that find a profile; they are no ids of the person."""
    active = [device.active_token for device in profile.document.devices]
    return [token_identity(token.id) for token in active if token is not None]


def _once_reached(
    tx: Transaction, environment: EnvironmentId, profile: Profile
) -> tuple[set[Address], set[str]]:
    """Give the addresses that a profile ever had, and every spelling of them."""
    reached: set[Address] = set()
    spellings: set[str] = set()
    for stored in log.walk_changes(tx, environment, profile.last_change):
        reached.update(addresses(stored.change.new))
        spellings.update(str(stored.change.new.get(name)) for name in FIELD_OF_ADDRESS.values())
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
        profile = profile_store.find(tx, environment, neighbour)
        for stored in log.walk_changes(tx, environment, profile.last_change if profile else 0):
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
