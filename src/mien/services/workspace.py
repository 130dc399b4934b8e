"""Applying records in memory: what a batch asks for, decided on the profiles that it touches.

A `Workspace` holds the profiles of one environment that a transaction has loaded.
Records are applied to it in order, each seeing the ones before, and `flush` writes
what changed in a few statements. A dry run is the same without the flush.
"""

import msgspec

from mien.domain.changes import Change, Own
from mien.domain.documents import PropertyChanges, Rules, property_changes
from mien.domain.identities import (
    AddressKind,
    Identity,
    IdentityKind,
    Resolution,
)
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.mappings import map_event
from mien.domain.merged_profiles import MergedProfile
from mien.domain.preferences import (
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    OPT_OUT,
    Address,
    SubscriptionKey,
    address,
    is_opted_out,
)
from mien.domain.profiles import Profile
from mien.domain.records import (
    EventRecord,
    ProfileRecord,
    PropertyChange,
    Record,
    TokenRecord,
)
from mien.domain.rejects import Reject, RejectCode, Rejected
from mien.domain.schema import Definition, DefinitionState
from mien.services.binder import Binder
from mien.services.merger import Merger
from mien.services.pending import Pending
from mien.services.receipts import Applied, Batch, Result
from mien.services.refusals import refusal_of_keys, refusal_of_mapping
from mien.services.registry import Registry, check_not_discarded
from mien.services.resolver import Resolver
from mien.services.sessions import follow_session
from mien.services.tokens import Tokens
from mien.store import numbers, people
from mien.store.engine import Transaction


class Workspace:
    """The profiles of one environment while batches are applied to them."""

    def __init__(self, tx: Transaction, environment: EnvironmentId, registry: Registry) -> None:
        self._tx, self._environment, self._registry = tx, environment, registry
        self._owners: dict[Identity, ProfileId] = {}
        self._profiles: dict[ProfileId, Profile] = {}
        self._pending = Pending()
        self._tokens = Tokens(self._owners, self._profiles, self._pending)
        merger = Merger(tx, environment, self._owners, self._profiles, self._pending)
        self._resolver = Resolver(tx, environment, registry, self._owners, self._profiles, merger)
        self._binder = Binder(
            registry,
            self._owners,
            self._profiles,
            self._pending,
            self._resolver,
            merger,
            self._tokens,
        )

    def load(self, records: list[Record | Reject]) -> None:
        """Look up everyone whom these records name."""
        self._resolver.load(records)

    def apply(self, record: Record, batch: Batch) -> Result:
        """Apply one record; a record that fails changes nothing and comes back as a `Reject`."""
        try:
            match record:
                case ProfileRecord():
                    return self._apply_profile(record, batch)
                case EventRecord():
                    return self._apply_event(record, batch)
                case TokenRecord():
                    return self._tokens.apply(record, batch)
        except Rejected as rejected:
            return Reject(record.position, rejected.code, rejected.reason, record.raw)

    def flush(self, *, now_ms: int) -> None:
        """Write all that was applied, and give back what was drawn and not used."""
        numbers.give_back_profiles(self._tx, self._environment, self._registry.spare_profile_ids)
        self._pending.flush(
            self._tx, self._environment, self._registry, self._profiles.values(), now_ms=now_ms
        )

    def _apply_profile(self, record: ProfileRecord, batch: Batch) -> Applied:
        resolution = self._resolver.resolve(
            record.person, record.device, batch, alias_from=record.alias_from
        )
        set_at = batch.received_at if record.at is None else record.at * 1_000
        late_at = None if record.at is None else set_at
        profile = self._resolver.profile_for(record, resolution, batch, set_at)
        if batch.heeds_opt_out and _is_silenced(profile, record):
            return self._bind_only(profile, resolution, record, batch)
        rules = self._rules(batch)
        # Everything that can fail comes before anything that changes.
        changes = property_changes(
            profile.document,
            record.changes,
            rules=rules,
            late_at=late_at,
        )
        flags = self._address_flags(profile, record, changes) if record.address_flags else {}
        applied = self._binder.settle(profile, resolution, record, batch)
        applied.properties, applied.groups = changes, _change_groups(profile, record)
        self._write(
            profile, applied, record.changes, batch, rules=rules, set_at=set_at, late_at=late_at
        )
        for key, is_blocked in flags.items():
            self._pending.block_address(key, batch, is_blocked=is_blocked)
        applied.flags = {FLAG_OF_ADDRESS[kind]: blocked for (kind, _), blocked in flags.items()}
        if changes.refused:
            applied.refused = refusal_of_keys(record, changes.refused)
        self._see_device(profile, record, applied, batch)
        if batch.follows_sessions:
            self._follow_session(profile, record, batch)
        if changes.new or applied.flags or applied.groups:
            applied.is_changed = True
        self._log(profile, applied, resolution, record, batch)
        return applied

    def _apply_event(self, record: EventRecord, batch: Batch) -> Applied:
        known = self._registry.find_event(record.name)
        check_not_discarded(known)
        resolution = self._resolver.resolve(
            record.person, record.device, batch, alias_from=len(record.person)
        )
        profile = self._resolver.profile_for(record, resolution, batch, batch.received_at)
        if batch.heeds_opt_out and _is_silenced(profile, record):
            return self._bind_only(profile, resolution, record, batch)
        applied = self._binder.settle(profile, resolution, record, batch)
        self._see_device(profile, record, applied, batch)
        if self._registry.mappings:
            self._map_event(profile, record, applied, batch)
        self._log(profile, applied, resolution, record, batch)
        applied.is_event = applied.is_changed = True
        if (
            batch.follows_sessions
            and (told := self._follow_session(profile, record, batch)) is not None
        ):
            record = msgspec.structs.replace(record, session=told)
        self._log_event(profile, record, batch, known or self._definition_of(record, batch))
        return applied

    def _definition_of(self, record: EventRecord, batch: Batch) -> Definition:
        """Give the definition of an event, which may have come into being meanwhile."""
        return self._registry.find_event(record.name) or self._registry.define_event(
            self._tx, record.name, now_ms=batch.received_at, source=batch.source
        )

    def _log_event(
        self, profile: Profile, record: EventRecord, batch: Batch, known: Definition
    ) -> None:
        name, occurred_at = EventNameId(known.id), record.at or batch.received_at // 1_000
        self._pending.counts(batch).add_event(name, record.properties)
        self._pending.log_event(profile, name, occurred_at, record, batch)

    def _bind_only(
        self,
        profile: Profile,
        resolution: Resolution,
        record: ProfileRecord | EventRecord,
        batch: Batch,
    ) -> Applied:
        """Take of a record who it is and nothing else: the person opted out."""
        applied = self._binder.settle(profile, resolution, record, batch)
        self._log(profile, applied, resolution, record, batch)
        applied.is_opted_out = True
        return applied

    def _map_event(
        self, profile: Profile, record: EventRecord, applied: Applied, batch: Batch
    ) -> None:
        """Apply what the environment maps from an event onto the profile, as of its time (P-12)."""
        mapped = map_event(self._registry.mappings_of(record.name), record.properties)
        if not mapped.raw:
            return
        set_at = batch.received_at if record.at is None else record.at * 1_000
        wanted: dict[str, PropertyChange] = dict(mapped.values)
        rules = Rules(custom_keys=batch.rules.custom_keys, late_data_loses=True)
        changes = property_changes(profile.document, wanted, rules=rules, late_at=set_at)
        applied.properties = changes
        self._write(profile, applied, wanted, batch, rules=rules, set_at=set_at, late_at=set_at)
        applied.is_changed = applied.is_changed or bool(changes.new)
        if mapped.refused or changes.refused:
            applied.refused = refusal_of_mapping(record, mapped, changes.refused)

    def _map_raised(self, profile: Profile, event: EventRecord, batch: Batch) -> None:
        """Apply what is mapped from an event of the system, which is no record of the batch."""
        if self._registry.mappings:
            applied = Applied(event.position, profile.id)
            self._map_event(profile, event, applied, batch)
            self._log(profile, applied, Resolution(profile.id), event, batch)

    def _log(
        self,
        profile: Profile,
        applied: Applied,
        resolution: Resolution,
        record: ProfileRecord | EventRecord,
        batch: Batch,
    ) -> None:
        """Append what one record did to the change log, if it did anything."""
        is_told = applied.is_changed or bool(applied.conflicts)
        if is_told or applied.own is not None:
            change = _change(applied, resolution, record)
            if is_told or change.own is not None:
                self._pending.log_change(profile, change, batch)

    def _write(
        self,
        profile: Profile,
        applied: Applied,
        wanted: dict[str, PropertyChange],
        batch: Batch,
        *,
        rules: Rules,
        set_at: int,
        late_at: int | None,
    ) -> None:
        """Take over the computed changes of properties; times are epoch milliseconds."""
        changes = applied.properties or _NO_CHANGES
        # What is shown may stay as it is while a side behind it changes.
        if not changes.new and not changes.confirmed and not profile.is_merged:
            return
        reached = profile.reached if profile.is_merged or _reaches(changes) else None
        profile.apply(changes, set_at=set_at)
        new = changes.new
        if isinstance(profile, MergedProfile):
            applied.own = profile.apply_to_sides(
                wanted, changes, rules=rules, set_at=set_at, late_at=late_at
            )
            new = {**applied.own.new, **new}
        self._pending.counts(batch).properties.add(new.items())
        if reached is not None:
            applied.detached = self._change_addresses(profile, reached)

    def _follow_session(
        self, profile: Profile, record: ProfileRecord | EventRecord, batch: Batch
    ) -> dict[str, str | int] | None:
        """Note the session of a record from an SDK, and give what is told of it, if anything."""

        def raise_event(event: EventRecord) -> None:
            known = self._definition_of(event, batch)
            if known.state is not DefinitionState.DISCARDED:
                self._log_event(profile, event, batch, known)
                self._map_raised(profile, event, batch)

        at = record.at or batch.received_at // 1_000
        return follow_session(profile, record, at=at, raise_event=raise_event)

    def _rules(self, batch: Batch) -> Rules:
        """Give the rules of a batch, with what the environment chose beside them."""
        rules, settings = batch.rules, self._registry.settings
        if not settings.missing_is_zero and not settings.late_data_loses:
            return rules
        return Rules(
            custom_keys=rules.custom_keys,
            missing_is_zero=rules.missing_is_zero or settings.missing_is_zero,
            late_data_loses=rules.late_data_loses or settings.late_data_loses,
        )

    def _see_device(
        self, profile: Profile, record: ProfileRecord | EventRecord, applied: Applied, batch: Batch
    ) -> None:
        """Note that the record's device was there, and what it tells of itself."""
        if record.device is not None:
            at = batch.sight_of(record)
            applied.learned = profile.see_device(record.device.value, record.facts, at=at)
            applied.is_changed = applied.is_changed or bool(applied.learned)

    def _address_flags(
        self, profile: Profile, record: ProfileRecord, changes: PropertyChanges
    ) -> dict[SubscriptionKey, bool]:
        """Give the addresses that a record blocks or opens anew; raises `Rejected` without one."""
        flags: dict[SubscriptionKey, bool] = {}
        for kind, is_blocked in record.address_flags:
            field = FIELD_OF_ADDRESS[ADDRESS_OF[kind]]
            value = changes.new.get(field, profile.document.properties.get(field))
            if value is None:
                reason = f"{FLAG_OF_ADDRESS[kind]} needs a profile with {field}"
                raise Rejected(RejectCode.PREFERENCE, reason)
            key = kind, address(ADDRESS_OF[kind], value)[1]
            if self._is_blocked(key) is not is_blocked:
                flags[key] = is_blocked
        return flags

    def _is_blocked(self, key: SubscriptionKey) -> bool | None:
        """Tell what was said of an address so far, this batch included; None for nothing."""
        if (said := self._pending.is_blocked(key)) is not None:
            return said
        return people.blocked_states(self._tx, self._environment, [key[1]]).get(key)

    def _change_addresses(self, profile: Profile, before: set[Address]) -> tuple[Identity, ...]:
        """Let the addresses of a profile find it, and those that it had no longer.

        Gives those among the latter that were ids of the profile.
        """
        after = profile.reached
        for each in sorted(before - after):
            self._pending.hold_address(*each, profile.id, is_held=False)
        for each in sorted(after - before):
            self._pending.hold_address(*each, profile.id, is_held=True)
        detached = tuple(
            Identity(IdentityKind.EMAIL, value)
            for kind, value in profile.document.identities
            if kind == IdentityKind.EMAIL and (AddressKind.EMAIL, value) not in after
        )
        for identity in detached:
            profile.detach(identity)
            self._owners.pop(identity, None)
            self._pending.release_identity(identity, profile.id)
        return detached


def _reaches(changes: PropertyChanges) -> bool:
    """Tell whether addresses are among the changes."""
    return not changes.new.keys().isdisjoint(_ADDRESS_FIELDS)


_ADDRESS_FIELDS = frozenset(FIELD_OF_ADDRESS.values())


def _change_groups(profile: Profile, record: ProfileRecord) -> dict[str, dict[str, bool]]:
    """Set the subscription groups of a record, and give those that changed by channel."""
    changed: dict[str, dict[str, bool]] = {}
    for group in record.groups:
        if profile.change_group(group):
            changed.setdefault(group.channel, {})[group.group] = group.is_subscribed
    return changed


def _is_silenced(profile: Profile, record: ProfileRecord | EventRecord) -> bool:
    """Tell whether nothing of a record may be kept: its person opted out, and stays out with it."""
    if not is_opted_out(profile.document.properties):
        return False
    return not isinstance(record, ProfileRecord) or record.changes.get(OPT_OUT) is not False


_NO_CHANGES = PropertyChanges({}, {})


def _change(
    applied: Applied, resolution: Resolution, record: ProfileRecord | EventRecord
) -> Change:
    """Give what the log says of one record."""
    changes = applied.properties or _NO_CHANGES
    own = applied.own
    if own is not None and own == Own(changes.new, changes.old, applied.groups):
        own = None
    return Change(
        created=applied.is_created,
        new=changes.new,
        old=changes.old,
        attached=applied.attached,
        detached=applied.detached,
        device=applied.device,
        device_from=(resolution.device_from or 0) if applied.device else 0,
        learned_of=record.object_id if applied.learned else "",
        learned=applied.learned,
        flags=applied.flags,
        groups=applied.groups,
        mapped_from=record.name if changes.new and isinstance(record, EventRecord) else "",
        conflicts=tuple([(kind, value, other) for (kind, value), other in resolution.conflicts]),
        own=own,
        at=record.at,
    )
