"""What `/v1` is asked with: the shapes of request bodies.

They are decoded by us, after the checks of size and time, so that a problem names its
place. Records are only described here: a bad one must not stop its neighbours, so
`domain.records` reads them one by one.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mien.domain.environments import PersonKind
from mien.domain.exports import Format
from mien.domain.mappings import EventMapping
from mien.domain.records import RECORDS_PER_CALL
from mien.domain.tables import COLUMNS
from mien.services.accounts import LABEL_CHARACTERS
from mien.services.segments import NAME_CHARACTERS
from mien.services.user_tokens import (
    LONGEST_PROFILE_TOKEN_SECONDS,
    PROFILE_TOKEN_SECONDS,
    SHORTEST_PROFILE_TOKEN_SECONDS,
)

State = Literal["active", "inactive", "discarded"]


_Description = Annotated[str, Meta(max_length=1_000, pattern="^[^\\x00]*$")]


class PropertyDefinitionChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What to change of the definition of a property; what is absent stays."""

    description: _Description | UnsetType = UNSET
    state: Literal["active", "inactive"] | UnsetType = UNSET


class UserPropertyChange(
    PropertyDefinitionChange, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What to change of the definition of a user property; what is absent stays."""

    in_table: bool | UnsetType = UNSET


class EventDefinitionChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of the definition of an event; what is absent stays."""

    description: _Description | UnsetType = UNSET
    state: State | UnsetType = UNSET


class EnvironmentSettingsChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings of an environment to change; what is absent stays."""

    unify_on: tuple[Literal["email"], ...] | UnsetType = UNSET
    one_per_person: tuple[PersonKind, ...] | UnsetType = UNSET
    blocked_ids: tuple[str, ...] | UnsetType = UNSET
    ids_per_kind: dict[PersonKind, int] | UnsetType = UNSET
    merges_per_call: int | UnsetType = UNSET
    origins: tuple[str, ...] | UnsetType = UNSET
    requires_signed_identities: bool | UnsetType = UNSET
    shares_profiles: bool | UnsetType = UNSET
    web_push_key: str | UnsetType = UNSET
    missing_is_zero: bool | UnsetType = UNSET
    late_data_loses: bool | UnsetType = UNSET
    mappings: tuple[EventMapping, ...] | UnsetType = UNSET


class SegmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A segment to be saved; `docs/segments.md` has the language of its tree."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)]
    tree: dict[str, Any]
    description: _Description = ""


class SegmentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a segment; what is absent stays."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)] | UnsetType = UNSET
    tree: dict[str, Any] | UnsetType = UNSET
    description: _Description | UnsetType = UNSET


class CountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to count: those whom a tree means. `{"segment": "7"}` is a tree, of a saved segment."""

    tree: dict[str, Any]


class MembersBody(CountBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to list, so many a page; `cursor` is the `next_cursor` of the page before."""

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    cursor: str | None = None


class SampleBody(CountBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of whom to take a sample, how large, and a seed: the same seed gives the same people."""

    size: Annotated[int, Meta(ge=1, le=1_000)] = 100
    seed: Annotated[int, Meta(ge=0, le=2**62)] = 0


class PeopleToExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to export: a saved segment by its id, or a tree. `{"all": []}` is everybody."""

    segment: str | UnsetType = UNSET
    tree: dict[str, Any] | UnsetType = UNSET


class EventsToExport(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """Which events to export: their name, and when they were done.

    `from` and `to` are days in the account's time zone, both included; `window` and `where` are as
    in the segment language. `of` are the people who did them, everybody if it is absent.
    """

    event: str
    first: str | UnsetType = UNSET
    last: str | UnsetType = UNSET
    window: dict[str, Any] | UnsetType = UNSET
    where: list[Any] | UnsetType = UNSET
    of: PeopleToExport | UnsetType = UNSET


class ExportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to export to a file, and how; exactly one of `profiles` and `events`.

    `columns` are names of properties and fixed columns in their order; absent, it is all of them.
    `csv_formulas: keep` leaves texts as they are that a spreadsheet would take for formulas.
    """

    profiles: PeopleToExport | UnsetType = UNSET
    events: EventsToExport | UnsetType = UNSET
    format: Format = Format.PARQUET
    columns: Annotated[list[str], Meta(min_length=1, max_length=COLUMNS)] | UnsetType = UNSET
    csv_formulas: Literal["escape", "keep"] = "escape"


class ExplainBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to explain, by one of the two ids, and of which segment: a saved one, or a tree."""

    distinct_id: str | None = None
    object_id: str | None = None
    segment: str | UnsetType = UNSET
    tree: dict[str, Any] | UnsetType = UNSET


class BatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records to apply, in order."""

    records: Annotated[list[Any], Meta(min_length=1, max_length=RECORDS_PER_CALL)]


class ReplayItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reject to be applied, with the record that takes the place of the kept one, if any."""

    id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    record: Any = UNSET


class ReplayBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rejects to be applied, in order; no id twice."""

    rejects: Annotated[list[ReplayItem], Meta(min_length=1, max_length=RECORDS_PER_CALL)]


class ProfileTokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose profile a token is to read: one of the two ids."""

    distinct_id: str | None = None
    object_id: str | None = None
    lifetime_seconds: Annotated[
        int, Meta(ge=SHORTEST_PROFILE_TOKEN_SECONDS, le=LONGEST_PROFILE_TOKEN_SECONDS)
    ] = PROFILE_TOKEN_SECONDS


class SigningKeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signing key to be made; the label says what it is for."""

    label: Annotated[str, Meta(min_length=1, max_length=LABEL_CHARACTERS)]


_At = Annotated[int, Meta(description="Epoch seconds; the server's time if absent.")]
_Id = str | int | UnsetType


class _Ids(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a record is about: at least one id."""

    distinct_id: _Id = UNSET
    facebook_id: _Id = UNSET
    google_id: _Id = UNSET
    object_id: _Id = UNSET


_Fact = Annotated[str, Meta(min_length=1, max_length=512)]


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a device; what is unknown is absent.

    `time_zone` is a name such as `Europe/Paris`, `utc_offset` is such as `+0530`, `country` an
    ISO 3166 code or a name.
    """

    platform: _Fact | UnsetType = UNSET
    make: _Fact | UnsetType = UNSET
    model: _Fact | UnsetType = UNSET
    os: _Fact | UnsetType = UNSET
    os_version: _Fact | UnsetType = UNSET
    app_version: _Fact | UnsetType = UNSET
    browser: _Fact | UnsetType = UNSET
    browser_version: _Fact | UnsetType = UNSET
    sdk_version: _Fact | UnsetType = UNSET
    language: _Fact | UnsetType = UNSET
    time_zone: _Fact | UnsetType = UNSET
    utc_offset: _Fact | UnsetType = UNSET
    country: _Fact | UnsetType = UNSET
    region: _Fact | UnsetType = UNSET
    city: _Fact | UnsetType = UNSET
    latitude: _Fact | UnsetType = UNSET
    longitude: _Fact | UnsetType = UNSET


_Device = Annotated[
    DeviceFacts, Meta(description="Facts of the device that `object_id` names; others stay.")
]
_Session = Annotated[
    dict[str, str | int],
    Meta(description="Of the visit: `utm_source`, `utm_medium`, `session_referrer` and the like."),
]


class ProfileRecord(_Ids, frozen=True, kw_only=True, tag="profile", tag_field="type"):
    """Properties of a person. A value may be an operator, such as `{"$add": ["a"]}`."""

    properties: dict[str, Any]
    at: _At | UnsetType = UNSET
    device: _Device | UnsetType = UNSET


class EventRecord(_Ids, frozen=True, kw_only=True, tag="event", tag_field="type"):
    """Something that a person did."""

    name: str
    properties: dict[str, Any] = {}
    at: _At | UnsetType = UNSET
    device: _Device | UnsetType = UNSET
    session: _Session | UnsetType = UNSET


class PushToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a device takes push messages; `keys` (`p256dh`, `auth`) belong to web push."""

    id: str
    type: Literal["fcm", "gcm", "apns", "chrome", "wns", "mpns"]
    keys: dict[str, str] | None = None


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True, tag="token", tag_field="type"):
    """A push token of a device that is known already; null when it takes no more messages."""

    object_id: str
    token: PushToken | None
