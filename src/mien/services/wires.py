"""The two shapes in which records come in, and how one becomes the other.

A record of our own API is renamed, key by key, into the shape that `domain.records`
reads. The renaming loses nothing: a key that would collide is set apart by a `$`, so
the record can be given back as it came. Which way a record came is told by its
source: `v1:3` is key 3 on our own API, `api:3` the same key on the compatible one.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from mien.domain.rejects import RejectCode
from mien.services.local import LOCAL_KEY


class Wire(StrEnum):
    """A way in; the value begins the source of all that came by it."""

    COMPATIBLE = "api"
    NATIVE = "v1"

    def source(self, key_id: int) -> str:
        """Name a key that sends by this way; commands on the server's own machine have none."""
        return f"{self.value}:{'cli' if key_id == LOCAL_KEY else key_id}"


SDK = "sdk"
"""Begins the source of what our own SDKs send, in the shape of our own API."""

MEMBER = "member"
"""Begins the source of what members do in the dashboard, in the shape of our own API."""

_NAMES: Mapping[str, str] = {
    "distinct_id": "identity",
    "facebook_id": "FBID",
    "google_id": "GPID",
    "object_id": "objectId",
    "properties": "profileData",
    "name": "evtName",
    "at": "ts",
    "token": "tokenData",
    "device": "deviceData",
    "session": "sessionData",
}
_EVENT_NAMES: Mapping[str, str] = {**_NAMES, "properties": "evtData"}
_BACK: Mapping[str, str] = {
    **{raw: native for native, raw in _NAMES.items()},
    "evtData": "properties",
}

_IDS = frozenset({"type", "distinct_id", "facebook_id", "google_id", "object_id"})
_KEYS: Mapping[object, frozenset[str]] = {
    "profile": _IDS | {"properties", "at", "device"},
    "event": _IDS | {"name", "properties", "at", "device", "session"},
    "token": frozenset({"type", "object_id", "token"}),
}
_WORDS = re.compile(r"\b(?:" + "|".join(_BACK) + r")\b")


def wire_of(source: str) -> Wire:
    """Tell by which way records with this source came."""
    way = source.partition(":")[0]
    return Wire.NATIVE if way in (Wire.NATIVE, SDK, MEMBER) else Wire.COMPATIBLE


def to_raw(record: object) -> object:
    """Give a native record in the shape that `domain.records` reads."""
    if type(record) is not dict:
        return record
    names = _EVENT_NAMES if record.get("type") == "event" else _NAMES
    return {names.get(key) or _apart(key): value for key, value in record.items()}


def from_raw(raw: object) -> object:
    """Give a record that `to_raw` renamed as it came."""
    if type(raw) is not dict:
        return raw
    return {_BACK.get(key) or key.removeprefix("$"): value for key, value in raw.items()}


def shape_of(record: object, otherwise: Wire) -> Wire:
    """Tell whose keys a record has; `otherwise` is meant where it has those of both or neither."""
    if not isinstance(record, dict):
        return otherwise
    is_native = any(key in record for key in _NAMES)
    if is_native is any(key in record for key in _BACK):
        return otherwise
    return Wire.NATIVE if is_native else Wire.COMPATIBLE


def ignored_keys(record: object) -> tuple[str, ...]:
    """Give the keys of a native record that mean nothing in a record of its type."""
    if type(record) is not dict:
        return ()
    kind = record.get("type")
    known = _KEYS.get(kind) if isinstance(kind, str) else None
    if known is None or record.keys() <= known:
        return ()
    return tuple(key for key in record if key not in known)


def native_reason(code: int, reason: str) -> str:
    """Say why a record was rejected in the names of our own API; quoted values stay."""
    if code == RejectCode.IDENTITY_DELETE:
        return reason  # it names a key of the properties, which both ways share
    parts = reason.split("'")
    parts[::2] = [_WORDS.sub(lambda found: _BACK[found[0]], part) for part in parts[::2]]
    return "'".join(parts)


def _apart(key: str) -> str:
    return f"${key}" if key in _BACK or key.startswith("$") else key
