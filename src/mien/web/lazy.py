"""Parts of pages that take a while: the page is there first, and asks for them."""

from collections.abc import Callable
from typing import TypeVar

from litestar import Response

from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError
from mien.web.visit import Visit

T = TypeVar("T")


async def draw_lazily(
    visit: Visit, work: Callable[[], T], draw: Callable[[T], Response[bytes]]
) -> Response[bytes]:
    """Work something out on a thread and draw it; say so in a sentence if it is not to be had now."""
    try:
        found = await visit.ask(work)
    except (AnalyticsUnavailableError, QueryTimeoutError) as error:
        return visit.page("late.html", said=str(error), again=visit.here)
    return draw(found)
