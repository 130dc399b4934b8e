"""Counting beside uploads: how long a count waits for what was answered before it was asked."""

from functools import partial

from bench.child import load, load_beside
from bench.jobs import Counts, Events, LoadOrder, Report
from bench.rows import P99Below, Row, row
from bench.stage import CONNECTIONS, Stage

PROMISE_AT_HALF_LOAD = P99Below(500.0)
PROMISE_AT_MOST_LOAD = P99Below(2_000.0)
"""A copy that does not keep up makes counts wait ever longer, and then fail."""

LOADS = (("half load", 0.5, PROMISE_AT_HALF_LOAD), ("0.8 of the load", 0.8, PROMISE_AT_MOST_LOAD))
FIRST_EVENT = 1_000_000_000
"""Above all events of other works."""

_SHARES = 1 + len(LOADS)


def freshness(stage: Stage) -> list[Row]:
    """Upload events to the full store as fast as it takes them, then slower, with counts beside."""
    server, count = stage.stored.server, stage.sizes.events
    target = server.target(CONNECTIONS)
    counting = LoadOrder(server.target(1), Counts("Charged"))
    rates: dict[int, float] = {}

    def upload(turn: int, share: int, rate: float | None = None) -> LoadOrder:
        first = FIRST_EVENT + (turn * _SHARES + share) * count
        job = Events(first, count, stage.sizes.stored_profiles, stage.now, stage.now)
        return LoadOrder(target, job, None if rate is None else rate / job.per_call)

    def at_full_load(turn: int) -> Report:
        report = load(upload(turn, 0))
        rates[turn] = report.rate
        return report

    def beside(share: int, part: float, turn: int) -> Report:
        return load_beside(counting, main=upload(turn, share, rates[turn] * part))[0]

    programs = {"full load": at_full_load} | {
        name: partial(beside, share, part) for share, (name, part, _) in enumerate(LOADS, 1)
    }
    reports = stage.in_turns("freshness", programs)
    resident_bytes = server.resident_bytes()
    return [
        row(
            f"count beside an upload, {name}",
            reports[name],
            promise=promise,
            resident_bytes=resident_bytes,
        )
        for name, _, promise in LOADS
    ]
