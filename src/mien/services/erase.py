"""Erasing a person: from every place, for ever, with a receipt (P-15, B-07).

What remains is a keyed hash of each id, so that a restored backup can be cleansed,
and one row of the change log that says that this profile is gone.
"""

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from mien import clock
from mien.domain.changes import Change, encode_change
from mien.domain.identities import Identity, own_id, server_object_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import SUBSCRIPTIONS_OF
from mien.domain.profiles import Profile
from mien.services.mentions import Known, Mentions, find_rejects, known_of
from mien.services.merges import separate_newest
from mien.services.neighbours import cleanse_neighbours
from mien.services.reading import find_in, find_locked
from mien.services.retrying import write_retried
from mien.services.withdrawals import withdraw_exports
from mien.store import (
    accounts,
    file_exports,
    idempotency,
    log,
    merges,
    numbers,
    people,
    rejects,
    report_requests,
)
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

PLACES: Mapping[str, str] = {
    "profiles": "The profile, and those that it took in.",
    "identities": "Ids of the person and of their devices.",
    "devices": "Devices, with what was known of them.",
    "tokens": "Push tokens.",
    "addresses": "E-mail addresses and phones that found the person.",
    "events": "Events.",
    "changes": "Entries of the history, with all values that they held.",
    "rejects": "Rejected records that name or reach the person.",
    "answers": "Kept answers to an `Idempotency-Key`, and questions of reports, that name or reach them.",
    "subscriptions": "What was said of addresses that nobody else has.",
    "merge_suggestions": "Suggested merges with the person.",
    "neighbours": "Entries in the histories of others that told of the person.",
}
"""What a receipt counts always; kinds that few people have are named when there are any."""


RARE_PLACES: Mapping[str, str] = {
    "exports": "Exported files that may tell of the person, taken back; others began anew without.",
    "merges": "Merges, with both sides as they were before.",
    "grey_links": "Links to what devices of the person did before they were known.",
    "grey_profiles": "Profiles of what devices of the person did before they were known.",
}


class ErasureReceipt(msgspec.Struct, frozen=True):
    """What was removed, by place, and what remains. `erased_at` is epoch milliseconds."""

    object_id: str
    erased_at: int
    removed: dict[str, int]
    hashes_kept: int


def erase(store: Store, environment: EnvironmentId, identity: Identity) -> ErasureReceipt | None:
    """Erase the profile that an identity means; None if there is none."""
    ahead = look_ahead(store, environment, identity)

    def work(tx: Transaction) -> ErasureReceipt | None:
        return erase_within(tx, environment, identity, ahead=ahead)

    return write_retried(store, work)


def erase_part(
    store: Store, environment: EnvironmentId, identity: Identity
) -> ErasureReceipt | None:
    """Erase whom an id meant before any merge, and leave those whom it was merged with."""

    def find_alone(tx: Transaction) -> Profile | None:
        (found,) = find_locked(tx, environment, [identity])
        while found is not None and found.is_merged:
            separate_newest(tx, environment, found, source="erasure")
            (found,) = find_locked(tx, environment, [identity])
        return found

    def work(tx: Transaction) -> ErasureReceipt | None:
        file_exports.lock(tx, environment)
        return _erase_found(tx, environment, find_alone(tx), None)

    return write_retried(store, work)


def erasure_digest(secret: bytes, environment: EnvironmentId, identity: Identity) -> bytes:
    """Give the keyed hash that stands for an id of an erased person."""
    text = f"{environment}\n{int(identity.kind)}\n{identity.value}"
    return hmac.digest(secret, text.encode(), hashlib.sha256)


class Ahead(msgspec.Struct, frozen=True):
    """What was found before the transaction: rejects that tell of somebody, up to a place."""

    mentions: Mentions
    place: int
    rejects: frozenset[int]


def look_ahead(store: Store, environment: EnvironmentId, identity: Identity) -> Ahead | None:
    """Find the rejects of a person while others may write, which takes long where there are many.

    On PostgreSQL nobody waits for the transaction but who writes to the person, so there
    is nothing to gain.
    """
    if not store.is_sqlite:
        return None
    with store.read() as tx:
        # The place first: what comes later is found within the transaction.
        place = numbers.last_place(tx, environment)
        found = find_in(tx, environment, identity)
        if found is None:
            return None
        whole = merges.load_merged(tx, environment, [found]) if found.is_merged else [found]
        mentions = known_of(tx, environment, whole[0]).mentions
        return Ahead(mentions, place, frozenset(find_rejects(tx, environment, mentions)))


def erase_within(
    tx: Transaction, environment: EnvironmentId, identity: Identity, *, ahead: Ahead | None
) -> ErasureReceipt | None:
    """Erase the profile that an identity means, within a transaction; None if there is none."""
    # Before any profile, so that no two erasures wait for each other.
    file_exports.lock(tx, environment)
    return _erase_found(tx, environment, find_locked(tx, environment, [identity])[0], ahead)


def _erase_found(
    tx: Transaction, environment: EnvironmentId, found: Profile | None, ahead: Ahead | None
) -> ErasureReceipt | None:
    return None if found is None else _erase(tx, environment, found, clock.now_ms(), ahead)


def _erase(
    tx: Transaction,
    environment: EnvironmentId,
    profile: Profile,
    now_ms: int,
    ahead: Ahead | None = None,
) -> ErasureReceipt:
    parts = [chain.id for chain in profile.chains]
    known = known_of(tx, environment, profile)
    removed = _erase_grey(tx, environment, parts, now_ms)
    removed["exports"] += withdraw_exports(tx, environment, profile)
    removed.update(_count(profile, known))
    removed["neighbours"] += cleanse_neighbours(tx, environment, profile, now_ms=now_ms)
    removed.update(_erase_log(tx, environment, profile))
    profile_store.delete(
        tx, environment, profile.id, held=known.found_by, reached=sorted(profile.reached)
    )
    removed["merge_suggestions"] += sum(
        people.forget_suggestions(tx, environment, each) for each in parts
    )
    removed["merges"] += merges.forget(tx, environment, parts)
    removed["subscriptions"] += sum(
        people.forget_address(tx, environment, kind, value)
        for address, value in sorted(known.reached)
        if not profile_store.find_by_address(tx, environment, address, value)
        for kind in SUBSCRIPTIONS_OF[address]
    )
    removed["rejects"] += _erase_rejects(tx, environment, known.mentions, ahead)
    for erase in (idempotency.erase_answers, report_requests.erase):
        removed["answers"] += erase(tx, environment, known.mentions.are_in)
    _note(tx, environment, profile, known, now_ms)
    hashes = len(known.named)
    return ErasureReceipt(server_object_id(profile.id), now_ms, _places(removed), hashes)


def _count(profile: Profile, known: Known) -> dict[str, int]:
    """Count what goes with the profile itself."""
    devices = {each.key: each for part in profile.parts for each in part.document.devices}
    return {
        "profiles": len(profile.chains),
        "identities": len(known.named) - len(profile.chains),
        "devices": len(devices),
        "tokens": sum(each.token is not None for each in devices.values()),
        "addresses": len(profile.reached),
    }


def _erase_log(tx: Transaction, environment: EnvironmentId, profile: Profile) -> Counter[str]:
    """Remove all events and changes, and count them."""
    removed: Counter[str] = Counter()
    for chain in profile.chains:
        events, changes = log.delete_chains(
            tx, environment, last_event=chain.last_event, last_change=chain.last_change
        )
        removed.update({"events": events, "changes": changes})
    return removed


def _erase_rejects(
    tx: Transaction, environment: EnvironmentId, mentions: Mentions, ahead: Ahead | None
) -> int:
    """Remove the rejected records that tell of the person; what was found before holds still."""
    removed = sum(rejects.erase_person(tx, environment, each) for each in mentions.ids)
    if ahead is None or ahead.mentions != mentions:
        ahead = Ahead(mentions, 0, frozenset())
    found = ahead.rejects | find_rejects(tx, environment, mentions, after=ahead.place)
    return removed + rejects.erase(tx, environment, sorted(found))


def _note(
    tx: Transaction, environment: EnvironmentId, profile: Profile, known: Known, now_ms: int
) -> None:
    """Keep what remains: a keyed hash of each id, and a row of the log that a profile is gone."""
    secret = accounts.secret(tx, "erasures", clock.new_secret())
    parts = [chain.id for chain in profile.chains]
    own = {own_id(part): part for part in parts}
    by_profile: dict[ProfileId, list[bytes]] = defaultdict(list)
    for identity in known.named:
        digest = erasure_digest(secret, environment, identity)
        by_profile[own.get(identity, profile.id)].append(digest)
    for part, digests in by_profile.items():
        people.note_erasures(tx, environment, part, digests, now_ms=now_ms)
    for part in parts:
        _append_tombstone(tx, environment, part, now_ms)


def _places(removed: Counter[str]) -> dict[str, int]:
    """Give what was removed by place: the usual places always, the others if there was any."""
    return {
        place: removed[place]
        for place in (*PLACES, *RARE_PLACES)
        if place in PLACES or removed[place]
    }


def _erase_grey(
    tx: Transaction, environment: EnvironmentId, parts: list[ProfileId], now_ms: int
) -> Counter[str]:
    """Erase what devices of the person did before they were known, and count it by place.

    A visitor who has devices of their own is somebody else too; of those only the link goes.
    """
    removed: Counter[str] = Counter()
    rests = {link.rest for link in merges.find_grey_links(tx, environment, parts)}
    removed["grey_links"] += merges.forget_grey_links(tx, environment, parts)
    for rest in sorted(rests):
        profile = merges.lock(tx, environment, (), perhaps=[rest]).get(rest)
        if profile is not None and profile.is_anonymous and not profile.document.devices:
            removed.update(_erase(tx, environment, profile, now_ms).removed)
            removed["grey_profiles"] += 1
            removed["profiles"] -= 1
    return removed


def _append_tombstone(
    tx: Transaction, environment: EnvironmentId, profile: ProfileId, now_ms: int
) -> None:
    transaction = numbers.transaction_id(tx)
    place = numbers.reserve_log(tx, environment, 1)[0]
    body = encode_change(Change(erased=True))
    log.append_changes(tx, [(environment, place, profile, 0, now_ms, "erasure", transaction, body)])
