"""The command tree of `mien`."""

import json
from dataclasses import replace
from pathlib import Path

import click

from mien.config import Settings, read_settings
from mien.services import accounts
from mien.store.setup import prepare


@click.group()
def cli() -> None:
    """Mien: know who your users are, what they did and how to reach them."""


@cli.group()
def account() -> None:
    """Make and list accounts."""


@account.command()
@click.option("--name", required=True)
@click.option("--data", type=click.Path(path_type=Path), default=None)
@click.option("--json", "as_json", is_flag=True)
def create(name: str, data: Path | None, as_json: bool) -> None:
    """Make an account."""
    settings = read_settings()
    if data is not None:
        settings = replace(settings, data=data)
    store = prepare(settings.store, may_migrate=True)
    made = accounts.create_account(store, name=name)
    import msgspec

    click.echo(msgspec.json.encode(made).decode())
