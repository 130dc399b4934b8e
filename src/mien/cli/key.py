"""`mien key`: further keys of an environment, and revoking them."""

from contextlib import closing
from pathlib import Path

import click
import msgspec

from mien.cli.keys import print_keys
from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import data_words, print_json, print_table
from mien.services import accounts


class _Added(msgspec.Struct, frozen=True):
    account_id: str
    passcode: str
    key_id: int
    label: str


class _Revoked(msgspec.Struct, frozen=True):
    account_id: str
    key_id: int


@click.group()
def key() -> None:
    """Make, list and revoke the keys of an environment."""


@key.command()
@account_argument
@click.option(
    "--label",
    default="further key",
    show_default=True,
    help="What it is for, such as a program's name.",
)
@data_option
@json_option
def add(*, account_id: str, label: str, data: Path | None, as_json: bool) -> None:
    """Make a further key of the environment ACCOUNT_ID; those that it has stay good."""
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        made = accounts.add_key(store, account_id, label=label)
    if as_json:
        print_json(_Added(made.account_id, made.passcode, made.key_id, label))
        return
    click.echo(f"Made key {made.key_id} of {made.account_id}.\n")
    print_table(("Account id", "Passcode"), [(made.account_id, made.passcode)])
    click.echo(f"""
The passcode is shown this once: Mien keeps only its hash. Store it now, give it to the program
that needs it, then revoke the key that it replaces, if any:

  mien key list {made.account_id}{data_words(settings)}""")


@key.command("list")
@account_argument
@data_option
@json_option
def list_(*, account_id: str, data: Path | None, as_json: bool) -> None:
    """List the keys of the environment ACCOUNT_ID; passcodes are not known any more."""
    with closing(open_existing(settings_with(data))) as store:
        keys = accounts.list_keys(store, account_id)
    uses = {each.key_id: each.used_at for each in keys}
    print_keys(account_id, "keys", keys, as_json=as_json, uses=uses)


@key.command()
@account_argument
@click.argument("key_id", type=int)
@data_option
@json_option
def revoke(*, account_id: str, key_id: int, data: Path | None, as_json: bool) -> None:
    """Revoke key KEY_ID of the environment ACCOUNT_ID; servers refuse it within a second."""
    with closing(open_existing(settings_with(data))) as store:
        accounts.revoke_key(store, account_id, key_id)
    if as_json:
        print_json(_Revoked(account_id, key_id))
    else:
        click.echo(f"Revoked key {key_id} of {account_id}; servers refuse it within a second.")
