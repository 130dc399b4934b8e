"""How events go over days, weeks or months: how often, by how many people, by a property (D-06)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien.domain.conditions import Equals
from mien.domain.cql.reports import Measure, Step
from mien.domain.errors import InvalidInputError
from mien.domain.schema import Definition
from mien.domain.segments import Did, Filter, LastDays
from mien.domain.tables import csv_line
from mien.services.definitions import find_event, most_done
from mien.services.insights import Insight, TopValue
from mien.services.reports import Number
from mien.web.charts import Plot, Series
from mien.web.lazy import draw_lazily
from mien.web.periods import SO_FAR, labels_of
from mien.web.routes import page
from mien.web.texts import plain
from mien.web.visit import Visit

EVENTS = 4
_OFFERED = 500
_VALUES = 5
RANGES = (7, 30, 90, 180, 365)
STEPS = {Step.DAY: "Days", Step.WEEK: "Weeks", Step.MONTH: "Months"}
MEASURES = {Measure.EVENTS: "Times done", Measure.PEOPLE: "People"}

Names = Annotated[list[str] | None, QueryParameter(name="event")]
Said = Annotated[str, QueryParameter(max_length=1_024)]
Days = Annotated[int, QueryParameter()]


class Asked(msgspec.Struct, frozen=True):
    """What is asked: which events, over which days, in which steps, what of each, split by what."""

    events: tuple[str, ...]
    step: Step
    measure: Measure
    days: int
    by: str

    @property
    def query(self) -> str:
        """The same as the query of an address."""
        events = [("event", each) for each in self.events]
        rest = [
            ("step", self.step),
            ("measure", self.measure),
            ("days", self.days),
            ("by", self.by),
        ]
        return urlencode([*events, *rest])


class Found(msgspec.Struct, frozen=True):
    """The numbers of each line by the keys of its days, weeks or months."""

    lines: Sequence[tuple[str, Mapping[int, Number]]]
    as_of: int | None


def read_asked(
    names: Names = None,
    step: Said = Step.DAY,
    measure: Said = Measure.EVENTS,
    days: Days = 30,
    by: Said = "",
) -> Asked:
    """Read what is asked, or raise `InvalidInputError`."""
    events = tuple(dict.fromkeys(each.strip() for each in names or () if each.strip()))
    if len(events) > EVENTS:
        raise InvalidInputError(path="event", problem=f"at most {EVENTS} are shown at once")
    if step not in list(STEPS):
        raise InvalidInputError(path="step", problem=f"it is one of {', '.join(STEPS)}")
    if measure not in list(MEASURES):
        raise InvalidInputError(path="measure", problem=f"it is one of {', '.join(MEASURES)}")
    if days not in RANGES:
        problem = f"it is one of {', '.join(map(str, RANGES))}"
        raise InvalidInputError(path="days", problem=problem)
    return Asked(events, Step(step), Measure(measure), days, by.strip())


@page("/trends", reads={"asked": read_asked})
async def trends(visit: Visit, asked: Asked) -> Response[bytes]:
    """Show what can be asked, and the page asks for the numbers."""
    known = await visit.run(
        partial(most_done, visit.dashboard.store, visit.environment_id, count=_OFFERED)
    )
    if not asked.events and known:
        asked = msgspec.structs.replace(asked, events=(known[0].name,))
    problem = await visit.run(lambda: _problem(visit, asked))
    return visit.page(
        "trends/page.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        asked=asked,
        fields=[*asked.events, *[""] * (EVENTS - len(asked.events))],
        known=known,
        steps=STEPS,
        measures=MEASURES,
        ranges=RANGES,
        problem=problem,
    )


@page("/trends/numbers", reads={"asked": read_asked})
async def numbers(visit: Visit, asked: Asked) -> Response[bytes]:
    """Give the chart of what was asked."""
    return await draw_lazily(
        visit, lambda: _count(visit, asked), lambda found: _draw(visit, asked, found)
    )


@page("/trends/trend.csv", reads={"asked": read_asked})
async def trend_file(visit: Visit, asked: Asked) -> Response[bytes]:
    """Give the same numbers as a file: a line for each day, week or month."""
    found = await visit.ask(lambda: _count(visit, asked))
    heads: list[object] = [_HEADS[asked.step], *(plain(name) for name, _ in found.lines)]
    keys = list(found.lines[0][1]) if found.lines else []
    rows: list[list[object]] = [
        [_WRITTEN[asked.step](key), *(line[key] for _, line in found.lines)] for key in keys
    ]
    body = b"".join(csv_line(row, keeps_formulas=False) for row in (heads, *rows))
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="trend-{asked.step}.csv"'},
    )


TREND_HANDLERS: list[HTTPRouteHandler] = [trends, numbers, trend_file]

_HEADS = {Step.DAY: "day", Step.WEEK: "week", Step.MONTH: "month"}
_WRITTEN: Mapping[Step, Callable[[int], str]] = {
    Step.DAY: lambda key: f"{key // 10_000:04}-{key // 100 % 100:02}-{key % 100:02}",
    Step.WEEK: lambda key: f"{key // 100:04}-W{key % 100:02}",
    Step.MONTH: lambda key: f"{key // 100:04}-{key % 100:02}",
}
"""How files write a key, as ISO 8601 does."""


def _problem(visit: Visit, asked: Asked) -> str:
    """Say what is not known of what is asked; empty if all is."""
    found = [_find(visit, each) for each in asked.events]
    unknown = [name for name, each in zip(asked.events, found, strict=True) if each is None]
    if unknown:
        return f"There is no event '{unknown[0]}' in this environment."
    if asked.by and len(asked.events) > 1:
        return "One event at a time is split by a property."
    return ""


def _find(visit: Visit, name: str) -> Definition | None:
    return find_event(visit.dashboard.store, visit.environment_id, name)


def _count(visit: Visit, asked: Asked) -> Found:
    if problem := _problem(visit, asked):
        raise InvalidInputError(path="", problem=problem)
    lines: list[tuple[str, Did]] = [
        (each, Did(each, LastDays(asked.days))) for each in asked.events
    ]
    if asked.by and lines:
        lines += _split(visit, asked, lines[0][1])
    counted = [(name, _trend(visit, asked, event)) for name, event in lines]
    moments = [each.as_of for _, each in counted if each.as_of is not None]
    return Found([(name, each.value) for name, each in counted], min(moments, default=None))


def _split(visit: Visit, asked: Asked, event: Did) -> list[tuple[str, Did]]:
    """Give a line for each of the most frequent values of the property."""
    top = visit.dashboard.insights.event_values(
        visit.environment_id,
        event,
        asked.by,
        count=_VALUES,
        now=visit.now_ms // 1_000,
        zone=visit.zone,
    )
    return [
        (each.text, msgspec.structs.replace(event, where=(Filter(asked.by, Equals(value)),)))
        for each in top.value
        if (value := _value(each)) is not None
    ]


def _value(top: TopValue) -> str | float | bool | None:
    """Give a value as conditions have it; None of a date, of which a trend is of no use."""
    match top.type:
        case "STR":
            return top.text
        case "BOOL":
            return top.text == "True"
        case "NUM":
            number = float(top.text)
            return int(top.text) if top.text.lstrip("-").isdigit() else number
        case _:
            return None


def _trend(visit: Visit, asked: Asked, event: Did) -> Insight[dict[int, Number]]:
    return visit.dashboard.insights.trend(
        visit.environment_id,
        event,
        asked.step,
        asked.measure,
        now=visit.now_ms // 1_000,
        zone=visit.zone,
    )


def _draw(visit: Visit, asked: Asked, found: Found) -> Response[bytes]:
    keys = list(found.lines[0][1]) if found.lines else []
    series = [Series(name, [line[key] for key in keys]) for name, line in found.lines]
    title = f"{MEASURES[asked.measure]}, last {asked.days} days"
    return visit.page(
        "trends/numbers.html",
        plot=Plot(title, labels_of(keys, asked.step), series, so_far=SO_FAR[asked.step]),
        totals=[(each.name, sum(each.numbers)) for each in series],
        is_count=asked.measure is Measure.EVENTS,
        file=f"{visit.url('trends/trend.csv')}?{asked.query}",
        as_of=found.as_of,
        is_split=bool(asked.by),
        has_values=len(series) > 1,
        by=asked.by,
    )
