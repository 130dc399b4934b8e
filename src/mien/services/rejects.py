"""Rejected records: listing them, and applying them after all (U-23).

A kept record is shown in the shape in which it came, with the names of its wire. It
is replayed by the rules of that wire, as of the time at which it first came in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from mien.domain.ids import EnvironmentId
from mien.domain.profiles import Rules
from mien.services.ingest import Ingest
from mien.services.receipts import Applied, Batch, Idempotency, Receipt
from mien.services.wires import Wire, from_raw, native_reason, wire_of
from mien.store import rejects
from mien.store.engine import Store
from mien.store.rejects import RejectGoneError, StoredReject

_NEWEST = 2**63 - 1
_ATTEMPTS = 5

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class KeptReject(msgspec.Struct, frozen=True):
    """A record that was not applied, as it came. Times are epoch milliseconds."""

    reject_id: int
    record: msgspec.Raw
    position: int
    code: int
    reason: str
    source: str
    received_at: int
    replayed_at: int | None


class Replay(msgspec.Struct, frozen=True):
    """One reject to be applied: as it is kept, or with a mended record in its place.

    The mended record has the shape that `domain.records` reads.
    """

    reject_id: int
    mended: object = msgspec.UNSET


class Manner(msgspec.Struct, frozen=True):
    """How the records of one wire are replayed: in whose name and by which rules."""

    source: str
    rules: Rules


class Unknown(msgspec.Struct, frozen=True):
    """There is no such reject, or it was kept too long ago."""

    reject_id: int


class Before(msgspec.Struct, frozen=True):
    """The reject was replayed at this time (epoch milliseconds): nothing was applied now."""

    reject_id: int
    replayed_at: int


class Tried(msgspec.Struct, frozen=True):
    """What became of a record, and which position it had in its receipt."""

    receipt: Receipt
    position: int
    wire: Wire


Outcome: TypeAlias = Unknown | Before | Tried


def list_rejects(
    store: Store, environment: EnvironmentId, *, before: int | None, count: int
) -> list[KeptReject]:
    """Give kept rejects, newest first, older than the one of id `before`."""
    with store.read() as tx:
        page = rejects.page(
            tx, environment, before=_NEWEST if before is None else before, count=count
        )
    return [_kept(stored) for stored in page]


def list_rejects_of(
    store: Store, environment: EnvironmentId, ids: Sequence[str]
) -> Iterator[KeptReject]:
    """Give the kept rejects that named a person by one of these ids, newest first for each."""
    for each in dict.fromkeys(ids):
        with store.read() as tx:
            found = rejects.of_person(tx, environment, each)
        yield from map(_kept, found)
