"""Mappings: properties of events that become properties of the person too (P-12)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.environments import MAPPINGS
from mien.domain.errors import InvalidInputError
from mien.domain.mappings import EventMapping
from mien.domain.members import Act, Role
from mien.services.environments import add_mapping, get_settings, remove_mapping
from mien.web.routes import act, page
from mien.web.settings.tabs import settings_page
from mien.web.visit import Note, Visit

_EMPTY = EventMapping("", "", "")


@page("/settings/mappings")
async def mappings_page(visit: Visit) -> Response[bytes]:
    """Show the mappings."""
    return await _page(visit)


@act("/settings/mappings", needs=Role.ADMIN)
async def new_mapping(visit: Visit) -> Response[Any]:
    """Add a mapping behind those that are there."""
    mapping = _read(await visit.form())
    store, environment = visit.dashboard.store, visit.environment_id
    try:
        await visit.do(
            partial(add_mapping, store, environment, mapping, source=visit.source),
            lambda _: _note_of("added", mapping),
        )
    except InvalidInputError as error:
        wrong = InvalidInputError("", error.problem)
        return await _page(visit, mapping, wrong=wrong)
    said = f"From now on, {mapping.property} of {mapping.event} sets {mapping.to} of the person."
    return visit.back(visit.url("settings/mappings"), said)


@act("/settings/mappings/remove", needs=Role.ADMIN)
async def end_mapping(visit: Visit) -> Response[Any]:
    """End a mapping; what it wrote stays."""
    mapping = _read(await visit.form())
    store, environment = visit.dashboard.store, visit.environment_id
    await visit.do(
        partial(remove_mapping, store, environment, mapping, source=visit.source),
        lambda _: _note_of("removed", mapping),
    )
    said = "The mapping is removed; what it wrote stays."
    return visit.back(visit.url("settings/mappings"), said)


MAPPING_HANDLERS: list[HTTPRouteHandler] = [mappings_page, new_mapping, end_mapping]


async def _page(
    visit: Visit, form: EventMapping = _EMPTY, *, wrong: InvalidInputError | None = None
) -> Response[bytes]:
    known = await visit.run(partial(get_settings, visit.dashboard.store, visit.environment_id))
    return settings_page(
        visit, "mappings", wrong=wrong, form=form, mappings=known.mappings, most=MAPPINGS
    )


def _read(form: Mapping[str, str]) -> EventMapping:
    parts = (form.get(name, "").strip() for name in EventMapping.__struct_fields__)
    return EventMapping(*parts)


def _note_of(did: str, mapping: EventMapping) -> Note:
    rule = f"{mapping.property} of {mapping.event} sets {mapping.to}"
    return Note(Act.SETTINGS_CHANGED, details={"settings": "mappings", did: rule})
