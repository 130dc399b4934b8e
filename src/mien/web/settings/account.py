"""The account: its name, its time zone, and the ids of both environments."""

from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien import clock
from mien.domain.errors import ChangedMeanwhileError, InvalidInputError
from mien.domain.members import Role
from mien.services.accounts import change_account
from mien.web.routes import act, page
from mien.web.settings.tabs import settings_page
from mien.web.visit import Visit

_FIELDS = ("name", "time_zone", "seen_name", "seen_time_zone")


@page("/settings")
async def account_page(visit: Visit) -> Response[bytes]:
    """Show the account."""
    account = visit.signed_in.account
    return _page(visit, {"name": account.name, "time_zone": account.time_zone})


@act("/settings/account", needs=Role.ADMIN)
async def save_account(visit: Visit) -> Response[Any]:
    """Save the name and the time zone."""
    form = dict.fromkeys(_FIELDS, "") | await visit.form()
    seen = msgspec.structs.replace(
        visit.signed_in.account, name=form["seen_name"], time_zone=form["seen_time_zone"]
    )
    name, time_zone = form["name"], form["time_zone"].strip()
    try:
        await visit.run(
            lambda: change_account(
                visit.dashboard.store, seen, name=name, time_zone=time_zone, by=visit.member
            )
        )
    except (InvalidInputError, ChangedMeanwhileError) as error:
        return _page(visit, form, wrong=error)
    return visit.back(visit.url("settings"), "The account is saved.")


ACCOUNT_HANDLERS: list[HTTPRouteHandler] = [account_page, save_account]


def _page(
    visit: Visit,
    form: dict[str, str],
    *,
    wrong: InvalidInputError | ChangedMeanwhileError | None = None,
) -> Response[bytes]:
    return settings_page(
        visit,
        "",
        wrong=wrong,
        form=form,
        account=visit.signed_in.account,
        environments=visit.signed_in.environments,
        zones=clock.time_zones(),
    )
