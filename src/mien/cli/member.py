"""`mien member`: who may sign in to the dashboard, and new passwords for them."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click
import msgspec

from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import address, at, print_json, print_table, shown_time
from mien.config import Settings
from mien.domain.members import Role
from mien.services import accounts, members
from mien.services.members import NewPassword
from mien.store.members import Member

role_option = click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="What they may do: read, change people too, or decide on members and keys too.",
)
email_argument = click.argument("email")


class _Shown(msgspec.Struct, frozen=True):
    email: str
    name: str
    role: Role
    created_at: datetime
    signed_in_at: datetime | None


class _WithPassword(msgspec.Struct, frozen=True):
    email: str
    name: str
    role: Role
    password: str


@click.group()
def member() -> None:
    """Decide who may sign in to the dashboard."""


@member.command()
@account_argument
@email_argument
@click.option("--name", help="What others see [default: what stands before the @].")
@role_option
@data_option
@json_option
def add(
    *, account_id: str, email: str, name: str | None, role: str, data: Path | None, as_json: bool
) -> None:
    """Make EMAIL a member of the account of ACCOUNT_ID, and print a password to be used once.

    A member sees both environments of the account, whichever id names it. Works while a
    server runs.
    """
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        account = accounts.get_environment(store, account_id).account_id
        made = members.add_member(
            store,
            account,
            email=email,
            name=name or email.partition("@")[0],
            role=Role(role),
            by=None,
        )
    _tell_password(settings, made, "Added", as_json=as_json)


@member.command("list")
@account_argument
@data_option
@json_option
def list_(*, account_id: str, data: Path | None, as_json: bool) -> None:
    """List the members of the account of ACCOUNT_ID."""
    with closing(open_existing(settings_with(data))) as store:
        account = accounts.get_environment(store, account_id).account_id
        found = members.list_members(store, account)
    if as_json:
        print_json({"members": [_shown(each) for each in found]})
    elif found:
        rows = [(each.email, each.name, each.role, _last(each)) for each in found]
        print_table(("E-mail", "Name", "Role", "Last signed in"), rows)
    else:
        click.echo(f"There is no member yet; `mien member add {account_id} …` adds one.")


@member.command()
@email_argument
@data_option
@json_option
def password(*, email: str, data: Path | None, as_json: bool) -> None:
    """Make a new password for EMAIL, to be used once; their sessions end."""
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        made = members.reset_password(store, email, by=None)
    _tell_password(settings, made, "Made a new password for", as_json=as_json)


@member.command("role")
@email_argument
@click.argument("role", type=click.Choice([each.value for each in Role]))
@data_option
@json_option
def role_(*, email: str, role: str, data: Path | None, as_json: bool) -> None:
    """Give EMAIL another ROLE; it counts from their next click on."""
    with closing(open_existing(settings_with(data))) as store:
        changed = members.change_role(store, email, Role(role), by=None)
    if as_json:
        print_json(_shown(changed))
    else:
        click.echo(f"{changed.email} is {_role_words(changed.role)} now.")


@member.command()
@email_argument
@data_option
@json_option
def remove(*, email: str, data: Path | None, as_json: bool) -> None:
    """End the membership of EMAIL, and their sessions; what they did keeps their name."""
    with closing(open_existing(settings_with(data))) as store:
        removed = members.remove_member(store, email, by=None)
    if as_json:
        print_json(_shown(removed))
    else:
        click.echo(f"Removed {removed.email}; they are signed out.")


def _tell_password(settings: Settings, made: NewPassword, did: str, *, as_json: bool) -> None:
    found = made.member
    if as_json:
        print_json(_WithPassword(found.email, found.name, found.role, made.password))
        return
    click.echo(f"{did} {found.email}, {_role_words(found.role)}.\n")
    print_table(("E-mail", "Password"), [(found.email, made.password)])
    click.echo(f"""
The password is shown this once and is good until they choose their own, which they are asked to
when they sign in at

  {address(settings, reachable=True)}/sign-in""")


def _shown(found: Member) -> _Shown:
    seen = found.signed_in_at
    return _Shown(
        found.email,
        found.name,
        found.role,
        at(found.created_at),
        None if seen is None else at(seen),
    )


def _last(found: Member) -> str:
    return "never" if found.signed_in_at is None else shown_time(found.signed_in_at)


def _role_words(role: Role) -> str:
    return f"{'a' if role is Role.VIEWER else 'an'} {role}"
