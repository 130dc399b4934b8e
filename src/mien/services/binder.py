"""Binding what records bring to their profiles: ids, devices, and who is merged by them.

Source: P-04 to P-08.
"""

from mien.domain.changes import Change
from mien.domain.devices import DEVICES, Device, longest_unseen
from mien.domain.identities import Identity, IdentityKind, Resolution, own_id
from mien.domain.ids import ProfileId
from mien.domain.profiles import Profile
from mien.domain.records import EventRecord, ProfileRecord
from mien.services.merger import Merger, let_go_of
from mien.services.pending import Pending
from mien.services.receipts import Applied, Batch
from mien.services.registry import Registry
from mien.services.resolver import Resolver
from mien.services.tokens import Tokens
from mien.store import merges


class Binder:
    """Binds ids and devices to the profiles of a transaction."""

    def __init__(
        self,
        registry: Registry,
        owners: dict[Identity, ProfileId],
        profiles: dict[ProfileId, Profile],
        pending: Pending,
        resolver: Resolver,
        merger: Merger,
        tokens: Tokens,
    ) -> None:
        """Share the ids, the profiles and what is to be written with a workspace."""
        self._registry, self._owners, self._profiles = registry, owners, profiles
        self._pending, self._resolver = pending, resolver
        self._merger, self._tokens = merger, tokens

    def settle(
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
        if record.device is not None and (
            resolution.moves_device
            or (profile.is_merged and self._owners.get(record.device) == profile.id)
        ):
            self._settle_device(profile, record.device, record, applied, batch)
        if resolution.conflicts:
            for identity, other in resolution.conflicts:
                self._pending.suggest_merge(profile.chain.id, other, identity, batch)
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
        for prepared in self._resolver.prepared:
            self._merger.install(prepared, batch)
        self._resolver.note_merges(batch)
        self._resolver.prepared[-1].turn_to(record.person)
        applied.merged = tuple(identity for identity, _ in resolution.merges)
        applied.is_changed = True

    def _settle_device(
        self,
        profile: Profile,
        device: Identity,
        record: ProfileRecord | EventRecord,
        applied: Applied,
        batch: Batch,
    ) -> None:
        """Bind the device of a record to a profile, and to the part of it that the sender is."""
        former, object_id = self._owners.get(device), record.object_id
        if former != profile.id:
            self._bind(profile, device, record, former, batch)
            applied.device, applied.is_changed = object_id, True
        elif (part := self._leave_part(profile, device, object_id, batch)) is not None:
            profile.take_over(device.value)
            taken = Change(device=object_id, device_from=part)
            self._pending.log_change(profile, taken, batch)

    def _bind(
        self,
        profile: Profile,
        device: Identity,
        record: ProfileRecord | EventRecord,
        former: ProfileId | None,
        batch: Batch,
    ) -> None:
        """Bind a device, and take it from the profile that had it (P-06)."""
        moved, object_id = None, record.object_id
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
                loser, Change(device_lost=object_id, device_to=profile.chain.id), batch
            )
        else:
            # A part may have it still if there was no room for it when they met.
            self._leave_part(profile, device, object_id, batch)
        seen_at = batch.sight_of(record)
        bound = moved or Device(object_id, first_seen_at=seen_at)
        bound.seen_at = max(bound.seen_at, seen_at)
        profile.add_device(bound)
        self._tokens.follow(bound, profile)
        if former is None:
            self._pending.add_identity(device, profile.id)
        else:
            self._pending.move_identity(device, profile.id)
        self._owners[device] = profile.id
        self._let_go_of_devices(profile, batch)

    def _leave_part(
        self, profile: Profile, device: Identity, object_id: str, batch: Batch
    ) -> ProfileId | None:
        """Let a device leave the part of a profile that had it so far, and give which.

        As it would have been had the parts never met. None if the sender's part has it.
        """
        taker = profile.chain.id
        if profile.alone(taker).find_device(device.value) is not None:
            return None
        former = next(
            (
                chain.id
                for chain in profile.chains
                if chain.id != taker and profile.alone(chain.id).find_device(device.value)
            ),
            None,
        )
        if former is None:
            return None
        if profile.alone(former).is_anonymous and not profile.alone(taker).is_anonymous:
            self._pending.link_grey(merges.GreyLink(taker, former, device.value, batch.received_at))
        profile.turn_to((own_id(former),))
        lost = Change(device_lost=object_id, device_to=taker)
        self._pending.log_change(profile, lost, batch)
        profile.turn_to((own_id(taker),))
        return former

    def _let_go_of_devices(self, profile: Profile, batch: Batch) -> None:
        """Beyond 50 devices the longest unseen without an active token is let go (P-08)."""
        devices = profile.document.devices
        if len(devices) <= DEVICES:
            return
        oldest = longest_unseen(devices[:-1])
        sender = profile.chain.id
        let_go_of(profile, oldest, self._pending, batch)
        profile.turn_to((own_id(sender),))
        self._tokens.release(oldest, profile)
        device = Identity(IdentityKind.OBJECT_ID, oldest.key)
        self._owners.pop(device, None)
        self._pending.release_identity(device, profile.id)
