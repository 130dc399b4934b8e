"""What the demo shows: a progress bar, a summary, and lines to copy."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from demo.curls import Example
from demo.folder import Summary

_SHOWN_REJECTIONS = 3


class _Rate(ProgressColumn):
    """Records a second over the last seconds."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} records/s")


@contextmanager
def progress_bar(*, expected: int, settled: int) -> Iterator[Callable[[int], None]]:
    """Show a bar; gives a function that moves it on by so many records.

    `expected` is a good guess, `settled` what an earlier run sent.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Uploading", total=expected, completed=settled)
        yield lambda count: bar.advance(task, count)
        done = bar.tasks[task].completed
        bar.update(task, total=done, completed=done, refresh=True)


def say(line: str) -> None:
    """Say one sentence of what the demo does."""
    click.echo(line)


def show_summary(summary: Summary) -> None:
    """Show what the demo holds, and how fast the last run brought it in."""
    table = Table(title="Kettlewick: tea, coffee and kitchen things", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    anonymous = summary.people - summary.identified
    rows = {
        "People": summary.people,
        "… of them identified": summary.identified,
        "… of them anonymous": anonymous,
        "Events": summary.events,
        "Profile records": summary.profile_records,
        "Push tokens": summary.tokens,
        "Rejected records": summary.rejected,
    }
    for name, number in rows.items():
        table.add_row(name, f"{number:,}")
    if summary.seconds:
        rate = f"{summary.sent / summary.seconds:,.0f} records/s"
        table.add_row("Loaded", f"{summary.sent:,} records in {summary.seconds:.1f} s, {rate}")
    Console().print(table)


def show_rejections(reasons: Counter[str]) -> None:
    """Show the most frequent reasons why the server took a record not."""
    for reason, count in reasons.most_common(_SHOWN_REJECTIONS):
        click.echo(f"{count:,} records were rejected: {reason}", err=True)


def show_sign_in(url: str, email: str, password: str | None, data: Path) -> None:
    """Show how to come into the dashboard; the password is None once the member has their own."""
    click.echo(f"\nServing at {url}")
    if password is None:
        click.echo(f"Sign in as {email} with the password that you chose. Another one:")
        click.echo(f"  .venv/bin/mien member password {email} --data {data}")
    else:
        click.echo(f"Sign in as {email} with {password} (once: you choose your own then).")


def show_examples(url: str, examples: list[Example]) -> None:
    """Show what to try. Lines are never wrapped: they are for copying."""
    click.echo(f"API description: {url}/docs\n")
    for example in examples:
        click.echo(f"# {example.title}\n{example.line}\n")
    click.echo("Ctrl-C stops the demo. The next start serves the same data at once.")
