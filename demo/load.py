"""Sends the story to the server: several uploads at a time, each person's records in order."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from demo.visits import Step
from mien_client import EventRecord, Mien, ProfileRecord, Receipt, Record, TokenRecord

LANES = 4
BATCH_RECORDS = 1_000
_WAITING_BATCHES = 2

OnBatch = Callable[[int], None]
"""Told how many records a settled batch had; called from several threads, one at a time."""


class Tally:
    """Counts what the story tells, and finds people worth a look."""

    def __init__(self) -> None:
        self.kinds: Counter[type[Record]] = Counter()
        self.people: set[int] = set()
        self._orders: Counter[str] = Counter()
        self._anonymous: dict[int, str] = {}
        self._identified: set[int] = set()

    @property
    def identified(self) -> int:
        """How many people are known by a distinct id."""
        return len(self._identified)

    def count(self, step: Step) -> None:
        """Take note of one step."""
        record = step.record
        self.kinds[type(record)] += 1
        match record:
            case EventRecord(name="Charged", distinct_id=str(distinct_id)):
                self._orders[distinct_id] += 1
            case ProfileRecord(distinct_id=None, object_id=str(object_id)):
                self._note_visitor(step.person, object_id)
            case ProfileRecord():
                self.people.add(step.person)
                self._identified.add(step.person)
                self._anonymous.pop(step.person, None)
            case EventRecord() | TokenRecord():
                pass

    def _note_visitor(self, person: int, object_id: str) -> None:
        self.people.add(person)
        if person not in self._identified:
            self._anonymous.setdefault(person, object_id)

    def best_customer(self) -> str:
        """Give the distinct id of who ordered most often, "" if nobody did."""
        return next((distinct_id for distinct_id, _ in self._orders.most_common(1)), "")

    def a_visitor(self) -> str:
        """Give the object id of somebody who stayed anonymous, "" if nobody did."""
        return next(iter(self._anonymous.values()), "")


class Progress:
    """What is settled: batches by lane, records of this run, and why some were rejected."""

    def __init__(
        self, confirmed: Iterable[int], *, keep: Callable[[list[int]], None], on_batch: OnBatch
    ) -> None:
        self.confirmed = [*confirmed] or [0] * LANES
        self.sent = 0
        self.rejections: Counter[str] = Counter()
        self._keep, self._on_batch = keep, on_batch
        self._lock = Lock()
        self._begun_at: float | None = None

    @property
    def seconds(self) -> float:
        """How long ago the first batch of this run was sent; 0 if none was."""
        return 0.0 if self._begun_at is None else time.monotonic() - self._begun_at

    def begin(self) -> None:
        """Note that a batch is about to be sent. What is told again before it costs no time."""
        with self._lock:
            self._begun_at = self._begun_at or time.monotonic()

    def settle(self, lane: int, receipt: Receipt) -> None:
        """Note a batch that the server answered."""
        with self._lock:
            self.confirmed[lane] += 1
            self.sent += len(receipt.results)
            self.rejections.update(f"{it.code}: {it.reason}" for it in receipt.rejected)
            self._keep(self.confirmed)
            self._on_batch(len(receipt.results))


class _Lane:
    """One uploading thread; its batches go one after the other, and none after a failed one.

    A batch has a key of its own, so that one which was sent, but whose answer a
    crash kept from us, is not applied a second time.
    """

    def __init__(self, number: int, client: Mien, progress: Progress, *, key: str) -> None:
        self.number = number
        self._client, self._progress = client, progress
        self._key = f"{key}-{number}"
        self._settled_before = progress.confirmed[number]
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[None]] = deque()
        self._batch: list[Record] = []
        self._batches = 0
        self._is_broken = False

    def add(self, record: Record) -> None:
        """Take one record; waits while enough batches are on their way."""
        self._batch.append(record)
        if len(self._batch) == BATCH_RECORDS:
            self._dispatch()

    def finish(self) -> None:
        """Send the rest and wait for all answers."""
        if self._batch:
            self._dispatch()
        while self._waiting:
            self._waiting.popleft().result()

    def stop(self) -> None:
        """Send no more; wait for the batch that is on its way."""
        self._is_broken = True
        self._thread.shutdown(cancel_futures=True)

    def _dispatch(self) -> None:
        number, batch = self._batches, self._batch
        self._batches, self._batch = number + 1, []
        if number < self._settled_before:
            return
        self._waiting.append(self._thread.submit(self._upload, number, batch))
        if len(self._waiting) > _WAITING_BATCHES:
            self._waiting.popleft().result()

    def _upload(self, number: int, batch: list[Record]) -> None:
        if self._is_broken:
            return
        self._progress.begin()
        try:
            receipt = self._client.upload(batch, key=f"{self._key}-{number}")
        except BaseException:
            self._is_broken = True
            raise
        self._progress.settle(self.number, receipt)


def load(client: Mien, steps: Iterable[Step], progress: Progress, *, key: str) -> Tally:
    """Send the steps that are not settled yet, and count all of them.

    `client` sends batches of `BATCH_RECORDS`. `key` names this story, so that a
    batch sent again within the server's memory for keys is applied once. Raises
    what the client raises; `progress` then says how far it came.
    """
    tally = Tally()
    lanes = [_Lane(number, client, progress, key=key) for number in range(LANES)]
    try:
        for step in steps:
            tally.count(step)
            lanes[step.person % LANES].add(step.record)
        for lane in lanes:
            lane.finish()
    finally:
        for lane in lanes:
            lane.stop()
    return tally
