"""The same counts with ten times the people and events: the floor column is the rate before."""

from functools import partial

from bench.child import child
from bench.jobs import Crowd, FloorOrder, Question, Report
from bench.rows import RatioAtLeast, Row, row
from bench.stage import Stage
from bench.works.counts import TIMES, WORKS

TIMES_MORE, EVENTS_EACH = 10, 10
PROMISE = RatioAtLeast(1 / TIMES_MORE)
"""The cost grows slower than the data."""

PROGRAM = "bench.counting"


def growth(stage: Stage) -> list[Row]:
    """Fill two copies, and ask both the same questions."""
    people, events = stage.sizes.counted_people, stage.sizes.counted_people * EVENTS_EACH
    places = {}
    for name, times in (("before", 1), ("grown", TIMES_MORE)):
        stage.say(f"growth: filling, {name}")
        places[name] = str(stage.folder / f"{name}.duckdb")
        crowd = Crowd(people * times, events * times, stage.now)
        child(PROGRAM, FloorOrder(places[name], crowd))
    rows = []
    for about, (work, _) in WORKS.items():
        question = Question(about, TIMES, stage.now)
        programs = {
            name: partial(_ask, FloorOrder(place, question)) for name, place in places.items()
        }
        reports = stage.in_turns(f"growth, {work}", programs)
        title = f"{work}, {TIMES_MORE} times the data"
        rows.append(row(title, reports["grown"], promise=PROMISE, floor=reports["before"]))
    return rows


def _ask(order: FloorOrder, _turn: int) -> Report:
    return child(PROGRAM, order)
