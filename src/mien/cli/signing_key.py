"""`mien signing-key`: the keys with which customers sign who their users are."""

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
from mien.services import accounts, signing


class _Added(msgspec.Struct, frozen=True):
    account_id: str
    key_id: int
    label: str
    secret: str


class _Revoked(msgspec.Struct, frozen=True):
    account_id: str
    key_id: int


@click.group("signing-key")
def signing_key() -> None:
    """Make, list and revoke the keys that sign who your users are."""


@signing_key.command()
@account_argument
@click.option(
    "--label",
    default="signing key",
    show_default=True,
    help="Which program signs with it.",
)
@data_option
@json_option
def add(*, account_id: str, label: str, data: Path | None, as_json: bool) -> None:
    """Make a signing key of the environment ACCOUNT_ID; those that it has stay good."""
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        made = signing.add_signing_key(store, environment, label=label)
    if as_json:
        print_json(_Added(account_id, made.key_id, made.label, made.secret))
        return
    click.echo(f"Made signing key {made.key_id} of {account_id}.\n")
    print_table(("Account id", "Secret"), [(account_id, made.secret)])
    click.echo(f"""
The secret is shown this once. Give it to the server that knows who is signed in, never to a page
or an app: who has it can sign for everybody. It stays good until you revoke it:

  mien signing-key revoke {account_id} {made.key_id}{data_words(settings)}""")


@signing_key.command("list")
@account_argument
@data_option
@json_option
def list_(*, account_id: str, data: Path | None, as_json: bool) -> None:
    """List the signing keys of the environment ACCOUNT_ID, without their secrets."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        keys = signing.list_signing_keys(store, environment)
    print_keys(account_id, "signing_keys", keys, as_json=as_json)


@signing_key.command()
@account_argument
@click.argument("key_id", type=int)
@data_option
@json_option
def revoke(*, account_id: str, key_id: int, data: Path | None, as_json: bool) -> None:
    """Revoke signing key KEY_ID of ACCOUNT_ID; servers refuse what it signed within a second."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        signing.revoke_signing_key(store, environment, key_id)
    if as_json:
        print_json(_Revoked(account_id, key_id))
    else:
        click.echo(
            f"Revoked signing key {key_id} of {account_id}; servers refuse what it signed within "
            "a second."
        )
