"""Making one of two profiles and two of one, among the working copies of a transaction.

`domain.merging` decides what becomes of them; here every id, address and place in the
log is led where it belongs (P-07, B-01).
"""

from mien.domain.changes import Change
from mien.domain.devices import TokenLoss
from mien.domain.identities import Identity, IdentityKind, server_object_id, token_identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.merging import (
    MERGES_PER_PROFILE,
    Merge,
    MergedProfile,
    choose_survivor,
    difference,
    merge_profiles,
    undo_merge,
)
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

    def may_merge(self, one: ProfileId, other: ProfileId) -> bool:
        """Tell whether records may merge two profiles: not when people took them apart."""
        count = sum(
            len(profile.merges)
            for each in (one, other)
            if isinstance(profile := self._profiles[each], MergedProfile)
        )
        if count >= MERGES_PER_PROFILE:
            return False
        undone = merges.undone_pairs(self._tx, self._environment, [one, other])
        return frozenset((one, other)) not in undone

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
        kept = set(identities_of(merged))
        for profile in (survivor, absorbed):
            for identity in identities_of(profile):
                if identity not in kept:
                    # A device that the merged profile has no room for (P-08).
                    self._owners.pop(identity, None)
                    self._pending.release_identity(identity, profile.id)
                elif profile is absorbed:
                    self._owners[identity] = merged.id
                    self._pending.move_identity(identity, merged.id)
        for address in absorbed.reached:
            self._pending.hold_address(*address, absorbed.id, is_held=False)
            self._pending.hold_address(*address, merged.id, is_held=True)
        self._log_merge(merged, merge, survivor, absorbed, stamp)

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
        wanted = {
            identity: side for side in (survivor, absorbed) for identity in identities_of(side)
        }
        held = profile_store.find_owners(self._tx, self._environment, wanted)
        for identity, side in wanted.items():
            holder = held.get(identity)
            if holder is None:
                self._pending.add_identity(identity, side.id)
            elif holder != merged.id:
                _take_away(side, identity, stamp)
                continue
            elif side.id != holder:
                self._pending.move_identity(identity, side.id)
            self._owners[identity] = side.id

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
            )
            self._pending.log_change(side, change, stamp)


def own_id(profile: ProfileId) -> Identity:
    """Give the objectId that the server made for a profile."""
    return Identity(IdentityKind.OBJECT_ID, server_object_id(profile))


def identities_of(profile: Profile) -> list[Identity]:
    """Give all that finds a profile: ids of the person, devices, and their active push tokens."""
    devices = profile.document.devices
    return [
        *(Identity(IdentityKind(kind), value) for kind, value in profile.document.identities),
        *(Identity(IdentityKind.OBJECT_ID, device.key) for device in devices),
        *(token_identity(token.id) for each in devices if (token := each.active_token)),
    ]


def _take_away(profile: Profile, identity: Identity, stamp: Stamp) -> None:
    """Take from a profile what another has taken since."""
    if identity.kind is IdentityKind.OBJECT_ID:
        profile.remove_device(identity.value)
    elif identity.kind is IdentityKind.PUSH_TOKEN:
        if (device := profile.find_token(identity.value)) is not None and device.token is not None:
            lost = device.token.lost(TokenLoss.MOVED, at=stamp.received_at // 1_000)
            profile.change_device(device.key, token=lost)
    else:
        profile.detach(identity)


def _chain(profile: Profile, leaf: ProfileId) -> object:
    return next((each for each in profile.chains if each.id == leaf), None)
