"""Properties and events as pages: what there is, since when, who has it, what people say of it (D-05)."""

from litestar.handlers import HTTPRouteHandler

from mien.web.defined.events import EVENT_HANDLERS
from mien.web.defined.properties import PROPERTY_HANDLERS

DEFINED_HANDLERS: list[HTTPRouteHandler] = [*PROPERTY_HANDLERS, *EVENT_HANDLERS]
