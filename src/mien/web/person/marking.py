"""Marks of a person: a test profile or an ordinary one, disabled or enabled (P-11, D-04)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from mien import clock
from mien.domain.members import Act, Role
from mien.domain.rejects import Reject
from mien.services.marks import Mark, change_mark
from mien.web.person.seen import nobody, path_of, person_of
from mien.web.person.writing import told
from mien.web.routes import act
from mien.web.visit import Visit


class _Change(NamedTuple):
    """What the audit log says of a change, and what the member is told."""

    act: Act
    said: str


_CHANGES: Mapping[tuple[Mark, bool], _Change] = {
    (Mark.TEST, True): _Change(Act.TEST_MARKED, "This is a test profile now."),
    (Mark.TEST, False): _Change(Act.TEST_UNMARKED, "This is no test profile any more."),
    (Mark.DISABLED, True): _Change(
        Act.PERSON_DISABLED, "This person is disabled: nothing is sent to them, on no channel."
    ),
    (Mark.DISABLED, False): _Change(
        Act.PERSON_ENABLED, "This person is enabled again, as far as their preferences allow."
    ),
}


@act("/people/{object_id:str}/test-mark", needs=Role.EDITOR)
async def mark_test(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Make a person a test profile, or an ordinary one again."""
    return await _mark(visit, object_id, Mark.TEST)


@act("/people/{object_id:str}/disabled", needs=Role.EDITOR)
async def disable(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Stop all messages to a person, or let them through again."""
    return await _mark(visit, object_id, Mark.DISABLED)


MARKING_HANDLERS: list[HTTPRouteHandler] = [mark_test, disable]


async def _mark(visit: Visit, object_id: str, mark: Mark) -> Response[Any]:
    """Set or take away a mark, as a record would; the history shows it."""
    person = await visit.run(lambda: person_of(visit, object_id))
    is_set = (await visit.form()).get("is_set") == "yes"
    change = _CHANGES[mark, is_set]
    receipt = await change_mark(
        visit.dashboard.ingest,
        visit.environment_id,
        person.profile,
        mark,
        is_set=is_set,
        now_ms=clock.now_ms(),
        source=visit.source,
        also=visit.noting(told(change.act)),
    )
    (result,) = receipt.results
    if isinstance(result, Reject):
        raise nobody()
    return visit.back(path_of(visit, object_id), change.said)
