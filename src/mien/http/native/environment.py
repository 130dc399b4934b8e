"""`/v1/environment` and `/v1/merge-suggestions`: where a key leads, and who may be one person."""

from functools import partial
from typing import Any

from litestar import Request, Response, get

from mien.domain.identities import WIRE_NAMES, server_object_id
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import EnvironmentAnswer, MergeSuggestion, MergeSuggestionPage
from mien.http.native.calls import Cursor, Limit, answer, instant, next_cursor, start_of
from mien.http.native.documents import described
from mien.services.history import list_merge_suggestions
from mien.store.people import MergeSuggestion as StoredSuggestion

_PURPOSE = "v1/merge-suggestions"
_TEST = "TEST-"

_SUGGESTED = {
    "merge_suggestions": [
        {
            "object_id": "mien_1f",
            "other_object_id": "mien_20",
            "kind": "identity",
            "value": "ana@work",
            "suggested_at": "2026-11-24T16:00:00Z",
            "source": "v1:1",
        }
    ]
}


@get(
    "/environment",
    **described(
        "getEnvironment",
        "Say where a key leads",
        tag="Environment",
        gives=EnvironmentAnswer,
        example={
            "account_id": "TEST-ABC-DEF-1234",
            "environment": "test",
            "time_zone": "Europe/Paris",
        },
    ),
)
async def get_environment(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the environment that the caller's key opens."""
    caller = caller_of(request)
    return answer(
        EnvironmentAnswer(
            account_id=caller.public_id,
            environment="test" if caller.public_id.startswith(_TEST) else "live",
            time_zone=caller.time_zone,
        )
    )


@get(
    "/merge-suggestions",
    **described(
        "listMergeSuggestions",
        "List profiles that may be one person",
        tag="Profiles",
        gives=MergeSuggestionPage,
        example=_SUGGESTED,
    ),
)
async def get_merge_suggestions(
    request: Request[Any, Any, Any], limit: Limit = 100, cursor: Cursor = None
) -> Response[bytes]:
    """Give the pairs of profiles that a record named together; nothing was merged."""
    services, caller = services_of(request), caller_of(request)
    after = start_of(services, caller, _PURPOSE, cursor, tuple[int, int]) or (0, 0)
    async with services.limits.place(caller.environment, "v1/merge-suggestions"):
        found = await services.run_long(
            partial(
                list_merge_suggestions,
                services.store,
                caller.environment,
                after=after,
                count=limit,
            )
        )
    last = (found[-1].profile, found[-1].other) if len(found) == limit else None
    return answer(
        MergeSuggestionPage(
            merge_suggestions=[_suggestion(each) for each in found],
            next_cursor=next_cursor(services, caller, _PURPOSE, last),
        )
    )


def _suggestion(stored: StoredSuggestion) -> MergeSuggestion:
    return MergeSuggestion(
        object_id=server_object_id(stored.profile),
        other_object_id=server_object_id(stored.other),
        kind=WIRE_NAMES[stored.kind],
        value=stored.value,
        suggested_at=instant(stored.suggested_at),
        source=stored.source,
    )
