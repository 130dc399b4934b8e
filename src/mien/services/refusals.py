"""The part of a record that was not written, in the shape in which it can be sent again."""

from collections.abc import Mapping, Sequence

from mien.domain.identities import WIRE_NAMES, Identity
from mien.domain.mappings import Mapped
from mien.domain.records import EventRecord, ProfileRecord
from mien.domain.rejects import Reject, RejectCode

_NAMED = 5
"""How many of the values that were not written a reason names."""


def refusal_of_keys(record: ProfileRecord, refused: Sequence[str]) -> Reject:
    """Give the properties of a record for which the profile had no room (U-10)."""
    data = record.raw["profileData"]
    part = {key: data[key] for key in refused if isinstance(data, dict)}
    reason = f"The profile has 256 custom keys; these new ones were not written: {_named(refused)}"
    raw = _profile(record.person[: record.alias_from], record.object_id, part)
    return Reject(record.position, RejectCode.TOO_MANY_KEYS, reason, raw)


def refusal_of_mapping(record: EventRecord, mapped: Mapped, full: Sequence[str]) -> Reject:
    """Give the properties that an event was to set and did not: unfit, or no room for them."""
    refused = [*mapped.refused, *full]
    why = [*mapped.refused.values(), *["The profile has 256 custom keys"] * bool(full)]
    reason = (
        f"The event was taken; of what it is mapped onto this was not written: {_named(refused)} "
        f"({'; '.join(why[:_NAMED])})"
    )
    raw = _profile(
        record.person, record.object_id, {key: mapped.raw[key] for key in refused}, at=record.at
    )
    return Reject(record.position, RejectCode.MAPPING, reason, raw)


def _named(keys: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys[:_NAMED]) + (", …" if len(keys) > _NAMED else "")


def _profile(
    person: Sequence[Identity],
    object_id: str,
    data: Mapping[str, object],
    *,
    at: int | None = None,
) -> dict[str, object]:
    """Write a profile record; its ids are those of the person, else that of the device."""
    named = {WIRE_NAMES[kind]: value for kind, value in person}
    raw: dict[str, object] = {"type": "profile", **(named or {"objectId": object_id})}
    if at is not None:
        raw["ts"] = at
    return {**raw, "profileData": data}
