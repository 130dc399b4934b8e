"""Applying records in memory: what a batch asks for, decided on the profiles that it touches.

A `Workspace` holds the profiles of one environment that a transaction has loaded.
Records are applied to it in order, each seeing the ones before, and `flush` writes
what changed in a few statements. A dry run is the same without the flush.
"""

from collections import Counter
from collections.abc import Mapping

import msgspec

from mien.domain.changes import Change
from mien.domain.devices import DEVICES, Device, longest_unseen
from mien.domain.environments import IDS_PER_KIND
from mien.domain.identities import (
    WIRE_NAMES,
    AddressKind,
    Holder,
    Identity,
    IdentityKind,
    Resolution,
    profile_of_server_object_id,
    resolve,
    token_identity,
)
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.mappings import map_event
from mien.domain.merging import MergedProfile
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
from mien.domain.profiles import (
    Profile,
    PropertyChanges,
    Rules,
    property_changes,
)
from mien.domain.records import (
    EventRecord,
    ProfileRecord,
    PropertyChange,
    Record,
    TokenRecord,
)
from mien.domain.rejects import Reject, RejectCode, Rejected
from mien.domain.schema import DefinitionKind, DefinitionState
from mien.services.merger import Merger
from mien.services.pending import Pending
from mien.services.receipts import Applied, Batch, Result
from mien.services.refusals import refusal_of_keys, refusal_of_mapping
from mien.services.registry import Registry, check_not_discarded
from mien.services.sessions import follow_session
from mien.services.tokens import Tokens
from mien.store import merges, numbers, people
from mien.store import profiles as profile_store
from mien.store.engine import RetryTransactionError, Transaction

_PROFILES_AT_ONCE = 64


class Workspace:
    """The profiles of one environment while batches are applied to them."""

    def __init__(self, tx: Transaction, environment: EnvironmentId, registry: Registry) -> None:
        self._tx, self._environment, self._registry = tx, environment, registry
        self._owners: dict[Identity, ProfileId] = {}
        self._profiles: dict[ProfileId, Profile] = {}
        self._pending = Pending()
        self._tokens = Tokens(self._owners, self._profiles, self._pending)
        self._merger = Merger(tx, environment, self._owners, self._profiles, self._pending)
        self._prepared: list[MergedProfile] = []
        self._merges: dict[int, int] = {}
        self._roots: dict[ProfileId, ProfileId] = {}

    def load(self, records: list[Record | Reject]) -> None:
        """Look up everyone whom these records name, in one query a kind and one for all profiles."""
        named: set[Identity] = set()
        for record in records:
            if isinstance(record, TokenRecord):
                named.add(record.device)
                if not record.gives_up:
                    named.add(token_identity(record.token))
            elif not isinstance(record, Reject):
                named.update(record.person)
                if record.device is not None:
                    named.add(record.device)
        self._owners.update(self._find_owners(named))
        self._roots = self._find_roots(named)
        self._profiles.update(
            merges.lock(
                self._tx,
                self._environment,
                self._owners.values(),
                perhaps={self._roots.get(each, each) for each in _made_by_server(named)},
            )
        )
        # An id may have changed hands while its holder was waited for.
        if not self._tx.is_sqlite and (
            self._find_owners(named) != self._owners or self._find_roots(named) != self._roots
        ):
            raise RetryTransactionError

    def _find_owners(self, named: set[Identity]) -> dict[Identity, ProfileId]:
        owners = profile_store.find_owners(self._tx, self._environment, named)
        unknown = [
            identity.value
            for identity in named
            if identity.kind is IdentityKind.EMAIL and identity not in owners
        ]
        if unknown:
            # Profiles may have the address from before the environment unified on it.
            known = profile_store.oldest_with_email(self._tx, self._environment, unknown)
            owners |= {Identity(IdentityKind.EMAIL, value): known[value] for value in known}
        return owners

    def _find_roots(self, named: set[Identity]) -> dict[ProfileId, ProfileId]:
        """Give those who took in profiles that are named by objectIds of the server."""
        return merges.find_roots(self._tx, self._environment, _made_by_server(named))

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
        resolution = self._resolve(
            record.person, record.device, batch, alias_from=record.alias_from
        )
        set_at = batch.received_at if record.at is None else record.at * 1_000
        late_at = None if record.at is None else set_at
        profile = self._profile_for(record, resolution, batch, set_at)
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
        applied = self._settle(profile, resolution, record, batch)
        applied.properties = changes
        applied.detached = self._write(
            profile, record.changes, changes, batch, rules=rules, set_at=set_at, late_at=late_at
        )
        for key, is_blocked in flags.items():
            self._pending.block_address(key, batch, is_blocked=is_blocked)
        applied.flags = {FLAG_OF_ADDRESS[kind]: blocked for (kind, _), blocked in flags.items()}
        applied.groups = _change_groups(profile, record)
        if changes.refused:
            applied.refused = refusal_of_keys(record, changes.refused)
        self._see_device(profile, record, applied, batch)
        if batch.follows_sessions:
            self._follow_session(profile, record, batch)
        if changes.new or applied.flags or applied.groups:
            applied.is_changed = True
        if applied.is_changed or applied.conflicts:
            change = _change(applied, resolution, record, changes)
            self._pending.log_change(profile, change, batch)
        return applied

    def _apply_event(self, record: EventRecord, batch: Batch) -> Applied:
        known = self._registry.find_event(record.name)
        check_not_discarded(known)
        resolution = self._resolve(
            record.person, record.device, batch, alias_from=len(record.person)
        )
        profile = self._profile_for(record, resolution, batch, batch.received_at)
        if batch.heeds_opt_out and _is_silenced(profile, record):
            return self._bind_only(profile, resolution, record, batch)
        applied = self._settle(profile, resolution, record, batch)
        self._see_device(profile, record, applied, batch)
        changes = _NO_CHANGES
        if self._registry.mappings:
            changes = self._map_event(profile, record, applied, batch)
        if applied.is_changed or applied.conflicts:
            change = _change(applied, resolution, record, changes, mapped_from=record.name)
            self._pending.log_change(profile, change, batch)
        applied.is_event = applied.is_changed = True
        if (
            batch.follows_sessions
            and (told := self._follow_session(profile, record, batch)) is not None
        ):
            record = msgspec.structs.replace(record, session=told)
        self._log_event(profile, record, batch)
        return applied

    def _log_event(self, profile: Profile, record: EventRecord, batch: Batch) -> None:
        known = self._registry.find_event(record.name) or self._registry.define(
            self._tx,
            DefinitionKind.EVENT,
            record.name,
            now_ms=batch.received_at,
            source=batch.source,
        )
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
        applied = self._settle(profile, resolution, record, batch)
        if applied.is_changed or applied.conflicts:
            change = _change(applied, resolution, record, _NO_CHANGES)
            self._pending.log_change(profile, change, batch)
        applied.is_opted_out = True
        return applied

    def _map_event(
        self, profile: Profile, record: EventRecord, applied: Applied, batch: Batch
    ) -> PropertyChanges:
        """Apply what the environment maps from an event onto the profile, as of its time (P-12)."""
        mapped = map_event(self._registry.mappings_of(record.name), record.properties)
        if not mapped.raw:
            return _NO_CHANGES
        set_at = batch.received_at if record.at is None else record.at * 1_000
        wanted: dict[str, PropertyChange] = dict(mapped.values)
        rules = Rules(custom_keys=batch.rules.custom_keys, late_data_loses=True)
        changes = property_changes(profile.document, wanted, rules=rules, late_at=set_at)
        applied.detached = self._write(
            profile, wanted, changes, batch, rules=rules, set_at=set_at, late_at=set_at
        )
        applied.properties = changes
        applied.is_changed = applied.is_changed or bool(changes.new)
        if mapped.refused or changes.refused:
            applied.refused = refusal_of_mapping(record, mapped, changes.refused)
        return changes

    def _map_raised(self, profile: Profile, event: EventRecord, batch: Batch) -> None:
        """Apply what is mapped from an event of the system, which is no record of the batch."""
        if self._registry.mappings:
            applied = Applied(event.position, profile.id)
            changes = self._map_event(profile, event, applied, batch)
            if changes.new:
                change = Change(
                    new=changes.new, old=changes.old, mapped_from=event.name, at=event.at
                )
                self._pending.log_change(profile, change, batch)

    def _write(
        self,
        profile: Profile,
        wanted: dict[str, PropertyChange],
        changes: PropertyChanges,
        batch: Batch,
        *,
        rules: Rules,
        set_at: int,
        late_at: int | None,
    ) -> tuple[Identity, ...]:
        """Take over computed changes of properties; times are epoch milliseconds.

        Gives the ids that went with an address.
        """
        # What is shown may stay as it is while a side behind it changes.
        if not changes.new and not changes.confirmed and not profile.is_merged:
            return ()
        reached = profile.reached if profile.is_merged or _reaches(changes) else None
        profile.apply(changes, set_at=set_at)
        profile.apply_to_sides(wanted, changes, rules=rules, set_at=set_at, late_at=late_at)
        self._pending.counts(batch).properties.add(changes.new.items())
        return () if reached is None else self._change_addresses(profile, reached)

    def _follow_session(
        self, profile: Profile, record: ProfileRecord | EventRecord, batch: Batch
    ) -> dict[str, str | int] | None:
        """Note the session of a record from an SDK, and give what is told of it, if anything."""

        def raise_event(event: EventRecord) -> None:
            known = self._registry.find_event(event.name)
            if known is None or known.state is not DefinitionState.DISCARDED:
                self._log_event(profile, event, batch)
                self._map_raised(profile, event, batch)

        at = record.at or batch.received_at // 1_000
        return follow_session(profile, record, at=at, raise_event=raise_event)

    def _resolve(
        self,
        person: tuple[Identity, ...],
        device: Identity | None,
        batch: Batch,
        *,
        alias_from: int,
    ) -> Resolution:
        if self._registry.settings.blocked_ids:
            self._check_not_blocked(person)
        # Nearly every record names one person and nothing else.
        if device is None and len(person) == 1:
            if (owner := self._owners.get(person[0])) is not None:
                return Resolution(owner)
            return Resolution(None, attach=person)
        device_holder = None if device is None else self._device_holder(device)
        resolution = resolve(
            [(each, self._holder(self._owners.get(each))) for each in dict.fromkeys(person)],
            device_holder,
            has_device=device is not None and not _is_server_made(device),
            alias_from=alias_from,
            one_per_person=self._registry.one_per_person,
        )
        return self._permitted(resolution, batch) if resolution.merges else resolution

    def _check_not_blocked(self, person: tuple[Identity, ...]) -> None:
        for identity in person:
            if identity.value in self._registry.settings.blocked_ids:
                reason = f"{WIRE_NAMES[identity.kind]} '{identity.value}' is blocked here"
                raise Rejected(RejectCode.IDENTITY, reason)

    def _permitted(self, resolution: Resolution, batch: Batch) -> Resolution:
        """Leave the merges that a record may make; the others become suggestions (P-07)."""
        assert resolution.profile is not None  # noqa: S101 - others merge into a known profile
        room = self._registry.settings.merges_per_call - self._merges.get(id(batch), 0)
        joined = [resolution.profile]
        merging: list[tuple[Identity, ProfileId]] = []
        for each in resolution.merges:
            further = [*joined, each[1]]
            if (
                len(merging) < room
                and self._has_room_for_ids(further)
                and self._merger.may_merge(joined, each[1])
            ):
                merging.append(each)
                joined = further
        rest = [each for each in resolution.merges if each not in merging]
        return msgspec.structs.replace(
            resolution, merges=tuple(merging), conflicts=(*resolution.conflicts, *rest)
        )

    def _device_holder(self, device: Identity) -> Holder | None:
        owner = self._owners.get(device)
        if owner is None and _is_server_made(device):
            owner = profile_of_server_object_id(device.value)
            while owner in self._roots:
                owner = self._roots[owner]
            if owner is None or owner not in self._profiles:
                reason = f"objectId '{device.value}' was not made by this server"
                raise Rejected(RejectCode.OBJECT_ID, reason)
        return self._holder(owner)

    def _holder(self, profile: ProfileId | None) -> Holder | None:
        if profile is None:
            return None
        held = self._profiles[profile].document.identities
        return Holder(profile, frozenset(IdentityKind(kind) for kind, _ in held))

    def _profile_for(
        self,
        record: ProfileRecord | EventRecord,
        resolution: Resolution,
        batch: Batch,
        base_at: int,
    ) -> Profile:
        """Give the profile that a record means, as it will be: merged, if it names two people.

        Nothing is changed yet; raises `Rejected` if the profile has no room for further ids.
        """
        profile = self._profile_of(resolution, batch.received_at, base_at)
        self._prepared.clear()
        for identity, other in resolution.merges:
            profile = self._merger.prepare(profile, self._profiles[other], identity, batch)
            self._prepared.append(profile)
        if resolution.attach:
            self._check_room(profile, resolution.attach)
        if profile.is_merged:
            named = record.person if record.device is None else (*record.person, record.device)
            profile.turn_to(named)
        return profile

    def _has_room_for_ids(self, profiles: list[ProfileId]) -> bool:
        """Tell whether one profile may have the ids of all of these (P-08)."""
        held = Counter(
            IdentityKind(kind)
            for each in profiles
            for kind, _ in self._profiles[each].document.identities
        )
        return all(size <= self._limit_of(kind) for kind, size in held.items())

    def _limit_of(self, kind: IdentityKind) -> int:
        limits: Mapping[str, int] = self._registry.settings.ids_per_kind  # type: ignore[assignment]  # other names are absent
        return limits.get(WIRE_NAMES[kind], IDS_PER_KIND)

    def _check_room(self, profile: Profile, attach: tuple[Identity, ...]) -> None:
        for kind in {identity.kind for identity in attach}:
            limit = self._limit_of(kind)
            held = sum(1 for known, _ in profile.document.identities if known == kind)
            size = held + sum(1 for identity in attach if identity.kind is kind)
            if size > limit:
                reason = f"The profile would have {size} ids of kind {WIRE_NAMES[kind]}, the limit is {limit}"
                raise Rejected(RejectCode.TOO_MANY_IDS, reason)

    def _profile_of(self, resolution: Resolution, now_ms: int, base_at: int) -> Profile:
        if resolution.profile is not None:
            return self._profiles[resolution.profile]
        spare = self._registry.spare_profile_ids
        if not spare:
            drawn = numbers.reserve_profiles(self._tx, self._environment, _PROFILES_AT_ONCE)
            spare.extend(reversed(drawn))
        return Profile.create(ProfileId(spare[-1]), created_at=now_ms, base_at=base_at)

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

    def _settle(
        self,
        profile: Profile,
        resolution: Resolution,
        record: ProfileRecord | EventRecord,
        batch: Batch,
    ) -> Applied:
        """Bind the ids that the resolution gives to a profile; nothing can fail from here on."""
        applied = Applied(record.position, profile.id)
        if resolution.merges:
            self._install(resolution, record, applied, batch)
        if resolution.profile is None:
            # Its id counts as taken only now: a record that failed before made no profile.
            self._registry.spare_profile_ids.pop()
            self._profiles[profile.id] = profile
            applied.is_created = applied.is_changed = True
        if resolution.attach:
            profile.attach(resolution.attach)
            for identity in resolution.attach:
                self._owners[identity] = profile.id
                self._pending.add_identity(identity, profile.id)
            applied.attached = resolution.attach
            applied.is_changed = True
        # Whoever had the device may be this very profile by now.
        if (
            resolution.moves_device
            and record.device is not None
            and (former := self._owners.get(record.device)) != profile.id
        ):
            self._bind(profile, record.device, record.object_id, former, batch)
            applied.device, applied.is_changed = record.object_id, True
        if resolution.conflicts:
            for identity, other in resolution.conflicts:
                self._pending.suggest_merge(profile.id, other, identity, batch)
            applied.conflicts = tuple(identity for identity, _ in resolution.conflicts)
        return applied

    def _install(
        self,
        resolution: Resolution,
        record: ProfileRecord | EventRecord,
        applied: Applied,
        batch: Batch,
    ) -> None:
        """Let the profile that was prepared take the place of those that it was made of."""
        for prepared in self._prepared:
            self._merger.install(prepared, batch)
            self._roots[prepared.merges[0].absorbed] = prepared.id
        self._merges[id(batch)] = self._merges.get(id(batch), 0) + len(self._prepared)
        self._prepared[-1].turn_to(record.person)
        applied.merged = tuple(identity for identity, _ in resolution.merges)
        applied.is_changed = True

    def _see_device(
        self, profile: Profile, record: ProfileRecord | EventRecord, applied: Applied, batch: Batch
    ) -> None:
        """Note that the record's device was there, and what it tells of itself."""
        if record.device is not None:
            at = batch.received_at // 1_000
            applied.learned = profile.see_device(record.device.value, record.facts, at=at)
            applied.is_changed = applied.is_changed or bool(applied.learned)

    def _bind(
        self,
        profile: Profile,
        device: Identity,
        object_id: str,
        former: ProfileId | None,
        batch: Batch,
    ) -> None:
        """Bind a device, and take it from the profile that had it (P-06)."""
        moved = None
        if former is not None:
            loser = self._profiles[former]
            loser.turn_to((device,))
            if loser.is_anonymous and not profile.is_anonymous:
                self._pending.link_grey(
                    merges.GreyLink(
                        profile.chain.id, loser.chain.id, device.value, batch.received_at
                    )
                )
            moved = loser.remove_device(device.value)
            self._pending.log_change(
                loser, Change(device_lost=object_id, device_to=profile.id), batch
            )
        now = batch.received_at // 1_000
        bound = moved or Device(object_id, first_seen_at=now)
        bound.seen_at = now
        profile.add_device(bound)
        self._tokens.follow(bound, profile)
        if former is None:
            self._pending.add_identity(device, profile.id)
        else:
            self._pending.move_identity(device, profile.id)
        self._owners[device] = profile.id
        self._let_go_of_devices(profile, batch)

    def _let_go_of_devices(self, profile: Profile, batch: Batch) -> None:
        """Beyond 50 devices the longest unseen without an active token is let go (P-08)."""
        devices = profile.document.devices
        if len(devices) <= DEVICES:
            return
        oldest = longest_unseen(devices[:-1])
        profile.remove_device(oldest.key)
        self._tokens.release(oldest, profile)
        device = Identity(IdentityKind.OBJECT_ID, oldest.key)
        self._owners.pop(device, None)
        self._pending.release_identity(device, profile.id)
        self._pending.log_change(profile, Change(device_lost=oldest.object_id), batch)

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


def _made_by_server(named: set[Identity]) -> set[ProfileId]:
    """Give the profiles that are named by objectIds of the server."""
    return {
        profile
        for identity in named
        if identity.kind is IdentityKind.OBJECT_ID
        and (profile := profile_of_server_object_id(identity.value)) is not None
    }


def _is_server_made(device: Identity) -> bool:
    return profile_of_server_object_id(device.value) is not None


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
    applied: Applied,
    resolution: Resolution,
    record: ProfileRecord | EventRecord,
    changes: PropertyChanges = _NO_CHANGES,
    *,
    mapped_from: str = "",
) -> Change:
    """Give what the log says of one record."""
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
        mapped_from=mapped_from if changes.new else "",
        conflicts=tuple([(kind, value, other) for (kind, value), other in resolution.conflicts]),
        at=record.at,
    )
