"""Counting who is meant, against SQL by hand on the same engine and on PostgreSQL over JSONB."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from bench.child import child, floor
from bench.jobs import Crowd, FloorOrder, Question, Report
from bench.postgres import postgres as running_postgres
from bench.rows import RatioAtLeast, Row, row
from bench.stage import Stage

TIMES = 30
TIMES_ON_POSTGRES = 3
WORKS: dict[Literal["properties", "sentence"], tuple[str, float]] = {
    "properties": ("count on two properties", 0.8),
    "sentence": ("count on properties and events", 1.0),
}

Program = Callable[[int], Report]


def counts(stage: Stage) -> list[Row]:
    """Fill the copy and the floors with the same crowd, then ask each the same questions."""
    crowd = Crowd(stage.sizes.counted_people, stage.sizes.counted_events, stage.now)
    with running_postgres(stage.folder / "pg-counts") as database:
        places = {
            "mien": str(stage.folder / "counts.duckdb"),
            "floor": str(stage.folder / "counts-floor.duckdb"),
            "postgres": database.create_database("counts"),
        }
        filling = _fill(stage, places, crowd)
        rows = [each for about in WORKS for each in _asked(stage, places, about)]
    size = Path(places["mien"]).stat().st_size
    return [_filled(filling, size / (crowd.people + crowd.events)), *rows]


def _fill(stage: Stage, places: dict[str, str], crowd: Crowd) -> list[Report]:
    stage.say("counts: filling")
    orders = {name: FloorOrder(place, crowd) for name, place in places.items()}
    filled = child("bench.counting", orders["mien"])
    floor("duckdb_counts", orders["floor"])
    floor("postgres_counts", orders["postgres"])
    return [filled]


def _filled(filling: list[Report], bytes_each: float) -> Row:
    return Row(
        work="copy people and events for counting",
        rate=filling[0].rate,
        bytes_each=bytes_each,
    )


def _asked(
    stage: Stage, places: dict[str, str], about: Literal["properties", "sentence"]
) -> list[Row]:
    work, ratio = WORKS[about]
    question = Question(about, TIMES, stage.now)
    by_hand = Question(about, TIMES_ON_POSTGRES, stage.now)
    programs: dict[str, Program] = {
        "floor": lambda _: floor("duckdb_counts", FloorOrder(places["floor"], question)),
        "mien": lambda _: child("bench.counting", FloorOrder(places["mien"], question)),
        "postgres": lambda _: floor("postgres_counts", FloorOrder(places["postgres"], by_hand)),
    }
    reports = stage.in_turns(work, programs)
    return [
        row(work, reports["mien"], promise=RatioAtLeast(ratio), floor=reports["floor"]),
        row(f"{work}, against PostgreSQL", reports["mien"], floor=reports["postgres"]),
    ]
