"""Merges of people who did much, their undo, and what others notice of it."""

from msgspec.structs import replace

from bench.child import load, load_beside
from bench.jobs import Events, InOrder, LoadOrder, Merges, Profiles, Report
from bench.rows import P99Below, Row, row
from bench.stage import CONNECTIONS, Stage

EVENTS_EACH = 10_000
TIMES = 10
PROMISE = P99Below(200.0)
AT_MOST = 2
"""How much longer others may wait while people are merged, before it counts as an effect."""

UPLOADS_A_SECOND, UPLOADS = 50, 200
RECORDS_PER_UPLOAD = 10
UNTIL_STOPPED = 1_000_000


def merges(stage: Stage) -> list[Row]:
    """Merge pairs with 10,000 events on each side, alone and beside a light upload."""
    people = stage.sizes.merge_pairs * 2
    with stage.new_mien("merges") as server:
        target, one_connection = server.target(CONNECTIONS), server.target(1)
        load(LoadOrder(target, Profiles(InOrder(0, people))))
        count = people * EVENTS_EACH
        load(LoadOrder(target, Events(0, count, people, stage.now, stage.now)))

        def upload(part: int) -> LoadOrder:
            size = UPLOADS * RECORDS_PER_UPLOAD
            who = InOrder(people + part * size, size)
            return LoadOrder(target, Profiles(who, RECORDS_PER_UPLOAD), UPLOADS_A_SECOND)

        def beside(turn: int) -> Report:
            merging = LoadOrder(one_connection, Merges(people, UNTIL_STOPPED))
            return load_beside(merging, main=upload(turn * 2 + 1))[1]

        reports = stage.in_turns(
            "merges",
            {
                "merge": lambda _: load(LoadOrder(one_connection, Merges(people, TIMES))),
                "undo": lambda _: load(LoadOrder(one_connection, Merges(people, TIMES, "undo"))),
                "upload alone": lambda turn: load(upload(turn * 2)),
                "upload beside": beside,
            },
        )
        resident_bytes = server.resident_bytes()
    alone = row("light upload", reports["upload alone"], resident_bytes=resident_bytes)
    return [
        # Each is measured by itself, so that there is no rate of either.
        replace(
            row(f"{work} of two with {EVENTS_EACH:,} events", reports[work], promise=PROMISE),
            rate=None,
        )
        for work in ("merge", "undo")
    ] + [
        alone,
        row(
            "light upload beside merges without a pause",
            reports["upload beside"],
            promise=P99Below(AT_MOST * (alone.p99_ms or 0.0)),
            resident_bytes=resident_bytes,
        ),
    ]
