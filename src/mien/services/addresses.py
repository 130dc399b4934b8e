"""Addresses: blocking them for everyone who shares them, and taking them away (G-13, U-13).

An address may be shared by any number of profiles. Their histories are written in
pages, each a transaction of its own, so that no writer waits long.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import msgspec

from mien.domain.changes import Change
from mien.domain.documents import PropertyChanges
from mien.domain.identities import AddressKind, Identity, IdentityKind, own_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import (
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    SUBSCRIPTIONS_OF,
    Address,
    SubscriptionKey,
    addresses,
    subscription_keys,
)
from mien.domain.profiles import Profile
from mien.services.history import name_actors
from mien.services.pending import Pending
from mien.services.receipts import Batch
from mien.services.registry import Registry
from mien.services.retrying import write_retried
from mien.store import merges, people
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction
from mien.store.people import Subscription

_HOLDERS_AT_ONCE = 1_000
_FIRST = ProfileId(0)


class By(msgspec.Struct, frozen=True):
    """Who asks (`api:3` is key 3), and when (epoch milliseconds)."""

    source: str
    now_ms: int


class AddressView(msgspec.Struct, frozen=True):
    """An address as it is shown: what was said of it, and how many profiles have it."""

    address: Address
    said: Sequence[Subscription]
    actors: Mapping[str, str]
    profiles: int


class SubscriptionPage(msgspec.Struct, frozen=True):
    """What was said of addresses; `actors` names who said it, by source."""

    said: Sequence[Subscription]
    actors: Mapping[str, str]


def subscribe(
    store: Store, environment: EnvironmentId, wanted: Mapping[SubscriptionKey, bool], *, by: By
) -> set[SubscriptionKey]:
    """Block addresses (true) or open them again (false); give those that were not so before.

    It counts for every profile that has the address, now or later. The history of those
    that have it now shows it.
    """
    by_kind: dict[AddressKind, dict[SubscriptionKey, bool]] = defaultdict(dict)
    for key, is_blocked in wanted.items():
        by_kind[ADDRESS_OF[key[0]]][key] = is_blocked
    changed: set[SubscriptionKey] = set()
    for kind, states in sorted(by_kind.items()):
        said, rest = write_retried(
            store, partial(_say, environment=environment, kind=kind, states=states, by=by)
        )
        changed |= said.keys()
        while said and rest is not None:
            more = partial(
                _tell_more, environment=environment, kind=kind, said=said, by=by, after=rest
            )
            rest = write_retried(store, more)
    return changed


def release(
    store: Store, environment: EnvironmentId, wanted: Sequence[Address], *, by: By
) -> "Counter[Address]":
    """Take addresses from every profile that has them; give how many had each.

    The address finds nobody then. The history keeps who took it; what was said of the
    address stays.
    """
    by_kind: dict[AddressKind, set[str]] = defaultdict(set)
    for kind, value in wanted:
        by_kind[kind].add(value)
    taken: Counter[Address] = Counter()
    for kind, values in sorted(by_kind.items()):
        rest: ProfileId | None = _FIRST
        while rest is not None:
            some = partial(
                _release, environment=environment, kind=kind, values=values, by=by, after=rest
            )
            found, rest = write_retried(store, some)
            taken += found
    return taken


def view_address(store: Store, environment: EnvironmentId, address: Address) -> AddressView:
    """Show an address, also one that nobody has and of which nothing was said."""
    kind, value = address
    with store.read() as tx:
        said = [
            each
            for each in people.subscriptions_of(tx, environment, value)
            if each.kind in SUBSCRIPTIONS_OF[kind]
        ]
        profiles = profile_store.count_holders(tx, environment, kind, value)
        actors = name_actors(tx, environment, {each.source for each in said})
    return AddressView(address, said, actors, profiles)


def subscription_page(
    store: Store, environment: EnvironmentId, *, after: tuple[int, str], count: int
) -> SubscriptionPage:
    """Give what was said of addresses, by kind and address."""
    with store.read() as tx:
        said = people.subscription_page(tx, environment, after=after, count=count)
        return SubscriptionPage(said, name_actors(tx, environment, {each.source for each in said}))


def _say(
    tx: Transaction,
    *,
    environment: EnvironmentId,
    kind: AddressKind,
    states: Mapping[SubscriptionKey, bool],
    by: By,
) -> tuple[dict[SubscriptionKey, bool], ProfileId | None]:
    """Set what changes of these states; give that, and after whom there is more to be told."""
    values = {value for _, value in states}
    holders, rest = _lock_holders(tx, environment, kind, values, after=_FIRST)
    known = people.blocked_states(tx, environment, sorted(values))
    said = {
        key: is_blocked for key, is_blocked in states.items() if known.get(key) is not is_blocked
    }
    writing = _Writing(tx, environment, by)
    for key, is_blocked in said.items():
        writing.pending.block_address(key, writing.batch, is_blocked=is_blocked)
    _tell(writing, holders, said)
    writing.flush(holders)
    return said, rest


def _tell_more(
    tx: Transaction,
    *,
    environment: EnvironmentId,
    kind: AddressKind,
    said: Mapping[SubscriptionKey, bool],
    by: By,
    after: ProfileId,
) -> ProfileId | None:
    """Tell the next profiles what was said of their address; give after whom there are more."""
    holders, rest = _lock_holders(tx, environment, kind, {value for _, value in said}, after=after)
    writing = _Writing(tx, environment, by)
    _tell(writing, holders, said)
    writing.flush(holders)
    return rest


def _tell(
    writing: "_Writing", holders: Sequence[Profile], said: Mapping[SubscriptionKey, bool]
) -> None:
    for profile in holders:
        keys = subscription_keys(profile.document.properties)
        if flags := {FLAG_OF_ADDRESS[key[0]]: said[key] for key in keys if key in said}:
            writing.pending.log_change(profile, Change(flags=flags), writing.batch)


def _release(
    tx: Transaction,
    *,
    environment: EnvironmentId,
    kind: AddressKind,
    values: set[str],
    by: By,
    after: ProfileId,
) -> tuple["Counter[Address]", ProfileId | None]:
    """Take addresses from the next profiles; give from how many, and after whom there are more."""
    holders, rest = _lock_holders(tx, environment, kind, values, after=after)
    writing = _Writing(tx, environment, by)
    taken: Counter[Address] = Counter()
    field = FIELD_OF_ADDRESS[kind]
    for profile in holders:
        held = sorted(each for each in profile.reached if each[0] is kind and each[1] in values)
        if not held:
            continue
        changes = {id(part): _take(part, kind, field, values, by) for part in profile.parts}
        for each in held:
            writing.pending.hold_address(*each, profile.id, is_held=False)
        detached = _detach(writing, profile, held)
        for chain in profile.chains:
            alone = changes[id(profile.alone(chain.id))]
            if alone.new or detached:
                profile.turn_to((own_id(chain.id),))
                change = Change(new=alone.new, old=alone.old, detached=detached)
                writing.pending.log_change(profile, change, writing.batch)
                detached = ()
        taken.update(held)
    writing.flush(holders)
    return taken, rest


def _detach(
    writing: "_Writing", profile: Profile, taken: Sequence[Address]
) -> tuple[Identity, ...]:
    """Take away those addresses that are ids of a profile too, and give them (P-07)."""
    emails = {value for kind, value in taken if kind is AddressKind.EMAIL}
    detached = tuple(
        Identity(IdentityKind.EMAIL, value)
        for kind, value in profile.document.identities
        if kind == IdentityKind.EMAIL and value in emails
    )
    for identity in detached:
        profile.detach(identity)
        writing.pending.release_identity(identity, profile.id)
    return detached


def _take(
    part: Profile, kind: AddressKind, field: str, values: set[str], by: By
) -> PropertyChanges:
    """Take an address from a profile, or from a side behind one, if it has one of these."""
    properties = part.document.properties
    if dict(addresses(properties)).get(kind) not in values:
        return PropertyChanges({}, {})
    changes = PropertyChanges({field: None}, {field: properties[field]})
    part.apply(changes, set_at=by.now_ms)
    return changes


def _lock_holders(
    tx: Transaction,
    environment: EnvironmentId,
    kind: AddressKind,
    values: Collection[str],
    *,
    after: ProfileId,
) -> tuple[list[Profile], ProfileId | None]:
    """Lock the next profiles that have these addresses; give after whom there are more.

    One that let go of its address while it was waited for is among them all the same.
    """
    found = profile_store.holders(
        tx, environment, kind, sorted(values), after=after, count=_HOLDERS_AT_ONCE
    )
    locked = merges.lock(tx, environment, found)
    return list(locked.values()), found[-1] if len(found) == _HOLDERS_AT_ONCE else None


class _Writing:
    """What one transaction will write, in whose name."""

    def __init__(self, tx: Transaction, environment: EnvironmentId, by: By) -> None:
        self._tx, self._environment = tx, environment
        self.batch = Batch(environment, (), by.now_ms, by.source)
        self.pending = Pending()

    def flush(self, profiles: Sequence[Profile]) -> None:
        """Write it; no definition is counted."""
        registry = Registry(self._environment)
        self.pending.flush(
            self._tx, self._environment, registry, profiles, now_ms=self.batch.received_at
        )
