"""Starting with a full store, against starting with an empty one."""

from bench.jobs import Report
from bench.rows import RatioAtLeast, Row, row
from bench.stage import Stage

PROMISE = RatioAtLeast(0.7)
"""A start does not depend on what is stored."""


def start(stage: Stage) -> list[Row]:
    """Start on a new folder each round; the full store is started once, when it has been filled."""

    def empty(turn: int) -> Report:
        with stage.new_mien(f"start-{turn}") as server:
            return _report(server.start_seconds)

    full = _report(stage.stored.server.start_seconds)
    floor = stage.in_turns("start", {"floor": empty})["floor"]
    return [row("start with a full store", [full], promise=PROMISE, floor=floor)]


def _report(seconds: float) -> Report:
    return Report(1, seconds, seconds * 1_000, seconds * 1_000, 0.0)
