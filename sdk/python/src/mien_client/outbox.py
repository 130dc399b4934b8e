"""The queue behind the verbs that do not wait: records in, batches out on a thread of its own.

A batch keeps its idempotency key until the server has answered, so it counts once however
often it is sent. What is lost, because the queue was full, the server refused it or the
program ended, is told.
"""

import atexit
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mien_client import retries
from mien_client.errors import MienError, UnavailableError, UploadInterruptedError
from mien_client.records import Record
from mien_client.results import Receipt, Result, Status
from mien_client.talks import Rules

LONGEST_ATTEMPTS = 20  # beyond this the waits do not grow

_log = logging.getLogger("mien_client")

OnResult = Callable[[Record, Result], None]
OnLost = Callable[[Sequence[Record], str], None]


def warn_of_rejects(record: Record, result: Result) -> None:
    """Log a record that the server rejected."""
    if result.status is Status.REJECTED:
        _log.warning("Rejected with code %s: %s: %r", result.code, result.reason, record)


def warn_of_loss(records: Sequence[Record], reason: str) -> None:
    """Log records that were lost."""
    _log.warning("Lost %s record(s): %s", len(records), reason)


@dataclass(frozen=True, slots=True)
class Queue:
    """How records wait that are sent later.

    At most `size` of them; then the oldest are lost. They wait `wait_seconds` for company.
    Closing the client sends what is left, for up to `close_seconds`. `on_result` hears
    what became of each record, `on_lost` of those that were given up and why; both are
    called on the thread that sends, and log a warning unless you give your own.
    """

    size: int = 10_000
    wait_seconds: float = 1.0
    close_seconds: float = 10.0
    on_result: OnResult = warn_of_rejects
    on_lost: OnLost = warn_of_loss

    def __post_init__(self) -> None:
        """Refuse what cannot work, with a ValueError."""
        if self.size < 1 or self.wait_seconds < 0 or self.close_seconds < 0:
            message = "a queue has a size of 1 or more, and waits for 0 seconds or more"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class _Item:
    record: Record
    on_accepted: Callable[[Result], None] | None


Upload = Callable[[Rules, Sequence[Record], str], Receipt]


class Outbox:
    """Records that wait, and the thread that sends them; it starts with the first record."""

    def __init__(self, upload: Upload, rules: Rules, queue: Queue) -> None:
        # Each attempt is one sending: between them the outbox waits, so that closing need not.
        self._upload, self._rules, self._queue = upload, replace(rules, max_retries=0), queue
        self._is_closed: bool
        self._begin()

    def put(self, record: Record, on_accepted: Callable[[Result], None] | None = None) -> None:
        """Let a record wait. Never blocks; on a closed client it is a RuntimeError."""
        if self._pid != os.getpid():
            self._begin()  # in a child: what the parent has waiting is for the parent to send
        dropped: list[Record] = []
        with self._changed:
            if self._is_closed:
                message = "the client is closed"
                raise RuntimeError(message)
            while len(self._items) >= self._queue.size:
                dropped.append(self._items.popleft().record)
            self._items.append(_Item(record, on_accepted))
            self._start()
            self._changed.notify_all()
        if dropped:
            self._lose(dropped, "the queue was full")

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the server has answered for all that waits; False after `timeout` seconds."""
        if self._pid != os.getpid():
            self._begin()
        with self._changed:
            self._flushes += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(self._is_idle, timeout)
            finally:
                self._flushes -= 1

    def close(self) -> None:
        """Send what waits, for as long as the queue allows; what is left then is lost."""
        atexit.unregister(self.close)
        with self._changed:
            if self._is_closed or self._pid != os.getpid():
                return
            self._is_closed = True
            self._ends_at = time.monotonic() + self._queue.close_seconds
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(self._queue.close_seconds + 1)
        with self._changed:
            left, flying = [item.record for item in self._items], list(self._flying)
            self._items.clear()
        if flying:
            self._lose(flying, "the server had not answered when the client was closed")
        if left:
            self._lose(left, "the client was closed before they could be sent")

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._flying: list[Record] = []
        self._flushes = 0
        self._is_closed = False
        self._ends_at = math.inf

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mien-client", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def _is_idle(self) -> bool:
        return not self._items and not self._flying

    def _run(self) -> None:
        while batch := self._next_batch():
            _call(self._deliver, batch)
            with self._changed:
                self._flying = []
                self._changed.notify_all()

    def _next_batch(self) -> list[_Item]:
        """Wait for records, and a little for their company; empty once all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed)
            self._changed.wait_for(self._is_due, self._queue.wait_seconds)
            if time.monotonic() >= self._ends_at:
                return []
            count = min(len(self._items), self._rules.batch_size)
            batch = [self._items.popleft() for _ in range(count)]
            self._flying = [item.record for item in batch]
            return batch

    def _is_due(self) -> bool:
        is_full = len(self._items) >= self._rules.batch_size
        return is_full or self._flushes > 0 or self._is_closed

    def _deliver(self, batch: Sequence[_Item]) -> None:
        receipt = self._send([item.record for item in batch])
        if receipt is None:
            return
        for item, result in zip(batch, receipt.results, strict=True):
            _call(self._queue.on_result, item.record, result)
            if item.on_accepted is not None and result.status is not Status.REJECTED:
                _call(item.on_accepted, result)

    def _send(self, records: Sequence[Record]) -> Receipt | None:
        """Send records until they are settled; None if they are lost."""
        key, attempt = self._rules.new_key(), 0
        while True:
            attempt += 1
            try:
                return self._upload(self._rules, records, key)
            except MienError as error:
                passing, reason = _passing(error), str(error)
            if passing is None or not self._rest(attempt, passing.retry_after_seconds):
                self._lose(records, reason)
                return None

    def _rest(self, attempt: int, asked_seconds: float | None) -> bool:
        """Wait before the next attempt; False when the time to close is over."""
        pause = retries.pause_seconds(
            min(attempt, LONGEST_ATTEMPTS), chance=self._rules.chance(), asked_seconds=asked_seconds
        )
        with self._changed:
            wakes_at = time.monotonic() + pause
            while (now := time.monotonic()) < min(wakes_at, self._ends_at):
                self._changed.wait(min(wakes_at, self._ends_at) - now)
            return time.monotonic() < self._ends_at

    def _lose(self, records: Sequence[Record], reason: str) -> None:
        _call(self._queue.on_lost, records, reason)


def _call(work: Callable[..., None], *given: object) -> None:
    """Do what may be a callback of the caller: the thread outlives any fault of it."""
    try:
        work(*given)
    except Exception:  # noqa: BLE001 - logged whole
        _log.exception("A fault while records were sent, or in a callback")


def _passing(error: MienError) -> UnavailableError | None:
    """Give what will pass by itself; None for what will not."""
    cause = error.__cause__ if isinstance(error, UploadInterruptedError) else error
    return cause if isinstance(cause, UnavailableError) else None
