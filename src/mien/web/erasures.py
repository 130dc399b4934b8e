"""Erasures: those that wait, and the receipts of those done (P-15, B-07)."""

from functools import partial
from typing import Annotated, Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien.domain.identities import server_object_id
from mien.domain.members import Act, Role
from mien.services import erasures as service
from mien.services.erase import PLACES, RARE_PLACES
from mien.services.erasures import Erasure, ErasureDoneError
from mien.web.person.writing import subject_of
from mien.web.routes import Id, act, page
from mien.web.visit import Note, Visit

_ROWS = 50
_PURPOSE = "erasures"

After = Annotated[str | None, QueryParameter()]


@page("/erasures")
async def erasures(visit: Visit, after: After = None) -> Response[bytes]:
    """List erasures, those asked for last first."""
    before = None if after is None else visit.unseal(_PURPOSE, after, int)
    store, environment = visit.dashboard.store, visit.environment_id
    found = await visit.run(
        lambda: service.list_erasures(store, environment, before=before, count=_ROWS)
    )
    last = found[-1].planned.erasure_id if len(found) == _ROWS else None
    rest = None if last is None else visit.seal(_PURPOSE, last)
    return visit.page(
        "erasures/page.html",
        block="more" if after else None,
        rows=found,
        id_of=server_object_id,
        next=None if rest is None else f"{visit.url('erasures')}?after={rest}",
    )


@page("/erasures/{erasure:int}")
async def erasure(visit: Visit, erasure: Id) -> Response[bytes]:
    """Show an erasure: when it is due, or the receipt of what it removed."""
    store, environment = visit.dashboard.store, visit.environment_id
    found = await visit.run(lambda: service.get_erasure(store, environment, erasure))
    return visit.page(
        "erasures/erasure.html",
        found=found,
        id_of=server_object_id,
        places={**PLACES, **RARE_PLACES},
    )


@act("/erasures/{erasure:int}/cancel", needs=Role.EDITOR)
async def cancel(visit: Visit, erasure: Id) -> Response[Any]:
    """Drop an erasure that waits: the person stays."""
    store, environment = visit.dashboard.store, visit.environment_id
    try:
        found = await visit.do(
            lambda: service.cancel_erasure(store, environment, erasure),
            partial(_note_of, erasure),
        )
    except ErasureDoneError as done:
        return visit.back(visit.url(f"erasures/{erasure}"), str(done), kind="warning")
    profile = found.planned.profile
    said = f"Erasure {erasure} was cancelled: this person stays."
    return visit.back(visit.url(f"people/{server_object_id(profile)}"), said)


def _note_of(erasure: int, gone: Erasure | None) -> Note | None:
    if gone is None:
        return None
    subject, details = subject_of(gone.planned.profile), {"erasure": str(erasure)}
    return Note(Act.ERASURE_CANCELLED, subject, details)


ERASURE_HANDLERS: list[HTTPRouteHandler] = [erasures, erasure, cancel]
