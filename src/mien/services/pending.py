"""What a transaction will write: gathered while records are applied, written in a few statements."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from mien.domain.changes import Change, encode_change
from mien.domain.identities import AddressKind, Identity
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.merged_profiles import Merge, MergedProfile
from mien.domain.preferences import SubscriptionKey
from mien.domain.profiles import Chain, Profile
from mien.domain.records import EventRecord
from mien.services.receipts import Batch
from mien.services.registry import Counts, Registry, write_counts
from mien.store import log, merges, numbers, people
from mien.store import profiles as profile_store
from mien.store.engine import Row, Transaction

_encode = msgspec.json.Encoder().encode


class Stamp(Protocol):
    """When something came (epoch milliseconds), and from where."""

    @property
    def received_at(self) -> int:
        """Epoch milliseconds."""
        ...

    @property
    def source(self) -> str:
        """Such as `api:3`."""
        ...


class _Entry(msgspec.Struct, gc=False):
    """A row for the log: of which profile, when, from where, and its event or change."""

    chain: Chain
    received_at: int
    source: str
    body: bytes
    event: EventNameId | None = None
    occurred_at: int = 0
    object_id: str = ""
    session: bytes | None = None


class Pending:
    """Rows to come of one environment, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._log: list[_Entry] = []
        self._added: dict[Identity, ProfileId] = {}
        self._moved: dict[Identity, ProfileId] = {}
        self._released: dict[Identity, ProfileId] = {}
        self._addresses: dict[profile_store.AddressRow, bool] = {}
        self._blocked: dict[SubscriptionKey, people.Subscription] = {}
        self._suggestions: dict[tuple[ProfileId, ProfileId], people.MergeSuggestion] = {}
        self._absorbed: list[ProfileId] = []
        self._separated: list[tuple[Merge, Stamp]] = []
        self._grey_links: list[merges.GreyLink] = []
        self._counts: dict[str, Counts] = {}

    def add_identity(self, identity: Identity, holder: ProfileId) -> None:
        """Give an identity that nobody held to a profile."""
        if self._released.pop(identity, None) is None:
            self._added[identity] = holder
        else:
            self._moved[identity] = holder

    def move_identity(self, identity: Identity, holder: ProfileId) -> None:
        """Give an identity that another profile held to a profile."""
        where = self._added if identity in self._added else self._moved
        where[identity] = holder

    def release_identity(self, identity: Identity, holder: ProfileId) -> None:
        """Take an identity from its holder, so that it means nobody."""
        if self._added.pop(identity, None) is None:
            self._released[identity] = holder

    def hold_address(
        self, kind: AddressKind, value: str, profile: ProfileId, *, is_held: bool
    ) -> None:
        """Say whether an address finds a profile from now on."""
        self._addresses[kind, value, profile] = is_held

    def block_address(self, key: SubscriptionKey, batch: Batch, *, is_blocked: bool) -> None:
        """Block an address for everyone who shares it, or open it again."""
        self._blocked[key] = people.Subscription(*key, is_blocked, batch.received_at, batch.source)

    def is_blocked(self, key: SubscriptionKey) -> bool | None:
        """Tell what is to be said of an address; None for nothing."""
        said = self._blocked.get(key)
        return None if said is None else said.is_blocked

    def suggest_merge(
        self, profile: ProfileId, other: ProfileId, identity: Identity, batch: Batch
    ) -> None:
        """Note that two profiles may be one person."""
        suggestion = people.MergeSuggestion(
            profile, other, identity.kind, identity.value, batch.received_at, batch.source
        )
        self._suggestions.setdefault((profile, other), suggestion)

    def counts(self, batch: Batch) -> Counts:
        """Give the counts of definitions that a source adds to."""
        if (known := self._counts.get(batch.source)) is None:
            known = self._counts[batch.source] = Counts(event_properties={}, events={})
        return known

    def absorb(self, profile: ProfileId) -> None:
        """Say that a profile is part of another from now on."""
        self._absorbed.append(profile)

    def separate(self, merge: Merge, stamp: Stamp) -> None:
        """Say that a merge is undone."""
        self._separated.append((merge, stamp))

    def link_grey(self, link: merges.GreyLink) -> None:
        """Link a profile to what its device did before."""
        self._grey_links.append(link)

    def rechain(self, former: object, chain: Chain) -> None:
        """Let what waits for the log follow in the chain that took the place of a former one."""
        for entry in self._log:
            if entry.chain is former:
                entry.chain = chain

    def log_change(self, profile: Profile, change: Change, stamp: Stamp) -> None:
        """Append to the change log. The change is encoded at once, since values may change again."""
        profile.is_touched = True
        body = encode_change(change)
        self._log.append(_Entry(profile.chain, stamp.received_at, stamp.source, body))

    def log_event(
        self,
        profile: Profile,
        name: EventNameId,
        occurred_at: int,
        record: EventRecord,
        batch: Batch,
    ) -> None:
        """Append an event, and count it into what the profile did."""
        chain = profile.chain
        profile.count_event(name, occurred_at)
        self._log.append(
            _Entry(
                chain,
                batch.received_at,
                batch.source,
                record.body,
                name,
                occurred_at,
                record.object_id,
                None if record.session is None else _encode(record.session),
            )
        )

    def flush(
        self,
        tx: Transaction,
        environment: EnvironmentId,
        registry: Registry,
        profiles: Iterable[Profile],
        *,
        now_ms: int,
    ) -> None:
        """Write all of it, and those of the profiles that were touched."""
        # Before the places of the entries are drawn: of two who speak of one address, the second
        # waits here, so the last entry in the log is that of the state which holds.
        people.set_subscriptions(tx, environment, list(self._blocked.values()))
        self._append_log(tx, environment)
        touched = [each for each in profiles if each.is_touched]
        profile_store.save(tx, environment, touched, now_ms=now_ms)
        self._write_merges(tx, environment, touched)
        profile_store.add_identities(tx, environment, self._added)
        profile_store.move_identities(tx, environment, self._moved)
        profile_store.release_identities(tx, environment, self._released)
        profile_store.change_addresses(tx, environment, self._addresses)
        people.suggest_merges(tx, environment, list(self._suggestions.values()))
        for source, counts in sorted(self._counts.items()):
            write_counts(tx, environment, registry, counts, now_ms=now_ms, source=source)

    def _write_merges(
        self, tx: Transaction, environment: EnvironmentId, touched: Iterable[Profile]
    ) -> None:
        profile_store.remove_absorbed(tx, environment, self._absorbed)
        for merge, stamp in self._separated:
            merges.save_undone(
                tx, environment, merge, now_ms=stamp.received_at, source=stamp.source
            )
        for each in touched:
            if isinstance(each, MergedProfile):
                merges.save_merged(tx, environment, each)
        merges.add_grey_links(tx, environment, self._grey_links)

    def _append_log(self, tx: Transaction, environment: EnvironmentId) -> None:
        """Give each entry its place in the log, and chain it to the one before of its profile."""
        if not self._log:
            return
        # First the transaction's id, then the places: whoever sees a place taken sees its taker.
        transaction = numbers.transaction_id(tx)
        places = numbers.reserve_log(tx, environment, len(self._log))
        events: list[Row] = []
        changes: list[Row] = []
        for place, entry in zip(places, self._log, strict=True):
            if entry.event is None:
                changes.append(_change_row(environment, place, transaction, entry))
                entry.chain.last_change = place
            else:
                events.append(_event_row(environment, place, transaction, entry))
                entry.chain.last_event = place
        log.append_changes(tx, changes)
        log.append_events(tx, events)


def _change_row(environment: EnvironmentId, place: int, transaction: int, entry: _Entry) -> Row:
    chain = entry.chain
    return (
        environment,
        place,
        chain.id,
        chain.last_change,
        entry.received_at,
        entry.source,
        transaction,
        entry.body,
    )


def _event_row(environment: EnvironmentId, place: int, transaction: int, entry: _Entry) -> Row:
    chain = entry.chain
    return (
        environment,
        place,
        chain.id,
        chain.last_event,
        entry.event,
        entry.occurred_at,
        entry.received_at,
        entry.object_id,
        entry.source,
        transaction,
        entry.body,
        entry.session,
    )
