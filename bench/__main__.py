"""`python -m bench`: measure, print the table, write it as JSON."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from subprocess import CalledProcessError

import click
from rich.console import Console

from bench.child import ChildFailedError
from bench.machine import this_machine
from bench.server import ServerFailedError
from bench.sizes import FULL, SMALL
from bench.stage import Stage
from bench.table import NOTES, WIDTH, Results, render_json, render_table
from bench.works import WORKS
from bench.works.exports import WrongCountError

FAILURES = (ChildFailedError, ServerFailedError, WrongCountError, CalledProcessError)


@click.command()
@click.option(
    "--full", is_flag=True, help="1,000,000 profiles and 10,000,000 events stored; takes a while."
)
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice(list(WORKS)),
    help="Measure this work; may be given several times.",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often each program has its turn.",
)
@click.option(
    "--json",
    "output",
    default=Path("build/bench.json"),
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the results go.",
)
@click.option(
    "--dir",
    "parent",
    default=Path("build"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where stores are made, and deleted; it should be on the disk to be measured.",
)
def main(*, full: bool, names: tuple[str, ...], rounds: int, output: Path, parent: Path) -> None:
    """Measure Mien and its floor in turns, and print the ratio."""
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(str(this_machine()), soft_wrap=True)
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        try:
            results = _measure(
                console, Path(folder).resolve(), full=full, names=names or WORKS, rounds=rounds
            )
        except FAILURES as error:
            console.print(str(error), style="red", markup=False)
            console.print(f"server logs are in {_keep_logs(Path(folder), parent)}")
            sys.exit(1)
    console.print(render_table(results.rows))
    console.print(NOTES)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(render_json(results) + b"\n")
    console.print(f"written to {output}")


def _measure(
    console: Console, folder: Path, *, full: bool, names: Iterable[str], rounds: int
) -> Results:
    sizes = FULL if full else SMALL
    with console.status("starting") as status, ExitStack() as stack:
        stage = Stage(
            stack,
            folder=folder,
            sizes=sizes,
            rounds=rounds,
            now=int(time.time()),
            say=status.update,
        )
        rows = [row for name in names for row in WORKS[name](stage)]
    return Results(
        machine=this_machine(), sizes=sizes, rounds=rounds, rows=rows, reports=stage.reports
    )


def _keep_logs(folder: Path, parent: Path) -> Path:
    logs = parent / "bench-logs"
    logs.mkdir(exist_ok=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, logs)
    return logs


if __name__ == "__main__":
    main()
