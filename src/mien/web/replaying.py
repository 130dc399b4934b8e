"""Applying many refused records after all: step by step, until all are tried or somebody stops it (U-23)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.documents import NATIVE, Rules
from mien.domain.errors import InvalidInputError
from mien.domain.members import Act, Role
from mien.services.reject_lists import ReplayedAll, Wanted, replay_all
from mien.services.rejects import Manner
from mien.services.wires import Wire
from mien.store.rejects import RejectPlace
from mien.web.routes import act, read_number
from mien.web.visit import Visit

_REACHED = "rejects replayed"
_STEP_SECONDS = 2.0
"""How long a step takes, after which the page says how far it is; the first is as short as can be."""


class Reached(msgspec.Struct, frozen=True, array_like=True):
    """How far a replay of many is: up to which record, and what became of those before."""

    place: RejectPlace
    applied: int
    refused: int

    @property
    def said(self) -> str:
        """What became of them, in words."""
        return _said(self.applied, self.refused)


def read_reached(visit: Visit, text: str) -> Reached | None:
    """Read how far a replay is as a page sends it back; None for nothing."""
    return visit.unseal(_REACHED, text, Reached) if text else None


def read_wanted(code: int | None, source: str | None) -> Wanted:
    """Read which rejects are meant."""
    # PostgreSQL takes none in a question.
    if source is not None and "\x00" in source:
        raise InvalidInputError(path="source", problem="has a NUL character")
    return Wanted(code, source)


def filters_of(wanted: Wanted) -> dict[str, str]:
    """Give the filters of a list, as its address has them."""
    given = {"code": wanted.code, "source": wanted.source}
    return {name: str(value) for name, value in given.items() if value is not None}


def manners_of(visit: Visit) -> dict[Wire, Manner]:
    """Give in whose name and by which rules records are replayed."""
    settings = visit.dashboard.settings
    compatible = Rules(
        missing_is_zero=settings.missing_is_zero, late_data_loses=settings.late_data_loses
    )
    return {
        Wire.COMPATIBLE: Manner(visit.source, compatible),
        Wire.NATIVE: Manner(visit.source, NATIVE),
    }


@act("/rejects/replay", needs=Role.EDITOR)
async def replay_wanted(visit: Visit) -> Response[Any]:
    """Apply refused records of a filter for a step; the page that answers asks for the next."""
    form = await visit.form()
    code = form.get("code", "")
    number = read_number(code, digits=6)
    if code and number is None:
        raise InvalidInputError(path="code", problem="is no code of a refusal such as 515")
    wanted = read_wanted(number, form.get("source") or None)
    before = read_reached(visit, form.get("from", ""))
    done = await _step(visit, wanted, before)
    numbers = {"applied": str(done.applied), "refused": str(done.refused)}
    await visit.note(Act.REJECTS_REPLAYED, subject=code, details=numbers)
    applied = done.applied + (before.applied if before else 0)
    refused = done.refused + (before.refused if before else 0)
    filters = filters_of(wanted)
    if done.rest is None:
        kind = "success" if applied or not refused else "warning"
        return visit.back(list_path(visit, filters), _said(applied, refused), kind=kind)
    reached = Reached(done.rest, applied, refused)
    sealed = visit.seal(_REACHED, reached)
    return visit.page(
        "rejects/replaying.html",
        block="progress",
        reached=reached,
        going_on={**filters, "from": sealed},
        stop=list_path(visit, {**filters, "from": sealed}),
    )


REPLAY_HANDLERS: list[HTTPRouteHandler] = [replay_wanted]


def list_path(visit: Visit, query: Mapping[str, str]) -> str:
    """Give the address of a list of rejects."""
    return visit.url("rejects") + (f"?{urlencode(query)}" if query else "")


async def _step(visit: Visit, wanted: Wanted, before: Reached | None) -> ReplayedAll:
    return await replay_all(
        visit.dashboard.store,
        visit.dashboard.ingest,
        visit.environment_id,
        wanted,
        manners=manners_of(visit),
        now_ms=visit.now_ms,
        seconds=_STEP_SECONDS if before else 0.0,
        after=before.place if before else None,
    )


def _said(applied: int, refused: int) -> str:
    return f"{applied:,} applied; {refused:,} refused again."
