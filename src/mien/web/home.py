"""The start of an environment: how much there is, what people do most, what was refused."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.ids import EnvironmentId
from mien.domain.schema import Definition
from mien.services import definitions, rejects
from mien.services.definitions import EventDefinition
from mien.services.rejects import KeptReject
from mien.store.engine import Store
from mien.web.routes import page
from mien.web.visit import Visit

_TOP_EVENTS = 8
_REJECTS = 5


@page("/")
async def home(visit: Visit) -> Response[bytes]:
    """Show what is cheap to know of the environment; to an empty one, how data comes in."""
    environment = visit.environment.environment_id
    properties, events, refused = await visit.run(lambda: _read(visit.dashboard.store, environment))
    top = sorted(events, key=lambda each: -each.event.count)[:_TOP_EVENTS]
    return visit.page(
        "home.html",
        properties=properties,
        events=events,
        top=[each.event for each in top],
        rejects=refused,
    )


HOME_HANDLERS: list[HTTPRouteHandler] = [home]


def _read(
    store: Store, environment: EnvironmentId
) -> tuple[list[Definition], list[EventDefinition], list[KeptReject]]:
    return (
        definitions.list_properties(store, environment),
        definitions.list_events(store, environment),
        rejects.list_rejects(store, environment, before=None, count=_REJECTS),
    )
