"""Taking records in: every way in ends here, with one validation and one set of rules.

One thread of the process applies all batches. Those that wait while a commit is
under way join the next one, so that under load one flush to disk serves many
calls. A batch is answered after its commit: durable and readable (B-03).
"""

import asyncio
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from mien.domain.errors import (
    AnswerErasedError,
    IdempotencyInFlightError,
    IdempotencyReusedError,
    LimitExceededError,
    StoreUnavailableError,
)
from mien.domain.ids import EnvironmentId
from mien.domain.keys import index_key
from mien.domain.records import RECORDS_PER_CALL, Record, parse_records, with_email_as_id
from mien.domain.rejects import Reject, RejectCode
from mien.domain.vouching import check_own, check_vouched
from mien.services.receipts import Applied, Batch, Receipt, Result
from mien.services.registry import Registry
from mien.services.workspace import Workspace
from mien.store import idempotency, numbers, rejects
from mien.store.engine import RetryTransactionError, Row, Store, Transaction

IDEMPOTENCY_MS = 24 * 3_600 * 1_000
_RECORDS_PER_COMMIT = 4_000
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.005

_encode = msgspec.json.Encoder().encode


class _DryRun(Exception):  # noqa: N818 - undoes the transaction of a dry run; not an error
    pass


class _Job:
    """A batch that waits for the writer, and the caller that waits for it."""

    __slots__ = ("batch", "error", "future", "loop", "receipt")

    def __init__(self, batch: Batch, future: "asyncio.Future[Receipt]") -> None:
        self.batch, self.future = batch, future
        self.loop = future.get_loop()
        self.receipt: Receipt | None = None
        self.error: Exception | None = None

    def answer(self) -> None:
        """Hand the outcome over to the caller's loop, unless that has ended meanwhile."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._resolve)

    def _resolve(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        elif self.receipt is not None:
            self.future.set_result(self.receipt)


def _ignore(_batches: int, _seconds: float) -> None:
    """Hear of a commit, and do nothing."""


class Ingest:
    """The writer of a process: takes batches, applies them in groups, answers each."""

    def __init__(
        self,
        store: Store,
        on_commit: Callable[[int, float], None] = _ignore,
    ) -> None:
        """Start the writer; `on_commit` hears of each commit: its batches and its seconds."""
        self._store, self._on_commit = store, on_commit
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._registries: dict[EnvironmentId, Registry] = {}
        self._in_flight: set[tuple[EnvironmentId, str]] = set()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()

    async def submit(self, batch: Batch) -> Receipt:
        """Apply a batch of at most 1,000 records, in order, and give what became of each.

        Bad records do not stop good ones. Raises `LimitExceededError` for more records,
        `ConflictError` for an Idempotency-Key that is taken, `StoreUnavailableError` when
        the store cannot write; then nothing was applied.
        """
        if len(batch.records) > RECORDS_PER_CALL:
            what = "records"
            raise LimitExceededError(what, limit=RECORDS_PER_CALL, size=len(batch.records))
        if self._is_closed:
            msg = "The server is stopping; send the records again in a moment."
            raise StoreUnavailableError(msg)
        if batch.idempotency is None or batch.is_dry_run:
            return await self._enqueue(batch)
        flight = (batch.environment, batch.idempotency.key)
        if flight in self._in_flight:
            raise IdempotencyInFlightError(batch.idempotency.key)
        self._in_flight.add(flight)
        try:
            return await self._enqueue(batch)
        finally:
            self._in_flight.discard(flight)

    def close(self) -> None:
        """Finish what was taken in, then stop."""
        self._is_closed = True
        self._jobs.put(None)
        self._thread.join()

    async def _enqueue(self, batch: Batch) -> Receipt:
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(batch, future))
        # Shielded: a client that goes away does not undo what is on its way to disk.
        return await asyncio.shield(future)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group, stop = self._gather(job)
            self._serve(group)
            for each in group:
                each.answer()
            if stop:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        """Take what waits now, up to a commit's worth."""
        group, records = [first], len(first.batch.records)
        while records < _RECORDS_PER_COMMIT:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            records += len(job.batch.records)
        return group, False

    def _serve(self, group: Sequence[_Job]) -> None:
        together = [job for job in group if not job.batch.is_dry_run]
        # When it is not a batch that fails but the store, each alone would fail as well, or
        # be applied twice: of a commit whose connection broke nobody knows the outcome.
        if (
            together
            and not self._attempt(together)
            and not isinstance(together[0].error, StoreUnavailableError)
        ):
            for job in together:
                job.error = None
                self._attempt([job])
        for job in group:
            if job.batch.is_dry_run:
                self._attempt([job])

    def _attempt(self, group: Sequence[_Job]) -> bool:
        """Commit these jobs together, or leave an error with each; true if it committed."""
        for attempt in range(_ATTEMPTS):
            started = time.perf_counter()
            try:
                self._commit(group)
                self._on_commit(len(group), time.perf_counter() - started)
            except RetryTransactionError:
                self._forget()
                # Uneven pauses, so that two processes in each other's way part.
                time.sleep(_PAUSE_SECONDS * (attempt + random.random()))  # noqa: S311
                continue
            except Exception as error:  # noqa: BLE001 - the writer outlives any one batch
                self._forget()
                self._fail(group, error)
                return False
            return True
        msg = "Other writers were in the way for too long; nothing was applied, send it again."
        self._fail(group, StoreUnavailableError(msg))
        return False

    def _fail(self, group: Sequence[_Job], error: Exception) -> None:
        for job in group:
            job.error = error

    def _forget(self) -> None:
        for registry in self._registries.values():
            registry.forget()

    def _commit(self, group: Sequence[_Job]) -> None:
        environments: dict[EnvironmentId, list[_Job]] = {}
        for job in group:
            environments.setdefault(job.batch.environment, []).append(job)
        with suppress(_DryRun), self._store.write() as tx:
            for environment in sorted(environments):
                self._apply_all(tx, environment, environments[environment])
            if any(job.batch.is_dry_run for job in group):
                self._forget()
                raise _DryRun

    def _apply_all(self, tx: Transaction, environment: EnvironmentId, jobs: list[_Job]) -> None:
        registry = self._registries.get(environment)
        if registry is None:
            registry = self._registries[environment] = Registry(environment)
        registry.refresh(tx)
        fresh = [job for job in jobs if not _answered_before(tx, job)]
        if not fresh:
            return
        parsed = [_parse(job.batch) for job in fresh]
        if registry.settings.unify_on:
            parsed = [[with_email_as_id(record) for record in records] for records in parsed]
        workspace = Workspace(tx, environment, registry)
        workspace.load([record for records in parsed for record in records])
        for job, records in zip(fresh, parsed, strict=True):
            results: list[Result] = [
                record if isinstance(record, Reject) else workspace.apply(record, job.batch)
                for record in records
            ]
            job.receipt = Receipt(tuple(results))
        if fresh[0].batch.is_dry_run:
            return
        workspace.flush(now_ms=fresh[-1].batch.received_at)
        for job in fresh:
            _keep(tx, job)


def _parse(batch: Batch) -> list[Record | Reject]:
    """Read the records of a batch; those that say what is not theirs to say are rejected."""
    records = parse_records(
        batch.records, now=batch.received_at // 1_000, is_system=batch.is_system
    )
    if batch.heeds_opt_out:
        records = [check_own(record) for record in records]
    if batch.vouched is None:
        return records
    return [check_vouched(record, batch.vouched) for record in records]


def _answered_before(tx: Transaction, job: _Job) -> bool:
    """Give a job the answer that its Idempotency-Key stands for, if there is one."""
    batch = job.batch
    if batch.idempotency is None or batch.is_dry_run:
        return False
    since = batch.received_at - IDEMPOTENCY_MS
    try:
        known = idempotency.find(tx, batch.environment, batch.idempotency.key, since_ms=since)
    except AnswerErasedError as error:
        job.error = error
        return True
    if known is None:
        return False
    digest, answer = known
    if digest != batch.idempotency.digest:
        job.error = IdempotencyReusedError(batch.idempotency.key)
    else:
        job.receipt = Receipt(answer=answer)
    return True


def _keep(tx: Transaction, job: _Job) -> None:
    """Keep the rejects of a batch, what goes with it, and its answer if it may be asked for again."""
    batch, receipt = job.batch, job.receipt
    assert receipt is not None  # noqa: S101 - set for every fresh job
    refused = [
        reject
        for each in receipt.results
        # A reject that fails again when it is replayed is kept already.
        if (reject := _reject_of(each)) is not None and not (batch.replays and each is reject)
    ]
    if refused:
        places = numbers.reserve_log(tx, batch.environment, len(refused))
        rejects.append(
            tx,
            [
                _reject_row(batch, place, reject)
                for place, reject in zip(places, refused, strict=True)
            ],
        )
    done = [
        batch.replays[each.position - 1]
        for each in receipt.results
        if batch.replays and isinstance(each, Applied)
    ]
    if done:
        rejects.mark_replayed(tx, batch.environment, done, now_ms=batch.received_at)
    if batch.also is not None:
        batch.also(tx, receipt)
    if batch.idempotency is not None:
        idempotency.save(
            tx,
            batch.environment,
            batch.idempotency.key,
            digest=batch.idempotency.digest,
            answer=batch.idempotency.render(receipt),
            now_ms=batch.received_at,
            since_ms=batch.received_at - IDEMPOTENCY_MS,
        )


def _reject_of(result: Result) -> Reject | None:
    return result if isinstance(result, Reject) else result.refused


def _reject_row(batch: Batch, place: int, reject: Reject) -> Row:
    raw = reject.record if reject.code in _PARTIAL else batch.records[reject.position - 1]
    return (
        batch.environment,
        place,
        batch.received_at,
        batch.source,
        reject.position,
        int(reject.code),
        reject.reason.encode(),
        _encode(raw),
        _person(raw),
        None,
    )


_PARTIAL = frozenset({RejectCode.TOO_MANY_KEYS, RejectCode.MAPPING})
"""Of a record that was written in part, only the rest is kept."""


def _person(raw: object) -> bytes:
    """Give the id by which a rejected record is erased along with its person."""
    if isinstance(raw, dict):
        for name in ("identity", "FBID", "GPID", "objectId"):
            if (value := raw.get(name)) is not None:
                text = str(value)
                return index_key(text.removeprefix("-") if name == "objectId" else text).encode()
    return b""
