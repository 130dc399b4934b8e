"""Marking a person as a test profile, and as an ordinary one again (P-11)."""

from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.members import Act, Role
from mien.domain.rejects import Reject
from mien.web.person.seen import nobody, path_of, view_of
from mien.web.person.writing import change_person, subject_of
from mien.web.routes import act
from mien.web.visit import Visit


@act("/people/{object_id:str}/test-mark", needs=Role.EDITOR)
async def mark(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Set or remove the mark of a test profile, as a record would; the history shows it."""
    own_id = (await view_of(visit, object_id)).profile.object_id
    is_test = (await visit.form()).get("is_test") == "yes"
    data = {TEST_MARK: IS_TEST if is_test else {"$delete": 1}}
    result = await change_person(visit, own_id, data)
    if isinstance(result, Reject):
        raise nobody()
    done = Act.TEST_MARKED if is_test else Act.TEST_UNMARKED
    if result.is_changed:
        await visit.note(done, subject=subject_of(own_id))
    said = "This is a test profile now." if is_test else "This is no test profile any more."
    return visit.back(path_of(visit, own_id), said)


MARKING_HANDLERS: list[HTTPRouteHandler] = [mark]
