"""Changes of definitions: their description and state (P-14)."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from litestar import Response

from mien.domain.errors import ConflictError, InvalidInputError
from mien.domain.members import Act
from mien.domain.schema import Definition, DefinitionState
from mien.services.definitions import Named, change_definition, check_description
from mien.web.visit import Note, Visit

Show = Callable[..., Awaitable[Response[bytes]]]
"""Draws the page again, with `problem` at the field, and what was written into it."""

_STATES = {
    "active": (DefinitionState.ACTIVE, Act.DEFINITION_ACTIVATED, "It is active again."),
    "inactive": (
        DefinitionState.INACTIVE,
        Act.DEFINITION_DEACTIVATED,
        "It is marked inactive. Values are taken as before.",
    ),
    "discarded": (
        DefinitionState.DISCARDED,
        Act.EVENT_DISCARDED,
        "It is discarded: from now on records of it are rejected with code 528.",
    ),
}


async def describe(
    visit: Visit, known: Definition, named: Named, path: str, show: Show
) -> Response[Any]:
    """Save what people say of a definition, unless somebody else did meanwhile."""
    form = await visit.form()
    description, was = (one_line_ends(form.get(name, "")) for name in ("description", "was"))
    try:
        await visit.do(
            lambda: _describe(visit, named, description.strip(), was),
            lambda _: Note(Act.DEFINITION_DESCRIBED, subject_of(known)),
        )
    except InvalidInputError as error:
        return await show(
            status=HTTPStatus.BAD_REQUEST, problem=f"It {error.problem}.", description=description
        )
    except ConflictError as error:
        # The page shows what is there now, so saving once more is a decision.
        return await show(status=HTTPStatus.CONFLICT, problem=str(error), description=description)
    return visit.back(path, "The description is saved.")


async def set_state(visit: Visit, known: Definition, named: Named, path: str) -> Response[Any]:
    """Set the state that a button stands for."""
    wanted = (await visit.form()).get("state", "")
    if wanted not in _STATES:
        raise InvalidInputError(path="state", problem=f"it is one of {', '.join(_STATES)}")
    state, done, said = _STATES[wanted]
    await visit.do(
        partial(
            change_definition,
            visit.dashboard.store,
            visit.environment_id,
            named,
            description=None,
            state=state,
        ),
        lambda _: Note(done, subject_of(known)),
    )
    return visit.back(path, said)


def subject_of(known: Definition) -> str:
    """Name a definition as the audit log does."""
    return f"definition:{known.id}"


def one_line_ends(text: str) -> str:
    """Give a text with the line ends that are stored: browsers send others."""
    return text.replace("\r\n", "\n")


def _describe(visit: Visit, named: Named, description: str, was: str) -> None:
    check_description(description)
    change_definition(
        visit.dashboard.store,
        visit.environment_id,
        named,
        description=description,
        state=None,
        was=was,
    )
