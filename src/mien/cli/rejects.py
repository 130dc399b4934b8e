"""`mien rejects`: records that were not applied, and applying them after all (U-23)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, assert_never

import click
import msgspec

from mien import clock
from mien.cli.options import (
    account_argument,
    data_option,
    json_option,
    open_existing,
    settings_with,
)
from mien.cli.printing import data_words, print_json, print_table, shown_time
from mien.config import Settings
from mien.domain.documents import NATIVE, Rules
from mien.domain.errors import NotFoundError
from mien.domain.ids import EnvironmentId
from mien.domain.records import RECORDS_PER_CALL
from mien.domain.rejects import Reject
from mien.services import rejects as services
from mien.services.ingest import Ingest
from mien.services.reject_lists import line_of
from mien.services.rejects import Before, KeptReject, Manner, Outcome, Replay, Tried, Unknown
from mien.services.wires import Wire, native_reason
from mien.store import accounts
from mien.store.engine import Store

_PAGE = 500


class _Mended(msgspec.Struct, frozen=True):
    """A line of a download, of which the record may have been mended."""

    id: int
    record: Any = msgspec.UNSET


class _Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a reject."""

    id: int
    status: str
    code: int | None = None
    reason: str | None = None


@click.group()
def rejects() -> None:
    """List, download and replay records that were not applied."""


@rejects.command("list")
@account_argument
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--before", type=int, help="Only rejects older than the one of this id.")
@data_option
@json_option
def list_(
    *, account_id: str, limit: int, before: int | None, data: Path | None, as_json: bool
) -> None:
    """List the newest rejects of the environment ACCOUNT_ID, and why they are rejects."""
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = _get_environment(store, account_id)
        page = services.list_rejects(store, environment, before=before, count=limit)
    if as_json:
        print_json({"rejects": [line_of(kept) for kept in page]})
        return
    if not page:
        click.echo("There are no rejects.")
        return
    print_table(("Id", "Received", "Source", "Code", "Reason", "State"), [_row(k) for k in page])
    words = data_words(settings)
    click.echo(f"""
To mend records and send them again:

  mien rejects download {account_id}{words} > rejects.jsonl
  mien rejects replay {account_id}{words} --file rejects.jsonl""")


@rejects.command()
@account_argument
@data_option
def download(*, account_id: str, data: Path | None) -> None:
    """Write all rejects of the environment ACCOUNT_ID that wait, one JSON object a line.

    Mend the `record` of a line, and give the file to `mien rejects replay --file`.
    """
    with closing(open_existing(settings_with(data))) as store:
        for kept in _waiting(store, _get_environment(store, account_id)):
            print_json(line_of(kept))


@rejects.command()
@account_argument
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Replay every reject that waits.")
@click.option("--file", type=click.File("rb"), help="Replay the lines of a mended download.")
@data_option
@json_option
def replay(
    *,
    account_id: str,
    ids: tuple[int, ...],
    is_all: bool,
    file: Any,
    data: Path | None,
    as_json: bool,
) -> None:
    """Apply rejects of the environment ACCOUNT_ID: those of these IDS, of a file, or all.

    Works while a server runs. Each counts as of the time at which it first came in. One
    that fails again stays a reject.
    """
    if [bool(ids), is_all, file is not None].count(True) != 1:
        msg = "Say which: ids, --file or --all."
        raise click.UsageError(msg)
    settings = settings_with(data)
    with closing(open_existing(settings)) as store:
        environment = _get_environment(store, account_id)
        wanted = [Replay(each) for each in ids]
        if file is not None:
            wanted = [_replay(line, number) for number, line in enumerate(file, 1) if line.strip()]
        elif is_all:
            wanted = [Replay(kept.reject_id) for kept in _waiting(store, environment)]
        _tell(_replay_all(store, settings, environment, wanted), as_json=as_json)


def _get_environment(store: Store, account_id: str) -> EnvironmentId:
    with store.read() as tx:
        found = accounts.find_environment(tx, account_id)
    if found is None:
        msg = f"There is no environment {account_id}; `mien account list` shows them."
        raise NotFoundError(msg)
    return found.environment_id


def _waiting(store: Store, environment: EnvironmentId) -> Iterator[KeptReject]:
    """Give the rejects that were not replayed, newest first."""
    before: int | None = None
    while page := services.list_rejects(store, environment, before=before, count=_PAGE):
        yield from (kept for kept in page if kept.replayed_at is None)
        before = page[-1].reject_id


def _replay(line: bytes, number: int) -> Replay:
    try:
        read = msgspec.json.decode(line, type=_Mended)
    except msgspec.DecodeError as error:
        msg = f"Line {number} is no line of a download: {error}."
        raise click.ClickException(msg) from error
    return Replay(read.id, read.record)


def _replay_all(
    store: Store, settings: Settings, environment: EnvironmentId, wanted: Sequence[Replay]
) -> list[_Result]:
    """Replay in the order in which the records came in, so many at once as a call may hold."""
    in_order = list({each.reject_id: each for each in sorted(wanted, key=_id)}.values())
    compatible = Rules(
        missing_is_zero=settings.missing_is_zero, late_data_loses=settings.late_data_loses
    )
    manners = {
        Wire.COMPATIBLE: Manner(f"{Wire.COMPATIBLE.value}:cli", compatible),
        Wire.NATIVE: Manner(f"{Wire.NATIVE.value}:cli", NATIVE),
    }
    results: list[_Result] = []
    with closing(Ingest(store)) as ingest:
        for start in range(0, len(in_order), RECORDS_PER_CALL):
            some = in_order[start : start + RECORDS_PER_CALL]
            replayed = asyncio.run(
                services.replay(
                    store, ingest, environment, some, manners=manners, now_ms=clock.now_ms()
                )
            )
            results += [
                _result(each.reject_id, outcome)
                for each, outcome in zip(some, replayed.outcomes, strict=True)
            ]
    return results


def _id(replay: Replay) -> int:
    return replay.reject_id


def _result(reject_id: int, outcome: Outcome) -> _Result:
    match outcome:
        case Unknown():
            return _Result(reject_id, "unknown", reason="There is no such reject.")
        case Before(_, replayed_at):
            return _Result(reject_id, "replayed", reason=f"Replayed at {shown_time(replayed_at)}.")
        case Tried(Reject() as reject, wire):
            is_native = wire is Wire.NATIVE
            reason = native_reason(reject.code, reject.reason) if is_native else reject.reason
            return _Result(reject_id, "rejected", int(reject.code), reason)
        case Tried():
            return _Result(reject_id, "applied")
        case _:
            assert_never(outcome)


def _tell(results: list[_Result], *, as_json: bool) -> None:
    applied = sum(each.status == "applied" for each in results)
    if as_json:
        print_json({"applied": applied, "of": len(results), "results": results})
        return
    click.echo(f"Applied {applied:,} of {len(results):,} records.")
    left = [each for each in results if each.status != "applied"]
    if left:
        rows = [(str(e.id), e.status, str(e.code or ""), e.reason or "") for e in left]
        print_table(("Id", "Status", "Code", "Reason"), rows)


def _row(kept: KeptReject) -> tuple[str, ...]:
    state = "waits" if kept.replayed_at is None else f"replayed {shown_time(kept.replayed_at)}"
    return (
        str(kept.reject_id),
        shown_time(kept.received_at),
        kept.source,
        str(kept.code),
        kept.reason,
        state,
    )
