"""Making one of two profiles and two of one, among the working copies of a transaction.

`domain.merging` decides what becomes of them; here every id, address and place in the
log is led where it belongs (P-07, B-01).
"""

from collections.abc import Sequence

from mien.domain.changes import Change, Own
from mien.domain.devices import DEVICES, Device, TokenLoss, longest_unseen
from mien.domain.identities import Identity, IdentityKind, own_id, token_identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.merged_profiles import MERGES_PER_PROFILE, Merge, MergedProfile
from mien.domain.merging import choose_survivor, difference, merge_profiles, undo_merge
from mien.domain.profiles import Profile
from mien.services.pending import Pending, Stamp
from mien.store import merges
from mien.store import profiles as profile_store
from mien.store.engine import Transaction


class Merger:
    """Merges and separates profiles; what is to be written is left in `pending`."""

    def __init__(
        self,
        tx: Transaction,
        environment: EnvironmentId,
        owners: dict[Identity, ProfileId],
        profiles: dict[ProfileId, Profile],
        pending: Pending,
    ) -> None:
        self._tx, self._environment = tx, environment
        self._owners, self._profiles, self._pending = owners, profiles, pending

    def may_merge(self, joined: Sequence[ProfileId], other: ProfileId) -> bool:
        """Tell whether records may add a profile to some: not when people took them apart."""
        profiles = [self._profiles[each] for each in joined]
        if not has_room_to_merge([*profiles, self._profiles[other]]):
            return False
        ours = {chain.id for profile in profiles for chain in profile.chains}
        theirs = {chain.id for chain in self._profiles[other].chains}
        undone = merges.undone_pairs(self._tx, self._environment, [*ours, *theirs])
        return not any(pair & ours and pair & theirs for pair in undone)

    def prepare(
        self, one: Profile, other: Profile, because: Identity | None, stamp: Stamp
    ) -> MergedProfile:
        """Make the profile that two would become; nothing else knows of it yet."""
        survivor, absorbed = choose_survivor(one, other)
        return merge_profiles(
            survivor,
            absorbed,
            because,
            merge=merges.reserve_merge(self._tx, self._environment),
            at=stamp.received_at,
            source=stamp.source,
        )

    def install(self, merged: MergedProfile, stamp: Stamp) -> None:
        """Let a prepared profile take the place of the two that it was made of."""
        merge = merged.merges[0]
        survivor, absorbed = self._profiles[merge.survivor], self._profiles.pop(merge.absorbed)
        self._profiles[merged.id] = merged
        for chain in merged.chains:
            self._pending.rechain(_chain(survivor, chain.id) or _chain(absorbed, chain.id), chain)
        self._pending.absorb(absorbed.id)
        self._lead_ids_together(merged, survivor, absorbed)
        for address in absorbed.reached:
            self._pending.hold_address(*address, absorbed.id, is_held=False)
            self._pending.hold_address(*address, merged.id, is_held=True)
        self._log_merge(merged, merge, survivor, absorbed, stamp)

    def _lead_ids_together(self, merged: Profile, survivor: Profile, absorbed: Profile) -> None:
        """Let all that found one of two profiles find the one that they are now."""
        for identity, owner in self._owners.items():
            # More than the ids that it holds: an e-mail address may mean it without being one.
            if owner == absorbed.id:
                self._owners[identity] = merged.id
        kept = set(identities_of(merged))
        for profile in (survivor, absorbed):
            for identity in identities_of(profile):
                if identity not in kept:
                    # A device that the merged profile has no room for (P-08).
                    self._owners.pop(identity, None)
                    self._pending.release_identity(identity, profile.id)
                elif profile is absorbed:
                    self._pending.move_identity(identity, merged.id)

    def separate(self, merged: MergedProfile, stamp: Stamp) -> tuple[Profile, Profile]:
        """Undo the newest merge of a profile, and give both sides as profiles again."""
        merge = merged.merges[0]
        survivor, absorbed = undo_merge(merged)
        self._profiles[survivor.id], self._profiles[absorbed.id] = survivor, absorbed
        for risen in (survivor, absorbed):
            for chain in risen.chains:
                self._pending.rechain(_chain(merged, chain.id), chain)
        self._pending.separate(merge, stamp)
        self._lead_ids_back(merged, survivor, absorbed, stamp)
        for address in merged.reached - survivor.reached:
            self._pending.hold_address(*address, survivor.id, is_held=False)
        for address in absorbed.reached:
            self._pending.hold_address(*address, absorbed.id, is_held=True)
        self._log_undo(merged, merge, survivor, absorbed, stamp)
        return survivor, absorbed

    def _lead_ids_back(
        self, merged: Profile, survivor: Profile, absorbed: Profile, stamp: Stamp
    ) -> None:
        """Lead each id to the side that holds it; one that another took since stays with that."""
        wanted = self._wanted((survivor, absorbed), stamp)
        for identity in identities_of(merged):
            if identity not in wanted:
                self._pending.release_identity(identity, merged.id)
        held = profile_store.find_owners(self._tx, self._environment, wanted)
        for identity, side in wanted.items():
            holder = held.get(identity)
            if holder is None:
                self._pending.add_identity(identity, side.id)
            elif holder != merged.id:
                self._take_away(side, identity, stamp)
                continue
            elif side.id != holder:
                self._pending.move_identity(identity, side.id)
            self._owners[identity] = side.id

    def _wanted(self, sides: Sequence[Profile], stamp: Stamp) -> dict[Identity, Profile]:
        """Give which side holds which id; one that both hold stays with the first."""
        wanted: dict[Identity, Profile] = {}
        for side in sides:
            # A side also has devices for which the merged profile had no room (P-08).
            while len(devices := side.document.devices) > DEVICES:
                let_go_of(side, longest_unseen(devices), self._pending, stamp)
            for identity in identities_of(side):
                if wanted.setdefault(identity, side) is not side:
                    self._take_away(side, identity, stamp)
        return wanted

    def _take_away(self, profile: Profile, identity: Identity, stamp: Stamp) -> None:
        """Take from a profile what another has taken since."""
        if identity.kind is IdentityKind.OBJECT_ID:
            if (device := profile.find_device(identity.value)) is not None:
                let_go_of(profile, device, self._pending, stamp)
        elif identity.kind is IdentityKind.PUSH_TOKEN:
            device = profile.find_token(identity.value)
            if device is not None and device.token is not None:
                lost = device.token.lost(TokenLoss.MOVED, at=stamp.received_at // 1_000)
                profile.change_device(device.key, token=lost)
        else:
            profile.detach(identity)

    def _log_merge(
        self,
        merged: MergedProfile,
        merge: Merge,
        survivor: Profile,
        absorbed: Profile,
        stamp: Stamp,
    ) -> None:
        changes = difference(survivor.document, merged.document)
        merged.turn_to([own_id(survivor.id)])
        change = Change(
            merge=merge.id,
            absorbed=absorbed.id,
            new=changes.new,
            old=changes.old,
            attached=tuple(absorbed.document.identities),
            own=Own(),
        )
        self._pending.log_change(merged, change, stamp)
        merged.turn_to([own_id(absorbed.id)])
        self._pending.log_change(merged, Change(merge=merge.id, survivor=survivor.id), stamp)

    def _log_undo(
        self,
        merged: Profile,
        merge: Merge,
        survivor: Profile,
        absorbed: Profile,
        stamp: Stamp,
    ) -> None:
        for side in (survivor, absorbed):
            changes = difference(merged.document, side.document)
            side.turn_to([own_id(side.id)])
            change = Change(
                merge=merge.id,
                absorbed=absorbed.id if side is survivor else 0,
                survivor=survivor.id if side is absorbed else 0,
                is_undo=True,
                new=changes.new,
                old=changes.old,
                own=Own(),
            )
            self._pending.log_change(side, change, stamp)


def has_room_to_merge(profiles: Sequence[Profile]) -> bool:
    """Tell whether all of these may become one profile: there is a limit to what it is made of."""
    made = sum(len(each.merges) for each in profiles if isinstance(each, MergedProfile))
    return made + len(profiles) - 1 <= MERGES_PER_PROFILE


def let_go_of(profile: Profile, device: Device, pending: Pending, stamp: Stamp) -> None:
    """Let a device go that a profile has no room for, or that another has by now (P-08)."""
    profile.turn_to((Identity(IdentityKind.OBJECT_ID, device.key),))
    pending.log_change(profile, Change(device_lost=device.object_id), stamp)
    profile.remove_device(device.key)


def identities_of(profile: Profile) -> list[Identity]:
    """Give all that finds a profile: ids of the person, devices, and their active push tokens."""
    devices = profile.document.devices
    return [
        *(Identity(IdentityKind(kind), value) for kind, value in profile.document.identities),
        *(Identity(IdentityKind.OBJECT_ID, device.key) for device in devices),
        *(token_identity(token.id) for each in devices if (token := each.active_token)),
    ]


def _chain(profile: Profile, leaf: ProfileId) -> object:
    return next((each for each in profile.chains if each.id == leaf), None)
