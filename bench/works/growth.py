"""Counts, and changes of people, with ten times the people and events: the floor column is the rate before."""

from collections.abc import Mapping
from functools import partial

from bench.child import child
from bench.jobs import Changes, Crowd, FloorOrder, Question, Report
from bench.rows import RatioAtLeast, Row, row
from bench.stage import Stage
from bench.works.counts import TIMES, WORKS

TIMES_MORE, EVENTS_EACH = 10, 10
STEPS = 20
PROMISE = RatioAtLeast(1 / TIMES_MORE)
"""The cost grows slower than the data."""

PROGRAM = "bench.counting"


def growth(stage: Stage) -> list[Row]:
    """Fill two copies, ask both the same questions, and copy changes into both."""
    people, events = stage.sizes.counted_people, stage.sizes.counted_people * EVENTS_EACH
    places, crowds = {}, {}
    for name, times in (("before", 1), ("grown", TIMES_MORE)):
        stage.say(f"growth: filling, {name}")
        places[name] = str(stage.folder / f"{name}.duckdb")
        crowds[name] = Crowd(people * times, events * times, stage.now)
        child(PROGRAM, FloorOrder(places[name], crowds[name]))
    rows = []
    for about, (work, _) in WORKS.items():
        question = Question(about, TIMES, stage.now)
        rows.append(
            _compared(stage, work, {name: FloorOrder(places[name], question) for name in places})
        )
    changes = {
        name: FloorOrder(place, Changes(crowds[name].people, STEPS, stage.now))
        for name, place in places.items()
    }
    return [*rows, _compared(stage, "copy changes of people", changes)]


def _compared(stage: Stage, work: str, orders: Mapping[str, FloorOrder]) -> Row:
    programs = {name: partial(_do, order) for name, order in orders.items()}
    reports = stage.in_turns(f"growth, {work}", programs)
    title = f"{work}, {TIMES_MORE} times the data"
    return row(title, reports["grown"], promise=PROMISE, floor=reports["before"])


def _do(order: FloorOrder, _turn: int) -> Report:
    return child(PROGRAM, order)
