"""Records: what came in over the upload API, read once into what it means or a `Reject`.

Source: U-04 to U-15 and the recorded answers of the original. The order of checks
is part of the API: the first failure names the code, and the record is echoed
as far as it had been normalised by then.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import TypeAlias

import msgspec

from mien.domain.devices import DeviceFacts, parse_device_facts
from mien.domain.events import (
    RECORD_BYTES,
    check_event_name,
    check_event_properties,
)
from mien.domain.fields import (
    RANK_OF_IDENTITY,
    RANK_OF_OTHERS,
    STANDARD_FIELDS,
    StandardField,
    normalise_email,
)
from mien.domain.identities import (
    ALIASES,
    PERSON_KINDS,
    WIRE_NAMES,
    Identity,
    IdentityKind,
    object_identity,
    person_identity,
)
from mien.domain.operations import DELETE, Operation, Operator, parse_operation, parse_value
from mien.domain.preferences import (
    ADDRESS_FLAGS,
    GROUP_KEYS,
    GroupChange,
    SubscriptionKind,
    parse_groups,
)
from mien.domain.rejects import Reject, RejectCode, Rejected
from mien.domain.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    VALUE_BYTES,
    Value,
    check_event_key,
    check_key,
    is_too_long,
)

RECORDS_PER_CALL = 1_000
SESSION_PROPERTIES = 32
DAY_SECONDS = 86_400

_MILLISECONDS_FROM = 10**11
"""No second that anybody means is this large; a millisecond of this century is."""

PropertyChange: TypeAlias = Value | Operation

_DEVICE, _SESSION = "deviceData", "sessionData"
"""Keys of a record that tell of the device and the session that it came from."""


class ProfileRecord(msgspec.Struct, frozen=True, gc=False):
    """What one `profile` record asks for.

    `person` are ids of a person in reading order; those from `alias_from` on stood
    inside `profileData`. `changes` is by property, in the order of the record.
    `at` is the explicit time in epoch seconds, `raw` the record as it came.
    """

    position: int
    person: tuple[Identity, ...]
    alias_from: int
    device: Identity | None
    object_id: str
    changes: dict[str, PropertyChange]
    at: int | None
    raw: dict[str, object]
    address_flags: tuple[tuple[SubscriptionKind, bool], ...] = ()
    groups: tuple[GroupChange, ...] = ()
    facts: DeviceFacts | None = None
    session: dict[str, str | int] | None = None


class EventRecord(msgspec.Struct, frozen=True, gc=False):
    """What one `event` record tells: who did what, and when if it says so (epoch seconds)."""

    position: int
    person: tuple[Identity, ...]
    device: Identity | None
    object_id: str
    name: str
    properties: dict[str, object]
    body: bytes
    at: int | None
    raw: dict[str, object]
    facts: DeviceFacts | None = None
    session: dict[str, str | int] | None = None


class TokenRecord(msgspec.Struct, frozen=True, gc=False):
    """A push token of a device that is known already; a blank one says that it has none now."""

    position: int
    device: Identity
    token: str
    token_type: str
    keys: dict[str, str] | None
    raw: dict[str, object]

    @property
    def gives_up(self) -> bool:
        """Does it say that the device takes no push messages any more?"""
        return not self.token


Record: TypeAlias = ProfileRecord | EventRecord | TokenRecord

TOKEN_PLATFORMS = {
    "fcm": "Android",
    "gcm": "Android",
    "apns": "iOS",
    "chrome": "Web",
    "wns": "Windows",
    "mpns": "Windows",
}
"""Token types, and the platform of the devices that have them."""

_encode = msgspec.json.Encoder().encode


def parse_records(
    raws: Sequence[object], *, now: int, is_system: bool = False
) -> list[Record | Reject]:
    """Read the records of one call, in order; `now` is in epoch seconds.

    With `is_system` they may be events whose names are reserved for the system.
    """
    return [
        parse_record(raw, position, now=now, is_system=is_system)
        for position, raw in enumerate(raws, 1)
    ]


def parse_record(
    raw: object, position: int, *, now: int, is_system: bool = False
) -> Record | Reject:
    """Read one record. Never raises: a bad record is a `Reject`, so its neighbours still count."""
    if type(raw) is not dict:
        return Reject(position, RejectCode.RECORD_TYPE, "A record needs to be an object", raw)
    try:
        match raw.get("type"):
            case "profile":
                return _parse_profile(raw, position, now=now)
            case "event":
                return _parse_event(raw, position, now=now, is_system=is_system)
            case "token":
                return _parse_token(raw, position)
            case _:
                reason = "Data is neither profile, event nor token"
                return Reject(position, RejectCode.RECORD_TYPE, reason, raw)
    except Rejected as rejected:
        return Reject(position, rejected.code, rejected.reason, raw)


def _parse_profile(raw: dict[str, object], position: int, *, now: int) -> ProfileRecord | Reject:
    person, device = _ids(raw)
    at = None if "ts" not in raw else _timestamp(raw["ts"], now=now)
    data = raw.get("profileData")
    if type(data) is not dict:
        raise Rejected(RejectCode.PROFILE_DATA, "profileData needs to be an object")
    reading = _Reading(data)
    if reading.failures:
        rank, rejected = min(reading.failures, key=lambda failure: failure[0])
        return Reject(position, rejected.code, rejected.reason, _echo(raw, data, rank))
    object_id = raw.get("objectId")
    return ProfileRecord(
        position,
        # In reading order, as on the top level: the order of JSON keys decides nothing.
        (*person, *sorted(reading.aliases, key=_kind_of)) if reading.aliases else person,
        len(person),
        device,
        str(object_id) if device is not None else "",
        reading.changes,
        at,
        raw,
        tuple(reading.address_flags.items()),
        tuple(reading.groups),
        None if _DEVICE not in raw else parse_device_facts(raw[_DEVICE]),
        None if _SESSION not in raw else _session(raw[_SESSION]),
    )


def with_email_as_id(record: Record | Reject) -> Record | Reject:
    """Take the e-mail address that a record sets as an id of the person too (P-07)."""
    if not isinstance(record, ProfileRecord):
        return record
    email = record.changes.get("Email")
    if not isinstance(email, str):
        return record
    identity = Identity(IdentityKind.EMAIL, normalise_email(email))
    return msgspec.structs.replace(record, person=(*record.person, identity))


_kind_of = itemgetter(0)


class _Reading:
    """One pass over `profileData`, which gathers every failure: the lowest rank is told."""

    __slots__ = ("address_flags", "aliases", "changes", "failures", "groups")

    def __init__(self, data: dict[str, object]) -> None:
        self.changes: dict[str, PropertyChange] = {}
        self.aliases: list[Identity] = []
        self.address_flags: dict[SubscriptionKind, bool] = {}
        self.groups: list[GroupChange] = []
        self.failures: list[tuple[int, Rejected]] = []
        changes = self.changes
        for key, value in data.items():
            try:
                kind = type(value)
                check = _PLAIN_FIELDS.get(key)
                if check is not None and kind is not dict:
                    changes[key] = check(value)
                elif key in _SPECIAL:
                    self._read_special(key, value)
                elif kind is bool or kind is float:
                    changes[check_key(key)] = value  # type: ignore[assignment]
                else:
                    changes[check_key(key)] = parse_value(key, value)
            except Rejected as rejected:
                self.failures.append((_rank(key), rejected))

    def _read_special(self, key: str, value: object) -> None:
        if (field := STANDARD_FIELDS.get(key)) is None:
            if (kind := ALIASES.get(key)) is None:
                self.groups.extend(parse_groups(key, value))
            else:
                self.aliases.append(_alias(kind, value))
            return
        change = field.check(value) if type(value) is not dict else _field_operation(field, value)
        if (address := ADDRESS_FLAGS.get(key)) is None:
            self.changes[key] = change
        else:
            # Of two flags of one address in a record, that which blocks it holds.
            is_blocked = change is True or self.address_flags.get(address, False)
            self.address_flags[address] = is_blocked


_PLAIN_FIELDS = {
    name: field.check for name, field in STANDARD_FIELDS.items() if name not in ADDRESS_FLAGS
}
_SPECIAL = frozenset((*STANDARD_FIELDS, *ALIASES, *GROUP_KEYS))


def _rank(key: str) -> int:
    if (field := STANDARD_FIELDS.get(key)) is not None:
        return field.rank
    return RANK_OF_IDENTITY if key in ALIASES else RANK_OF_OTHERS


def _alias(kind: IdentityKind, value: object) -> Identity:
    if isinstance(value, dict):
        reason = f"{WIRE_NAMES[kind]} is an id of the person and takes no operator"
        raise Rejected(RejectCode.IDENTITY_DELETE, reason)
    return person_identity(kind, value)


def _field_operation(field: StandardField, raw: dict[str, object]) -> PropertyChange:
    """Read the operator of a standard field: `$set` and `$delete`, and Age also counts."""
    if "$set" in raw and len(raw) == 1:
        return field.check(raw["$set"])
    operation = parse_operation(field.name, raw)
    counts = isinstance(operation, Operation) and operation.operator is Operator.INCREMENT
    if operation is DELETE or (counts and field.name == "Age"):
        return operation
    raise Rejected(RejectCode.OPERATOR_UNKNOWN, f"{field.name} takes $set and $delete only")


def _ids(raw: dict[str, object]) -> tuple[tuple[Identity, ...], Identity | None]:
    """Give the ids of the top level: those of a person in reading order, and the device's."""
    identity = raw.get("identity")
    # Nearly every record has a plain identity and no other id.
    if identity is not None and "objectId" not in raw and "FBID" not in raw and "GPID" not in raw:
        return (person_identity(IdentityKind.IDENTITY, identity),), None
    person = tuple(
        person_identity(kind, value)
        for kind in PERSON_KINDS
        if (value := raw.get(WIRE_NAMES[kind])) is not None
    )
    value = raw.get("objectId")
    device = object_identity(value) if value is not None else None
    if not person and device is None:
        reason = (
            "Identity value cannot be undefined; set at least one of identity, FBID, GPID "
            "or objectId"
        )
        raise Rejected(RejectCode.IDENTITY, reason)
    return person, device


def _timestamp(value: object, *, now: int) -> int:
    if type(value) is not int or not 0 < value < _MILLISECONDS_FROM:
        reason = "Timestamp should be present in the Unix Epoch format"
        raise Rejected(RejectCode.TIMESTAMP, reason)
    if value > now + DAY_SECONDS:
        reason = f"Timestamp {value} is more than a day ahead of the server's {now}"
        raise Rejected(RejectCode.TIMESTAMP, reason)
    return value


def _echo(raw: dict[str, object], data: dict[str, object], failed: int) -> dict[str, object]:
    """Show the record as the original does: with what had been normalised before the failure."""
    echo = dict(data)
    phone = echo.get("Phone")
    if failed > STANDARD_FIELDS["Phone"].rank and isinstance(phone, str):
        echo["Phone"] = _digits(phone)
    if failed > RANK_OF_IDENTITY and type(echo.get("identity")) is int:
        echo["identity"] = str(echo["identity"])
    return {**raw, "profileData": echo}


def _digits(phone: str) -> int:
    """Give an accepted phone as the original echoes it: the number without its `+`."""
    return int(str(STANDARD_FIELDS["Phone"].check(phone))[1:])


def _parse_event(
    raw: dict[str, object], position: int, *, now: int, is_system: bool
) -> EventRecord:
    person, device = _ids(raw)
    at = None if "ts" not in raw else _timestamp(raw["ts"], now=now)
    name = check_event_name(raw.get("evtName"), is_system=is_system)
    properties = check_event_properties(name, raw.get("evtData"))
    body = _encode(properties)
    if len(body) > RECORD_BYTES:
        reason = f"The event is {len(body)} bytes, the limit is {RECORD_BYTES}"
        raise Rejected(RejectCode.RECORD_TOO_LARGE, reason)
    object_id = str(raw["objectId"]) if device is not None else ""
    facts = None if _DEVICE not in raw else parse_device_facts(raw[_DEVICE])
    session = None if _SESSION not in raw else _session(raw[_SESSION])
    return EventRecord(
        position, person, device, object_id, name, properties, body, at, raw, facts, session
    )


def _session(raw: object) -> dict[str, str | int]:
    """Read what a record tells of its session: short texts and numbers by name."""
    if not isinstance(raw, dict) or len(raw) > SESSION_PROPERTIES:
        reason = f"A session needs to be an object of up to {SESSION_PROPERTIES} properties"
        raise Rejected(RejectCode.DEVICE, reason)
    for name, value in raw.items():
        is_number = type(value) is int and INTEGER_MIN <= value <= INTEGER_MAX
        if not is_number and not (isinstance(value, str) and not is_too_long(value)):
            reason = (
                f"'{name}' of a session needs to be an integer or a text of {VALUE_BYTES} bytes"
            )
            raise Rejected(RejectCode.DEVICE, reason)
        check_event_key(name)
    return raw


def _parse_token(raw: dict[str, object], position: int) -> TokenRecord:
    try:
        device = object_identity(raw.get("objectId"))
    except Rejected as rejected:
        raise Rejected(RejectCode.TOKEN_OBJECT_ID, rejected.reason) from rejected
    data = raw.get("tokenData")
    if data is None and "tokenData" in raw:
        return TokenRecord(position, device, "", "", None, raw)
    if not isinstance(data, dict):
        raise Rejected(RejectCode.TOKEN_DATA, "tokenData needs to be an object")
    token = data.get("id")
    if not isinstance(token, str) or not token.strip():
        raise Rejected(RejectCode.TOKEN_ID_MISSING, "tokenData has no id")
    kind = data.get("type")
    kind = kind.lower() if isinstance(kind, str) else ""
    if kind not in TOKEN_PLATFORMS:
        known = ", ".join(TOKEN_PLATFORMS)
        raise Rejected(RejectCode.TOKEN_TYPE_MISSING, f"tokenData needs a type: one of {known}")
    return TokenRecord(position, device, token, kind, _token_keys(kind, data.get("keys")), raw)


def _token_keys(kind: str, keys: object) -> dict[str, str] | None:
    if kind != "chrome":
        if keys is not None:
            raise Rejected(RejectCode.TOKEN_KEYS, f"A token of type {kind} takes no keys")
        return None
    if not isinstance(keys, dict) or not all(
        isinstance(keys.get(name), str) and keys[name] for name in ("p256dh", "auth")
    ):
        raise Rejected(RejectCode.TOKEN_KEYS, "A chrome token needs keys of p256dh and auth")
    return {"p256dh": keys["p256dh"], "auth": keys["auth"]}
