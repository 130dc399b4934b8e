"""Records that were refused: why, when, from where; applying them after all (U-23, D-06)."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Stream

from mien.domain.cql.reports import Step
from mien.domain.members import Act, Role
from mien.domain.rejects import REJECT_CODES, CodeHelp, Reject, RejectCode
from mien.services.history import name_sources
from mien.services.reject_lists import (
    Reasons,
    RejectsPage,
    Wanted,
    count_reasons,
    get_reject,
    line_of,
    page_rejects,
)
from mien.services.rejects import Before, KeptReject, Outcome, Replay, Tried, replay
from mien.store.rejects import RejectPlace
from mien.web import charts
from mien.web.charts import Plot, Series
from mien.web.lazy import draw_lazily
from mien.web.periods import SO_FAR, label_of_day
from mien.web.replaying import filters_of, list_path, manners_of, read_reached, read_wanted
from mien.web.routes import Id, act, page, read_number
from mien.web.visit import Visit

_ROWS, _LINES = 25, 200
_PLACE = "rejects"
_DAYS = 30
_SERIES = 4
"""Codes with a colour of their own; the rest is one."""

_PREVIEW = 2_000
After = Annotated[str | None, QueryParameter()]
Reached = Annotated[str, QueryParameter(name="from", max_length=400)]
Code = Annotated[int | None, QueryParameter(ge=0, le=999_999)]
Source = Annotated[str | None, QueryParameter(max_length=1_024)]

_encode = msgspec.json.Encoder().encode


class Row(msgspec.Struct, frozen=True):
    """A refused record as the list shows it."""

    kept: KeptReject
    source: str
    record: str
    is_cut: bool


@page("/rejects")
async def rejects(
    visit: Visit,
    code: Code = None,
    source: Source = None,
    after: After = None,
    reached: Reached = "",
) -> Response[bytes]:
    """List refused records, newest first: all, or those of a code or a source.

    `reached` is where a replay of all ended, which goes on from there.
    """
    wanted = read_wanted(code, source)
    before = None if after is None else visit.unseal(_PLACE, after, RejectPlace)
    found, names = await visit.run(lambda: _read(visit, wanted, before))
    rest = None if found.rest is None else visit.seal(_PLACE, found.rest)
    filters = filters_of(wanted)
    return visit.page(
        "rejects/page.html",
        block="more" if after else None,
        rows=[_row(each, names) for each in found.rejects],
        wanted=wanted,
        query=f"?{urlencode(filters)}" if filters else "",
        source_name=names.get(source or "", source),
        filters=filters,
        sealed=reached,
        reached=read_reached(visit, reached),
        days=visit.dashboard.settings.reject_days,
        next=None if rest is None else list_path(visit, {**filters, "after": rest}),
    )


@page("/rejects/reasons")
async def reasons(visit: Visit) -> Response[bytes]:
    """Give how many records were refused for each reason, by day, and from where."""
    return await draw_lazily(visit, lambda: _count(visit), lambda found: _draw(visit, *found))


@page("/rejects/download", needs=Role.EDITOR)
async def download(visit: Visit, code: Code = None, source: Source = None) -> Stream:
    """Give refused records as a file, one a line; `mien rejects replay --file` takes it."""
    wanted = read_wanted(code, source)
    await visit.note(Act.REJECTS_DOWNLOADED, details=filters_of(wanted))
    return Stream(
        _lines(visit, wanted),
        status_code=int(HTTPStatus.OK),
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="rejects.jsonl"'},
    )


@page("/rejects/{reject:int}")
async def one_reject(visit: Visit, reject: Id) -> Response[bytes]:
    """Show a refused record as it came, why it was refused and how to mend it."""
    return await _show(visit, reject)


@act("/rejects/{reject:int}/replay", needs=Role.EDITOR)
async def replay_one(visit: Visit, reject: Id) -> Response[Any]:
    """Apply a refused record after all, as it came or mended."""
    kept = await _kept(visit, reject)
    text = (await visit.form()).get("record", "")
    mended: object = msgspec.UNSET
    if text.strip() and _compact(text) != _compact(_written(kept)):
        try:
            mended = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return await _show(
                visit,
                reject,
                status=HTTPStatus.BAD_REQUEST,
                problem=f"This is no JSON: {error}.",
                text=text,
            )
    done = await replay(
        visit.dashboard.store,
        visit.dashboard.ingest,
        visit.environment_id,
        [Replay(reject, mended)],
        manners=manners_of(visit),
        now_ms=visit.now_ms,
    )
    return await _answer(visit, reject, done.outcomes[0], text)


REJECT_HANDLERS: list[HTTPRouteHandler] = [
    rejects,
    reasons,
    download,
    one_reject,
    replay_one,
]


def _read(
    visit: Visit, wanted: Wanted, before: RejectPlace | None
) -> tuple[RejectsPage, dict[str, str]]:
    store, here = visit.dashboard.store, visit.environment_id
    found = page_rejects(store, here, wanted, before=before, count=_ROWS)
    sources = {each.source for each in found.rejects}
    if wanted.source is not None:
        sources.add(wanted.source)
    return found, _names(visit, sources)


def _names(visit: Visit, sources: set[str]) -> dict[str, str]:
    # A source in the address may be anything.
    known = {each for each in sources if read_number(each.partition(":")[2]) is not None}
    return name_sources(visit.dashboard.store, visit.environment_id, known)


def _row(kept: KeptReject, names: Mapping[str, str]) -> Row:
    record = _written(kept)
    return Row(
        kept, names.get(kept.source, kept.source), record[:_PREVIEW], is_cut=len(record) > _PREVIEW
    )


def _written(kept: KeptReject) -> str:
    return msgspec.json.format(bytes(kept.record), indent=2).decode()


def _compact(text: str) -> str:
    try:
        return msgspec.json.format(text, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return text


async def _kept(visit: Visit, reject: int) -> KeptReject:
    return await visit.run(partial(get_reject, visit.dashboard.store, visit.environment_id, reject))


async def _show(
    visit: Visit,
    reject: int,
    *,
    status: int = HTTPStatus.OK,
    problem: str = "",
    text: str | None = None,
) -> Response[bytes]:
    kept = await _kept(visit, reject)
    names = await visit.run(lambda: _names(visit, {kept.source}))
    return visit.page(
        "rejects/reject.html",
        status=status,
        kept=kept,
        source=names.get(kept.source, kept.source),
        help=_help(kept.code),
        record=_written(kept),
        text=_written(kept) if text is None else text,
        problem=problem,
    )


def _help(code: int) -> CodeHelp | None:
    return REJECT_CODES[RejectCode(code)] if code in set(RejectCode) else None


async def _answer(visit: Visit, reject: int, outcome: Outcome, text: str) -> Response[Any]:
    if isinstance(outcome, Tried):
        refused = outcome.result if isinstance(outcome.result, Reject) else outcome.result.refused
        if refused is not None:
            problem = f"It was refused again: {refused.reason} (code {int(refused.code)})."
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return await _show(visit, reject, status=status, problem=problem, text=text or None)
        await visit.note(Act.REJECTS_REPLAYED, subject=f"reject:{reject}")
        return visit.back(visit.url(f"rejects/{reject}"), "The record is applied.")
    said = "It was applied before." if isinstance(outcome, Before) else "It is not kept any more."
    return visit.back(visit.url("rejects"), said, kind="info")


def _count(visit: Visit) -> tuple[Reasons, dict[str, str]]:
    store, here = visit.dashboard.store, visit.environment_id
    found = count_reasons(store, here, visit.zone, now_ms=visit.now_ms, days=_DAYS)
    return found, _names(visit, set(found.sources))


def _draw(visit: Visit, found: Reasons, names: Mapping[str, str]) -> Response[bytes]:
    url = visit.url("rejects")
    codes = sorted(found.codes.items(), key=lambda each: -each[1])
    sources = sorted(found.sources.items(), key=lambda each: -each[1])
    total = sum(found.codes.values())
    return visit.page(
        "rejects/reasons.html",
        total=total,
        plot=_plot(visit, found, [code for code, _ in codes]) if total else None,
        codes=charts.bars(
            "Reasons",
            [(_title(code), count) for code, count in codes],
            of=total,
            hrefs=[f"{url}?code={code}" for code, _ in codes],
        ),
        sources=charts.bars(
            "Sources",
            [(_origin(source, names), count) for source, count in sources],
            of=total,
            hrefs=[f"{url}?{urlencode({'source': source})}" for source, _ in sources],
        ),
    )


def _origin(source: str, names: Mapping[str, str]) -> str:
    name = names.get(source)
    return f"{name} ({source})" if name else source


def _title(code: int) -> str:
    known = _help(code)
    cause = known.cause.replace("`", "") if known else ""
    return f"{code}: {cause}" if cause else str(code)


def _plot(visit: Visit, found: Reasons, codes: list[int]) -> Plot:
    days = visit.last_days(_DAYS)
    own, rest = codes[:_SERIES], codes[_SERIES:]

    def numbers(wanted: list[int]) -> list[float]:
        return [sum(found.days.get(day, {}).get(code, 0) for code in wanted) for day in days]

    series = [Series(str(code), numbers([code])) for code in own]
    if rest:
        series.append(Series("Others", numbers(rest)))
    labels = [label_of_day(day) for day in days]
    title = f"Refused, last {_DAYS} days, by code"
    return Plot(title, labels, series, is_stacked=True, so_far=SO_FAR[Step.DAY])


async def _lines(visit: Visit, wanted: Wanted) -> AsyncIterator[bytes]:
    """Give page after page as lines; no more than one page is held."""
    before: RejectPlace | None = None
    while True:
        read = partial(
            page_rejects,
            visit.dashboard.store,
            visit.environment_id,
            wanted,
            before=before,
            count=_LINES,
        )
        found = await visit.run(read)
        yield b"".join(_encode(line_of(each)) + b"\n" for each in found.rejects)
        if found.rest is None:
            return
        before = found.rest
