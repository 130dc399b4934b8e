"""`/v1/analytics`: how far the copy is from which segments are counted (S-04)."""

from typing import Any

from litestar import Request, Response, get

from mien.http.auth import caller_of, services_of
from mien.http.native.answers import Answer
from mien.http.native.calls import answer
from mien.http.native.documents import described


class AnalyticsAnswer(Answer, frozen=True, kw_only=True):
    """How far the analytics copy of the environment is.

    `place` is the last entry of the log that it has, `behind` how many it lacks. `is_open` is
    false while it is opened, or a new one takes over.
    """

    is_open: bool
    place: int
    behind: int


@get(
    "/analytics",
    **described(
        "getAnalytics",
        "Say how far the analytics copy is",
        tag="Segments",
        gives=AnalyticsAnswer,
        example={"is_open": True, "place": 120_431, "behind": 0},
    ),
)
async def get_analytics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give how many entries of the log the copy lacks: it follows within a fraction of a second."""
    services, caller = services_of(request), caller_of(request)
    state = await services.run_short(lambda: services.projection.state(caller.environment))
    return answer(AnalyticsAnswer(is_open=state.is_open, place=state.place, behind=state.behind))
