"""Rejected records: listing them, and applying them after all (U-23).

A kept record is shown in the shape in which it came, with the names of its wire. It
is replayed by the rules of that wire, as of the time at which it first came in.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from mien.domain.documents import Rules
from mien.domain.errors import IdempotencyReusedError, StoreUnavailableError
from mien.domain.ids import EnvironmentId
from mien.services.ingest import IDEMPOTENCY_MS, Ingest
from mien.services.receipts import Batch, Idempotency, Receipt, Result
from mien.services.wires import Wire, from_raw, native_reason, shape_of, to_raw, wire_of
from mien.store import idempotency as idempotency_store
from mien.store import rejects
from mien.store.engine import Store, Transaction
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

    The mended record may have the shape of either wire.
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
    """What became of a record; `record` is the one that was tried, in the shape of `wire`."""

    result: Result
    wire: Wire
    record: object


Outcome: TypeAlias = Unknown | Before | Tried


def list_rejects(
    store: Store, environment: EnvironmentId, *, before: int | None, count: int
) -> list[KeptReject]:
    """Give kept rejects, newest first, older than the one of id `before`."""
    with store.read() as tx:
        page = rejects.page(
            tx, environment, before=_NEWEST if before is None else before, count=count
        )
    return [kept_of(stored) for stored in page]


def get_rejects(
    store: Store, environment: EnvironmentId, wanted: Sequence[int]
) -> list[KeptReject]:
    """Give the kept rejects of these ids; those that are gone are absent."""
    with store.read() as tx:
        found = rejects.some(tx, environment, list(wanted))
    return sorted(map(kept_of, found), key=lambda kept: -kept.reject_id)


class Once(msgspec.Struct, frozen=True):
    """The Idempotency-Key of a replay, the digest of its body, and how its answer is written."""

    key: str
    digest: bytes
    render: Callable[[Sequence[Outcome]], bytes]


class Replayed(msgspec.Struct, frozen=True):
    """What became of each reject, in order; `answer` was given before to the same key."""

    outcomes: Sequence[Outcome] = ()
    answer: bytes | None = None


async def replay(
    store: Store,
    ingest: Ingest,
    environment: EnvironmentId,
    wanted: Sequence[Replay],
    *,
    manners: Mapping[Wire, Manner],
    now_ms: int,
    once: Once | None = None,
) -> Replayed:
    """Apply kept rejects; each id may stand in `wanted` once.

    Those that are applied are marked, in the same transaction: a record counts once,
    however often and by however many processes it is replayed. One that fails again stays
    as it is. Records of one wire are applied in order, one wire after the other.
    Raises `ConflictError` for an Idempotency-Key that is taken.
    """
    replaying = _Replaying(store, environment, wanted, manners, now_ms, once)
    for _ in range(_ATTEMPTS):
        try:
            return await replaying.run(ingest)
        except RejectGoneError:
            continue
    msg = "Other calls replay the same rejects; ask again in a moment."
    raise StoreUnavailableError(msg)


class _Replaying:
    """One call of `replay`: what is settled by now, and what is still to be tried."""

    def __init__(
        self,
        store: Store,
        environment: EnvironmentId,
        wanted: Sequence[Replay],
        manners: Mapping[Wire, Manner],
        now_ms: int,
        once: Once | None,
    ) -> None:
        self._store, self._environment, self._wanted = store, environment, wanted
        self._manners, self._now_ms, self._once = manners, now_ms, once
        self._tried: dict[int, Tried] = {}
        self._kept: dict[int, StoredReject] = {}

    async def run(self, ingest: Ingest) -> Replayed:
        """Try what is not settled; raises `RejectGoneError` if another call was quicker."""
        answer = await asyncio.to_thread(self._look)
        if answer is not None:
            return Replayed(answer=answer)
        waiting = self._waiting()
        for wire, replays in waiting.items():
            is_last = wire is list(waiting)[-1]
            receipt = await ingest.submit(self._batch(wire, replays, is_last=is_last))
            if receipt.answer is not None:
                return Replayed(answer=receipt.answer)
            self._settle(replays, receipt)
        return Replayed(self._outcomes())

    def _look(self) -> bytes | None:
        """Read the rejects, then the answer that the key stands for, if there is one.

        In this order: an answer given by the call that replayed them is then seen.
        """
        with self._store.read() as tx:
            found = rejects.some(tx, self._environment, [each.reject_id for each in self._wanted])
            self._kept = {stored.reject_id: stored for stored in found}
            return _answer(tx, self._environment, self._once, self._now_ms) if self._once else None

    def _waiting(self) -> dict[Wire, list[Replay]]:
        """Give what is to be tried, by the wire that it came in by."""
        waiting: dict[Wire, list[Replay]] = {}
        for each in self._wanted:
            stored = self._kept.get(each.reject_id)
            if stored and stored.replayed_at is None and each.reject_id not in self._tried:
                waiting.setdefault(wire_of(stored.source), []).append(each)
        return waiting

    def _batch(self, wire: Wire, replays: list[Replay], *, is_last: bool) -> Batch:
        manner, once = self._manners[wire], self._once
        # The answer is kept with the last batch: then all that it tells of is on disk.
        idempotency = (
            Idempotency(once.key, once.digest, partial(self._render, once, replays))
            if once and is_last
            else None
        )
        return Batch(
            self._environment,
            [_raw(each, self._kept[each.reject_id]) for each in replays],
            self._now_ms,
            manner.source,
            manner.rules,
            idempotency=idempotency,
            replays=tuple(each.reject_id for each in replays),
        )

    def _render(self, once: Once, replays: list[Replay], receipt: Receipt) -> bytes:
        self._settle(replays, receipt)
        try:
            return once.render(self._outcomes())
        finally:
            # Not committed yet: it counts when the receipt comes back.
            for each in replays:
                del self._tried[each.reject_id]

    def _settle(self, replays: list[Replay], receipt: Receipt) -> None:
        for each, result in zip(replays, receipt.results, strict=True):
            shape, record = _record(each, self._kept[each.reject_id])
            self._tried[each.reject_id] = Tried(result, shape, record)

    def _outcomes(self) -> list[Outcome]:
        return [self._outcome(each.reject_id) for each in self._wanted]

    def _outcome(self, reject_id: int) -> Outcome:
        if (tried := self._tried.get(reject_id)) is not None:
            return tried
        stored = self._kept.get(reject_id)
        if stored is None or stored.replayed_at is None:
            return Unknown(reject_id)
        return Before(reject_id, stored.replayed_at)


def _record(each: Replay, stored: StoredReject) -> tuple[Wire, object]:
    """Give the record to try, and whose shape it has."""
    wire = wire_of(stored.source)
    if each.mended is not msgspec.UNSET:
        return shape_of(each.mended, wire), each.mended
    raw = _decode(stored.record)
    return wire, from_raw(raw) if wire is Wire.NATIVE else raw


def _raw(each: Replay, stored: StoredReject) -> object:
    """Give the record to apply, as of the time at which it came in unless it names one."""
    shape, record = _record(each, stored)
    raw = to_raw(record) if shape is Wire.NATIVE else record
    if isinstance(raw, dict) and raw.get("type") in ("profile", "event") and "ts" not in raw:
        return {**raw, "ts": stored.received_at // 1_000}
    return raw


def _answer(tx: Transaction, environment: EnvironmentId, once: Once, now_ms: int) -> bytes | None:
    known = idempotency_store.find(tx, environment, once.key, since_ms=now_ms - IDEMPOTENCY_MS)
    if known is None:
        return None
    digest, answer = known
    if digest != once.digest:
        raise IdempotencyReusedError(once.key)
    return answer


def kept_of(stored: StoredReject) -> KeptReject:
    """Show a reject in the shape in which it came."""
    record, reason = msgspec.Raw(stored.record), stored.reason
    if wire_of(stored.source) is Wire.NATIVE:
        record = msgspec.Raw(_encode(from_raw(_decode(stored.record))))
        reason = native_reason(stored.code, reason)
    return KeptReject(
        stored.reject_id,
        record,
        stored.position,
        stored.code,
        reason,
        stored.source,
        stored.received_at,
        stored.replayed_at,
    )
