"""Run the demo: `python -m demo` fills a data folder with the story once, then serves it."""

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from demo import screen
from demo.curls import examples
from demo.folder import CutOff, DemoError, DemoFolder, Empty, Finished, Plan, Started, Summary
from demo.load import BATCH_RECORDS, Progress, Tally, load
from demo.office import EMAIL, invite, save_segments
from demo.server import Server, create_account, free_port
from demo.story import SEED, tell
from demo.visits import Step
from mien_client import EventRecord, Mien, MienError, ProfileRecord, TokenRecord

ACCOUNT_NAME = "Kettlewick"

# About; the bar needs a length before the story is told.
_RECORDS_PER_PERSON = 30
_INTERRUPTED_STATUS = 130
_STOPS = (signal.SIGINT, signal.SIGTERM)


@click.command(context_settings={"show_default": True})
@click.option("--people", type=click.IntRange(min=1), default=20_000, help="How many people.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("./mien-demo"),
    help="The data folder.",
)
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8080, help="The port; 0 for any free one."
)
@click.option("--no-serve", is_flag=True, help="Only load, then stop.")
def main(*, people: int, data: Path, host: str, port: int, no_serve: bool) -> None:
    """Fill a data folder with the people of an invented shop, then serve it.

    The folder is filled once; later runs serve what is there. A first run that
    was cut off is taken up where it stopped.
    """
    # Explicit: a shell without job control starts its children deaf to SIGINT.
    for number in _STOPS:
        signal.signal(number, signal.default_int_handler)
    try:
        run(DemoFolder(data), people=people, host=host, port=port, is_load_only=no_serve)
    except (DemoError, MienError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Stopped while loading. The same command goes on from here.", err=True)
        sys.exit(_INTERRUPTED_STATUS)


def run(folder: DemoFolder, *, people: int, host: str, port: int, is_load_only: bool) -> None:
    """Bring the folder to the whole demo and serve it; returns when asked to stop."""
    port = free_port(host, port)
    ready = prepare(folder, people=people)
    with Server(folder, host=host, port=port) as server:
        if isinstance(ready, Started):
            ready = fill(folder, ready, server.url)
        screen.show_summary(ready.summary)
        save_segments(server.url, ready.keys)
        if not is_load_only:
            screen.show_sign_in(server.url, EMAIL, invite(folder, ready.keys), folder.path)
            lines = examples(server.url, ready.plan, ready.keys, ready.summary)
            screen.show_examples(server.url, lines)
            server.serve()


def prepare(folder: DemoFolder, *, people: int) -> Started | Finished:
    """Make the account if there is none yet, and say what will happen."""
    match folder.state():
        case Finished() as finished:
            screen.say(f"{folder.path} holds the demo already.")
            _say_if_other(finished.plan, people)
            return finished
        case Started() as started:
            settled = sum(started.confirmed) * BATCH_RECORDS
            screen.say(f"Resumed: the last run stopped after about {settled:,} records.")
            _say_if_other(started.plan, people)
            return started
        case CutOff():
            screen.say("Restarted: the last run stopped before it had made its account.")
            folder.clear_store()
        case Empty():
            screen.say(f"Making the demo in {folder.path}. Later runs start at once.")
    plan = Plan(people, SEED, _midnight(datetime.now(UTC)))
    folder.begin(plan)
    keys = create_account(folder, ACCOUNT_NAME)
    folder.keep_keys(plan, keys)
    return Started(plan, keys, [])


def fill(folder: DemoFolder, started: Started, url: str) -> Finished:
    """Send what is not settled of the story, with a progress bar."""
    plan, keys = started.plan, started.keys
    steps = tell(people=plan.people, seed=plan.seed, now=datetime.fromtimestamp(plan.day, UTC))
    settled = sum(started.confirmed) * BATCH_RECORDS
    with (
        screen.progress_bar(expected=plan.people * _RECORDS_PER_PERSON, settled=settled) as advance,
        _stopping_between(steps) as told,
        Mien(
            url, account_id=keys.account_id, passcode=keys.passcode, batch_size=BATCH_RECORDS
        ) as client,
    ):
        progress = Progress(started.confirmed, keep=folder.confirm, on_batch=advance)
        tally = load(client, told, progress, key=f"demo-{plan.seed}-{plan.people}-{plan.day}")
    summary = _summary(tally, progress)
    folder.finish(summary)
    screen.show_rejections(progress.rejections)
    return Finished(plan, keys, summary)


@contextmanager
def _stopping_between(steps: Iterable[Step]) -> Iterator[Iterable[Step]]:
    """Give the steps again; a first Ctrl-C or SIGTERM ends them at the next one.

    Raised wherever it comes, an interrupt may leave a lock taken that the uploading threads
    wait for. A second one insists at once.
    """
    is_asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal is_asked
        if is_asked:
            signal.default_int_handler(number, frame)
        is_asked = True

    def each() -> Iterator[Step]:
        for step in steps:
            if is_asked:
                raise KeyboardInterrupt
            yield step

    before = [(number, signal.signal(number, ask)) for number in _STOPS]
    try:
        yield each()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    if is_asked:
        raise KeyboardInterrupt


def _summary(tally: Tally, progress: Progress) -> Summary:
    return Summary(
        people=len(tally.people),
        identified=tally.identified,
        profile_records=tally.kinds[ProfileRecord],
        events=tally.kinds[EventRecord],
        tokens=tally.kinds[TokenRecord],
        rejected=progress.rejections.total(),
        sent=progress.sent,
        seconds=progress.seconds,
        distinct_id=tally.best_customer(),
        object_id=tally.a_visitor(),
    )


def _say_if_other(plan: Plan, people: int) -> None:
    if plan.people != people:
        screen.say(
            f"It is a demo of {plan.people:,} people, not {people:,}: for another, "
            "remove the folder or choose one with --data."
        )


def _midnight(moment: datetime) -> int:
    """Give the start of a moment's UTC day in epoch seconds."""
    return int(moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


if __name__ == "__main__":
    main(prog_name="python -m demo")
