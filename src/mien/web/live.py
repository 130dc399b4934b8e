"""What arrives now, as it arrives: events, changes of people, refused records (D-06)."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Stream

from mien.domain.errors import InvalidInputError
from mien.services.arriving import Arrived, Batch, read_newest
from mien.store.arrivals import Kind
from mien.web import frame
from mien.web.changes import lines_of, made_by
from mien.web.people import name_of
from mien.web.routes import page
from mien.web.visit import Visit

KINDS = {Kind.EVENT: "Events", Kind.CHANGE: "Changes of people", Kind.REJECT: "Refused records"}
"""What arrives, as pages call it."""

_BEAT_SECONDS = 3.0
"""How often a view looks whether its session goes on, and tells proxies that it lives."""

Sought = Annotated[str, QueryParameter(name="q", max_length=1_024)]
Of = Annotated[str, QueryParameter(max_length=20)]

_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
_ENDED = b"event: ended\ndata: %s\n\n"


class Row(msgspec.Struct, frozen=True):
    """Something that arrived, as a line of the view."""

    key: str
    kind: Kind
    received_at: int
    what: str
    about: str
    person: str
    object_id: str
    by: str
    reject: int = 0


class Wish(msgspec.Struct, frozen=True):
    """What a viewer wants to see: a part of a name, or of what somebody is called; of a kind."""

    sought: str
    kind: Kind | None

    def has(self, row: Row) -> bool:
        """Tell whether a row is wanted."""
        if self.kind is not None and row.kind is not self.kind:
            return False
        texts = (row.what, row.about, row.person, row.object_id)
        return not self.sought or any(self.sought in each.casefold() for each in texts)


@page("/live")
async def live(visit: Visit, sought: Sought = "", kind: Of = "") -> Response[bytes]:
    """Show what came last; with scripts the page goes on by itself."""
    wish = _wish(sought, kind)
    read = partial(
        read_newest,
        visit.dashboard,
        visit.environment_id,
        visit.zone,
        now_ms=visit.now_ms,
        after=None,
    )
    batch, _ = await visit.run(read)
    query = {"q": sought, "kind": kind}
    return visit.page(
        "live/page.html",
        rows=_rows(batch, wish),
        sought=sought,
        kind=kind,
        kinds=KINDS,
        stream=f"{visit.url('live/stream')}?{urlencode(query)}",
    )


@page("/live/stream")
async def stream(visit: Visit, sought: Sought = "", kind: Of = "") -> Stream:
    """Give what arrives as server-sent events, until the session ends or the server stops."""
    visit.dashboard.arriving.check_room()
    return Stream(
        _events(visit, _wish(sought, kind)), media_type="text/event-stream", headers=_HEADERS
    )


LIVE_HANDLERS: list[HTTPRouteHandler] = [live, stream]


def _wish(sought: str, kind: str) -> Wish:
    if kind and kind not in frozenset(Kind):
        raise InvalidInputError(path="kind", problem=f"it is one of {', '.join(Kind)}")
    return Wish(sought.strip().casefold(), Kind(kind) if kind else None)


async def _events(visit: Visit, wish: Wish) -> AsyncIterator[bytes]:
    arriving, checked_at = visit.dashboard.arriving, time.monotonic()
    async with arriving.look_on(visit.environment_id, visit.zone) as waiting:
        yield b"retry: 2000\n: hello\n\n"
        while True:
            if time.monotonic() - checked_at >= _BEAT_SECONDS:
                checked_at = time.monotonic()
                if not await visit.run(
                    lambda: visit.dashboard.sign_ins.is_still_in(visit.signed_in)
                ):
                    yield (
                        _ENDED
                        % b"Your session has ended, or your role has changed: load the page again."
                    )
                    return
            try:
                async with asyncio.timeout(_BEAT_SECONDS):
                    batch = await waiting.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if batch is None:
                yield _ENDED % b"The server stops; load the page again in a moment."
                return
            rows = _rows(batch, wish)
            if rows or batch.has_left_out:
                yield _told(visit, rows, has_left_out=batch.has_left_out)


def _told(visit: Visit, rows: Sequence[Row], *, has_left_out: bool) -> bytes:
    body = frame.draw(
        "live/rows.html",
        None,
        visit=visit,
        assets=visit.dashboard.assets,
        rows=rows,
        has_left_out=has_left_out,
    )
    return (
        b"event: arrived\n"
        + b"".join(b"data: " + line + b"\n" for line in body.splitlines())
        + b"\n"
    )


def _rows(batch: Batch, wish: Wish) -> list[Row]:
    """Give the wanted rows, newest first."""
    return [row for row in map(_row, reversed(batch.arrived)) if wish.has(row)]


def _row(each: Arrived) -> Row:
    arrival = each.arrival
    row = partial(
        Row,
        each.key,
        arrival.kind,
        arrival.received_at,
        person="" if each.view is None else name_of(each.view),
        object_id=each.object_id,
        by=made_by(arrival.source, each.actors),
    )
    if arrival.kind is Kind.EVENT:
        return row(what=each.event, about="")
    if arrival.kind is Kind.REJECT:
        return row(what=arrival.reason, about=f"code {arrival.code}", reject=arrival.place)
    lines = lines_of(arrival.change) if arrival.change else []
    first = lines[0] if lines else None
    names = ", ".join(dict.fromkeys(each.name for each in lines if each.name))
    return row(what=first.did if first else "Nothing changed", about=names)
