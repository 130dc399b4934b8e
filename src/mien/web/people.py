"""Finding people: one box for any id, e-mail address or phone, and who came last (D-02)."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien import clock
from mien.domain.identities import WIRE_NAMES, IdentityKind
from mien.domain.ids import ProfileId
from mien.services.finding import LONGEST, PeoplePage, find_people, newest_people
from mien.services.reading import ProfileView
from mien.web.routes import page
from mien.web.visit import Visit

_PEOPLE = 25
_PLACE = "people"

Sought = Annotated[str, QueryParameter(name="q", max_length=LONGEST)]
After = Annotated[str | None, QueryParameter()]


class Row(msgspec.Struct, frozen=True):
    """A person as a list shows one; `seen_at` is epoch milliseconds."""

    object_id: str
    name: str
    ids: list[tuple[str, str]]
    email: str
    phone: str
    is_identified: bool
    seen_at: int


@page("/people")
async def people(visit: Visit, sought: Sought = "", after: After = None) -> Response[bytes]:
    """Show who is sought, or who came last."""
    before = None if after is None else visit.unseal(_PLACE, after, int)
    found = await visit.run(lambda: _find(visit, sought, before))
    rest = None if sought or found.rest is None else visit.seal(_PLACE, found.rest)
    return visit.page(
        "people/page.html",
        block="more" if after else "results",
        sought=sought,
        rows=[row_of(each) for each in found.people],
        has_more=found.rest is not None,
        next=None if rest is None else f"{visit.url('people')}?after={rest}",
    )


PEOPLE_HANDLERS: list[HTTPRouteHandler] = [people]


def row_of(view: ProfileView) -> Row:
    """Give a person as a list shows one."""
    properties = view.properties
    return Row(
        view.object_id,
        name_of(view),
        [(WIRE_NAMES[IdentityKind(kind)], value) for kind, value in view.identities],
        str(properties.get("Email", "")),
        str(properties.get("Phone", "")),
        view.is_identified,
        last_seen(view) * 1_000,
    )


def name_of(view: ProfileView) -> str:
    """Give what to call a person: the name, else the best id."""
    name = view.properties.get("Name")
    if isinstance(name, str) and name.strip():
        return name
    email = view.properties.get("Email")
    named = [value for _, value in view.identities]
    return next(iter(named), str(email or "") or view.object_id)


def last_seen(view: ProfileView) -> int:
    """Give when a person was last seen, in epoch seconds."""
    seen = [done.last for done in view.events.values()]
    seen += [each.seen_at for each in view.devices]
    return max(seen, default=view.created_at // 1_000)


def _find(visit: Visit, sought: str, before: int | None) -> PeoplePage:
    dashboard, today = visit.dashboard, clock.today(visit.zone)
    reader = dashboard.reader(visit.environment.environment_id)
    if sought.strip():
        return find_people(dashboard.store, reader, sought, today=today, count=_PEOPLE)
    start = None if before is None else ProfileId(before)
    return newest_people(dashboard.store, reader, before=start, today=today, count=_PEOPLE)
