"""`mien segment`: which are saved, how many are in one, and why somebody is or not (S-06, B-08)."""

from contextlib import closing
from pathlib import Path
from typing import assert_never
from zoneinfo import ZoneInfo

import click
import msgspec

from mien import clock
from mien.cli.asking import Alone, Remote, asking
from mien.cli.options import (
    account_argument,
    data_option,
    identity_of,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import print_json, print_table, shown_time
from mien.cli.trees import read_tree, segment_option, tree_option
from mien.config import Settings
from mien.domain.errors import NotFoundError
from mien.domain.explain import (
    Found,
    FoundChannel,
    FoundDevices,
    FoundEvent,
    FoundEvents,
    FoundValue,
    Part,
)
from mien.domain.identities import server_object_id
from mien.domain.segment_json import to_json
from mien.domain.segments import Node
from mien.services import accounts, segments
from mien.services.copies import questions_of
from mien.services.counting import Counting
from mien.services.explaining import explain_person
from mien.services.reading import Reader
from mien.store.accounts import Environment


class _Counted(msgspec.Struct, frozen=True):
    """How many are meant, of how many people in all."""

    size: int
    everybody: int


@click.group()
def segment() -> None:
    """See the saved segments, and why somebody is in one or not."""


@segment.command("list")
@account_argument
@data_option
@json_option
def list_(*, account_id: str, data: Path | None, as_json: bool) -> None:
    """List the saved segments of the environment ACCOUNT_ID."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        found, _ = segments.list_segments(
            store, environment, after=None, count=segments.SEGMENTS + 1
        )
    rows = [(each.segment_id, each.name, each.description) for each in found]
    if as_json:
        names = ("id", "name", "description")
        print_json({"segments": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        print_table(("Segment", "Name", "Description"), rows)


@segment.command()
@account_argument
@segment_option
@tree_option
@data_option
@json_option
def count(
    *,
    account_id: str,
    segment_id: str | None,
    file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Count who is in a segment of the environment ACCOUNT_ID, with the last upload in it.

    A running server is asked; without one the command brings the copy for counting up itself.
    Give one of --segment and --tree.
    """
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = accounts.get_environment(store, account_id)
        tree = read_tree(store, environment.environment_id, segment_id, file)
    with asking(settings) as asked:
        counted = _count(asked, environment, tree, settings)
    if as_json:
        print_json(counted)
        return
    share = 100 * counted.size / counted.everybody if counted.everybody else 0.0
    click.echo(f"{counted.size:,} of {counted.everybody:,} people ({share:.1f} %).")


@segment.command()
@account_argument
@click.argument("person")
@segment_option
@tree_option
@data_option
@json_option
def explain(
    *,
    account_id: str,
    person: str,
    segment_id: str | None,
    file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Say why PERSON is in a segment of the environment ACCOUNT_ID, or not.

    A person is named by their distinct id, or by `objectId:` and the id of a device. Give one
    of --segment and --tree.
    """
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id)
        tree = read_tree(store, environment.environment_id, segment_id, file)
        told = explain_person(
            store,
            Reader(environment.environment_id),
            identity_of("person", person),
            tree,
            now=clock.now_ms() // 1_000,
            zone=ZoneInfo(environment.time_zone),
        )
    if told is None:
        msg = f"No profile has the id '{person}'."
        raise NotFoundError(msg)
    object_id, part = server_object_id(told.profile), told.part
    if as_json:
        body = {"object_id": object_id, "in_segment": part.holds, "explanation": part}
        print_json(body)
        return
    click.echo(f"{object_id} is {'in the segment' if part.holds else 'not in the segment'}.\n")
    _print(part, level=0)
    click.echo("\nThe parts with * decided.")


def _count(
    asked: Remote | Alone, environment: Environment, tree: Node, settings: Settings
) -> _Counted:
    if isinstance(asked, Remote):
        body = {"tree": to_json(tree)}
        return asked.ask(environment.public_id, "POST", "segments/count", _Counted, body)
    asked.catch_up(environment.environment_id)
    questions = questions_of(asked.projection, settings)
    zone = ZoneInfo(environment.time_zone)
    found = Counting(questions).count(environment.environment_id, tree, zone)
    return _Counted(found.size, found.everybody)


def _print(part: Part, *, level: int) -> None:
    mark, is_so, indent = "*" if part.decides else " ", "yes" if part.holds else "no", "  " * level
    click.echo(f"{mark} {is_so:4} {indent}{part.sentence}")
    for line in () if part.found is None else _lines(part.found):
        click.echo(f"       {indent}  {line}")
    for each in part.parts:
        _print(each, level=level + 1)


def _lines(found: Found) -> list[str]:
    match found:
        case FoundValue(None):
            return ["there is no value"]
        case FoundValue(value):
            return [_json(value)]
        case FoundChannel(said, reason):
            words = {None: "nothing was said", True: "said yes", False: "said no"}
            return [words[said] if reason is None else f"{words[said]}; {reason}"]
        case FoundDevices(known, devices):
            shown = [
                f"{'yes' if each.meets else 'no'} {each.object_id} {_json(each.facts)}"
                for each in devices
            ]
            return [f"{known} devices", *shown]
        case FoundEvents():
            return _event_lines(found)
        case _:
            assert_never(found)


def _event_lines(found: FoundEvents) -> list[str]:
    figure = "" if found.figure is None else f": {_json(found.figure)}"
    return [
        f"{found.counting} of {found.known} events count{figure}",
        *[line for each in found.newest for line in _of_event(each)],
    ]


def _of_event(event: FoundEvent) -> list[str]:
    items = [f"  {_json(each.items)} has {_json(each.item)}" for each in event.items]
    return [f"{shown_time(event.at * 1_000)} {_json(event.properties)}", *items]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
