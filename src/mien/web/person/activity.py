"""What a person did, day by day; what was done before they were known is grey (D-04, P-05)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, TypeAlias
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain import moments
from mien.domain.errors import InvalidInputError
from mien.services import history
from mien.services.history import DayCounts, DoneEvent, EventPage, PersonView, Wanted
from mien.services.trails import Trail
from mien.web.changes import made_by
from mien.web.charts import Plot, Series
from mien.web.periods import label_of_day
from mien.web.person.seen import glance_of, path_of, person_of, seal_place, start_of, view_of
from mien.web.routes import page
from mien.web.visit import Visit

_EVENTS, _NAMES = 50, 200
_DAYS, _FEWEST_DAYS = 90, 14

After = Annotated[str | None, QueryParameter()]
Name = Annotated[str, QueryParameter(name="event", max_length=2_048)]
First = Annotated[str, QueryParameter(name="from", max_length=10)]
Last = Annotated[str, QueryParameter(name="to", max_length=10)]
OfDevice = Annotated[str, QueryParameter(name="device", max_length=256)]
Grey = Annotated[str, QueryParameter(name="grey", max_length=5)]

_decode = msgspec.json.Decoder(dict[str, object]).decode


class Happened(msgspec.Struct, frozen=True):
    """An event as it is shown."""

    name: str
    at: int
    is_grey: bool
    properties: Mapping[str, object]
    session: Mapping[str, object]
    object_id: str
    actor: str


Days: TypeAlias = list[tuple[str, list[Happened]]]


class Filters(msgspec.Struct, frozen=True):
    """What a member chose to see, as it was typed; days are of the account's time zone."""

    event: str = ""
    first: str = ""
    last: str = ""
    device: str = ""
    grey: str = ""

    @property
    def is_set(self) -> bool:
        """Is anything left out?"""
        return self != Filters()

    @property
    def query(self) -> str:
        """The filters as the end of an address."""
        asked = {"event": self.event, "from": self.first, "to": self.last,
                 "device": self.device, "grey": self.grey}  # fmt: skip
        return urlencode({name: text for name, text in asked.items() if text})

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """Give which events are meant, or raise `InvalidInputError`."""
        last = _day("to", self.last)
        return Wanted(
            names=frozenset({self.event}) if self.event else frozenset(),
            since=_begin(_day("from", self.first), zone),
            until=_begin(last + timedelta(days=1), zone) if last and last < date.max else None,
            device=self.device,
            has_grey=self.grey != "no",
        )


@page("/people/{object_id:str}/activity")
async def activity(
    visit: Visit,
    object_id: FromPath[str],
    after: After = None,
    event: Name = "",
    first: First = "",
    last: Last = "",
    device: OfDevice = "",
    grey: Grey = "",
) -> Response[bytes]:
    """Show what a person did, by day, as far as the filters let it through."""
    view = await view_of(visit, object_id)
    filters = Filters(event, first, last, device, grey)
    days, place, problem = Days(), None, ""
    try:
        wanted = filters.wanted(visit.zone)
        days, place = await visit.run(lambda: _activity(visit, object_id, after, filters, wanted))
    except InvalidInputError as wrong:
        if wrong.path not in ("from", "to"):
            raise
        problem = wrong.problem
    return visit.page(
        "person/activity.html",
        block="entries",
        view=view,
        glance=glance_of(view, visit),
        days=days,
        filters=filters,
        problem=problem,
        names=_names(view),
        is_first=after is None,
        next=_next(visit, object_id, filters, place),
    )


@page("/people/{object_id:str}/activity/chart")
async def chart(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Draw how many events a person did on each of the last days."""
    view = await view_of(visit, object_id)
    days = _drawn_days(visit, view)
    counts = await visit.run(lambda: _counts(visit, object_id, days[0]))
    return visit.page("person/chart.html", plot=_plot(days, counts), is_cut=counts.is_cut)


ACTIVITY_HANDLERS: list[HTTPRouteHandler] = [activity, chart]


def newest_events(visit: Visit, object_id: str, *, count: int) -> Days:
    """Give what a person did last, by day."""
    person = person_of(visit, object_id)
    return _by_day(visit, _read(visit, person.events, count, None))


def _activity(
    visit: Visit, object_id: str, after: str | None, filters: Filters, wanted: Wanted
) -> tuple[Days, str | None]:
    person = person_of(visit, object_id)
    trail = start_of(visit, person, after, person.events)
    found = _read(visit, trail, _EVENTS, wanted if filters.is_set else None)
    return _by_day(visit, found), seal_place(visit, person, found.rest)


def _read(visit: Visit, trail: Trail, count: int, wanted: Wanted | None) -> EventPage:
    dashboard, environment = visit.dashboard, visit.environment_id
    reader = dashboard.reader(environment)
    return history.event_page(dashboard.store, reader, trail, count=count, wanted=wanted)


def _next(visit: Visit, object_id: str, filters: Filters, place: str | None) -> str | None:
    if place is None:
        return None
    asked = f"{filters.query}&" if filters.is_set else ""
    return f"{path_of(visit, object_id, '/activity')}?{asked}after={place}"


def _names(view: PersonView) -> list[str]:
    """Give the events that a person did, the last first; what they did most often is among them."""
    done = view.profile.events
    return sorted(done, key=lambda name: -done[name].last)[:_NAMES]


def _day(path: str, text: str) -> date | None:
    """Read a day as a form sends it, None for none."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        problem = f"'{text}' is no day, such as 2026-01-31."
        raise InvalidInputError(path=path, problem=problem) from error


def _begin(day: date | None, zone: ZoneInfo) -> int | None:
    return None if day is None else moments.start_of(day, zone)


def _drawn_days(visit: Visit, view: PersonView) -> list[date]:
    """Give the days of the chart: the last 90, or those since a person was first seen."""
    [today] = visit.last_days(1)
    firsts = [done.first for done in view.profile.events.values()]
    known = min([*firsts, view.profile.created_at // 1_000])
    age = (today - moments.day_at(known, visit.zone)).days + 1
    return visit.last_days(min(_DAYS, max(_FEWEST_DAYS, age)))


def _counts(visit: Visit, object_id: str, first: date) -> DayCounts:
    person, since = person_of(visit, object_id), moments.start_of(first, visit.zone)
    environment = visit.environment_id
    return history.count_days(
        visit.dashboard.store, environment, person.events, since=since, zone=visit.zone
    )


def _plot(days: Sequence[date], counts: DayCounts) -> Plot:
    series = [Series("Events", [counts.days.get(day, 0) for day in days])]
    if counts.grey:
        series.append(Series("Before they were known", [counts.grey.get(day, 0) for day in days]))
    return Plot("Events a day", [label_of_day(day) for day in days], series, is_stacked=True)


def _happened(done: DoneEvent, actors: Mapping[str, str]) -> Happened:
    stored = done.stored
    return Happened(
        done.name,
        stored.occurred_at * 1_000,
        done.is_grey,
        _decode(stored.body),
        _decode(stored.session) if stored.session else {},
        stored.object_id,
        made_by(stored.source, actors),
    )


def _by_day(visit: Visit, found: EventPage) -> Days:
    """Put events under their days, the last first; a page of them has no other order."""
    done: Sequence[Happened] = [_happened(each, found.actors) for each in found.events]
    days: dict[str, list[Happened]] = {}
    for each in sorted(done, key=lambda each: -each.at):
        days.setdefault(visit.times.day(each.at), []).append(each)
    return list(days.items())
