"""The records a caller builds, and their form on the wire (`POST /v1/batch`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from mien_client.values import UnsendableValueError, epoch_seconds, render_properties

MAX_RECORD_BYTES = 8 * 1024 * 1024 - 64  # a batch of one must stay below 8 MiB, with its braces


class _Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """What profile and event records share: whom they are about, what and when.

    At least one id is needed. `properties` may hold text, booleans, integers,
    floats, lists, nested objects and aware datetimes (sent as `$D_<epoch>`).
    `at` is an aware datetime or whole seconds since 1970; the server's time if
    left out. A naive datetime in `at` is a `ValueError`.
    """

    distinct_id: str | None = None
    object_id: str | None = None
    facebook_id: str | None = None
    google_id: str | None = None
    properties: Mapping[str, Any] = {}
    at: datetime | int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.at, datetime):
            epoch_seconds(self.at)


class ProfileRecord(_Addressed, frozen=True, kw_only=True):
    """Properties to set on a profile.

    A value may be an operator: `{"$add": ["a"]}`, `{"$remove": "a"}`,
    `{"$incr": 1}`, `{"$decr": 1}`, `{"$set": …}`, `{"$delete": True}`.
    """


class EventRecord(_Addressed, frozen=True):
    """Something that a profile did: `EventRecord("Charged", distinct_id="ana")`."""

    name: str


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A push token of a device that the server already knows.

    `token_type` is `fcm`, `gcm`, `apns`, `chrome`, `wns` or `mpns`. `keys`
    (`p256dh`, `auth`) go with `chrome` only.
    """

    object_id: str
    token_id: str
    token_type: str
    keys: Mapping[str, str] | None = None


Record = ProfileRecord | EventRecord | TokenRecord


class Unsendable(msgspec.Struct, frozen=True):
    """A record that cannot be put on the wire, and why. Its neighbours still go."""

    reason: str


def encode_record(record: Record) -> bytes | Unsendable:
    """Write one record as JSON, or say why it cannot be sent.

    What is no record at all is a TypeError.
    """
    try:
        return _bounded(msgspec.json.encode(render_record(record)))
    except UnsendableValueError as error:
        return Unsendable(f"Not sent: {error}")
    except UnicodeEncodeError:
        return Unsendable("Not sent: a text holds half of a surrogate pair")


def encode_replay(reject_id: int, mended: Record | Mapping[str, Any] | None) -> bytes | Unsendable:
    """Write one line of a replay; `mended` takes the place of the kept record."""
    if mended is None:
        return msgspec.json.encode({"id": reject_id})
    record = encode_record(mended) if isinstance(mended, Record) else _encode_mapping(mended)
    if isinstance(record, Unsendable):
        return record
    return _bounded(msgspec.json.encode({"id": reject_id, "record": msgspec.Raw(record)}))


def render_record(record: Record) -> dict[str, Any]:
    """Give a record as the API documents it; raises UnsendableValueError."""
    match record:
        case EventRecord():
            return {"type": "event", "name": record.name, **_render_addressed(record)}
        case ProfileRecord():
            return {"type": "profile", **_render_addressed(record)}
        case TokenRecord():
            token = {"id": record.token_id, "type": record.token_type}
            keys = {} if record.keys is None else {"keys": dict(record.keys)}
            return {"type": "token", "object_id": record.object_id, "token": {**token, **keys}}
        case _:
            raise _not_a_record(record)


def _not_a_record(other: object) -> TypeError:
    # Callers without a type checker reach this, most often with a plain dict.
    kind = type(other).__name__
    return TypeError(f"records are ProfileRecord, EventRecord or TokenRecord; got a {kind}")


def _render_addressed(record: ProfileRecord | EventRecord) -> dict[str, Any]:
    ids = {
        "distinct_id": record.distinct_id,
        "object_id": record.object_id,
        "facebook_id": record.facebook_id,
        "google_id": record.google_id,
    }
    at = epoch_seconds(record.at) if isinstance(record.at, datetime) else record.at
    return {
        **{name: value for name, value in ids.items() if value is not None},
        "properties": render_properties(record.properties),
        **({} if at is None else {"at": at}),
    }


def _encode_mapping(raw: Mapping[str, Any]) -> bytes | Unsendable:
    try:
        return msgspec.json.encode(render_properties(raw))
    except (UnsendableValueError, UnicodeEncodeError) as error:
        return Unsendable(f"Not sent: {error}")


def _bounded(encoded: bytes) -> bytes | Unsendable:
    if len(encoded) > MAX_RECORD_BYTES:
        size = f"{len(encoded):,} bytes, and at most {MAX_RECORD_BYTES:,} fit in a batch"
        return Unsendable(f"Not sent: the record has {size}")
    return encoded
