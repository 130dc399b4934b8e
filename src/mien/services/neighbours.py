"""Other people's histories, cleansed of somebody who is erased (P-15).

A device or a push token may have come from another profile or gone to one, and a record
may have confused two people: then the history of one tells of the other. What it tells
of the erased goes; what the others did stays theirs, without the device of the erased.
"""

from collections.abc import Collection, Iterable

import msgspec

from mien.domain.changes import Change, encode_change
from mien.domain.devices import Device
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.services.pending import Pending
from mien.services.reading import find_shown
from mien.services.registry import Registry
from mien.store import log, merges, people
from mien.store.engine import Transaction

_replace = msgspec.structs.replace


class Traces(msgspec.Struct, frozen=True):
    """What of a person may stand with others: numbers, devices by key, active push tokens."""

    profiles: frozenset[ProfileId]
    devices: frozenset[str]
    tokens: frozenset[str]

    @classmethod
    def of(cls, profile: Profile) -> "Traces":
        """Give what may stand with others of a profile and of all that it took in."""
        devices = [device for part in profile.parts for device in part.document.devices]
        active = [device.active_token for device in devices]
        return cls(
            frozenset(chain.id for chain in profile.chains),
            frozenset(device.key for device in devices),
            frozenset(token.id for token in active if token is not None),
        )


def cleanse_neighbours(
    tx: Transaction, environment: EnvironmentId, profile: Profile, *, now_ms: int
) -> int:
    """Take a person out of the histories of others; gives how many entries were changed.

    Call it while the person's own history is still there: it tells who they are.
    """
    traces = Traces.of(profile)
    met = _met(tx, environment, traces.profiles)
    waiting = _linked(tx, environment, profile) | met
    seen: set[ProfileId] = set(traces.profiles)
    changed = 0
    while waiting:
        found = find_shown(tx, environment, waiting.pop())
        if found is None or found.id in seen:
            continue
        seen.add(found.id)
        neighbour = merges.lock(tx, environment, [found.id])[found.id]
        entries, further = _cleanse_history(tx, environment, neighbour, traces, met)
        changed += entries
        waiting |= further - seen
        if entries:
            _cleanse_events(tx, environment, neighbour, traces)
            _cleanse_tokens(tx, environment, neighbour, traces, now_ms=now_ms)
    return changed


def _met(
    tx: Transaction, environment: EnvironmentId, parts: Collection[ProfileId]
) -> set[ProfileId]:
    """Give those who were one with a person for a while, and with those, and so on.

    Whose values the changes of that time hold cannot be told from these, so they count all.
    """
    met, fresh = set(parts), set(parts)
    while fresh:
        fresh = merges.met(tx, environment, fresh) - met
        met |= fresh
    return met.difference(parts)


def _linked(tx: Transaction, environment: EnvironmentId, profile: Profile) -> set[ProfileId]:
    """Give the profiles that a person's history leads to, or that records confused it with."""
    linked: set[ProfileId] = set()
    for chain in profile.chains:
        linked.update(people.confused_with(tx, environment, chain.id))
        for stored in log.walk_changes(tx, environment, chain.last_change):
            linked |= _named_in(stored.change)
    return linked


def _named_in(change: Change) -> set[ProfileId]:
    """Give the other profiles that a change names."""
    others = (change.device_from, change.device_to, change.absorbed, change.survivor)
    return {ProfileId(each) for each in others if each}


def _cleanse_history(
    tx: Transaction,
    environment: EnvironmentId,
    neighbour: Profile,
    traces: Traces,
    met: Collection[ProfileId],
) -> tuple[int, set[ProfileId]]:
    """Rewrite the changes that tell of a person; give how many, and whom else they lead to.

    Who had the person's device before the neighbour did has it in its history too.
    """
    entries, further = 0, set[ProfileId]()
    for chain in neighbour.chains:
        for stored in log.walk_changes(tx, environment, chain.last_change):
            change = stored.change.alone() if chain.id in met else stored.change
            cleansed = _cleansed(change, traces)
            if cleansed != stored.change:
                entries += 1
                further |= _named_in(stored.change)
                log.rewrite_change(tx, environment, stored.sequence, encode_change(cleansed))
    return entries, further


def _cleansed(change: Change, traces: Traces) -> Change:
    """Give a change without what it tells of a person."""
    if change.device.removeprefix("-") in traces.devices or traces.tokens & {
        change.token,
        change.token_lost,
    }:
        change = _replace(change, device="", device_from=0, device_to=0, token="")
        change = _replace(change, token_lost="", token_loss=None)
    if change.device_lost.removeprefix("-") in traces.devices:
        change = _replace(change, device_lost="", device_to=0)
    if change.learned_of.removeprefix("-") in traces.devices:
        change = _replace(change, learned_of="", learned={})
    if traces.profiles & {change.absorbed, change.survivor}:
        change = _replace(change, merge=0, absorbed=0, survivor=0, is_undo=False)
    others = {
        name: 0 for name in ("device_from", "device_to") if getattr(change, name) in traces.profiles
    }
    conflicts = tuple(each for each in change.conflicts if each[2] not in traces.profiles)
    return _replace(change, **others, conflicts=conflicts)


def _cleanse_events(
    tx: Transaction, environment: EnvironmentId, neighbour: Profile, traces: Traces
) -> None:
    """Take a person's devices from events that others did with them before, and from links to these."""
    for chain in neighbour.chains:
        found = [
            stored.sequence
            for stored in log.walk_events(tx, environment, chain.last_event)
            if stored.object_id.removeprefix("-") in traces.devices
        ]
        log.blank_devices(tx, environment, found)
        merges.blank_grey_devices(tx, environment, chain.id, traces.devices)


def _cleanse_tokens(
    tx: Transaction,
    environment: EnvironmentId,
    neighbour: Profile,
    traces: Traces,
    *,
    now_ms: int,
) -> None:
    """Take a person's push tokens from the devices of others, where they are inactive."""
    for device in list(_devices(neighbour)):
        if device.token is not None and device.token.id in traces.tokens:
            neighbour.change_device(device.key, token=None)
    if neighbour.is_touched:
        registry = Registry(environment)
        Pending().flush(tx, environment, registry, [neighbour], now_ms=now_ms)


def _devices(profile: Profile) -> Iterable[Device]:
    return (device for part in profile.parts for device in part.document.devices)
