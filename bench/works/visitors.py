"""Visitors who log in, against the plain upload of people whose ids are known."""

from bench.child import load
from bench.jobs import InOrder, LoadOrder, Profiles, Report, Visitors
from bench.rows import RatioAtLeast, Row, row
from bench.stage import CONNECTIONS, Stage

PROMISE = RatioAtLeast(0.5)
PLAIN_SHARE = 2
"""Plain records for each visitor: as many as make its rounds about half as long."""

FIRST_PLAIN = 200_000_000
"""Above all visitors."""


def visitors(stage: Stage) -> list[Row]:
    """Replay visitors who are new in each round, split over the rounds."""
    count = -(-stage.sizes.visitors // stage.rounds)
    plain_count = count * PLAIN_SHARE
    with stage.new_mien("visitors") as server:
        target = server.target(CONNECTIONS)

        def plain(turn: int) -> Report:
            people = InOrder(FIRST_PLAIN + turn * plain_count, plain_count)
            return load(LoadOrder(target, Profiles(people)))

        def replay(turn: int) -> Report:
            return load(LoadOrder(target, Visitors(turn * count, count, stage.now)))

        reports = stage.in_turns("visitors", {"plain": plain, "replay": replay})
        resident_bytes = server.resident_bytes()
    return [
        row(
            "replay of visitors with logins",
            reports["replay"],
            promise=PROMISE,
            floor=reports["plain"],
            resident_bytes=resident_bytes,
        )
    ]
