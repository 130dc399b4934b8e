"""What the web SDK sends from pages: as much as there can be, and at half of that."""

from bench.child import load
from bench.jobs import LoadOrder, Pages, Report
from bench.rows import P99Below, RateAtLeast, Row, row
from bench.stage import Stage

PROMISE = RateAtLeast(2_000)
PROMISE_AT_HALF_LOAD = P99Below(20.0)
CONNECTIONS = 32
"""A proxy keeps many open."""


def pages(stage: Stage) -> list[Row]:
    """Send visits of new visitors each round, first as fast as they are answered."""
    count = stage.sizes.page_visits
    rates: list[float] = []

    with stage.new_mien("pages", proxies=1) as server:
        target = server.target(CONNECTIONS)

        def send(first: int, rate: float | None) -> Report:
            return load(LoadOrder(target, Pages(first, count, stage.now), rate))

        def full(turn: int) -> Report:
            report = send(turn * 2 * count, None)
            rates.append(report.rate)
            return report

        reports = stage.in_turns(
            "web SDK",
            {
                "full load": full,
                "half load": lambda turn: send((turn * 2 + 1) * count, rates[turn] / 2),
            },
        )
        resident_bytes = server.resident_bytes()
    return [
        row(
            f"web SDK requests, {kind}",
            reports[kind],
            promise=promise,
            resident_bytes=resident_bytes,
        )
        for kind, promise in (("full load", PROMISE), ("half load", PROMISE_AT_HALF_LOAD))
    ]
