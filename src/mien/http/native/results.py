"""What became of records, written per record in the names of `/v1`."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from mien.domain.documents import PropertyChanges
from mien.domain.identities import WIRE_NAMES, Identity, IdentityKind, server_object_id
from mien.domain.ids import ProfileId
from mien.domain.rejects import Reject
from mien.domain.values import Value
from mien.http.native.answers import CallStatus, IdentityOf, PropertyChange, RecordResult
from mien.services.receipts import Applied, Result
from mien.services.wires import Wire, from_raw, ignored_keys, native_reason


def made_by(results: Iterable[Result]) -> frozenset[ProfileId]:
    """Give the profiles that a call made: their numbers are only settled by its commit."""
    return frozenset(
        result.profile for result in results if isinstance(result, Applied) and result.is_created
    )


def render_result(
    result: Result,
    position: int,
    record: object,
    *,
    wire: Wire,
    made: frozenset[ProfileId],
    lost: Sequence[str] = (),
) -> RecordResult:
    """Write what became of one record, which came in by a wire in this shape."""
    ignored = list(ignored_keys(record)) if wire is Wire.NATIVE else []
    match result:
        case Reject():
            return RecordResult(
                position=position,
                status="rejected",
                code=int(result.code),
                reason=_reason(result, wire),
                record=record,
                lost_keys=list(lost),
                ignored_keys=ignored,
            )
        case Applied():
            return _applied(
                result, position, record, wire=wire, made=made, lost=list(lost), ignored=ignored
            )
        case _:
            assert_never(result)


def render_changes(changes: PropertyChanges | None) -> list[PropertyChange]:
    """Write the properties that a record changed, in its order."""
    return [] if changes is None else write_changes(changes.new, changes.old)


def write_changes(new: dict[str, Value | None], old: dict[str, Value]) -> list[PropertyChange]:
    """Write values before and after by property."""
    return [
        PropertyChange(property=name, old=old.get(name), new=value) for name, value in new.items()
    ]


def write_identity(kind: int, value: str, *, other: int | None = None) -> IdentityOf:
    """Write an id; `other` is the profile that holds it."""
    return IdentityOf(
        kind=WIRE_NAMES[IdentityKind(kind)],
        value=value,
        object_id=None if other is None else server_object_id(ProfileId(other)),
    )


def status_of(processed: int, total: int) -> CallStatus:
    """Say in a word what became of a call."""
    if processed == total:
        return "success"
    return "partial" if processed else "fail"


def _applied(
    applied: Applied,
    position: int,
    record: object,
    *,
    wire: Wire,
    made: frozenset[ProfileId],
    lost: list[str],
    ignored: list[str],
) -> RecordResult:
    refused = applied.refused
    return RecordResult(
        position=position,
        status="applied" if applied.is_changed else "unchanged",
        object_id=None if applied.profile in made else server_object_id(applied.profile),
        created=applied.is_created,
        changes=[*render_changes(applied.properties), *_preferences(applied)],
        stale=list(applied.properties.stale) if applied.properties else [],
        attached=_attached(applied, record),
        conflicts=[write_identity(kind, value) for kind, value in applied.conflicts],
        merged=[write_identity(kind, value) for kind, value in applied.merged],
        code=None if refused is None else int(refused.code),
        reason=None if refused is None else _reason(refused, wire),
        record=None if refused is None else _shown(refused.record, wire),
        lost_keys=lost,
        ignored_keys=ignored,
    )


def _preferences(applied: Applied) -> list[PropertyChange]:
    """Write what a record changed beside properties, under the keys that it used."""
    flags = [PropertyChange(property=name, new=value) for name, value in applied.flags.items()]
    return flags + [
        PropertyChange(property=f"{channel} · {group}", new=is_subscribed)
        for channel, groups in applied.groups.items()
        for group, is_subscribed in groups.items()
    ]


def _attached(applied: Applied, record: object) -> list[IdentityOf]:
    bound = list(applied.attached)
    is_token = isinstance(record, dict) and record.get("type") == "token"
    if applied.device and not is_token:
        bound.append(Identity(IdentityKind.OBJECT_ID, applied.device))
    return [write_identity(kind, value) for kind, value in bound]


def _shown(raw: object, wire: Wire) -> object:
    return raw if wire is Wire.COMPATIBLE else from_raw(raw)


def _reason(reject: Reject, wire: Wire) -> str:
    return reject.reason if wire is Wire.COMPATIBLE else native_reason(reject.code, reject.reason)
