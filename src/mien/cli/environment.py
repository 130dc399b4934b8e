"""`mien environment`: what an environment decided for itself."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import print_json, print_table
from mien.domain.environments import EnvironmentSettings
from mien.domain.errors import InvalidInputError
from mien.services import accounts, environments

_SOURCE = "cli"


@click.group()
def environment() -> None:
    """Show and change the settings of an environment."""


@environment.command()
@account_argument
@data_option
@json_option
def show(*, account_id: str, data: Path | None, as_json: bool) -> None:
    """Show the settings of the environment ACCOUNT_ID."""
    with closing(open_existing(settings_with(data))) as store:
        found = accounts.get_environment(store, account_id)
        _print(environments.get_settings(store, found.environment_id), as_json=as_json)


@environment.command("set")
@account_argument
@click.argument("name", type=click.Choice(EnvironmentSettings.__struct_fields__))
@click.argument("value")
@data_option
@json_option
def set_(*, account_id: str, name: str, value: str, data: Path | None, as_json: bool) -> None:
    """Set NAME of the environment ACCOUNT_ID to VALUE, written as JSON.

    Such as: mien environment set ABC-DEF-1234 unify_on '["email"]'
    """
    wanted = _read(name, value)
    with closing(open_existing(settings_with(data))) as store:
        found = accounts.get_environment(store, account_id)
        changed = environments.change_settings(
            store, found.environment_id, {name: wanted}, source=_SOURCE
        )
        _print(changed, as_json=as_json)


def _read(name: str, value: str) -> Any:
    try:
        whole = msgspec.convert({name: msgspec.json.decode(value)}, EnvironmentSettings)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInputError(name, f"needs a value as JSON ({error})") from error
    return getattr(whole, name)


def _print(settings: EnvironmentSettings, *, as_json: bool) -> None:
    values = {name: getattr(settings, name) for name in EnvironmentSettings.__struct_fields__}
    if as_json:
        print_json(values)
    else:
        rows = [(name, msgspec.json.encode(value).decode()) for name, value in values.items()]
        print_table(("Setting", "Value"), rows)
