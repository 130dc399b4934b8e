"""How commands print: tables and sentences for people, JSON for scripts, progress aside."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mien.config import Settings
from mien.store import portable

_PIPE_COLUMNS = 200
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on


def print_json(value: object) -> None:
    """Print one JSON value on a line."""
    click.echo(msgspec.json.encode(value))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their heads; in a pipe nothing is cut to the width of a screen."""
    table = Table(*heads, box=box.SIMPLE, show_edge=False, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        # Names come from people: brackets in them are no mark-up.
        table.add_row(*[Text(cell) for cell in row])
    console = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)
    console.print(table)


def shown_time(milliseconds: int) -> str:
    """Write a time for people."""
    return f"{at(milliseconds):%Y-%m-%d %H:%M} UTC"


def at(milliseconds: int) -> datetime:
    """Give a time to the second, which JSON shows as RFC 3339."""
    return datetime.fromtimestamp(milliseconds // 1_000, UTC)


def address(settings: Settings, *, reachable: bool = False) -> str:
    """Write the address of a server; `reachable`: as a client on the same machine asks for it."""
    host = _EVERYWHERE.get(settings.host, settings.host) if reachable else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def data_words(settings: Settings) -> str:
    """Write the option that makes another command mean the same store, with a space before."""
    if settings.store_url or settings.data == Settings().data:
        return ""
    return f" --data {shlex.quote(str(settings.data))}"


def curl_batch(settings: Settings, user: str) -> str:
    """Write the command that sends a first profile."""
    record = '{"records":[{"type":"profile","distinct_id":"ada","properties":{"Name":"Ada"}}]}'
    return (
        f"curl -u {user} {address(settings, reachable=True)}/v1/batch "
        f"-H 'Content-Type: application/json' -d '{record}'"
    )


def curl_profile(settings: Settings, user: str) -> str:
    """Write the command that reads that profile."""
    return f"curl -u {user} '{address(settings, reachable=True)}/v1/profile?distinct_id=ada'"


@contextmanager
def progress_bar() -> Iterator[portable.Progress]:
    """Show how far a long command is, on standard error and only to a person."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show
