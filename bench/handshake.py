"""How a measuring child talks with its parent: order, ready, go, report.

The parent sends `go` when every child of a round is ready, so that making bodies
is in nobody's time.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from bench.jobs import Report

READY = b"ready\n"
GO = b"go\n"
STOP = b"stop\n"

Order = TypeVar("Order")


class Stopwatch:
    """Time and processor time since it was made."""

    def __init__(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()

    def report(self, *, records: int, call_seconds: list[float]) -> Report:
        """Give the report of a job that ended now."""
        return Report(
            records=records,
            seconds=time.perf_counter() - self._started,
            p50_ms=percentile(call_seconds, 50) * 1_000,
            p99_ms=percentile(call_seconds, 99) * 1_000,
            cpu_seconds=time.process_time() - self._cpu,
        )


def percentile(values: list[float], percent: int) -> float:
    """Give the smallest value that `percent` of the values do not exceed; at least one value."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def receive(kind: type[Order]) -> Order:
    """Read the order of the parent."""
    return msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)


def wait_for_go() -> Stopwatch:
    """Say that all is prepared, wait for the parent, start the watch."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    sys.stdin.buffer.readline()
    return Stopwatch()


def listen_for_stop() -> threading.Event:
    """Give an event that is set when the parent says stop, or is gone."""
    stopped = threading.Event()

    def listen() -> None:
        os.read(sys.stdin.fileno(), 1)  # unlike sys.stdin, free to be left waiting at exit
        stopped.set()

    threading.Thread(target=listen, daemon=True).start()
    return stopped


def send(report: Report) -> None:
    """Write the report for the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


def repeat(work: Callable[[], object], times: int) -> Report:
    """Wait for the parent, do a work again and again, and report how long each took."""
    watch, took = wait_for_go(), []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return watch.report(records=times, call_seconds=took)
