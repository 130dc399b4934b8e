"""`mien migrate`: bringing a store of an earlier version up to this one."""

from contextlib import nullcontext
from pathlib import Path

import click
import msgspec

from mien.cli.options import data_option, json_option, settings_with, where
from mien.cli.printing import print_json
from mien.store.engine import open_store
from mien.store.setup import find_version, head, only_server, prepare


class _Migrated(msgspec.Struct, frozen=True):
    store: str
    from_version: str | None
    to_version: str


@click.command()
@data_option
@json_option
def migrate(*, data: Path | None, as_json: bool) -> None:
    """Give the store the tables that this version of Mien needs.

    Stop the servers and make a backup first.
    """
    settings = settings_with(data)
    file = open_store(settings.store).path
    with nullcontext() if file is None else only_server(file.parent):
        before = find_version(settings.store)
        prepare(settings.store, may_migrate=True).close()
    done = _Migrated(where(settings), before, head())
    if as_json:
        print_json(done)
    elif before is None:
        click.echo(f"Made the store at {done.store}, schema version {done.to_version}.")
    elif before == done.to_version:
        click.echo(f"The store at {done.store} has schema version {before}; nothing was to do.")
    else:
        click.echo(
            f"Migrated the store at {done.store} from schema version {before} to {done.to_version}."
        )
