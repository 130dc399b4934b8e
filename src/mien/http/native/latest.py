"""`GET /v1/profile/latest-values`: what the properties of a person's events were last (P-12)."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import QueryParameter

from mien.http.native.answers import LatestValue, LatestValuesPage
from mien.http.native.calls import Cursor, DistinctId, ObjectId, encode
from mien.http.native.documents import described
from mien.http.native.trails import Place, page_of, trail_cursor, trail_of
from mien.http.state import Services
from mien.services import latest
from mien.services.accounts import Caller
from mien.services.history import Person

EVENTS_AT_ONCE = 100_000

_PURPOSE = "v1/profile/latest-values"

_LATEST = {
    "latest_values": [
        {
            "name": "Charged · Amount",
            "event": "Charged",
            "property": "Amount",
            "value": 9.5,
            "at": 1764003600,
        }
    ],
    "events_seen": 2,
    "events_total": 2,
}

_Limit = Annotated[
    int,
    QueryParameter(ge=1, le=EVENTS_AT_ONCE, description="How many events are looked at at most."),
]


@get(
    "/profile/latest-values",
    **described(
        "getLatestValues",
        "Give the latest values of event properties",
        tag="Profiles",
        gives=LatestValuesPage,
        example=_LATEST,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def get_latest_values(
    request: Request[Any, Any, Any],
    distinct_id: DistinctId = None,
    object_id: ObjectId = None,
    limit: _Limit = EVENTS_AT_ONCE,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the value that each event property had last, by the time of the events.

    They are gathered from the events when you ask. Of two events of the same second the one
    that arrived later counts. A profile with more events than `limit` may take several calls:
    a value of a later page counts where its `at` is later than that of an earlier one.
    """
    read = partial(_page, limit=limit)
    return await page_of(request, distinct_id, object_id, _PURPOSE, cursor, read)


def _page(
    services: Services, caller: Caller, person: Person, start: Place | None, *, limit: int
) -> bytes | None:
    page = latest.latest_values(
        services.store,
        services.reader(caller.environment),
        person.profile,
        None if start is None else trail_of(person, start, ()),
        count=limit,
    )
    if page is None:
        return None
    return encode(
        LatestValuesPage(
            latest_values=[
                LatestValue(
                    name=f"{event} · {each.property}",
                    event=event,
                    property=each.property,
                    value=each.value,
                    at=each.at,
                )
                for event, each in page.values
            ],
            events_seen=page.seen,
            events_total=page.total,
            next_cursor=trail_cursor(services, caller, _PURPOSE, person, page.rest),
        )
    )
