"""`mien export`: people or events to a file, by the server or alone, and on again after a break."""

import hashlib
import os
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import click
import msgspec

from mien.cli.asking import Remote, ServerRefusedError, asking
from mien.cli.export_desks import Desk, OwnDesk, RemoteDesk, State, body_of
from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import print_json, progress_bar
from mien.cli.trees import read_tree, tree_option
from mien.domain.errors import InvalidInputError, InvalidSegmentError, NotFoundError
from mien.domain.exports import ExportState, Format
from mien.domain.ids import EnvironmentId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import All, Did, Node
from mien.services import accounts, segments
from mien.services.file_exports import Wanted
from mien.store.engine import Store
from mien.store.portable import Progress

_encode = msgspec.json.Encoder(order="deterministic").encode


class _Begun(msgspec.Struct, frozen=True):
    """What is known of an export that is under way, beside its file: which it is, and of what."""

    export: int
    asked: str
    tag: str = ""


class ExportFailedError(click.ClickException):
    """The export ended without a file."""


@click.command()
@account_argument
@click.option("--segment", help="The id, or the name, of a saved segment; without it, everybody.")
@tree_option
@click.option("--event", help="Export the events of this name, of those whom the segment means.")
@click.option("--from", "first", help="The first day of the events, as 2026-01-31.")
@click.option("--to", "last", help="Their last day, included.")
@click.option(
    "--format",
    "kind",
    type=click.Choice([str(each) for each in Format]),
    help="How the file is written [default: as its name ends].",
)
@click.option("--column", "columns", multiple=True, help="A column; may be repeated. Else all.")
@click.option(
    "--keep-formulas", is_flag=True, help="In CSV, leave texts as they are that spreadsheets run."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.",
)
@click.option("--replace", is_flag=True, help="Let it take the place of a file of that name.")
@data_option
@json_option
def export(
    *,
    account_id: str,
    segment: str | None,
    file: Path | None,
    event: str | None,
    first: str | None,
    last: str | None,
    kind: str | None,
    columns: tuple[str, ...],
    keep_formulas: bool,
    out: Path,
    replace: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Write people of the environment ACCOUNT_ID, or events that they did, to a file.

    A running server is asked; without one the command does it itself. When it is broken off,
    the same command goes on where it ended.
    """
    if out.exists() and not replace:
        raise InvalidInputError(path="out", problem=f"{out} exists already; add --replace")
    if not os.access(out.parent, os.W_OK):
        raise InvalidInputError(path="out", problem=f"{out.parent} is no folder to write to")
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = accounts.get_environment(store, account_id)
        wanted = Wanted(
            _format(kind, out),
            _people(store, environment.environment_id, segment, file),
            _event(event, first, last),
            columns or None,
            keeps_formulas=keep_formulas,
        )
    with asking(settings) as asked, progress_bar() as progress:
        if isinstance(asked, Remote):
            desk: Desk = RemoteDesk(asked, environment)
        else:
            desk = OwnDesk(asked, environment, settings)
        digest = _digest(environment.public_id, wanted)
        done = _carry_out(desk, wanted, digest, out, progress)
    if as_json:
        print_json({"rows": done.rows, "bytes": done.bytes, "file": str(out)})
    else:
        click.echo(f"Wrote {done.rows:,} rows to {out} ({done.bytes / 1e6:,.1f} MB).")


def _carry_out(desk: Desk, wanted: Wanted, asked: str, out: Path, progress: Progress) -> State:
    """Begin an export, or go on with the one that was broken off, and bring its file."""
    note, part = _beside(out, "export"), _beside(out, "part")
    begun = _find(note, asked)
    state = None if begun is None else _look(desk, begun.export)
    if begun is None or state is None:
        state = desk.start(wanted)
        begun = _Begun(state.id, asked)
        _note(note, begun)
    while state.state is ExportState.WRITING:
        progress("Writing", state.done, state.total)
        desk.wait()
        state = desk.look(state.id)
    if state.state is not ExportState.DONE:
        note.unlink()
        part.unlink(missing_ok=True)
        msg = f"The export was not finished: {state.problem or 'somebody in it was erased'}"
        raise ExportFailedError(msg)
    progress("Fetching", 0, 0)
    export = begun.export
    desk.fetch(state, part, begun.tag, lambda tag: _note(note, _Begun(export, asked, tag)))
    part.replace(out)
    note.unlink()
    desk.delete(export)
    return state


def _digest(account: str, wanted: Wanted) -> str:
    """Tell one export from any other: exports of each environment are numbered from 1."""
    return hashlib.sha256(_encode([account, body_of(wanted)])).hexdigest()


def _look(desk: Desk, export: int) -> State | None:
    """Tell how far an export is; None if there is none any more."""
    try:
        return desk.look(export)
    except NotFoundError:
        return None
    except ServerRefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _find(note: Path, asked: str) -> _Begun | None:
    """Find the export that was broken off, if it was of the same."""
    try:
        found = msgspec.json.decode(note.read_bytes(), type=_Begun)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return found if found.asked == asked else None


def _note(note: Path, begun: _Begun) -> None:
    note.write_bytes(_encode(begun))


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(f"{out.name}.{ending}")


def _format(kind: str | None, out: Path) -> Format:
    try:
        return Format(kind or out.suffix.removeprefix(".").lower())
    except ValueError as error:
        problem = f"{out.name} ends as no format does; give one of {', '.join(Format)}"
        raise InvalidInputError(path="format", problem=problem) from error


def _people(
    store: Store, environment: EnvironmentId, segment: str | None, file: Path | None
) -> Node:
    if segment is None and file is None:
        return All(())
    if segment is not None and file is None:
        segment = segments.find_named(store, environment, segment)
    return read_tree(store, environment, segment, file)


def _event(name: str | None, first: str | None, last: str | None) -> Did | None:
    """Read which events are meant, with problems at the options."""
    days = {key: day for key, day in (("from", first), ("to", last)) if day is not None}
    if name is None:
        for key in days:
            raise InvalidInputError(key, problem="it needs --event")
        return None
    try:
        node = parse_segment({"did": name, **({"window": days} if days else {})}, "event")
    except InvalidSegmentError as error:
        path = error.path.removeprefix("event.window.").replace("event.did", "event")
        raise InvalidInputError(path, error.problem) from error
    assert isinstance(node, Did)  # noqa: S101 - it has `did`
    return node
