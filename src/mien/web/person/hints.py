"""What members should know before they do anything to a person: fetched once the page is there."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from mien.web.people import name_of
from mien.web.person.leaving import waiting_of
from mien.web.person.merging import ties_of
from mien.web.person.seen import view_of
from mien.web.routes import page
from mien.web.visit import Visit


@page("/people/{object_id:str}/hints")
async def hints(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Say with whom a person may be one, and when they are to be erased."""
    view = await view_of(visit, object_id)
    ties, waiting = await visit.run(lambda: (ties_of(visit, view), waiting_of(visit, view)))
    return visit.page(
        "person/hints.html",
        own=view.profile.object_id,
        ties=ties,
        waiting=waiting,
        name_of=name_of,
    )


HINT_HANDLERS: list[HTTPRouteHandler] = [hints]
