"""The Litestar application: every route, and what surrounds a request."""

from litestar import Litestar, MediaType, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from mien.domain.errors import MienError
from mien.http import errors
from mien.http.clevertap.routes import CLEVERTAP_HANDLERS
from mien.http.state import Services


@get("/healthz", sync_to_thread=False, media_type=MediaType.TEXT, include_in_schema=False)
def healthz() -> str:
    """Say that the process serves."""
    return "ok"


def make_app(services: Services) -> Litestar:
    """Make the application around the parts of a server."""
    return Litestar(
        [healthz, *CLEVERTAP_HANDLERS],
        state=State({"services": services}),
        exception_handlers={
            MienError: errors.answer_known,
            HTTPException: errors.answer_http,
            Exception: errors.answer_unknown,
        },
        openapi_config=None,
        logging_config=None,
    )
