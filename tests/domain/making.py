"""Short ways to make records and read them, shared by the tests of the domain."""

from collections.abc import Mapping

from mien.domain.documents import COMPATIBLE, Document, PropertyChanges, Rules, property_changes
from mien.domain.ids import ProfileId
from mien.domain.profiles import Profile
from mien.domain.records import EventRecord, ProfileRecord, Record, TokenRecord, parse_record
from mien.domain.rejects import Reject, RejectCode
from mien.domain.values import Value

NOW = 1_700_000_000
"""What the tests take for the present, in epoch seconds."""

BIRTH_MS = NOW * 1_000
"""When the profiles of the tests were made, in epoch milliseconds."""

LATE_LOSES = Rules(late_data_loses=True)


def profile(data: object, **top: object) -> dict[str, object]:
    """Give a profile record of Ana, or of whom `top` names."""
    if not top.keys() & {"identity", "FBID", "GPID", "objectId"}:
        top["identity"] = "ana"
    return {"type": "profile", **top, "profileData": data}


def event(data: object = None, *, name: object = "Viewed", **top: object) -> dict[str, object]:
    """Give an event record of Ana; without `data` it has no evtData."""
    raw: dict[str, object] = {"type": "event", "identity": "ana", "evtName": name, **top}
    return raw if data is None else {**raw, "evtData": data}


def token(data: object, object_id: object = "device-1") -> dict[str, object]:
    """Give a token record."""
    return {"type": "token", "objectId": object_id, "tokenData": data}


def read(raw: object, position: int = 1) -> Record | Reject:
    """Read one record as of NOW."""
    return parse_record(raw, position, now=NOW)


def accepted(raw: object) -> Record:
    """Read a record that is fine."""
    record = read(raw)
    assert not isinstance(record, Reject), record
    return record


def accepted_profile(data: Mapping[str, object], **top: object) -> ProfileRecord:
    """Read profile data that is fine."""
    record = accepted(profile(data, **top))
    assert isinstance(record, ProfileRecord)
    return record


def accepted_event(data: object = None, *, name: object = "Viewed", **top: object) -> EventRecord:
    """Read an event that is fine."""
    record = accepted(event(data, name=name, **top))
    assert isinstance(record, EventRecord)
    return record


def accepted_token(data: object, object_id: object = "device-1") -> TokenRecord:
    """Read a token that is fine."""
    record = accepted(token(data, object_id))
    assert isinstance(record, TokenRecord)
    return record


def reject_of(raw: object) -> Reject:
    """Read a record that is not fine."""
    reject = read(raw)
    assert isinstance(reject, Reject), reject
    return reject


def code_of(raw: object) -> RejectCode:
    """Give the code with which a record is rejected."""
    return reject_of(raw).code


def code_of_data(key: str, value: object) -> RejectCode:
    """Give the code with which one property of a profile is rejected."""
    return code_of(profile({key: value}))


def code_of_event(key: str, value: object) -> RejectCode:
    """Give the code with which one property of an event is rejected."""
    return code_of(event({key: value}))


def document(properties: Mapping[str, Value] | None = None, **parts: object) -> Document:
    """Give a document that was begun at BIRTH_MS."""
    return Document(BIRTH_MS, dict(properties or {}), **parts)  # type: ignore[arg-type]


def changes_of(
    properties: Mapping[str, Value],
    data: Mapping[str, object],
    *,
    rules: Rules = COMPATIBLE,
) -> PropertyChanges:
    """Compute what a record without a time changes on these properties; may raise `Rejected`."""
    changes = accepted_profile(data).changes
    return property_changes(document(properties), changes, rules=rules, late_at=None)


def new_profile(properties: Mapping[str, Value] | None = None) -> Profile:
    """Give a profile that this batch made, begun at BIRTH_MS."""
    made = Profile.create(ProfileId(1), created_at=BIRTH_MS, base_at=BIRTH_MS)
    made.document.properties = dict(properties or {})
    return made


def write(
    target: Profile,
    data: Mapping[str, object],
    *,
    rules: Rules = COMPATIBLE,
    at: int | None = None,
) -> PropertyChanges:
    """Apply a record to a profile; `at` is its explicit time in epoch seconds."""
    record = accepted_profile(data) if at is None else accepted_profile(data, ts=at)
    changes = property_changes(
        target.document,
        record.changes,
        rules=rules,
        late_at=None if at is None else at * 1_000,
    )
    target.apply(changes, set_at=BIRTH_MS if at is None else at * 1_000)
    return changes
