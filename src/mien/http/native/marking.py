"""`/v1/profile/test-mark` and `/v1/profile/disabled`: marks of a profile, set and taken away (P-11, R12)."""

from http import HTTPStatus
from typing import Any, NamedTuple

from litestar import Request, Response, delete, put

from mien import clock
from mien.domain.identities import server_object_id
from mien.domain.rejects import Reject
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import DisabledAnswer, TestMarkAnswer
from mien.http.native.calls import DistinctId, ObjectId, answer, identity_of, nobody
from mien.http.native.documents import described
from mien.services import history
from mien.services.marks import Mark, change_mark
from mien.services.wires import Wire

_TAG = "Profiles"
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)


class _Marked(NamedTuple):
    """What became of a mark: the id of the profile, and whether it was otherwise before."""

    object_id: str
    changed: bool


@put(
    "/profile/test-mark",
    **described(
        "markTestProfile",
        "Mark a profile as a test profile",
        tag=_TAG,
        gives=TestMarkAnswer,
        example={"object_id": "mien_1f", "is_test": True, "changed": True},
        errors=_NOT_FOUND,
    ),
)
async def mark_test_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Response[bytes]:
    """Set the property `ct_is_test_user` to `Yes`, as a record would; the history shows it."""
    return await _mark_test(request, distinct_id, object_id, is_set=True)


@delete(
    "/profile/test-mark",
    **described(
        "unmarkTestProfile",
        "Make a test profile an ordinary one",
        tag=_TAG,
        gives=TestMarkAnswer,
        example={"object_id": "mien_1f", "is_test": False, "changed": True},
        errors=_NOT_FOUND,
    ),
)
async def unmark_test_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Response[bytes]:
    """Remove the property `ct_is_test_user`, as a record would; the history shows it."""
    return await _mark_test(request, distinct_id, object_id, is_set=False)


@put(
    "/profile/disabled",
    **described(
        "disableProfile",
        "Disable a profile",
        tag=_TAG,
        gives=DisabledAnswer,
        example={"object_id": "mien_1f", "disabled": True, "changed": True},
        errors=_NOT_FOUND,
    ),
)
async def disable_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Response[bytes]:
    """Stop all messages to a person, on every channel; records about them are taken as before.

    It sets the property `MSG-disabled` to true, as a record would; the history shows it.
    """
    return await _mark_disabled(request, distinct_id, object_id, is_set=True)


@delete(
    "/profile/disabled",
    **described(
        "enableProfile",
        "Enable a disabled profile again",
        tag=_TAG,
        gives=DisabledAnswer,
        example={"object_id": "mien_1f", "disabled": False, "changed": True},
        errors=_NOT_FOUND,
    ),
)
async def enable_profile(
    request: Request[Any, Any, Any], distinct_id: DistinctId = None, object_id: ObjectId = None
) -> Response[bytes]:
    """Let messages reach a person again, as far as addresses, flags and groups allow.

    It removes the property `MSG-disabled`, as a record would; the history shows it.
    """
    return await _mark_disabled(request, distinct_id, object_id, is_set=False)


async def _mark_test(
    request: Request[Any, Any, Any], distinct_id: str | None, object_id: str | None, *, is_set: bool
) -> Response[bytes]:
    marked = await _mark(request, distinct_id, object_id, Mark.TEST, is_set=is_set)
    return answer(
        TestMarkAnswer(object_id=marked.object_id, is_test=is_set, changed=marked.changed)
    )


async def _mark_disabled(
    request: Request[Any, Any, Any], distinct_id: str | None, object_id: str | None, *, is_set: bool
) -> Response[bytes]:
    marked = await _mark(request, distinct_id, object_id, Mark.DISABLED, is_set=is_set)
    return answer(
        DisabledAnswer(object_id=marked.object_id, disabled=is_set, changed=marked.changed)
    )


async def _mark(
    request: Request[Any, Any, Any],
    distinct_id: str | None,
    object_id: str | None,
    mark: Mark,
    *,
    is_set: bool,
) -> _Marked:
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    async with services.limits.place(caller.environment, "v1/profile"):
        person = await services.run_short(
            lambda: history.find_person(services.store, caller.environment, identity)
        )
        if person is None:
            raise nobody(distinct_id, object_id)
        receipt = await change_mark(
            services.ingest,
            caller.environment,
            person.profile,
            mark,
            is_set=is_set,
            now_ms=clock.now_ms(),
            source=Wire.NATIVE.source(caller.key_id),
        )
    (result,) = receipt.results
    if isinstance(result, Reject):
        raise nobody(distinct_id, object_id)
    services.metrics.count_records(receipt)
    return _Marked(server_object_id(person.profile), result.is_changed)
