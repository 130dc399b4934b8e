"""Two profiles that are one person: how they become one, and how they come apart again.

A merge shows one profile, the survivor's, made of both by `merge_documents`, and keeps both
as its sides (`MergedProfile`). Undoing it is then no reckoning: the sides are there. Events
and changes stay in the chain of the profile that they came to, for ever. Source: P-07, B-01.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mien.domain.devices import DEVICES, Device, longest_unseen
from mien.domain.documents import Document, PropertyChanges, set_at_of
from mien.domain.events import Activity, Summary
from mien.domain.identities import Identity
from mien.domain.ids import ProfileId
from mien.domain.merged_profiles import Leaf, Merge, MergedProfile
from mien.domain.preferences import REFUSALS, strictest_groups
from mien.domain.profiles import Chain, Profile
from mien.domain.values import LIST_ITEMS, Value


class Conflict(msgspec.Struct, frozen=True):
    """A property of which both profiles have another value, and what becomes of it."""

    property: str
    survivor: Value
    absorbed: Value
    result: Value | None


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
