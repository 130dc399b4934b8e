"""The page of one person: who it is, what is known, what they did, and what may be done (D-04).

The path has the objectId that Mien made, so no log of paths names anybody.
"""

from litestar.handlers import HTTPRouteHandler

from mien.web.person.activity import ACTIVITY_HANDLERS
from mien.web.person.hints import HINT_HANDLERS
from mien.web.person.ids import ID_HANDLERS
from mien.web.person.leaving import LEAVING_HANDLERS
from mien.web.person.marking import MARKING_HANDLERS
from mien.web.person.merging import MERGING_HANDLERS
from mien.web.person.messages import MESSAGE_HANDLERS
from mien.web.person.pages import PAGE_HANDLERS
from mien.web.person.properties import PROPERTY_HANDLERS
from mien.web.person.sessions import SESSION_HANDLERS

PERSON_HANDLERS: list[HTTPRouteHandler] = [
    *PAGE_HANDLERS,
    *HINT_HANDLERS,
    *ACTIVITY_HANDLERS,
    *SESSION_HANDLERS,
    *PROPERTY_HANDLERS,
    *ID_HANDLERS,
    *MESSAGE_HANDLERS,
    *MARKING_HANDLERS,
    *MERGING_HANDLERS,
    *LEAVING_HANDLERS,
]
