"""`mien merge`: making two profiles one, undoing it, and what may be merged (P-07, B-01)."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click
import msgspec

from mien.cli.options import (
    account_argument,
    data_option,
    identity_of,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import at, print_json, print_table, shown_time
from mien.domain.identities import (
    WIRE_NAMES,
    Identity,
    IdentityKind,
    server_object_id,
)
from mien.services import accounts, merges
from mien.services.merges import MergeReport
from mien.store.merges import MergeRow

_SOURCE = "cli"
_NEWEST = 2**63 - 1

_one = click.argument("one")
_other = click.argument("other")


class _Merge(msgspec.Struct, frozen=True):
    id: int
    survivor: str
    absorbed: str
    joined_by: str
    merged_at: datetime
    source: str
    undone_at: datetime | None


@click.group()
def merge() -> None:
    """Merge profiles that are one person, undo it, and see what may be merged.

    A person is named by their distinct id, or by `objectId:` and the id of a device.
    """


@merge.command()
@account_argument
@_one
@_other
@data_option
@json_option
def preview(*, account_id: str, one: str, other: str, data: Path | None, as_json: bool) -> None:
    """Say what merging ONE and OTHER in the environment ACCOUNT_ID would do; do nothing."""
    _tell(_run(account_id, one, other, data, is_preview=True), as_json=as_json, is_preview=True)


@merge.command()
@account_argument
@_one
@_other
@data_option
@json_option
def run(*, account_id: str, one: str, other: str, data: Path | None, as_json: bool) -> None:
    """Make ONE and OTHER of the environment ACCOUNT_ID one profile; it can be undone."""
    _tell(_run(account_id, one, other, data, is_preview=False), as_json=as_json, is_preview=False)


@merge.command()
@account_argument
@click.argument("merge_id", type=click.IntRange(1, _NEWEST))
@data_option
@json_option
def undo(*, account_id: str, merge_id: int, data: Path | None, as_json: bool) -> None:
    """Undo merge MERGE_ID: give both profiles back, each with what its own ids sent since."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        report = merges.undo_merge(store, environment, merge_id, source=_SOURCE)
    survivor, absorbed = server_object_id(report.survivor), server_object_id(report.absorbed)
    if as_json:
        print_json({"id": merge_id, "survivor": survivor, "absorbed": absorbed})
    elif report.is_done_before:
        click.echo(f"Merge {merge_id} was undone before; nothing was changed.")
    else:
        click.echo(f"Undid merge {merge_id}: {survivor} and {absorbed} are two profiles again.")


@merge.command("list")
@account_argument
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--before", type=int, default=_NEWEST, help="Only merges older than this one.")
@data_option
@json_option
def list_(*, account_id: str, limit: int, before: int, data: Path | None, as_json: bool) -> None:
    """List the newest merges of the environment ACCOUNT_ID, undone ones included."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        found = merges.list_merges(store, environment, before=before, count=limit)
    if as_json:
        print_json({"merges": [_entry(row) for row in found]})
    elif not found:
        click.echo("Nothing was merged yet.")
    else:
        rows = [_row(each) for each in found]
        print_table(("Merge", "Survivor", "Absorbed", "Joined by", "Merged", "State"), rows)


@merge.command()
@account_argument
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@data_option
@json_option
def suggestions(*, account_id: str, limit: int, data: Path | None, as_json: bool) -> None:
    """List the profiles of the environment ACCOUNT_ID that may be one person."""
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        found, _ = merges.list_suggestions(store, environment, after=(0, 0), count=limit)
    rows = [
        (
            server_object_id(each.profile),
            server_object_id(each.other),
            f"{WIRE_NAMES[each.kind]} {each.value}",
            shown_time(each.suggested_at),
        )
        for each in found
    ]
    if as_json:
        names = ("object_id", "other_object_id", "named_by", "suggested_at")
        print_json({"merge_suggestions": [dict(zip(names, row, strict=True)) for row in rows]})
    elif not rows:
        click.echo("No merge is suggested.")
    else:
        print_table(("Profile", "Other", "Named together by", "When"), rows)


def _run(
    account_id: str, one: str, other: str, data: Path | None, *, is_preview: bool
) -> MergeReport:
    with closing(open_existing(settings_with(data))) as store:
        environment = accounts.get_environment(store, account_id).environment_id
        return merges.merge_people(
            store,
            environment,
            identity_of("one", one),
            identity_of("other", other),
            source=_SOURCE,
            is_preview=is_preview,
        )


def _tell(report: MergeReport, *, as_json: bool, is_preview: bool) -> None:
    survivor, absorbed = server_object_id(report.survivor), server_object_id(report.absorbed)
    if as_json:
        print_json(
            {
                "id": report.merge or None,
                "survivor": survivor,
                "absorbed": absorbed,
                "moved": [_named(each) for each in report.moved],
                "conflicts": [msgspec.to_builtins(each) for each in report.conflicts],
                "events": report.events,
            }
        )
        return
    if report.is_done_before:
        click.echo("Both ids are of one profile already; nothing was changed.")
        return
    verb = "would take in" if is_preview else "took in"
    click.echo(f"{survivor} {verb} {absorbed} with {report.events:,} events and these ids:\n")
    click.echo("  " + ", ".join(_named(each) for each in report.moved))
    _tell_conflicts(report)
    if not is_preview:
        click.echo(f"\nThis is merge {report.merge}; `mien merge undo` gives both back.")


def _tell_conflicts(report: MergeReport) -> None:
    if not report.conflicts:
        click.echo("\nNo property has two values.")
        return
    click.echo("\nWhere both had another value:\n")
    rows: Sequence[tuple[str, ...]] = [
        (each.property, *(_shown(value) for value in (each.survivor, each.absorbed, each.result)))
        for each in report.conflicts
    ]
    print_table(("Property", "Survivor", "Absorbed", "Result"), rows)


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _named(identity: Identity) -> str:
    kind = identity.kind
    return (
        f"{'push token' if kind is IdentityKind.PUSH_TOKEN else WIRE_NAMES[kind]} {identity.value}"
    )


def _entry(row: MergeRow) -> _Merge:
    return _Merge(
        row.id,
        server_object_id(row.survivor),
        server_object_id(row.absorbed),
        _joined_by(row),
        at(row.merged_at),
        row.source,
        None if row.undone_at is None else at(row.undone_at),
    )


def _row(row: MergeRow) -> tuple[str, ...]:
    state = "in force" if row.undone_at is None else f"undone {shown_time(row.undone_at)}"
    return (
        str(row.id),
        server_object_id(row.survivor),
        server_object_id(row.absorbed),
        _joined_by(row) or "people",
        shown_time(row.merged_at),
        state,
    )


def _joined_by(row: MergeRow) -> str:
    return f"{WIRE_NAMES[IdentityKind(row.kind)]} {row.value}" if row.kind else ""
