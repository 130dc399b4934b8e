"""`/1/counts/*`: how many, of whom, how it goes over time, and which values come most (G-12)."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, route
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.parts import parse_object
from mien.domain.cql.query import QUERY_KEYS, Query, parse_event_query, parse_query
from mien.domain.cql.reports import TOP_KEYS, TREND_KEYS, parse_top, parse_trend
from mien.domain.errors import InvalidInputError
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.failures import failed, invalid_event
from mien.http.clevertap.report_documents import COUNT_EVENTS, COUNT_PROFILES, TOP, TRENDS
from mien.http.state import Services
from mien.services import report_requests
from mien.services.accounts import Caller
from mien.services.definitions import unknown_event
from mien.services.reports import Asking, UnknownRankedError

Body = Mapping[str, object]
Work = Callable[[Asking], Body]

_encode = msgspec.json.Encoder().encode


@route("/1/counts/profiles.json", http_method=["GET", "POST"], **COUNT_PROFILES)
async def count_profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Count the people that a query means."""
    return await _answer(request, "counts/profiles", _read_profiles)


@route("/1/counts/events.json", http_method=["GET", "POST"], **COUNT_EVENTS)
async def count_events(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Count the events that a query means."""
    return await _answer(request, "counts/events", _read_events)


@route("/1/counts/trends.json", http_method=["GET", "POST"], **TRENDS)
async def trends(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Count the events, or people, that a query means, by day, week or month."""
    return await _answer(request, "counts/trends", _read_trends)


@route("/1/counts/top.json", http_method=["GET", "POST"], **TOP)
async def top(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Count the values that come most often with the events that a query means."""
    return await _answer(request, "counts/top", _read_top)


async def _answer(
    request: Request[Any, Any, Any],
    purpose: str,
    read: Callable[[object, Caller], tuple[Query, Work]],
) -> ASGIResponse:
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, purpose):
        report = _Report(services, caller, purpose, read)
        if (asked := request.query_params.get("req_id")) is not None:
            return json_answer(await report.fetch(asked))
        if request.method == "GET":
            raise InvalidInputError(path="", problem="Give a req_id, or POST a query")
        return json_answer(await report.ask(await read_body(request, services.settings)))


class _Report:
    """A report of an environment; `read` makes of a decoded query what is to be worked out."""

    def __init__(
        self,
        services: Services,
        caller: Caller,
        name: str,
        read: Callable[[object, Caller], tuple[Query, Work]],
    ) -> None:
        self._services, self._caller, self._name, self._read = services, caller, name, read

    async def ask(self, body: bytes) -> bytes:
        """Answer a query, or tell the id under which the answer is to be fetched."""
        request, raw = report_requests.new_request_id(), decode_json(body)
        answer = await self._begin(request, raw)
        if answer is not None:
            return answer
        services, caller = self._services, self._caller
        # Written in our own way, so that who is erased is found in it.
        query = _encode(raw)
        await services.run_long(
            lambda: report_requests.keep(
                services.store, caller.environment, self._name, request, query
            )
        )
        return _partial(request)

    async def fetch(self, request: str) -> bytes:
        """Give an answer that was asked for; here, of another process or before a restart."""
        services, here = self._services, self._caller.environment
        if services.waiting.has(here, self._name, request):
            answer = await services.waiting.fetch(request)
        else:
            query = await services.run_long(
                lambda: report_requests.recall(services.store, here, self._name, request)
            )
            answer = await self._begin(request, decode_json(query))
        return _partial(request) if answer is None else answer

    async def _begin(self, request: str, raw: object) -> bytes | None:
        services, caller = self._services, self._caller
        query, work = self._read(raw, caller)
        return await services.waiting.begin(
            caller.environment,
            self._name,
            request,
            lambda: services.run_long(lambda: _work(services, caller, query, work)),
        )


def _partial(request: str) -> bytes:
    return _encode({"req_id": request, "status": "partial"})


def _work(services: Services, caller: Caller, query: Query, work: Work) -> bytes:
    """Work an answer out; what clients read in a 200 that says `fail` is one too."""
    if (
        unknown := unknown_event(services.store, caller.environment, query.event_names)
    ) is not None:
        return invalid_event(unknown)
    now = clock.now_ms() // 1_000
    try:
        body = work(services.reports.ask(caller.environment, query, now, caller.zone))
    except UnknownRankedError as error:
        return failed(f"Invalid group : {error.label}")
    return _encode({"status": "success", **body})


def _read_profiles(raw: object, caller: Caller) -> tuple[Query, Work]:
    query = parse_query(raw, caller.zone)
    return query, lambda asking: {"count": asking.count_people()}


def _read_events(raw: object, caller: Caller) -> tuple[Query, Work]:
    event, query = parse_event_query(raw, caller.zone)
    return query, lambda asking: {"count": asking.count_events(event)}


def _read_trends(raw: object, caller: Caller) -> tuple[Query, Work]:
    event, query = parse_event_query(raw, caller.zone, beside=TREND_KEYS)
    trend = parse_trend(parse_object(raw, "", QUERY_KEYS | TREND_KEYS), event)
    return query, lambda asking: {
        label: asking.trend(event, trend, step) for label, step in trend.steps.items()
    }


def _read_top(raw: object, caller: Caller) -> tuple[Query, Work]:
    event, query = parse_event_query(raw, caller.zone, beside=TOP_KEYS)
    groups = parse_top(parse_object(raw, "", QUERY_KEYS | TOP_KEYS))
    return query, lambda asking: {
        label: asking.top(event, label, each, clock.today(caller.zone))
        for label, each in groups.items()
    }
