"""What a batch of records asks for, and what became of each record."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from mien.domain.changes import Own
from mien.domain.documents import COMPATIBLE, PropertyChanges, Rules
from mien.domain.identities import Identity
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.records import EventRecord, ProfileRecord
from mien.domain.rejects import Reject
from mien.domain.vouching import Vouched
from mien.store.engine import Transaction


class Applied(msgspec.Struct, gc=False):
    """A record that was taken: which profile it meant, and what it changed there.

    `learned` are facts of the device that are new. `is_opted_out` says that nothing was taken
    but who it is, since the person opted out. `detached` are addresses that are no ids of
    this profile any more, `merged` ids whose holders became one with this profile. `flags`
    are address flags that changed, `groups` subscription groups by channel.
    `own` is what it changed of its sender alone, if the profile is made of several.
    `refused` is the part of the record that the profile had no room for (U-10).
    """

    position: int
    profile: ProfileId
    is_created: bool = False
    is_event: bool = False
    properties: PropertyChanges | None = None
    attached: tuple[Identity, ...] = ()
    conflicts: tuple[Identity, ...] = ()
    merged: tuple[Identity, ...] = ()
    detached: tuple[Identity, ...] = ()
    device: str = ""
    learned: dict[str, str] = {}
    flags: dict[str, bool] = {}
    groups: dict[str, dict[str, bool]] = {}
    is_changed: bool = False
    own: Own | None = None
    refused: Reject | None = None
    is_opted_out: bool = False


Result: TypeAlias = Applied | Reject


class Receipt(msgspec.Struct, frozen=True):
    """What became of a batch, by record in its order; `answer` was given before to the same key."""

    results: tuple[Result, ...] = ()
    answer: bytes | None = None


class Idempotency(msgspec.Struct, frozen=True):
    """The key of a request, the digest of its body, and how its answer is written."""

    key: str
    digest: bytes
    render: Callable[[Receipt], bytes]


class Batch(msgspec.Struct, frozen=True):
    """Records of one call as they came in, and how they are to be taken.

    `received_at` is epoch milliseconds, `source` says who sent it (`api:3` is key 3).
    `is_system` records come from edges of ours and may raise reserved events. With
    `follows_sessions` the sessions that they tell of are followed. Those of pages and apps are `heeds_opt_out`: nothing
    is kept of a person who opted out (`ct_optout`) until a record opts them in, and none disables anybody.
    `vouched` says whom the records may name, if the environment asks for signatures.
    `replays` are ids of rejects, one for each record, when these are sent again.
    `also` writes something of what became of them, in the same transaction.
    """

    environment: EnvironmentId
    records: Sequence[object]
    received_at: int
    source: str
    rules: Rules = COMPATIBLE
    is_dry_run: bool = False
    is_system: bool = False
    follows_sessions: bool = False
    heeds_opt_out: bool = False
    idempotency: Idempotency | None = None
    replays: tuple[int, ...] = ()
    vouched: Vouched | None = None
    also: Callable[[Transaction, Receipt], object] | None = None

    def sight_of(self, record: ProfileRecord | EventRecord) -> int:
        """Give when the device of a record was there (epoch seconds): then, or now if it does not say.

        So whoever brings history in is not seen today.
        """
        now = self.received_at // 1_000
        return now if record.at is None else min(record.at, now)
