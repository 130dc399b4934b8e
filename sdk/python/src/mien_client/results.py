"""What comes back: results per record, profiles, history, rejects.

Times are aware datetimes in UTC. Fields that a newer server adds are ignored.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Status(StrEnum):
    """What became of a record."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class ProfileType(StrEnum):
    """Whether a profile is known as a person."""

    ANONYMOUS = "anonymous"
    IDENTIFIED = "identified"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One property before and after; None where it was or is absent."""

    property: str
    old: Any = None
    new: Any = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An id of a kind (`identity`, `objectId`, …) that means one profile."""

    kind: str
    value: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record.

    `position` counts from 1 over the whole upload. `object_id` names the
    profile. `code` and `reason` say why a record was rejected; a record that
    this client could not send has no code, and its reason starts with
    "Not sent". `stale` names properties that keep a newer value, `lost_keys`
    the keys that stood twice in an object, `conflicts` ids that belong to
    another profile.
    """

    position: int
    status: Status
    object_id: str | None = None
    created: bool = False
    changes: tuple[Change, ...] = ()
    stale: tuple[str, ...] = ()
    attached: tuple[Identity, ...] = ()
    conflicts: tuple[Any, ...] = ()
    code: int | None = None
    reason: str | None = None
    lost_keys: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The results of an upload, one per record, in the order of the records."""

    results: tuple[Result, ...]
    dry_run: bool = False

    @property
    def rejected(self) -> tuple[Result, ...]:
        """The records that were not applied."""
        return tuple(each for each in self.results if each.status is Status.REJECTED)

    @property
    def processed(self) -> int:
        """The number of records that were applied or needed no change."""
        return len(self.results) - len(self.rejected)

    @property
    def status(self) -> str:
        """`success` if none was rejected, `fail` if all were, else `partial`."""
        if not self.rejected:
            return "success"
        return "partial" if self.processed else "fail"


class EventSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How often a profile did one event, and when first and last."""

    count: int
    first_seen: Instant
    last_seen: Instant


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One person as Mien knows them.

    `events` maps the name of an event to its summary. Dates in `properties`
    stand as `$D_<epoch>`; `parse_date` reads them. `devices` are objects as
    the API documents them.
    """

    object_id: str
    distinct_id: str | None = None
    type: ProfileType
    identities: tuple[Identity, ...] = ()
    properties: dict[str, Any] = {}
    events: dict[str, EventSummary] = {}
    devices: tuple[dict[str, Any], ...] = ()
    created_at: Instant
    updated_at: Instant


class ProfileToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token with which an app reads the profile of its own user, until it expires."""

    token: str
    expires_at: Instant


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one record, or one act of a member, did to a profile.

    `source` says through what it came, `actor` by whom, where known. `at` is the
    time that the record gave itself, if it did. The rest as in `Result`.
    """

    received_at: Instant
    at: Instant | None = None
    source: str | None = None
    actor: str | None = None
    created: bool = False
    changes: tuple[Change, ...] = ()
    attached: tuple[Identity, ...] = ()
    conflicts: tuple[Any, ...] = ()


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a history; no `next_cursor` on the last."""

    items: tuple[HistoryEntry, ...] = msgspec.field(name="history")
    next_cursor: str | None = None


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A record that the server kept because it could not apply it.

    `record` is as it came in. `position` counts from 1 within its request.
    `replayed_at` is set once it was applied after all.
    """

    id: int
    record: Any
    position: int | None = None
    code: int | None = None
    reason: str | None = None
    source: str | None = None
    received_at: Instant | None = None
    replayed_at: Instant | None = None


class RejectPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of rejects; no `next_cursor` on the last."""

    items: tuple[Reject, ...] = msgspec.field(name="rejects")
    next_cursor: str | None = None


def join(receipts: Iterable[Receipt], *, dry_run: bool) -> Receipt:
    """Make one receipt of those of the batches."""
    return Receipt(
        results=tuple(each for receipt in receipts for each in receipt.results), dry_run=dry_run
    )
