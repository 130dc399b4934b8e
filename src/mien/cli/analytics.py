"""`mien analytics`: how far the copy for counting is, and making it anew (S-04)."""

import time
from contextlib import closing
from pathlib import Path

import click
import msgspec

from mien.cli.asking import Alone, Remote, asking
from mien.cli.options import data_option, json_option, open_existing, settings_with
from mien.cli.printing import print_json, print_table, progress_bar
from mien.config import Settings
from mien.services.accounts import list_accounts
from mien.services.projection import Rebuild, wish_of
from mien.store.accounts import Environment

_EVERY_SECONDS = 0.2


class _State(msgspec.Struct, frozen=True):
    """How far an environment is, as `/v1/analytics` tells it."""

    place: int
    behind: int


@click.group()
def analytics() -> None:
    """Look after the copy of the record from which segments are counted."""


@analytics.command()
@data_option
@json_option
def status(*, data: Path | None, as_json: bool) -> None:
    """Say for each environment how far the copy is behind the record."""
    settings = settings_with(data)
    with asking(settings) as asked:
        found = {each.public_id: _state(asked, each) for each in _environments(settings)}
    if as_json:
        print_json({"environments": found})
        return
    rows = [
        (public_id, f"{state.place:,}", f"{state.behind:,}" if state.behind else "up to date")
        for public_id, state in found.items()
    ]
    print_table(("Environment", "Entries copied", "Behind"), rows)


@analytics.command()
@data_option
def rebuild(*, data: Path | None) -> None:
    """Make the copy anew, beside the one that answers until it is done.

    The record is not touched. A running server does it beside its other work; this command waits.
    """
    settings = settings_with(data)
    with asking(settings) as asked, progress_bar() as progress:
        progress("Making the copy anew", 0, 0)
        if isinstance(asked, Remote):
            _wait_for(asked, wish_of(settings.data))
        else:
            fresh = Rebuild(asked.projection)
            while fresh.advance():
                pass
            fresh.finish()
    click.echo("The copy for analytics was made anew.")


def _wait_for(server: Remote, wish: Path) -> None:
    """Tell the server what is wished, and wait until it is done; refuses when the server is gone."""
    wish.touch()
    while wish.exists():
        time.sleep(_EVERY_SECONDS)
        server.check()


def _environments(settings: Settings) -> list[Environment]:
    with closing(open_existing(settings)) as store:
        return [each for _, environments in list_accounts(store) for each in environments]


def _state(asked: Remote | Alone, environment: Environment) -> _State:
    if isinstance(asked, Remote):
        return asked.ask(environment.public_id, "GET", "analytics", _State)
    asked.projection.open(environment.environment_id)
    state = asked.projection.state(environment.environment_id)
    return _State(state.place, state.behind)
