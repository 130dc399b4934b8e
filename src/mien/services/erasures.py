"""Erasing many people, at once or after a time in which it can be cancelled (P-15, B-07)."""

from collections.abc import Mapping, Sequence

import msgspec

from mien import clock
from mien.domain.errors import ConflictError, NotFoundError
from mien.domain.identities import Identity, own_id
from mien.domain.ids import EnvironmentId
from mien.services.erase import ErasureReceipt, erase_within, look_ahead
from mien.services.history import name_actors
from mien.services.reading import find_in
from mien.services.retrying import write_retried
from mien.store import erasures, numbers
from mien.store.engine import Store, Transaction
from mien.store.erasures import PlannedErasure

_NEWEST = 2**63 - 1
_DUE_AT_ONCE = 100

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ErasureReceipt).decode


class ErasureDoneError(ConflictError):
    """The erasure is done and cannot be cancelled."""

    code = "erasure_done"
    mend = "Nothing brings the person back; read the receipt of the erasure."

    def __init__(self, erasure: int) -> None:
        self.erasure = erasure
        super().__init__(f"Erasure {erasure} is done; it cannot be cancelled.")


class Erasure(msgspec.Struct, frozen=True):
    """An erasure that was asked for; `receipt` is None while it waits, or nobody was there."""

    planned: PlannedErasure
    receipt: ErasureReceipt | None
    actor: str | None


def plan_erasures(
    store: Store,
    environment: EnvironmentId,
    wanted: Sequence[Identity],
    *,
    now_ms: int,
    due_ms: int,
    source: str,
) -> list[Erasure | None]:
    """Ask for the erasure of those whom ids mean; None for an id that means nobody.

    A profile has one erasure that waits: asked for again, the earlier time holds. What is
    due already is done at once, person by person.
    """
    planned = write_retried(
        store,
        lambda tx: _plan(tx, environment, wanted, now_ms=now_ms, due_ms=due_ms, source=source),
    )
    for each in {each.erasure_id: each for each in planned if each is not None}.values():
        if each.due_at <= now_ms:
            carry_out(store, environment, each)
    return [
        None if each is None else get_erasure(store, environment, each.erasure_id)
        for each in planned
    ]


def carry_out_due(store: Store, environment: EnvironmentId, *, now_ms: int) -> int:
    """Carry out the erasures of an environment whose time has come; give how many."""
    done = 0
    while True:
        with store.read() as tx:
            found = erasures.due(tx, environment, now_ms=now_ms, count=_DUE_AT_ONCE)
        for each in found:
            done += carry_out(store, environment, each)
        if len(found) < _DUE_AT_ONCE:
            return done


def carry_out(store: Store, environment: EnvironmentId, planned: PlannedErasure) -> bool:
    """Erase a person and keep the receipt, in one transaction; false if that was done before."""

    identity = own_id(planned.profile)
    ahead = look_ahead(store, environment, identity)

    def work(tx: Transaction) -> bool:
        now_ms = clock.now_ms()
        if not erasures.begin(tx, environment, planned.erasure_id, now_ms=now_ms):
            return False
        receipt = erase_within(tx, environment, identity, ahead=ahead)
        if receipt is not None:
            erasures.keep_receipt(tx, environment, planned.erasure_id, _encode(receipt))
        return True

    return write_retried(store, work)


def get_erasure(store: Store, environment: EnvironmentId, erasure: int) -> Erasure:
    """Give an erasure, or raise `NotFoundError`."""
    with store.read() as tx:
        found = erasures.find(tx, environment, erasure)
        if found is None:
            raise _nothing(erasure)
        return _shown(found, name_actors(tx, environment, {found.source}))


def find_waiting(store: Store, environment: EnvironmentId, identity: Identity) -> Erasure | None:
    """Give the erasure of a person that waits for its time; None if none does."""
    with store.read() as tx:
        person = find_in(tx, environment, identity)
        found = erasures.waiting(tx, environment, [person.id]) if person is not None else {}
        if person is None or person.id not in found:
            return None
        planned = found[person.id]
        return _shown(planned, name_actors(tx, environment, {planned.source}))


def list_erasures(
    store: Store, environment: EnvironmentId, *, before: int | None, count: int
) -> list[Erasure]:
    """Give erasures, those asked for last first, older than the one of id `before`."""
    with store.read() as tx:
        found = erasures.page(
            tx, environment, before=_NEWEST if before is None else before, count=count
        )
        actors = name_actors(tx, environment, {each.source for each in found})
    return [_shown(each, actors) for each in found]


def cancel_erasure(store: Store, environment: EnvironmentId, erasure: int) -> Erasure:
    """Drop an erasure that waits, and give it as it was.

    Raises `NotFoundError` if there is none, `ErasureDoneError` if it is done.
    """
    found = get_erasure(store, environment, erasure)

    def cancel(tx: Transaction) -> Erasure | None:
        return found if erasures.cancel(tx, environment, erasure) else None

    if write_retried(store, cancel) is None:
        # It was done, or cancelled by another call, since it was read or before.
        get_erasure(store, environment, erasure)
        raise ErasureDoneError(erasure)
    return found


def _plan(
    tx: Transaction,
    environment: EnvironmentId,
    wanted: Sequence[Identity],
    *,
    now_ms: int,
    due_ms: int,
    source: str,
) -> list[PlannedErasure | None]:
    found = [find_in(tx, environment, identity) for identity in wanted]
    meant = list(dict.fromkeys(each.id for each in found if each is not None))
    known = erasures.waiting(tx, environment, meant)
    fresh = [profile for profile in meant if profile not in known]
    if fresh:
        ids = numbers.reserve(tx, environment, "erasure", len(fresh))
        rows = [
            PlannedErasure(erasure_id, profile, now_ms, due_ms, source)
            for erasure_id, profile in zip(ids, fresh, strict=True)
        ]
        erasures.plan(tx, environment, rows)
        known |= {row.profile: row for row in rows}
    for profile, each in known.items():
        if each.due_at > due_ms:
            erasures.advance(tx, environment, each.erasure_id, due_ms=due_ms)
            known[profile] = msgspec.structs.replace(each, due_at=due_ms)
    return [None if each is None else known[each.id] for each in found]


def _shown(planned: PlannedErasure, actors: Mapping[str, str]) -> Erasure:
    receipt = _decode(planned.receipt) if planned.receipt else None
    return Erasure(planned, receipt, actors.get(planned.source))


def _nothing(erasure: int) -> NotFoundError:
    msg = f"There is no erasure {erasure}; it may have been cancelled."
    return NotFoundError(msg)
