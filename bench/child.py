"""The parent's end of a measuring process."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.handshake import GO, READY, STOP
from bench.jobs import FloorOrder, LoadOrder, Report

ROOT = Path(__file__).parent.parent
LOOK_SECONDS = 0.02


class ChildFailedError(Exception):
    """A measuring process ended without its report; what it said is on standard error."""

    def __init__(self, module: str) -> None:
        self.module = module
        super().__init__(f"{module} ended without a report")


class Child:
    """One measuring process; it is prepared, and waits, once this is made."""

    def __init__(self, module: str, order: LoadOrder | FloorOrder) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        self._tell(msgspec.json.encode(order) + b"\n")
        if self._hear() != READY:
            raise ChildFailedError(module)

    def go(self) -> None:
        """Let it start."""
        self._tell(GO)

    def stop(self) -> None:
        """Let it end what it has begun, and no more."""
        self._tell(STOP)

    def report(self) -> Report:
        """Wait for its report."""
        line = self._hear()
        self._process.communicate()
        if not line:
            raise ChildFailedError(self._module)
        return msgspec.json.decode(line, type=Report)

    def is_running(self) -> bool:
        """Tell whether it is still at work."""
        return self._process.poll() is None

    def _tell(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ChildFailedError(self._module) from error

    def _hear(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def load(order: LoadOrder) -> Report:
    """Run one job of the load generator alone."""
    return _run("bench.load", order)


def floor(name: str, order: FloorOrder) -> Report:
    """Run one job of a floor, named as its module."""
    return child(f"bench.floors.{name}", order)


def child(module: str, order: FloorOrder) -> Report:
    """Run one job of a program that opens a database by itself."""
    return _run(module, order)


def load_beside(order: LoadOrder, *, main: LoadOrder) -> tuple[Report, Report]:
    """Run a job as long as the main one runs; gives what both measured, the main one last."""
    beside, first = Child("bench.load", order), Child("bench.load", main)
    beside.go()
    first.go()
    measured = first.report()
    beside.stop()
    return beside.report(), measured


def load_watched(order: LoadOrder, look: Callable[[], None]) -> Report:
    """Run one job of the load generator and call `look` again and again meanwhile."""
    child = Child("bench.load", order)
    child.go()
    while child.is_running():
        look()
        time.sleep(LOOK_SECONDS)
    return child.report()


def _run(module: str, order: LoadOrder | FloorOrder) -> Report:
    child = Child(module, order)
    child.go()
    return child.report()
