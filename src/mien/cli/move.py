"""`mien move`: from SQLite to PostgreSQL, and back."""

import shlex
from dataclasses import replace
from pathlib import Path

import click

from mien.cli.options import data_option, json_option, settings_with
from mien.cli.printing import print_json, progress_bar
from mien.domain.errors import InvalidInputError
from mien.store import move as moves
from mien.store.engine import Store, StoreRefusedError, open_store
from mien.store.move import Moved


@click.command()
@click.option("--to", metavar="URL", help="Move from the data folder to this database.")
@click.option("--from", "from_", metavar="URL", help="Move from this database to the data folder.")
@data_option
@json_option
def move(*, to: str | None, from_: str | None, data: Path | None, as_json: bool) -> None:
    """Copy all that a store holds to the other engine, and compare every row.

    URL is a PostgreSQL database (postgresql://user@host/database), and the other side is
    always the data folder: MIEN_STORE_URL does not count here. Servers must be stopped, and
    what is moved to must be empty. What is moved from stays as it is. A move that is
    interrupted leaves nothing behind; run it again.
    """
    if (to is None) == (from_ is None):
        msg = "Give either --to, or --from."
        raise click.UsageError(msg)
    file = open_store(replace(settings_with(data), store_url="").store)
    with progress_bar() as progress:
        if to is not None:
            moved = moves.move_in(file, _database("to", to), progress)
        else:
            moved = moves.move_out(_database("from", from_ or ""), file, progress)
    if as_json:
        print_json(moved)
    else:
        _tell(moved, _go_on(file, is_served=to is None))


def _database(option: str, url: str) -> Store:
    try:
        store = open_store(url)
    except StoreRefusedError:
        store = None
    if store is None or store.is_sqlite:
        problem = "needs the address of a PostgreSQL database, postgresql://user@host/database"
        raise InvalidInputError(option, problem)
    return store


def _go_on(file: Store, *, is_served: bool) -> str:
    if not is_served:
        return "set MIEN_STORE_URL to the address of the database, then:\n\n  mien serve"
    folder = shlex.quote(str((file.path or Path()).parent))
    return f"unset MIEN_STORE_URL, then:\n\n  mien serve --data {folder}"


def _tell(moved: Moved, go_on: str) -> None:
    tables = moved.tables
    click.echo(
        f"Moved {moved.source} to {moved.target}: {tables['profiles'].rows:,} profiles, "
        f"{tables['events'].rows:,} events, {len(tables)} tables. Every row of every table was "
        f"compared.\n\nTo go on there, {go_on}\n\n"
        f"{moved.source} is as it was. Do not serve it any more: what it takes in from now on "
        "would be there alone. Once you are sure, delete it: it holds personal data."
    )
