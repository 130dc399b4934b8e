"""What the pages of settings share: their tabs, and how a form that is wrong comes back."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response

from mien.domain.errors import InvalidInputError
from mien.domain.members import Role
from mien.web.visit import Visit


class Tab(msgspec.Struct, frozen=True):
    """A page of the settings; `path` is below them, `needs` who may see it."""

    path: str
    label: str
    needs: Role = Role.VIEWER


TABS = (
    Tab("", "Account"),
    Tab("members", "Members"),
)
"""In the order in which they are shown."""


def settings_page(
    visit: Visit,
    tab: str,
    *,
    wrong: InvalidInputError | None = None,
    block: str | None = None,
    **context: Any,
) -> Response[bytes]:
    """Draw a tab; `wrong` is what was not right with the form that was sent from it."""
    return visit.page(
        f"settings/{tab or 'account'}.html",
        block=block,
        status=HTTPStatus.OK if wrong is None else HTTPStatus.BAD_REQUEST,
        tabs=[each for each in TABS if visit.member.role.includes(each.needs)],
        tab=tab,
        problems=defaultdict(str, {} if wrong is None else {wrong.path: sentence(wrong)}),
        **context,
    )


def sentence(wrong: InvalidInputError) -> str:
    """Say what is wrong with a field that has a label beside it."""
    return f"{wrong.problem[:1].upper()}{wrong.problem[1:]}."
