"""What the pages of settings share: their tabs, and how a form that is wrong comes back."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any, assert_never

import msgspec
from litestar import Response

from mien.domain.errors import ChangedMeanwhileError, InvalidInputError
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
    Tab("keys", "Keys", Role.ADMIN),
    Tab("identities", "Identities"),
    Tab("mappings", "Mappings"),
    Tab("sdks", "SDKs"),
    Tab("limits", "Limits"),
    Tab("audit", "Audit log", Role.ADMIN),
)
"""In the order in which they are shown."""

_STATUS = {
    type(None): HTTPStatus.OK,
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    ChangedMeanwhileError: HTTPStatus.CONFLICT,
}


def settings_page(
    visit: Visit,
    tab: str,
    *,
    wrong: InvalidInputError | ChangedMeanwhileError | None = None,
    block: str | None = None,
    **context: Any,
) -> Response[bytes]:
    """Draw a tab; `wrong` is why the form that was sent from it was not saved."""
    return visit.page(
        f"settings/{tab or 'account'}.html",
        block=block,
        status=_STATUS[type(wrong)],
        tabs=[each for each in TABS if visit.member.role.includes(each.needs)],
        tab=tab,
        problems=_problems(wrong),
        **context,
    )


def _problems(wrong: InvalidInputError | ChangedMeanwhileError | None) -> dict[str, str]:
    """Give what is wrong by the name of the field, the empty one for the form as a whole."""
    match wrong:
        case None:
            return defaultdict(str)
        case ChangedMeanwhileError():
            said = f"{wrong} What you wrote is still here: save again to overwrite what is there."
            return defaultdict(str, {"": said})
        case InvalidInputError():
            return defaultdict(str, {wrong.path: sentence(wrong)})
        case _:
            assert_never(wrong)


def sentence(wrong: InvalidInputError) -> str:
    """Say what is wrong with a field that has a label beside it."""
    return f"{wrong.problem[:1].upper()}{wrong.problem[1:]}."
