"""A profile: its document, and how a record changes it.

`property_changes` computes what would change and `Profile.apply` applies it, so that
a failing record leaves nothing behind. Source: U-10, U-12, U-22, P-02, P-03.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from mien.domain.changes import Own
from mien.domain.devices import SEEN_EVERY_SECONDS, Device, DeviceFacts
from mien.domain.events import Activity
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.operations import Operation, operate
from mien.domain.preferences import Address, GroupChange, addresses
from mien.domain.records import PropertyChange
from mien.domain.values import Value

CUSTOM_KEYS = 256

TEST_MARK, IS_TEST = "ct_is_test_user", "Yes"
"""The property that marks a test profile, and its value (P-11)."""


class Rules(msgspec.Struct, frozen=True):
    """What differs between the compatible API and our own.

    `custom_keys` caps new custom keys of a profile (None: no cap). `missing_is_zero`
    lets `$incr` start at 0. `late_data_loses` leaves a property that was set at a
    later time than the record's explicit one. `takes_tokens_back` lets a record with
    null for a push token give it up.
    """

    custom_keys: int | None = CUSTOM_KEYS
    missing_is_zero: bool = False
    late_data_loses: bool = False
    takes_tokens_back: bool = False


COMPATIBLE = Rules()
NATIVE = Rules(custom_keys=None, missing_is_zero=True, late_data_loses=True, takes_tokens_back=True)


class Document(msgspec.Struct, omit_defaults=True, gc=False):
    """What is known of one person.

    `properties` by name, standard and custom. `set_at` has the time (epoch
    milliseconds) of each property that was set at another time than `base_at`.
    `identities` are pairs of kind and value, in the order in which they came.
    `groups` is by channel, then by group: subscribed or not.
    """

    base_at: int
    properties: dict[str, Value] = {}
    set_at: dict[str, int] = {}
    identities: list[tuple[IdentityKind, str]] = []
    devices: list[Device] = []
    groups: dict[str, dict[str, bool]] = {}


class PropertyChanges(msgspec.Struct, gc=False):
    """What a record does to properties: values after (None: removed) and before (absent: unset).

    `stale` are left since a later time set them, `refused` since the profile is full.
    `confirmed` are as the record says already, but so far as of an earlier time (U-22).
    """

    new: dict[str, Value | None]
    old: dict[str, Value]
    stale: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()


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

    def apply_to_sides(
        self,
        wanted: dict[str, PropertyChange],
        shown: PropertyChanges,
        *,
        rules: Rules,
        set_at: int,
        late_at: int | None,
    ) -> None:
        """Apply a record to the sides of its sender; there are none."""

    def alone(self, leaf: ProfileId) -> "Profile":  # noqa: ARG002 - it is made of itself only
        """Give one of the profiles that it is made of as it is by itself."""
        return self

    def part_of(self, identity: Identity) -> ProfileId:  # noqa: ARG002 - it is made of itself only
        """Give which of the profiles that it is made of holds an id."""
        return self.id

    def take_over(self, key: str) -> None:
        """Give a device to the sender alone; there is nobody else to take it from."""

    def take_own(self) -> Own:
        """Give what changed of the sender alone; nothing for who took in nobody."""
        return Own()

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

    def count_event(self, name: int, at: int) -> bool:
        """Count one event (epoch seconds); true when it is the first of this name in its chain."""
        self.is_touched = True
        return self.activity.add(name, at)

    def change_group(self, change: GroupChange) -> bool:
        """Set one subscription group; true if that changed anything."""
        groups = self.document.groups.setdefault(change.channel, {})
        if groups.get(change.group) is change.is_subscribed:
            return False
        groups[change.group] = change.is_subscribed
        self.is_touched = True
        return True


def property_changes(
    document: Document,
    wanted: dict[str, PropertyChange],
    *,
    rules: Rules,
    late_at: int | None,
) -> PropertyChanges:
    """Compute what a record would change, or raise `Rejected` and change nothing.

    `late_at` is the record's explicit time in epoch milliseconds, None if it is now.
    """
    properties = document.properties
    new: dict[str, Value | None] = {}
    old: dict[str, Value] = {}
    stale: list[str] = []
    confirmed: list[str] = []
    late = late_at if rules.late_data_loses else None
    if not properties and late is None and not any(map(_is_operation, wanted.values())):
        # The first record of a profile, as most are: all of it is new.
        new, wanted = dict(wanted), {}  # type: ignore[arg-type]  # there is no operation in it
    for key, change in wanted.items():
        before = properties.get(key)
        if late is None and change == before and type(change) is type(before):
            continue  # as it was: most of what updates send
        if late is not None and late < set_at_of(document, key):
            stale.append(key)
            continue
        after = _operated(key, before, change, rules) if isinstance(change, Operation) else change
        if after == before and type(after) is type(before):
            if late is not None and late > set_at_of(document, key):
                confirmed.append(key)
            continue
        new[key] = after
        if before is not None:
            old[key] = before
    refused = _refuse_new_keys(properties, new, rules.custom_keys)
    return PropertyChanges(new, old, tuple(stale), refused, tuple(confirmed))


def _is_operation(change: PropertyChange) -> bool:
    return type(change) is Operation


def _operated(key: str, before: Value | None, operation: Operation, rules: Rules) -> Value | None:
    """Give a property after an operator; a standard field keeps its form (Age may count)."""
    after = operate(key, before, operation, missing_is_zero=rules.missing_is_zero)
    field = STANDARD_FIELDS.get(key)
    return after if after is None or field is None else field.check(after)


def set_at_of(document: Document, key: str) -> int:
    """Give when a property was last set or removed (epoch milliseconds), 0 for never."""
    if (at := document.set_at.get(key)) is not None:
        return at
    return document.base_at if key in document.properties else 0


def _refuse_new_keys(
    properties: dict[str, Value], new: dict[str, Value | None], cap: int | None
) -> tuple[str, ...]:
    """Drop from `new` the custom keys that the profile has no room for, and name them."""
    if cap is None or len(properties) + len(new) <= cap:
        return ()
    held = sum(1 for key in properties if key not in STANDARD_FIELDS)
    held -= sum(1 for key, value in new.items() if value is None and key not in STANDARD_FIELDS)
    added = [key for key in new if key not in properties and key not in STANDARD_FIELDS]
    refused = tuple(added[max(0, cap - held) :])
    for key in refused:
        del new[key]
    return refused


def is_identified(document: Document) -> bool:
    """Tell whether the data names or reaches a person; else the profile is anonymous (P-03)."""
    properties = document.properties
    return bool(
        document.identities
        or "Email" in properties
        or "Phone" in properties
        or any(device.active_token is not None for device in document.devices)
    )
