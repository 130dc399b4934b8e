"""Taking a person along, and away: the download of all that is known, and the erasure (P-15, P-16)."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.members import Act, Role
from mien.services import erasures
from mien.services.erase import PLACES
from mien.services.erasures import Erasure
from mien.services.history import PersonView
from mien.store.erasures import PlannedErasure
from mien.web.person.seen import glance_of, identity_of, nobody, person_of, view_of
from mien.web.person.writing import subject_of
from mien.web.routes import act, page
from mien.web.visit import Note, Visit

_HOUR_MS = 3_600_000
WAITS = {"0": "At once", "24": "After a day", "168": "After 7 days", "720": "After 30 days"}
"""After how many hours a person may be erased; until then it can be cancelled."""


@act("/people/{object_id:str}/download", needs=Role.VIEWER)
async def download(visit: Visit, object_id: FromPath[str]) -> Stream:
    """Give everything known of a person as a file, as the API does."""
    view = await view_of(visit, object_id)
    person = await visit.run(lambda: person_of(visit, object_id))
    await visit.note(Act.PERSON_DOWNLOADED, subject=subject_of(person.profile))
    dashboard, environment = visit.dashboard, visit.environment_id
    name = f'attachment; filename="{view.profile.object_id}.json"'
    return Stream(
        dashboard.write_person(dashboard, environment, view, person),
        media_type="application/json",
        headers={"Content-Disposition": name},
    )


@page("/people/{object_id:str}/erase", needs=Role.EDITOR)
async def ask(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Say what erasing a person removes, and ask for their id to be typed."""
    return await _form(visit, await view_of(visit, object_id))


@act("/people/{object_id:str}/erase", needs=Role.EDITOR)
async def erase(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Erase a person for ever, at once or after a time in which it can be cancelled."""
    view = await view_of(visit, object_id)
    form = await visit.form()
    typed, wait = form.get("confirm", "").strip(), form.get("wait", "0")
    if typed not in {id_to_type(view).strip(), view.profile.object_id}:
        return await _form(visit, view, typed=typed, wait=wait, problem=True)
    if wait not in WAITS:
        raise InvalidInputError(path="wait", problem=f"give one of {', '.join(WAITS)}")
    (planned,) = await visit.do(
        lambda: _plan(visit, view, hours=int(wait)), partial(_note_of, hours=wait)
    )
    if planned is None:
        raise nobody()
    number = planned.planned.erasure_id
    said = "The person was erased; this is the receipt."
    if planned.planned.done_at is None:
        said = "The person will be erased; until then it can be cancelled here."
    return visit.back(visit.url(f"erasures/{number}"), said)


LEAVING_HANDLERS: list[HTTPRouteHandler] = [download, ask, erase]


def id_to_type(view: PersonView) -> str:
    """Give the id that is typed to erase a person: the first of theirs, else that of Mien."""
    return next((value for _, value in view.profile.identities), view.profile.object_id)


async def _form(
    visit: Visit, view: PersonView, *, typed: str = "", wait: str = "0", problem: bool = False
) -> Response[bytes]:
    waiting = await visit.run(lambda: waiting_of(visit, view))
    return visit.page(
        "person/erase.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        view=view,
        glance=glance_of(view, visit),
        id=id_to_type(view),
        places=PLACES,
        waits=WAITS,
        typed=typed,
        wait=wait,
        problem=problem,
        waiting=waiting,
    )


def waiting_of(visit: Visit, view: PersonView) -> Erasure | None:
    """Give the erasure of a person that waits for its time."""
    store, environment = visit.dashboard.store, visit.environment_id
    return erasures.find_waiting(store, environment, identity_of(view.profile.object_id))


def _note_of(planned: Sequence[PlannedErasure | None], *, hours: str) -> Note | None:
    (one,) = planned
    if one is None:
        return None
    details = {"erasure": str(one.erasure_id), "hours": hours}
    return Note(Act.PERSON_ERASED, subject_of(one.profile), details)


def _plan(visit: Visit, view: PersonView, *, hours: int) -> list[Erasure | None]:
    now_ms = clock.now_ms()
    return erasures.plan_erasures(
        visit.dashboard.store,
        visit.environment_id,
        [identity_of(view.profile.object_id)],
        now_ms=now_ms,
        due_ms=now_ms + hours * _HOUR_MS,
        source=visit.source,
    )
