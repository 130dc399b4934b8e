"""A profile that took in others: what is shown, and behind each merge both sides of it.

Each side is kept as it would be had the two never met, and every write is applied to the
shown profile and to the sides whose id sent it. Source: P-07, B-01.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mien.domain.changes import Own
from mien.domain.devices import Device, DeviceFacts
from mien.domain.documents import PropertyChanges, Rules, property_changes
from mien.domain.identities import Identity, IdentityKind, own_id, server_object_id
from mien.domain.ids import ProfileId
from mien.domain.preferences import Address, GroupChange, addresses
from mien.domain.profiles import Chain, Profile
from mien.domain.records import PropertyChange
from mien.domain.rejects import Rejected

MERGES_PER_PROFILE = 50
"""How many merges one profile may carry: each later write is applied once for each."""


class Leaf(msgspec.Struct, gc=False):
    """A profile that was absorbed: its chains go on, for what its ids send."""

    id: ProfileId
    last_change: int
    last_event: int
    created_at: int


class Merge(msgspec.Struct, gc=False):
    """One merge in force: who took in whom when, by which id, and the sides as they would be.

    `kind` and `value` are the id that both had; 0 and blank when people decided. Times are
    epoch milliseconds.
    """

    id: int
    survivor: ProfileId
    absorbed: ProfileId
    kind: int
    value: str
    merged_at: int
    source: str
    survivor_side: Profile
    absorbed_side: Profile


class MergedProfile(Profile):
    """The working copy of a profile that took in others; it is told who sends what comes next."""

    __slots__ = ("_own", "_path", "leaves", "merges")

    _own: Own
    merges: list[Merge]
    leaves: dict[ProfileId, Leaf]
    _path: tuple[Profile, ...]

    @classmethod
    def of(
        cls, shown: Profile, merges: Iterable[Merge], leaves: Mapping[ProfileId, Leaf]
    ) -> "MergedProfile":
        """Make the working copy of a shown profile, of the merges behind it and their leaves."""
        made = cls(
            shown.id,
            shown.document_bytes(),
            shown.activity_bytes(),
            last_change=shown.last_change,
            last_event=shown.last_event,
            created_at=shown.created_at,
            is_merged=True,
        )
        made.is_new, made.is_touched = shown.is_new, shown.is_touched
        made.merges = sorted(merges, key=lambda merge: merge.id, reverse=True)
        made.leaves = dict(leaves)
        made._path, made._own = (), Own()
        return made

    @property
    def sides(self) -> list[Profile]:
        """Every side of every merge."""
        return [side for each in self.merges for side in (each.survivor_side, each.absorbed_side)]

    @property
    def parts(self) -> Sequence[Profile]:
        """The shown profile, and the sides behind it."""
        return (self, *self.sides)

    @property
    def reached(self) -> set[Address]:
        """The addresses of the shown profile and of all its sides: each of them finds it."""
        return set(addresses(self.document.properties)).union(
            *(addresses(side.document.properties) for side in self.sides)
        )

    @property
    def chain(self) -> Chain:
        """Where events and changes of the present sender are chained."""
        sender = self._path[-1].id if self._path else self.id
        return self if sender == self.id else self.leaves[sender]

    @property
    def chains(self) -> Sequence[Chain]:
        """All chains: the profile's own, then those of the profiles that it took in."""
        return (self, *self.leaves.values())

    def turn_to(self, senders: Iterable[Identity]) -> None:
        """Say by which ids the next record came; the first that a side holds decides."""
        self.is_touched = True
        for sender in senders:
            path = self._path_to(sender)
            if path is not None:
                self._path = path
                return
        self._path = self._path_to(own_id(self.id)) or ()

    def alone(self, leaf: ProfileId) -> Profile:
        """Give one of the profiles as it is by itself."""
        path = self._path_to(own_id(leaf))
        return path[-1] if path else self

    def part_of(self, identity: Identity) -> ProfileId:
        """Give which of the profiles holds an id; the survivor, if it is one of an address only."""
        path = self._path_to(identity)
        return path[-1].id if path else self.id

    def apply_to_sides(
        self,
        wanted: dict[str, PropertyChange],
        shown: PropertyChanges,
        *,
        rules: Rules,
        set_at: int,
        late_at: int | None,
    ) -> Own:
        """Apply a record, which changed the shown profile so, to the sides of its sender.

        Gives what the record changed of the sender alone, its subscription groups included.
        """
        # Nothing may be lost here: no cap on keys, and what a side cannot reckon it is given.
        free = Rules(custom_keys=None, missing_is_zero=True, late_data_loses=rules.late_data_loses)
        for side in self._path:
            for name, change in wanted.items():
                if name not in shown.refused:
                    changes = _side_changes(side, name, change, shown, free, late_at)
                    side.apply(changes, set_at=set_at)
                    if side is self._path[-1]:
                        self._own.note(changes.new, changes.old)
        own, self._own = self._own, Own()
        return own

    def attach(self, identities: Iterable[Identity]) -> None:
        """Add ids of the person, in order."""
        added = tuple(identities)
        for each in self._with_path():
            Profile.attach(each, added)

    def detach(self, identity: Identity) -> None:
        """Take an id of the person away."""
        for each in (self, *self.sides):
            Profile.detach(each, identity)

    def add_device(self, device: Device) -> None:
        """Bind a device; a side may have it still if there was no room for it when they met."""
        super().add_device(device)
        self.take_over(device.key)

    def remove_device(self, key: str) -> Device | None:
        """Let a device go."""
        for side in self.sides:
            side.remove_device(key)
        return super().remove_device(key)

    def see_device(self, key: str, facts: DeviceFacts | None, *, at: int) -> dict[str, str]:
        """Note that a device was there, with the sender."""
        for side in self._path:
            side.see_device(key, facts, at=at)
        return super().see_device(key, facts, at=at)

    def change_group(self, change: GroupChange) -> bool:
        """Set one subscription group; true if that changed anything."""
        for side in self._path:
            if side.change_group(change) and side is self._path[-1]:
                self._own.groups.setdefault(change.channel, {})[change.group] = change.is_subscribed
        return super().change_group(change)

    def count_event(self, name: int, at: int) -> None:
        """Count one event."""
        super().count_event(name, at)
        for side in self._path:
            side.count_event(name, at)

    def _with_path(self) -> tuple[Profile, ...]:
        return (self, *self._path)

    def take_over(self, key: str) -> None:
        """Give a device to the sender's side, as would have happened had the sides never met."""
        missing = [side for side in self._path if side.find_device(key) is None]
        known = self.find_device(key)
        if not missing or known is None:
            return
        for side in self.sides:
            if side not in self._path:
                side.remove_device(key)
        for side in missing:
            side.add_device(msgspec.structs.replace(known))

    def _path_to(self, sender: Identity) -> tuple[Profile, ...] | None:
        """Give the sides that hold an id, from the newest merge down; None if none does."""
        path: list[Profile] = []
        at = self.id
        for each in self.merges:
            if each.survivor != at:
                continue
            sides = (each.absorbed_side, each.survivor_side)
            side = next((side for side in sides if self._has(side, sender, each)), None)
            if side is None:
                return None
            path.append(side)
            at = side.id
        return tuple(path)

    def _has(self, side: Profile, sender: Identity, merge: Merge) -> bool:
        """Tell whether a side has an id: itself, or the server made it for one that it took in."""
        return holds(side, sender) or any(
            self._has(each.absorbed_side, sender, each)
            for each in self.merges
            if each.survivor == side.id and each.id < merge.id
        )


def holds(profile: Profile, identity: Identity) -> bool:
    """Tell whether a profile has an id: of the person, of a device, or the one the server made."""
    if identity.kind is IdentityKind.OBJECT_ID:
        is_own = identity.value == server_object_id(profile.id)
        return is_own or profile.find_device(identity.value) is not None
    return tuple(identity) in {tuple(each) for each in profile.document.identities}


def _side_changes(
    side: Profile,
    name: str,
    change: PropertyChange,
    shown: PropertyChanges,
    rules: Rules,
    late_at: int | None,
) -> PropertyChanges:
    try:
        return property_changes(side.document, {name: change}, rules=rules, late_at=late_at)
    except Rejected:
        # Such as counting up what is a text there: it takes over what is shown.
        if name not in shown.new:
            return PropertyChanges({}, {})
        held = side.document.properties
        return PropertyChanges({name: shown.new[name]}, {name: held[name]} if name in held else {})
