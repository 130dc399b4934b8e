"""How handlers of the dashboard are declared: every one says the least role that may come in."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar import get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter

from mien.domain.members import Role
from mien.domain.values import INTEGER_MAX
from mien.web.gate import FOR_NEWCOMERS, NEEDS

FORM_BYTES = 4 * 1024 * 1024
"""The most that a form may have."""

Id = Annotated[int, PathParameter(ge=1, le=INTEGER_MAX)]
"""An id in an address: no column holds a greater one."""

_Declared = Callable[[Callable[..., Any]], HTTPRouteHandler]


def read_number(text: str, *, digits: int = 18) -> int | None:
    """Read a number of up to so many digits, as addresses and forms send it; None for any other."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def page(
    path: str,
    *,
    needs: Role = Role.VIEWER,
    for_newcomers: bool = False,
    reads: Mapping[str, Callable[..., Any]] = {},
) -> _Declared:
    """Declare what shows something: it changes nothing, however often it is asked for.

    `reads` give arguments of the handler, by name, from those of the address that they take.
    """
    given = {name: Provide(read, sync_to_thread=False) for name, read in reads.items()}
    return get(path, opt={NEEDS: needs, FOR_NEWCOMERS: for_newcomers}, dependencies=given)


def act(path: str, *, needs: Role, for_newcomers: bool = False) -> _Declared:
    """Declare what changes something: a form with the token of the session."""
    opt = {NEEDS: needs, FOR_NEWCOMERS: for_newcomers}
    return post(path, status_code=HTTPStatus.OK, opt=opt)
