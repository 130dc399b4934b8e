"""How handlers of the dashboard are declared: every one says the least role that may come in."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from mien.domain.members import Role
from mien.web.gate import FOR_NEWCOMERS, NEEDS

FORM_BYTES = 4 * 1024 * 1024
"""The most that a form may have."""

_Declared = Callable[[Callable[..., Any]], HTTPRouteHandler]


def page(path: str, *, needs: Role = Role.VIEWER, for_newcomers: bool = False) -> _Declared:
    """Declare what shows something: it changes nothing, however often it is asked for."""
    return get(path, opt={NEEDS: needs, FOR_NEWCOMERS: for_newcomers})


def act(path: str, *, needs: Role, for_newcomers: bool = False) -> _Declared:
    """Declare what changes something: a form with the token of the session."""
    opt = {NEEDS: needs, FOR_NEWCOMERS: for_newcomers}
    return post(path, status_code=HTTPStatus.OK, opt=opt)
