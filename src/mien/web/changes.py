"""What happened to a person, in words: each row of the change log as a few lines."""

from collections.abc import Iterator, Mapping

import msgspec

from mien.domain.changes import Change
from mien.domain.identities import WIRE_NAMES, IdentityKind, server_object_id
from mien.domain.ids import ProfileId
from mien.services.wires import MEMBER, SDK, Wire

_WAYS = {
    Wire.COMPATIBLE: "compatible API",
    Wire.NATIVE: "API",
    SDK: "SDK",
    MEMBER: "dashboard",
    "cli": "command line",
}
"""What people call the ways in, by what the source of a change begins with."""


class Line(msgspec.Struct, frozen=True):
    """One thing that changed: what was done, to what, and the values; None is none."""

    did: str
    name: str = ""
    old: object = None
    new: object = None
    other: str = ""
    """The objectId of another profile that has to do with it."""


def made_by(source: str, actors: Mapping[str, str]) -> str:
    """Say who made a change, and by which way: `Ana (dashboard)`."""
    kind, _, number = source.partition(":")
    way = _WAYS["cli"] if number == "cli" else _WAYS.get(kind, kind)
    name = actors.get(source)
    return way if name is None else f"{name} ({way})"


def lines_of(change: Change) -> list[Line]:
    """Say what a change did."""
    return [*_made(change), *_properties(change), *_ids(change), *_devices(change), *_said(change)]


def _made(change: Change) -> Iterator[Line]:
    if change.created:
        yield Line("Profile made")
    if change.merge:
        other = _object_id(change.absorbed or change.survivor)
        did = {
            (True, False): "Took in another profile",
            (True, True): "Gave back another profile",
            (False, False): "Joined another profile",
            (False, True): "Left another profile",
        }[bool(change.absorbed), change.is_undo]
        yield Line(did, other=other)


def _properties(change: Change) -> Iterator[Line]:
    for name, new in change.new.items():
        old = change.old.get(name)
        did = "Removed" if new is None else "Added" if old is None else "Changed"
        yield Line(did, name, old, new)
    if change.mapped_from:
        yield Line("From the event", change.mapped_from)


def _ids(change: Change) -> Iterator[Line]:
    for kind, value in change.attached:
        yield Line("Got the id", _kind(kind), new=value)
    for kind, value in change.detached:
        yield Line("Lost the id", _kind(kind), old=value)
    for kind, value, other in change.conflicts:
        yield Line("Came with the id of somebody else", _kind(kind), value, other=_object_id(other))


def _devices(change: Change) -> Iterator[Line]:
    if change.token:
        yield Line("Takes push messages", change.device)
    elif change.token_lost:
        yield Line("Takes no push messages any more", change.device)
    elif change.device:
        yield Line("Got the device", change.device, other=_object_id(change.device_from))
    if change.device_lost:
        yield Line("Lost the device", change.device_lost, other=_object_id(change.device_to))
    for name, fact in change.learned.items():
        yield Line("Learned of a device", name.replace("_", " "), new=fact)


def _said(change: Change) -> Iterator[Line]:
    for name, state in change.flags.items():
        yield Line("Preference", name, new=state)
    for channel, groups in change.groups.items():
        for group, is_in in groups.items():
            yield Line("Joined the group" if is_in else "Left the group", f"{channel}: {group}")


def _kind(kind: int) -> str:
    return WIRE_NAMES[IdentityKind(kind)]


def _object_id(profile: int) -> str:
    return server_object_id(ProfileId(profile)) if profile else ""
