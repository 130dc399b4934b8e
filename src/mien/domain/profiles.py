"""The working copy of a profile: its document and what it did, while a batch is applied.

Source: P-02, P-08.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from mien.domain.devices import SEEN_EVERY_SECONDS, Device, DeviceFacts
from mien.domain.documents import Document, PropertyChanges
from mien.domain.events import Activity
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.preferences import Address, GroupChange, addresses


class Chain(Protocol):
    """Whose events and changes follow each other: the newest of each, 0 for none."""

    id: ProfileId
    last_change: int
    last_event: int


_decode_document = msgspec.json.Decoder(Document).decode
_decode_activity = msgspec.json.Decoder(Activity).decode
_encode = msgspec.json.Encoder().encode


class Profile:
    """The working copy of one profile while a batch is applied to it.

    Document and activity are decoded when first asked for, and encoded only if
    they were: an event does not touch the document.
    """

    __slots__ = (
        "_activity",
        "_activity_bytes",
        "_document",
        "_document_bytes",
        "created_at",
        "id",
        "is_merged",
        "is_new",
        "is_touched",
        "last_change",
        "last_event",
    )

    def __init__(
        self,
        profile: ProfileId,
        document: bytes,
        activity: bytes,
        *,
        last_change: int,
        last_event: int,
        created_at: int,
        is_merged: bool = False,
    ) -> None:
        self.id = profile
        self.is_merged = is_merged
        self._document_bytes, self._activity_bytes = document, activity
        self._document: Document | None = None
        self._activity: Activity | None = None
        self.last_change, self.last_event = last_change, last_event
        self.created_at = created_at
        self.is_new = self.is_touched = False

    @classmethod
    def create(cls, profile: ProfileId, *, created_at: int, base_at: int) -> "Profile":
        """Begin a profile; both times are epoch milliseconds."""
        made = cls(profile, b"", b"{}", last_change=0, last_event=0, created_at=created_at)
        made._document = Document(base_at)
        made.is_new = made.is_touched = True
        return made

    @classmethod
    def showing(cls, of: "Profile", document: Document, activity: Activity) -> "Profile":
        """Give another document and activity to a profile."""
        made = cls(
            of.id,
            b"",
            b"",
            last_change=of.last_change,
            last_event=of.last_event,
            created_at=of.created_at,
        )
        made._document, made._activity = document, activity
        made.is_touched = True
        return made

    @property
    def document(self) -> Document:
        """The document, decoded once."""
        if self._document is None:
            self._document = _decode_document(self._document_bytes)
        return self._document

    @property
    def activity(self) -> Activity:
        """What the profile did, decoded once."""
        if self._activity is None:
            self._activity = _decode_activity(self._activity_bytes)
        return self._activity

    def document_bytes(self) -> bytes:
        """Give the document as stored."""
        return self._document_bytes if self._document is None else _encode(self._document)

    def activity_bytes(self) -> bytes:
        """Give the activity as stored."""
        return self._activity_bytes if self._activity is None else _encode(self._activity)

    def apply(self, changes: PropertyChanges, *, set_at: int) -> None:
        """Take over computed changes; `set_at` is epoch milliseconds."""
        self.is_touched = True
        document = self.document
        if self.is_new and not document.properties and not changes.old:
            document.properties = dict(changes.new)  # type: ignore[arg-type]  # nothing removed yet
        else:
            for key, value in changes.new.items():
                if value is None:
                    document.properties.pop(key, None)
                else:
                    document.properties[key] = value
        keys = (*changes.new, *changes.confirmed) if changes.confirmed else changes.new
        if set_at != document.base_at:
            document.set_at.update(dict.fromkeys(keys, set_at))
        elif document.set_at or changes.old or changes.confirmed:
            # A property that is gone keeps its time, or late data would bring it back.
            for key in keys:
                if key in document.properties:
                    document.set_at.pop(key, None)
                else:
                    document.set_at[key] = set_at

    @property
    def parts(self) -> "Sequence[Profile]":
        """The profile, and the sides behind it if it took in others."""
        return (self,)

    @property
    def is_anonymous(self) -> bool:
        """Is no id of a person known? Reachability does not matter here (P-04)."""
        return all(kind == IdentityKind.EMAIL for kind, _ in self.document.identities)

    @property
    def reached(self) -> set[Address]:
        """The addresses that find this profile."""
        return set(addresses(self.document.properties))

    @property
    def chain(self) -> "Chain":
        """Where events and changes of the present sender are chained."""
        return self

    @property
    def chains(self) -> "Sequence[Chain]":
        """All chains of what the profile did and what became of it."""
        return (self,)

    def turn_to(self, senders: Iterable[Identity]) -> None:
        """Say by which ids the next record came; it matters to those who took in others."""

    def alone(self, leaf: ProfileId) -> "Profile":  # noqa: ARG002 - it is made of itself only
        """Give one of the profiles that it is made of as it is by itself."""
        return self

    def part_of(self, identity: Identity) -> ProfileId:  # noqa: ARG002 - it is made of itself only
        """Give which of the profiles that it is made of holds an id."""
        return self.id

    def take_over(self, key: str) -> None:
        """Give a device to the sender alone; there is nobody else to take it from."""

    def attach(self, identities: Iterable[Identity]) -> None:
        """Add ids of the person, in order."""
        self.is_touched = True
        held = self.document.identities
        held.extend((kind, value) for kind, value in identities if (kind, value) not in held)

    def detach(self, identity: Identity) -> None:
        """Take an id of the person away."""
        self.document.identities = [each for each in self.document.identities if each != identity]
        self.is_touched = True

    def add_device(self, device: Device) -> None:
        """Bind a device."""
        self.is_touched = True
        self.document.devices.append(device)

    def remove_device(self, key: str) -> Device | None:
        """Let a device go; `key` is its objectId without a leading `-`."""
        device = self.find_device(key)
        if device is not None:
            self.is_touched = True
            self.document.devices.remove(device)
        return device

    def find_device(self, key: str) -> Device | None:
        """Find a device by its objectId without a leading `-`."""
        return next((each for each in self.document.devices if each.key == key), None)

    def find_token(self, token: str) -> Device | None:
        """Find the device that has an active push token."""
        for device in self.document.devices:
            if (active := device.active_token) is not None and active.id == token:
                return device
        return None

    def see_device(self, key: str, facts: DeviceFacts | None, *, at: int) -> dict[str, str]:
        """Note that a device was there (epoch seconds), and give what was learned of it."""
        device = self.find_device(key)
        if device is None:
            return {}
        learned = {} if facts is None else device.learn(facts)
        if learned or at - device.seen_at >= SEEN_EVERY_SECONDS:
            device.seen_at = max(at, device.seen_at)
            self.is_touched = True
        return learned

    def change_device(self, key: str, **changes: object) -> None:
        """Set fields of a device, wherever this profile has it."""
        for part in self.parts:
            if (device := part.find_device(key)) is not None:
                part.is_touched = True
                for name, value in changes.items():
                    setattr(device, name, value)

    def count_event(self, name: int, at: int) -> None:
        """Count one event (epoch seconds)."""
        self.is_touched = True
        self.activity.add(name, at)

    def change_group(self, change: GroupChange) -> bool:
        """Set one subscription group; true if that changed anything."""
        groups = self.document.groups.setdefault(change.channel, {})
        if groups.get(change.group) is change.is_subscribed:
            return False
        groups[change.group] = change.is_subscribed
        self.is_touched = True
        return True
