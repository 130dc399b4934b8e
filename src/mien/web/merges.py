"""Merges of an environment: those that are suggested, those that were made, and their undo (B-01)."""

from functools import partial
from typing import Annotated, Any, TypeAlias

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien import clock
from mien.domain.errors import ConflictError, NotFoundError
from mien.domain.identities import own_id, server_object_id
from mien.domain.members import Act, Role
from mien.services import merges as service
from mien.services.merges import UndoReport
from mien.services.pairs import Made, Pair, made_page, suggestion_page
from mien.services.reading import Reader
from mien.web.people import name_of
from mien.web.person.seen import identity_of, person_of
from mien.web.person.writing import subject_of
from mien.web.routes import Id, act, page
from mien.web.visit import Note, Visit

_ROWS = 50
_NEWEST = 2**63 - 1
_SUGGESTED, _MADE = "suggested merges", "merges"

After = Annotated[str | None, QueryParameter()]
_Start: TypeAlias = tuple[int, int]


@page("/merges")
async def suggested(visit: Visit, after: After = None) -> Response[bytes]:
    """List people who may be one, since a record named both and no rule lets them merge."""
    start = (0, 0) if after is None else visit.unseal(_SUGGESTED, after, tuple[int, int])
    found, rest = await visit.run(lambda: _suggested(visit, start))
    place = None if rest is None else visit.seal(_SUGGESTED, rest)
    return visit.page(
        "merges/suggested.html",
        block="more" if after else None,
        here="merges",
        pairs=found,
        name_of=name_of,
        next=None if place is None else f"{visit.url('merges')}?after={place}",
    )


@page("/merges/made")
async def made(visit: Visit, after: After = None) -> Response[bytes]:
    """List merges, those by records and those by people, with which of them were undone."""
    before = _NEWEST if after is None else visit.unseal(_MADE, after, int)
    found, rest = await visit.run(lambda: _made(visit, before))
    place = None if rest is None else visit.seal(_MADE, rest)
    return visit.page(
        "merges/made.html",
        block="more" if after else None,
        here="merges/made",
        rows=found,
        name_of=name_of,
        id_of=server_object_id,
        next=None if place is None else f"{visit.url('merges/made')}?after={place}",
    )


@act("/merges/{merge:int}/undo", needs=Role.EDITOR)
async def undo(visit: Visit, merge: Id) -> Response[Any]:
    """Give back both profiles of a merge."""
    back = _way_back(visit, await visit.form(), "merges/made")
    store, environment = visit.dashboard.store, visit.environment_id
    try:
        report = await visit.do(
            lambda: service.undo_merge(store, environment, merge, source=visit.source), _note_of
        )
    except ConflictError as refused:
        return visit.back(back, str(refused), kind="warning")
    if report.is_done_before:
        return visit.back(back, f"Merge {merge} was undone before.", kind="info")
    said = f"Merge {merge} was undone: both profiles are as they would be had they never met."
    return visit.back(back, said)


@act("/merges/dismiss", needs=Role.EDITOR)
async def dismiss(visit: Visit) -> Response[Any]:
    """Take a suggested merge off the list: they are two people."""
    form = await visit.form()
    named = [form.get("one", ""), form.get("other", "")]
    one, other = [await visit.run(partial(person_of, visit, each)) for each in named]
    ids = own_id(one.profile), own_id(other.profile)
    store, environment = visit.dashboard.store, visit.environment_id
    back = _way_back(visit, form, "merges")
    said = Note(
        Act.SUGGESTION_DISMISSED, subject_of(one.profile), {"other": subject_of(other.profile)}
    )
    if not await visit.do(
        lambda: service.dismiss_suggestion(store, environment, *ids),
        lambda is_dismissed: said if is_dismissed else None,
    ):
        return visit.back(back, "This merge is suggested no longer.", kind="info")
    return visit.back(back, "They stay two people; a later record may suggest it anew.")


MERGE_HANDLERS: list[HTTPRouteHandler] = [suggested, made, undo, dismiss]


def _note_of(report: UndoReport) -> Note | None:
    if report.is_done_before:
        return None
    return Note(Act.MERGE_UNDONE, subject_of(report.survivor), {"merge": str(report.merge)})


def _way_back(visit: Visit, form: dict[str, str], otherwise: str) -> str:
    """Give the page that an act was done from: that of the person it names, or the list."""
    try:
        own_id = identity_of(form["person"]).value
    except (KeyError, NotFoundError):
        return visit.url(otherwise)
    return visit.url(f"people/{own_id}/merges")


def _suggested(visit: Visit, after: _Start) -> tuple[list[Pair], _Start | None]:
    today = clock.today(visit.zone)
    return suggestion_page(
        visit.dashboard.store, _reader(visit), after=after, today=today, count=_ROWS
    )


def _made(visit: Visit, before: int) -> tuple[list[Made], int | None]:
    today = clock.today(visit.zone)
    return made_page(visit.dashboard.store, _reader(visit), before=before, today=today, count=_ROWS)


def _reader(visit: Visit) -> Reader:
    return visit.dashboard.reader(visit.environment_id)
