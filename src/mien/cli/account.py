"""`mien account`: making accounts and listing them."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click
import msgspec

from mien.cli.options import check_region, data_option, json_option, open_existing, settings_with
from mien.cli.printing import (
    at,
    curl_batch,
    curl_profile,
    data_words,
    print_json,
    print_table,
)
from mien.config import Settings
from mien.services import accounts
from mien.services.accounts import NewAccount
from mien.store.accounts import Account, Environment
from mien.store.setup import prepare


class _Named(msgspec.Struct, frozen=True):
    name: str
    region: str
    time_zone: str


class _Opened(msgspec.Struct, frozen=True):
    account_id: str
    passcode: str


class _Created(msgspec.Struct, frozen=True):
    account: _Named
    live: _Opened
    test: _Opened


class _Listed(msgspec.Struct, frozen=True):
    name: str
    region: str
    time_zone: str
    created_at: datetime
    live: str
    test: str


@click.group()
def account() -> None:
    """Make and list accounts."""


@account.command()
@click.option("--name", required=True, help="What people call it, such as a company's name.")
@click.option(
    "--region", default="local", show_default=True, callback=check_region, help="Where it is kept."
)
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    help="Its time zone, such as Europe/Paris: when its days begin.",
)
@data_option
@json_option
def create(*, name: str, region: str, time_zone: str, data: Path | None, as_json: bool) -> None:
    """Make an account with a live and a test environment, and a first key for each.

    Works while a server runs. Makes the store if there is none yet.
    """
    settings = settings_with(data)
    with closing(prepare(settings.store, may_migrate=False)) as store:
        made = accounts.create_account(store, name=name, region=region, time_zone=time_zone)
    if as_json:
        print_json(_created(made))
    else:
        _tell_created(settings, made)


@account.command("list")
@data_option
@json_option
def list_(*, data: Path | None, as_json: bool) -> None:
    """List the accounts and the ids of their environments."""
    with closing(open_existing(settings_with(data))) as store:
        found = accounts.list_accounts(store)
    listed = [_listed(each, environments) for each, environments in found]
    if as_json:
        print_json({"accounts": listed})
    elif listed:
        print_table(
            ("Name", "Region", "Time zone", "Live", "Test", "Made"),
            [
                (
                    each.name,
                    each.region,
                    each.time_zone,
                    each.live,
                    each.test,
                    f"{each.created_at:%Y-%m-%d}",
                )
                for each in listed
            ],
        )
    else:
        click.echo("There is no account yet; `mien account create --name …` makes one.")


def _created(made: NewAccount) -> _Created:
    account = made.account
    return _Created(
        _Named(account.name, account.region, account.time_zone),
        _Opened(made.live.account_id, made.live.passcode),
        _Opened(made.test.account_id, made.test.passcode),
    )


def _listed(account: Account, environments: list[Environment]) -> _Listed:
    ids = {each.kind: each.public_id for each in environments}
    return _Listed(
        account.name,
        account.region,
        account.time_zone,
        at(account.created_at),
        ids["live"],
        ids["test"],
    )


def _tell_created(settings: Settings, made: NewAccount) -> None:
    account, user = made.account, f"{made.test.account_id}:{made.test.passcode}"
    click.echo(
        f"Made the account {account.name} (region {account.region}, "
        f"time zone {account.time_zone}).\n"
    )
    print_table(
        ("Environment", "Account id", "Passcode"),
        [
            ("live", made.live.account_id, made.live.passcode),
            ("test", made.test.account_id, made.test.passcode),
        ],
    )
    words = data_words(settings)
    click.echo(f"""
Each passcode is shown this once: Mien keeps only its hash. Store both now. For a lost one,
`mien key add {made.live.account_id}{words}` makes another.

Next, start the server if it does not run yet:

  mien serve{words}

and send a first profile to the test environment, then read it back:

  {curl_batch(settings, user)}

  {curl_profile(settings, user)}""")
