"""`/v1/profile/test-mark`: making a profile a test profile, and an ordinary one again (P-11)."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, delete, put

from mien import clock
from mien.domain.documents import IS_TEST, NATIVE, TEST_MARK
from mien.domain.identities import server_object_id
from mien.domain.rejects import Reject
from mien.http.auth import caller_of, services_of
from mien.http.native.answers import TestMarkAnswer
from mien.http.native.calls import DistinctId, ObjectId, answer, identity_of, nobody
from mien.http.native.documents import described
from mien.services import history
from mien.services.receipts import Batch
from mien.services.wires import Wire

_TAG = "Profiles"
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)


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
    return await _mark(request, distinct_id, object_id, is_test=True)


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
    return await _mark(request, distinct_id, object_id, is_test=False)


async def _mark(
    request: Request[Any, Any, Any],
    distinct_id: str | None,
    object_id: str | None,
    *,
    is_test: bool,
) -> Response[bytes]:
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    async with services.limits.place(caller.environment, "v1/profile"):
        person = await services.run_short(
            lambda: history.find_person(services.store, caller.environment, identity)
        )
        if person is None:
            raise nobody(distinct_id, object_id)
        # By the objectId of the profile: a record with another id would make a new one, should
        # this one be erased just now.
        own_id = server_object_id(person.profile)
        data = {TEST_MARK: IS_TEST if is_test else {"$delete": 1}}
        record = {"type": "profile", "objectId": own_id, "profileData": data}
        source = Wire.NATIVE.source(caller.key_id)
        receipt = await services.ingest.submit(
            Batch(caller.environment, [record], clock.now_ms(), source, NATIVE)
        )
    (result,) = receipt.results
    if isinstance(result, Reject):
        raise nobody(distinct_id, object_id)
    services.metrics.count_records(receipt)
    return answer(TestMarkAnswer(object_id=own_id, is_test=is_test, changed=result.is_changed))
