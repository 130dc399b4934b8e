"""Connecting: lines to copy for every way in, and the first event as it arrives (I-27)."""

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien.domain.members import Role
from mien.services.arriving import Arrived, Places, last_places, read_newest
from mien.store.arrivals import Kind
from mien.web.people import name_of
from mien.web.routes import act, page
from mien.web.settings.keys import new_key
from mien.web.snippets import PASSCODE, Place, snippets
from mien.web.visit import Visit

_PURPOSE = "arrivals"
_WAIT_MS = 30 * 60 * 1_000
"""How long a page that was left open goes on asking."""

_SHOWN = 5

With = Annotated[str, QueryParameter(name="with", max_length=40)]
Since = Annotated[str, QueryParameter(max_length=400)]


class Opened(msgspec.Struct, frozen=True, array_like=True):
    """When a page was opened (epoch milliseconds), and what had arrived by then."""

    at: int
    places: Places


class First(msgspec.Struct, frozen=True):
    """An event that arrived, and whose it is; `at` is epoch milliseconds."""

    name: str
    object_id: str
    person: str
    at: int


@page("/connect")
async def connect_page(visit: Visit, way: With = "curl") -> Response[bytes]:
    """Show the lines of every way in."""
    return await _page(visit, way)


@act("/connect/key", needs=Role.ADMIN)
async def make_key(visit: Visit) -> Response[Any]:
    """Make a key on the spot, and put it into the lines: it is shown this once."""
    way = (await visit.form()).get("with", "")
    made = await new_key(visit, f"connect: {_known(way)}")
    return await _page(visit, way, passcode=made.passcode)


@page("/connect/arrivals")
async def arrivals_part(visit: Visit, since: Since = "") -> Response[bytes]:
    """Show what arrived since the page was opened; while nothing did, it asks again."""
    opened = visit.unseal(_PURPOSE, since, Opened)
    read = partial(
        read_newest,
        visit.dashboard,
        visit.environment_id,
        visit.zone,
        now_ms=visit.now_ms,
        after=opened.places,
    )
    batch, _ = await visit.run(read)
    newest = list(reversed(batch.arrived))
    return visit.page(
        "connect/arrivals.html",
        events=[_first(each) for each in newest if each.arrival.kind is Kind.EVENT][:_SHOWN],
        refused=[each.arrival for each in newest if each.arrival.kind is Kind.REJECT][:_SHOWN],
        is_over=visit.now_ms - opened.at > _WAIT_MS,
        again=f"{visit.url('connect/arrivals')}?since={since}",
    )


CONNECT_HANDLERS: list[HTTPRouteHandler] = [connect_page, make_key, arrivals_part]


async def _page(visit: Visit, way: str, *, passcode: str = PASSCODE) -> Response[bytes]:
    store, environment = visit.dashboard.store, visit.environment
    places = await visit.run(partial(last_places, store, environment.environment_id))
    since = visit.seal(_PURPOSE, Opened(visit.now_ms, places))
    return visit.page(
        "connect/page.html",
        ways=snippets(Place(visit.address, environment.public_id, passcode)),
        way=_known(way),
        is_made=passcode != PASSCODE,
        again=f"{visit.url('connect/arrivals')}?since={since}",
    )


def _first(each: Arrived) -> First:
    person = each.object_id if each.view is None else name_of(each.view)
    return First(each.event, each.object_id, person, each.arrival.received_at)


def _known(way: str) -> str:
    """Give the way in that is meant, the first for one that is not known."""
    known = [each.key for each in snippets(Place("", ""))]
    return way if way in known else known[0]
