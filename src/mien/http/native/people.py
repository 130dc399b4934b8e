"""A person as `/v1` writes one: the profile, its changes and its events."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from mien.domain.changes import Change
from mien.domain.devices import Device, PushToken
from mien.domain.identities import IdentityKind, server_object_id
from mien.domain.ids import ProfileId
from mien.domain.preferences import is_disabled
from mien.http.native.answers import (
    DeviceChange,
    DeviceOf,
    ErasureAnswer,
    EventEntry,
    EventSummary,
    HistoryEntry,
    MergeOf,
    ProfileAnswer,
    ReachOf,
    TokenOf,
)
from mien.http.native.calls import instant
from mien.http.native.results import write_changes, write_identity
from mien.services.erase import ErasureReceipt
from mien.services.history import DoneEvent, PersonView
from mien.store.log import StoredChange

_decode = msgspec.json.Decoder(dict[str, object]).decode


def render_person(view: PersonView) -> ProfileAnswer:
    """Write a profile; its identifiers are the ids of the person, then those of its devices."""
    profile = view.profile
    named = [value for kind, value in profile.identities if kind == IdentityKind.IDENTITY]
    identities = [write_identity(kind, value) for kind, value in profile.identities]
    identities += [
        write_identity(IdentityKind.OBJECT_ID, device.object_id) for device in profile.devices
    ]
    return ProfileAnswer(
        object_id=profile.object_id,
        distinct_id=named[0] if named else None,
        type="identified" if profile.is_identified else "anonymous",
        disabled=is_disabled(profile.properties),
        identities=identities,
        properties=dict(profile.properties),
        derived=dict(view.derived),
        events={
            name: EventSummary(count=done.count, first_seen=done.first, last_seen=done.last)
            for name, done in profile.events.items()
        },
        devices=[_device(device) for device in profile.devices],
        groups=profile.groups,
        reachable={
            channel: ReachOf(can=reach.can, reason=reach.reason)
            for channel, reach in view.reachable.items()
        },
        created_at=instant(profile.created_at),
        updated_at=instant(view.updated_at),
    )


def render_change(stored: StoredChange, actors: Mapping[str, str]) -> HistoryEntry:
    """Write a row of the change log."""
    change = stored.change
    return HistoryEntry(
        received_at=instant(stored.received_at),
        at=change.at,
        source=stored.source,
        actor=actors.get(stored.source),
        created=change.created,
        changes=write_changes(change.new, change.old),
        mapped_from=change.mapped_from or None,
        attached=[write_identity(kind, value) for kind, value in change.attached],
        detached=[write_identity(kind, value) for kind, value in change.detached],
        merge=_merge(change) if change.merge else None,
        conflicts=[
            write_identity(kind, value, other=other) for kind, value, other in change.conflicts
        ],
        devices=_device_changes(change),
        learned=change.learned,
        flags=change.flags,
        groups=change.groups,
    )


def render_receipt(receipt: ErasureReceipt) -> ErasureAnswer:
    """Write what an erasure removed."""
    return ErasureAnswer(
        object_id=receipt.object_id,
        erased_at=instant(receipt.erased_at),
        removed=receipt.removed,
        hashes_kept=receipt.hashes_kept,
    )


def render_event(done: DoneEvent, actors: Mapping[str, str]) -> EventEntry:
    """Write an event of a profile."""
    stored = done.stored
    return EventEntry(
        name=done.name,
        at=stored.occurred_at,
        properties=_decode(stored.body),
        object_id=stored.object_id or None,
        grey=done.is_grey,
        session=_decode(stored.session) if stored.session else {},
        received_at=instant(stored.received_at),
        source=stored.source,
        actor=actors.get(stored.source),
    )


def _device(device: Device) -> DeviceOf:
    return DeviceOf(
        object_id=device.object_id,
        token=None if device.token is None else _token(device.token),
        first_seen_at=device.first_seen_at,
        seen_at=device.seen_at,
        **device.facts(),
    )


def _token(token: PushToken) -> TokenOf:
    return TokenOf(
        id=token.id,
        type=token.type,  # type: ignore[arg-type]  # checked when it came
        keys=token.keys,
        state="active" if token.inactive_reason is None else "inactive",
        inactive_since=token.inactive_since,
        inactive_reason=token.inactive_reason,
    )


def _merge(change: Change) -> MergeOf:
    if change.absorbed:
        action: Literal["took_in", "joined", "gave_back", "left"] = (
            "gave_back" if change.is_undo else "took_in"
        )
    else:
        action = "left" if change.is_undo else "joined"
    other = server_object_id(ProfileId(change.absorbed or change.survivor))
    return MergeOf(id=change.merge, action=action, object_id=other)


def _device_changes(change: Change) -> list[DeviceChange]:
    found: list[DeviceChange] = []
    if change.token:
        found.append(DeviceChange(object_id=change.device, action="token", token=change.token))
    elif change.token_lost:
        found.append(
            DeviceChange(
                object_id=change.device,
                action="token_lost",
                token=change.token_lost,
                reason=change.token_loss,
                to=_other(change.device_to),
            )
        )
    elif change.device:
        origin = _other(change.device_from)
        found.append(DeviceChange(object_id=change.device, action="bound", from_=origin))
    if change.device_lost:
        taker = _other(change.device_to)
        found.append(DeviceChange(object_id=change.device_lost, action="lost", to=taker))
    return found


def _other(profile: int) -> str | None:
    return server_object_id(ProfileId(profile)) if profile else None
