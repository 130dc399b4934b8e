"""The properties of people: which there are, who has each, its values, what is said of it (D-05)."""

from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.errors import ConflictError, InvalidInputError
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.members import Act, Role
from mien.domain.schema import Definition, DefinitionKind
from mien.services.definitions import Named, add_property, change_definition, get_definition
from mien.services.history import name_sources
from mien.services.insights import Insight, Insights, Shares, TopValue
from mien.web import charts
from mien.web.defined import changing
from mien.web.defined.changing import subject_of
from mien.web.defined.listing import After, Catalogue, Filled, Sought, show_list
from mien.web.lazy import draw_lazily
from mien.web.routes import Id, act, page
from mien.web.visit import Note, Visit

PROPERTY = DefinitionKind.PROPERTY
_VALUES = 20
_PROPERTIES = Catalogue(
    PROPERTY,
    "properties",
    ("Property", "Type", "People who have it", "Values", "First seen", "Last seen", "Source"),
    Insights.shares_of_properties,
)


@page("/properties")
async def properties(
    visit: Visit,
    sought: Sought = "",
    after: After = None,
    filled: Filled = False,  # noqa: FBT002 - a name of the address
) -> Response[bytes]:
    """List the properties of people; who has them is counted once the list is there."""
    return await _list(visit, sought, after, filled=filled)


@act("/properties", needs=Role.EDITOR)
async def add(visit: Visit) -> Response[Any]:
    """Make a property known before its first value."""
    form = await visit.form()
    name, description = form.get("name", "").strip(), form.get("description", "").strip()
    try:
        made = await visit.do(
            lambda: _add(visit, name, changing.one_line_ends(description)),
            lambda made: Note(Act.PROPERTY_ADDED, subject_of(made)),
        )
    except InvalidInputError as error:
        problems = {error.path: f"It {error.problem}."}
        status = HTTPStatus.BAD_REQUEST
    except ConflictError as error:
        problems, status = {"name": str(error)}, HTTPStatus.CONFLICT
    else:
        return visit.back(f"{visit.url('properties')}/{made.id}", "The property is added.")
    return await _list(
        visit,
        "",
        None,
        status=status,
        form={"name": name, "description": description},
        problems=problems,
    )


@page("/properties/{number:int}")
async def one_property(visit: Visit, number: Id) -> Response[bytes]:
    """Show a property: its type, since when, what is said of it."""
    return await _show(visit, number)


@page("/properties/{number:int}/values")
async def values(visit: Visit, number: Id) -> Response[bytes]:
    """Give the values that most people have, and how many have any."""
    known = await _known(visit, number)
    return await draw_lazily(
        visit, lambda: _count(visit, known), lambda found: _draw_values(visit, known, *found)
    )


@act("/properties/{number:int}/description", needs=Role.EDITOR)
async def describe(visit: Visit, number: Id) -> Response[Any]:
    """Say what a property means."""
    known = await _known(visit, number)
    named = Named(PROPERTY, known.name)
    return await changing.describe(
        visit, known, named, _path(visit, number), partial(_show, visit, number)
    )


@act("/properties/{number:int}/state", needs=Role.EDITOR)
async def set_state(visit: Visit, number: Id) -> Response[Any]:
    """Mark a property active or inactive."""
    known = await _known(visit, number)
    return await changing.set_state(visit, known, Named(PROPERTY, known.name), _path(visit, number))


@act("/properties/{number:int}/table", needs=Role.EDITOR)
async def show_in_table(visit: Visit, number: Id) -> Response[Any]:
    """Make a property a column of the table of people, or no column any more."""
    known, is_shown = await _known(visit, number), (await visit.form()).get("shown") == "yes"
    change = partial(
        change_definition, visit.dashboard.store, visit.environment_id, Named(PROPERTY, known.name)
    )
    done = Act.COLUMN_SHOWN if is_shown else Act.COLUMN_HIDDEN
    try:
        await visit.do(
            lambda: change(in_table=is_shown), lambda changed: Note(done, subject_of(changed))
        )
    except InvalidInputError as error:
        problem = f"Nothing was changed: {error.problem}."
        return await _show(visit, number, status=HTTPStatus.CONFLICT, table_problem=problem)
    said = "It is a column of the table of people now." if is_shown else "It is no column any more."
    return visit.back(_path(visit, number), said)


PROPERTY_HANDLERS: list[HTTPRouteHandler] = [
    properties,
    add,
    one_property,
    values,
    describe,
    set_state,
    show_in_table,
]


def _path(visit: Visit, number: int) -> str:
    return visit.url(f"properties/{number}")


async def _list(
    visit: Visit,
    sought: str,
    after: str | None,
    *,
    filled: bool = False,
    status: int = HTTPStatus.OK,
    form: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response[bytes]:
    return await show_list(
        visit,
        _PROPERTIES,
        sought=sought,
        after=after,
        filled=filled,
        status=status,
        form=form or {"name": "", "description": ""},
        problems={"name": "", "description": ""} | (problems or {}),
    )


async def _known(visit: Visit, number: int) -> Definition:
    return await visit.run(
        partial(get_definition, visit.dashboard.store, visit.environment_id, PROPERTY, number)
    )


async def _show(
    visit: Visit,
    number: int,
    *,
    status: int = HTTPStatus.OK,
    problem: str = "",
    description: str | None = None,
    table_problem: str = "",
) -> Response[bytes]:
    known = await _known(visit, number)
    store, here = visit.dashboard.store, visit.environment_id
    sources = await visit.run(lambda: name_sources(store, here, {known.source}))
    return visit.page(
        "defined/property.html",
        status=status,
        known=known,
        source=sources.get(known.source, known.source),
        standard=STANDARD_FIELDS.get(known.name),
        path=_path(visit, number),
        problem=problem,
        table_problem=table_problem,
        description=known.description if description is None else description,
    )


def _add(visit: Visit, name: str, description: str) -> Definition:
    return add_property(
        visit.dashboard.store,
        visit.environment_id,
        name,
        description=description,
        now_ms=visit.now_ms,
        source=visit.source,
    )


def _count(visit: Visit, known: Definition) -> tuple[Insight[Shares], Insight[list[TopValue]]]:
    insights, here = visit.dashboard.insights, visit.environment_id
    now, zone = visit.now_ms // 1_000, visit.zone
    shares = insights.shares_of_properties(here, [known.name], now=now, zone=zone)
    return shares, insights.values(here, known.name, count=_VALUES, now=now, zone=zone)


def _draw_values(
    visit: Visit, known: Definition, shares: Insight[Shares], top: Insight[list[TopValue]]
) -> Response[bytes]:
    people, everybody = shares.value.people[known.name], shares.value.everybody
    rows = [(each.text, each.count) for each in top.value]
    return visit.page(
        "defined/values.html",
        people=people,
        everybody=everybody,
        share=charts.share_of(people, everybody),
        bars=charts.bars(f"Values of {known.name}", rows, of=people),
        most=_VALUES,
        as_of=top.as_of,
    )
