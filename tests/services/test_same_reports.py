"""Reports are the same from both engines, for the same record (G-12, G-14)."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mien.domain.cql.query import parse_event_query
from mien.domain.cql.reports import Measure, Ranked, Side, Step, Top, Trend
from mien.services.ingest import Ingest
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.services.reports import Asking, Reports
from mien.store.setup import prepare
from tests.support.copies import open_copy
from tests.support.shop import DAYS, FILTERS, START, crowd_records
from tests.support.uploading import Desk, new_environment

PARIS = ZoneInfo("Europe/Paris")
NOW = START + 75 * 86_400
TODAY = date(2026, 3, 17)
RANKED = [
    Ranked(Side.EVENT, "Amount"),
    Ranked(Side.EVENT, "Shop"),
    Ranked(Side.EVENT, "when"),
    Ranked(Side.SESSION, "utm_source"),
    Ranked(Side.PROPERTY, "plan"),
    Ranked(Side.PROPERTY, "score"),
    Ranked(Side.DERIVED, "Age"),
    Ranked(Side.DERIVED, "Country"),
    Ranked(Side.FACT, "os"),
    Ranked(Side.CHANNEL, "email"),
]


@pytest.fixture
def reports(desk: Desk, tmp_path: Path) -> Iterator[list[Reports]]:
    copies = [open_copy(engine, tmp_path) for engine in ("duckdb", "clickhouse")]
    yield [
        Reports(Questions(Projection(desk.store, copy), fresh_seconds=0, query_seconds=30))
        for copy in copies
    ]
    for copy in copies:
        copy.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()
    store.close()


async def test_each_question_has_the_same_answer(desk: Desk, reports: list[Reports]) -> None:
    """Rows, numbers over time, and what comes most often, with each filter."""
    await desk.send(*crowd_records(), at_ms=NOW * 1_000)
    for each in reports:
        while each._questions.projection.advance(desk.environment):
            pass
    told = set()
    for place, (more, name) in enumerate(product(FILTERS, ("Charged", "Viewed"))):
        raw = {"event_name": name, **DAYS, **more}
        one, other = (answers(each, desk, raw, place) for each in reports)
        assert one == other, raw
        told.add(str(one))
    assert len(told) > 25
    splits = ["os", "user_type", "session_source"]
    active = [each.active(desk.environment, START + 86_400, splits) for each in reports]
    assert active[0] == active[1]


def answers(reports: Reports, desk: Desk, raw: dict[str, object], place: int) -> list[object]:
    """Ask for the rows, for one of the numbers over time, and for one value that is ranked."""
    event, query = parse_event_query(raw, PARIS)
    asking: Asking = reports.ask(desk.environment, query, NOW, PARIS)
    measure, step = list(product(Measure, Step))[place % 9]
    ranked = Top(RANKED[place % len(RANKED)], count=3)
    return [
        asking.count_people(),
        asking.count_events(event),
        reports.ids(desk.environment, query, None, NOW, PARIS, list),
        reports.ids(desk.environment, query, event, NOW, PARIS, list),
        asking.trend(event, Trend(measure, "Amount", {}), step),
        asking.top(event, "x", ranked, TODAY),
    ]
