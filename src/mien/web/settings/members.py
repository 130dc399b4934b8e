"""Members of the account: who they are, what they may do, and how they come in (D-01).

A member of another account is nobody here. Nobody changes their own role or removes themselves:
another admin does, so that a slip of the hand locks nobody out.
"""

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.errors import ConflictError, InvalidInputError, NotFoundError
from mien.domain.members import Role, read_role
from mien.services import members
from mien.services.members import MemberExistsError, NewPassword
from mien.store.members import Member
from mien.web.routes import Id, act, page
from mien.web.settings.tabs import settings_page
from mien.web.visit import Visit

_EMPTY = {"email": "", "name": "", "role": Role.VIEWER.value}


class OwnMembershipError(ConflictError):
    """Members do not decide on their own membership."""

    code = "own_membership"
    mend = "Ask another admin of the account."

    def __init__(self) -> None:
        super().__init__("Your own role and membership are for another admin to change.")


@page("/settings/members")
async def members_page(visit: Visit) -> Response[bytes]:
    """Show who is a member."""
    return await _page(visit)


@act("/settings/members", needs=Role.ADMIN)
async def add_member(visit: Visit) -> Response[Any]:
    """Add a member, and show their first password once."""
    form = _EMPTY | await visit.form()
    store, account = visit.dashboard.store, visit.member.account_id
    try:
        role = read_role(form["role"])
        made = await visit.dashboard.hash(
            lambda: members.add_member(
                store, account, email=form["email"], name=form["name"], role=role, by=visit.member
            )
        )
    except InvalidInputError as error:
        return await _page(visit, form=form, wrong=error)
    except MemberExistsError as error:
        wrong = InvalidInputError("email", str(error).removesuffix("."))
        return await _page(visit, form=form, wrong=wrong)
    return await _page(visit, made=made)


@act("/settings/members/{member:int}/role", needs=Role.ADMIN)
async def change_role(visit: Visit, member: Id) -> Response[Any]:
    """Give a member another role."""
    form, store = await visit.form(), visit.dashboard.store
    role, seen = read_role(form.get("role", "")), read_role(form.get("seen", ""))
    return await _change(
        visit,
        member,
        lambda other: members.change_role(store, other.email, role, by=visit.member, seen=seen),
        f"{{}} is now {'an' if role[0] in 'ae' else 'a'} {role}; it counts from their next click on.",
    )


@act("/settings/members/{member:int}/remove", needs=Role.ADMIN)
async def remove_member(visit: Visit, member: Id) -> Response[Any]:
    """End a membership."""
    return await _change(
        visit,
        member,
        lambda other: members.remove_member(visit.dashboard.store, other.email, by=visit.member),
        "{} is no longer a member, and is signed out.",
    )


@act("/settings/members/{member:int}/sign-out", needs=Role.ADMIN)
async def sign_out_member(visit: Visit, member: Id) -> Response[Any]:
    """End all sessions of a member."""
    return await _change(
        visit,
        member,
        lambda other: members.end_sessions(visit.dashboard.store, other.email, by=visit.member),
        "{} is signed out everywhere.",
    )


@act("/settings/members/{member:int}/password", needs=Role.ADMIN)
async def reset_password(visit: Visit, member: Id) -> Response[Any]:
    """Make a new password for a member, and show it once."""
    other = await _other(visit, member)
    made = await visit.dashboard.hash(
        lambda: members.reset_password(visit.dashboard.store, other.email, by=visit.member)
    )
    return await _page(visit, made=made)


MEMBER_HANDLERS: list[HTTPRouteHandler] = [
    members_page,
    add_member,
    change_role,
    remove_member,
    sign_out_member,
    reset_password,
]


async def _page(
    visit: Visit,
    *,
    form: dict[str, str] = _EMPTY,
    wrong: InvalidInputError | None = None,
    made: NewPassword | None = None,
) -> Response[bytes]:
    known = await visit.run(
        lambda: members.list_members(visit.dashboard.store, visit.member.account_id)
    )
    return settings_page(
        visit,
        "members",
        wrong=wrong,
        members=known,
        roles=list(Role),
        form=form,
        made=made,
        address=visit.address,
    )


async def _change(
    visit: Visit, number: int, change: Callable[[Member], Member], said: str
) -> Response[Any]:
    """Change another member, and say so; a refusal is said in its place."""
    path = visit.url("settings/members")
    try:
        other = await _other(visit, number)
        await visit.run(lambda: change(other))
    except ConflictError as error:
        return visit.back(path, str(error), kind="danger")
    return visit.back(path, said.format(other.name))


async def _other(visit: Visit, number: int) -> Member:
    """Give another member of this account, or raise `NotFoundError`, `OwnMembershipError`."""
    if number == visit.member.member_id:
        raise OwnMembershipError
    known = await visit.run(
        lambda: members.list_members(visit.dashboard.store, visit.member.account_id)
    )
    for each in known:
        if each.member_id == number:
            return each
    msg = "This member is not here: removed, or never of this account."
    raise NotFoundError(msg)
