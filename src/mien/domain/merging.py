"""Two profiles that are one person: how they become one, and how they come apart again.

A merge shows one profile, the survivor's, made of both by `merge_documents`. Behind it
each side is kept as it would be had the two never met, and every later write is
applied to the shown profile and to the side whose id sent it. Undoing a merge is
then no reckoning: the sides are there. Events and changes stay in the chain of the
profile that they came to, for ever. Source: P-07, B-01.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mien.domain.changes import Own
from mien.domain.devices import DEVICES, Device, DeviceFacts, longest_unseen
from mien.domain.events import Activity, Summary
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.domain.ids import ProfileId
from mien.domain.preferences import REFUSALS, Address, GroupChange, addresses, strictest_groups
from mien.domain.profiles import (
    Chain,
    Document,
    Profile,
    PropertyChanges,
    Rules,
    property_changes,
    set_at_of,
)
from mien.domain.records import PropertyChange
from mien.domain.rejects import Rejected
from mien.domain.values import LIST_ITEMS, Value

MERGES_PER_PROFILE = 50
"""How many merges one profile may carry: each later write is applied once for each."""


class Conflict(msgspec.Struct, frozen=True):
    """A property of which both profiles have another value, and what becomes of it."""

    property: str
    survivor: Value
    absorbed: Value
    result: Value | None


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


def choose_survivor(one: Profile, other: Profile) -> tuple[Profile, Profile]:
    """Give survivor and absorbed: the identified before the anonymous, then the older (P-07)."""

    def rank(profile: Profile) -> tuple[bool, int, int]:
        return not profile.document.identities, profile.created_at, profile.id

    return (one, other) if rank(one) <= rank(other) else (other, one)


def merge_documents(survivor: Document, absorbed: Document) -> Document:
    """Make one document of two (P-07, U-13).

    Of a property the newest write wins, the survivor's at equal times; a removal is a
    write too. Two lists are united, the longer known items first. A refusal wins always.
    """
    merged = Document(survivor.base_at, groups=strictest_groups(survivor.groups, absorbed.groups))
    names = {**survivor.properties, **absorbed.properties, **survivor.set_at, **absorbed.set_at}
    for name in names:
        value, at = _winner(name, survivor, absorbed)
        if value is not None:
            merged.properties[name] = value
        if at != merged.base_at or value is None:
            merged.set_at[name] = at
    merged.identities = list(dict.fromkeys((*survivor.identities, *absorbed.identities)))
    merged.devices = _devices(survivor, absorbed)
    return merged


def merge_activities(one: Activity, other: Activity) -> Activity:
    """Add up what two profiles did."""
    merged = Activity({name: Summary(*_parts(done)) for name, done in one.events.items()})
    for name, done in other.events.items():
        if (known := merged.events.get(name)) is None:
            merged.events[name] = Summary(*_parts(done))
        else:
            known.count += done.count
            known.first, known.last = min(known.first, done.first), max(known.last, done.last)
    return merged


def find_conflicts(survivor: Document, absorbed: Document) -> list[Conflict]:
    """Give the properties of which both have another value, and what a merge would make of them."""
    merged = merge_documents(survivor, absorbed)
    return [
        Conflict(
            name, survivor.properties[name], absorbed.properties[name], merged.properties.get(name)
        )
        for name in survivor.properties
        if name in absorbed.properties and survivor.properties[name] != absorbed.properties[name]
    ]


def difference(before: Document, after: Document) -> PropertyChanges:
    """Give the change of properties from one document to another."""
    old, new = before.properties, after.properties
    changed: dict[str, Value | None] = {
        name: value for name, value in new.items() if old.get(name) != value
    }
    changed |= {name: None for name in old if name not in new}
    return PropertyChanges(changed, {name: old[name] for name in changed if name in old})


def merge_profiles(
    survivor: Profile,
    absorbed: Profile,
    because: Identity | None,
    *,
    merge: int,
    at: int,
    source: str,
) -> "MergedProfile":
    """Make the profile that is shown for both, and keep both as its sides.

    `because` is the id that joined them, None when people decided; `at` is epoch milliseconds.
    """
    kind, value = because or (0, "")
    made = Merge(
        merge,
        survivor.id,
        absorbed.id,
        int(kind),
        value,
        at,
        source,
        _side(survivor),
        _side(absorbed),
    )
    leaf = Leaf(absorbed.id, absorbed.last_change, absorbed.last_event, absorbed.created_at)
    shown = Profile.showing(
        survivor,
        merge_documents(survivor.document, absorbed.document),
        merge_activities(survivor.activity, absorbed.activity),
    )
    behind = [each for each in (survivor, absorbed) if isinstance(each, MergedProfile)]
    merges = [made, *(merge for each in behind for merge in each.merges)]
    leaves = {leaf.id: leaf, **{leaf.id: leaf for each in behind for leaf in each.leaves.values()}}
    return MergedProfile.of(shown, merges, leaves)


def undo_merge(profile: "MergedProfile") -> tuple[Profile, Profile]:
    """Give both profiles of the newest merge, as they would be had they never met (B-01)."""
    newest = profile.merges[0]
    leaf = profile.leaves[newest.absorbed]
    below = _below(profile.merges[1:], newest.absorbed)
    survivor = _risen(newest.survivor_side, profile, profile.created_at)
    absorbed = _risen(newest.absorbed_side, leaf, leaf.created_at)
    taken = {each.absorbed for each in below}
    return (
        _behind(
            survivor,
            [m for m in profile.merges[1:] if m not in below],
            profile.leaves,
            taken | {newest.absorbed},
        ),
        _behind(absorbed, below, {each: profile.leaves[each] for each in taken}, set()),
    )


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
        self._path = (
            self._path_to(Identity(IdentityKind.OBJECT_ID, server_object_id(self.id))) or ()
        )

    def alone(self, leaf: ProfileId) -> Profile:
        """Give one of the profiles as it is by itself."""
        path = self._path_to(Identity(IdentityKind.OBJECT_ID, server_object_id(leaf)))
        return path[-1] if path else self

    def part_of(self, identity: Identity) -> ProfileId:
        """Give which of the profiles holds an id; the survivor, if it is one of an address only."""
        path = self._path_to(identity)
        return path[-1].id if path else self.id

    def take_own(self) -> Own:
        """Give what changed of the sender alone since this was last asked."""
        own, self._own = self._own, Own()
        return own

    def apply_to_sides(
        self,
        wanted: dict[str, PropertyChange],
        shown: PropertyChanges,
        *,
        rules: Rules,
        set_at: int,
        late_at: int | None,
    ) -> None:
        """Apply a record, which changed the shown profile so, to the sides of its sender."""
        # Nothing may be lost here: no cap on keys, and what a side cannot reckon it is given.
        free = Rules(custom_keys=None, missing_is_zero=True, late_data_loses=rules.late_data_loses)
        for side in self._path:
            for name, change in wanted.items():
                if name not in shown.refused:
                    changes = _side_changes(side, name, change, shown, free, late_at)
                    side.apply(changes, set_at=set_at)
                    if side is self._path[-1]:
                        self._own.note(changes.new, changes.old)

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

    def count_event(self, name: int, at: int) -> bool:
        """Count one event; true when it is the first of this name in the sender's chain."""
        is_first = super().count_event(name, at)
        for side in self._path:
            is_first = side.count_event(name, at)
        return is_first

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


def _side(profile: Profile) -> Profile:
    """Give a profile as it is kept behind a merge."""
    return Profile(
        profile.id,
        profile.document_bytes(),
        profile.activity_bytes(),
        last_change=0,
        last_event=0,
        created_at=0,
    )


def _risen(side: Profile, chain: Chain, created_at: int) -> Profile:
    """Give a side as a profile of its own."""
    return Profile(
        side.id,
        side.document_bytes(),
        side.activity_bytes(),
        last_change=chain.last_change,
        last_event=chain.last_event,
        created_at=created_at,
    )


def _below(merges: Iterable[Merge], profile: ProfileId) -> list[Merge]:
    """Give the merges behind one of the profiles of a newer merge."""
    found: list[Merge] = []
    tops = {profile}
    for each in merges:
        if each.survivor in tops:
            found.append(each)
            tops.add(each.absorbed)
    return found


def _behind(
    profile: Profile, merges: list[Merge], leaves: Mapping[ProfileId, Leaf], but: set[ProfileId]
) -> Profile:
    kept = {each: leaf for each, leaf in leaves.items() if each not in but}
    risen = MergedProfile.of(profile, merges, kept) if merges else profile
    risen.is_touched = True
    return risen


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


def _winner(name: str, survivor: Document, absorbed: Document) -> tuple[Value | None, int]:
    ours, theirs = survivor.properties.get(name), absorbed.properties.get(name)
    our_time, their_time = set_at_of(survivor, name), set_at_of(absorbed, name)
    newest = max(our_time, their_time)
    if isinstance(ours, list) and isinstance(theirs, list):
        older, newer = (ours, theirs) if our_time <= their_time else (theirs, ours)
        return list(dict.fromkeys((*older, *newer)))[-LIST_ITEMS:], newest
    if (refusal := REFUSALS.get(name)) is not None and (ours is refusal or theirs is refusal):
        return refusal, newest
    return (ours if our_time >= their_time else theirs), newest


def _devices(survivor: Document, absorbed: Document) -> list[Device]:
    """Unite devices; over the limit the longest unseen without an active token is let go (P-08)."""
    known = {each.key: each for each in (*survivor.devices, *absorbed.devices)}
    devices = [msgspec.structs.replace(each) for each in known.values()]
    while len(devices) > DEVICES:
        devices.remove(longest_unseen(devices))
    return devices


def _parts(done: Summary) -> tuple[Any, ...]:
    return done.count, done.first, done.last
