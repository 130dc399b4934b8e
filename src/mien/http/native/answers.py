"""What `/v1` answers: the shapes that are written, and that OpenAPI describes.

Absent parts did not happen or are not known. Times that a client gave are epoch
seconds, as it gave them; those of the server are RFC 3339.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mien.domain.devices import TokenLoss
from mien.domain.preferences import Channel
from mien.domain.reachability import Reason
from mien.http.native.bodies import DeviceFacts, PushToken, State
from mien.services.erase import PLACES, RARE_PLACES

RecordStatus = Literal["applied", "unchanged", "rejected"]
CallStatus = Literal["success", "partial", "fail"]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all shapes of answers share: parts with their default are left out."""


class IdentityOf(Answer, frozen=True, kw_only=True):
    """An id of a kind: `identity` (the distinct id), `FBID`, `GPID` or `objectId`."""

    kind: str
    value: str
    object_id: Annotated[str, Meta(description="The other profile that holds this id.")] | None = (
        None
    )


class PropertyChange(Answer, frozen=True, kw_only=True):
    """A property before and after; `old` is absent if it was unset, `new` if it was removed."""

    property: str
    old: Any = None
    new: Any = None


class RecordResult(Answer, frozen=True, kw_only=True):
    """What became of one record.

    `object_id` names the profile; it is absent while the profile is made by this very
    call, whose number is only settled by its commit. `stale` are properties that a later
    time had set already, `conflicts` ids of the record that other profiles hold, `merged`
    ids whose profiles became one with this one,
    `lost_keys` keys that stood twice in one object, `ignored_keys` those that mean
    nothing in such a record. `code` and `reason` say why `record` was rejected.
    """

    position: int
    status: RecordStatus
    object_id: str | None = None
    created: bool = False
    changes: list[PropertyChange] = []
    stale: list[str] = []
    attached: list[IdentityOf] = []
    conflicts: list[IdentityOf] = []
    merged: list[IdentityOf] = []
    code: int | None = None
    reason: str | None = None
    record: Any = None
    lost_keys: list[str] = []
    ignored_keys: list[str] = []


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: one result for each record, in order.

    `lost_keys` are keys that stood twice beside the records.
    """

    status: CallStatus
    processed: int
    dry_run: bool
    results: list[RecordResult]
    lost_keys: list[str] | msgspec.UnsetType = msgspec.UNSET


class EventSummary(Answer, frozen=True, kw_only=True):
    """How often an event was done, and when first and last (epoch seconds)."""

    count: int
    first_seen: int
    last_seen: int


class TokenOf(PushToken, frozen=True, kw_only=True, omit_defaults=True):
    """A push token of a device, and whether messages can be sent to it.

    An inactive one was `unregistered` by the client, or `moved` to another device.
    """

    state: Literal["active", "inactive"]
    inactive_since: Annotated[int, Meta(description="Epoch seconds.")] | None = None
    inactive_reason: TokenLoss | None = None


class DeviceOf(DeviceFacts, frozen=True, kw_only=True, omit_defaults=True):
    """One browser or phone of a profile. It was seen at `seen_at`, give or take 10 minutes."""

    object_id: str
    token: TokenOf | None = None
    first_seen_at: Annotated[int, Meta(description="Epoch seconds.")] = 0
    seen_at: Annotated[int, Meta(description="Epoch seconds.")] = 0


class ReachOf(Answer, frozen=True, kw_only=True):
    """Whether messages may be sent on a channel; `reason` says why not."""

    can: bool
    reason: Reason | None = None


class ProfileAnswer(Answer, frozen=True, kw_only=True):
    """One person as Mien knows them.

    `derived` is worked out anew at each read: `Age`, `Last Seen`, `Country` and the like, with
    what is unknown left out. `groups` is by channel, then by subscription group. `reachable`
    is by channel, for messages of no group. A `disabled` profile is reachable on none.
    """

    object_id: str
    distinct_id: str | None = None
    type: Literal["anonymous", "identified"]
    disabled: bool
    identities: list[IdentityOf]
    properties: dict[str, Any]
    derived: dict[str, Any]
    events: dict[str, EventSummary]
    devices: list[DeviceOf]
    groups: dict[str, dict[str, bool]] = {}
    reachable: dict[Channel, ReachOf]
    created_at: datetime
    updated_at: datetime


class TestMarkAnswer(Answer, frozen=True, kw_only=True):
    """Whether a profile is a test profile now; `changed` if it was not so before."""

    object_id: str
    is_test: bool
    changed: bool


class DisabledAnswer(Answer, frozen=True, kw_only=True):
    """Whether a profile is disabled now; `changed` if it was not so before."""

    object_id: str
    disabled: bool
    changed: bool


class DeviceChange(Answer, frozen=True, kw_only=True):
    """What happened to a device of a profile.

    It was `bound` (taken `from` another profile, if it was another's), `lost` (`to` the
    profile that has it now), got a push `token`, or cannot be reached by it any more
    (`token_lost`, with the `reason`; `to` the profile that has it now, if that is another).
    """

    object_id: str
    action: Literal["bound", "lost", "token", "token_lost"]
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    token: str | None = None
    reason: TokenLoss | None = None


class MergeOf(Answer, frozen=True, kw_only=True):
    """A merge of this profile, or its undo: its number, and the other profile of it."""

    id: int
    action: Literal["took_in", "joined", "gave_back", "left"]
    object_id: str


class HistoryEntry(Answer, frozen=True, kw_only=True):
    """What one record did to a profile.

    `source` says by which way it came, `actor` is the label of the key that sent it. `at` is
    the time that the record gave itself. `mapped_from` is the event whose properties were mapped
    onto `changes`. `learned` are new facts of its device. `flags` are address flags that it set,
    `groups` subscription groups by channel.
    """

    received_at: datetime
    at: int | None = None
    source: str
    actor: str | None = None
    created: bool = False
    changes: list[PropertyChange] = []
    mapped_from: str | None = None
    attached: list[IdentityOf] = []
    detached: list[IdentityOf] = []
    conflicts: list[IdentityOf] = []
    merge: MergeOf | None = None
    devices: list[DeviceChange] = []
    learned: dict[str, str] = {}
    flags: dict[str, bool] = {}
    groups: dict[str, dict[str, bool]] = {}


class HistoryPage(Answer, frozen=True, kw_only=True):
    """Changes, newest first; `next_cursor` is absent on the last page."""

    history: list[HistoryEntry]
    next_cursor: str | None = None


class EventEntry(Answer, frozen=True, kw_only=True):
    """One event. `object_id` is the device that it came with, `session` what it told of its session."""

    name: str
    at: Annotated[int, Meta(description="Epoch seconds.")]
    properties: dict[str, Any]
    object_id: str | None = None
    grey: Annotated[
        bool,
        Meta(
            description="Done on this device before it was known whose it is: shown here, and "
            "counted for nobody but the anonymous visitor."
        ),
    ] = False
    session: dict[str, Any] = {}
    received_at: datetime
    source: str
    actor: str | None = None


class EventPage(Answer, frozen=True, kw_only=True):
    """Events, last arrived first; `next_cursor` is absent on the last page."""

    events: list[EventEntry]
    next_cursor: str | None = None


class LatestValue(Answer, frozen=True, kw_only=True):
    """What a property of an event was last: at the latest time that an event with it has."""

    name: Annotated[str, Meta(description="The event and the property, with ` · ` between them.")]
    event: str
    property: str
    value: Any
    at: Annotated[int, Meta(description="Epoch seconds.")]


class LatestValuesPage(Answer, frozen=True, kw_only=True):
    """The latest values of event properties, by event and property.

    `events_seen` of the profile's `events_total` were looked at. Without `next_cursor` no
    other event can change anything.
    """

    latest_values: list[LatestValue]
    events_seen: int
    events_total: int
    next_cursor: str | None = None


_REMOVED = " ".join(f"`{name}`: {what}" for name, what in {**PLACES, **RARE_PLACES}.items())


class ErasureAnswer(Answer, frozen=True, kw_only=True):
    """What was erased: how much of each kind, and how many keyed hashes of ids remain."""

    object_id: str
    erased_at: datetime
    removed: Annotated[dict[str, int], Meta(description=_REMOVED)]
    hashes_kept: int


class PropertyDefinition(Answer, frozen=True, kw_only=True):
    """A property: `count` are accepted values, `conflicts` those of another type than `type`.

    A user property that is `in_table` is a column of the table of people.
    """

    name: str
    type: str | None = None
    first_seen_at: datetime
    last_seen_at: datetime | None = None
    source: str
    state: State
    description: str
    count: int
    conflicts: int
    in_table: bool


class EventDefinition(Answer, frozen=True, kw_only=True):
    """An event and the properties that it was seen with; `count` is how often it was done."""

    name: str
    first_seen_at: datetime
    last_seen_at: datetime | None = None
    source: str
    state: State
    description: str
    count: int
    properties: list[PropertyDefinition]


class PropertyDefinitions(Answer, frozen=True, kw_only=True):
    """The user properties of an environment, by name."""

    properties: list[PropertyDefinition]


class EventDefinitions(Answer, frozen=True, kw_only=True):
    """The events of an environment, by name."""

    events: list[EventDefinition]


class RejectEntry(Answer, frozen=True, kw_only=True):
    """A record that was not applied, as it came in. `position` counts from 1 in its request."""

    id: int
    record: Any
    position: int
    code: int
    reason: str
    source: str
    received_at: datetime
    replayed_at: datetime | None = None


class RejectPage(Answer, frozen=True, kw_only=True):
    """Rejects, newest first; `next_cursor` is absent on the last page."""

    rejects: list[RejectEntry]
    next_cursor: str | None = None


class MergeSuggestion(Answer, frozen=True, kw_only=True):
    """Two profiles that one record named together: the other one holds the id."""

    object_id: str
    other_object_id: str
    kind: str
    value: str
    suggested_at: datetime
    source: str


class MergeSuggestionPage(Answer, frozen=True, kw_only=True):
    """Suggested merges by profile; `next_cursor` is absent on the last page."""

    merge_suggestions: list[MergeSuggestion]
    next_cursor: str | None = None


class EnvironmentAnswer(Answer, frozen=True, kw_only=True):
    """Where a key leads."""

    account_id: str
    environment: Literal["live", "test"]
    time_zone: str


class ProfileTokenAnswer(Answer, frozen=True, kw_only=True):
    """A token that reads one profile at `/sdk/v1/profile`, until it expires."""

    token: str
    expires_at: datetime


class SigningKeyEntry(Answer, frozen=True, kw_only=True):
    """A key that signs who the users of an app are; `id` is the `kid` of its tokens."""

    id: int
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


class SigningKeyMade(SigningKeyEntry, frozen=True, kw_only=True):
    """A new signing key with its `secret`, which is shown this once."""

    secret: str


class SigningKeys(Answer, frozen=True, kw_only=True):
    """The signing keys of an environment, oldest first."""

    signing_keys: list[SigningKeyEntry]
