"""Exports to files: what was asked for, and how far each is."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from mien.domain.exports import ExportState
from mien.domain.ids import EnvironmentId
from mien.store import numbers
from mien.store.engine import Transaction
from mien.store.schema import export_pages, file_exports


class StoredExport(msgspec.Struct, frozen=True):
    """An export; `asked` is JSON. Times are epoch milliseconds.

    `home` names the data folder that its file is in. `total` rows are in its set, `done` of them
    are dealt with, `written` are in the file, which has `size` bytes by then. `attempt` rises
    each time that it begins anew.
    """

    environment_id: int
    export_id: int
    home: str
    state: str
    created_at: int
    source: str
    asked: bytes
    set_id: int
    as_of: int | None
    total: int
    attempt: int = 1
    done: int = 0
    written: int = 0
    size: int = 0
    finished_at: int | None = None
    problem: str = ""


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_OURS = file_exports.c.environment_id == _ENVIRONMENT
_ONE = file_exports.c.export_id == sa.bindparam("export")
_IS_WRITING = file_exports.c.state == sa.literal(
    str(ExportState.WRITING), file_exports.c.state.type
)
_IS_DONE = file_exports.c.state == sa.literal(str(ExportState.DONE), file_exports.c.state.type)
_ALL = sa.select(*file_exports.columns)
_FIND = _ALL.where(_OURS, _ONE)
_PAGE = (
    _ALL.where(_OURS, file_exports.c.export_id < sa.bindparam("before"))
    .order_by(file_exports.c.export_id.desc())
    .limit(sa.bindparam("count"))
)
_WRITING = _ALL.where(_IS_WRITING, file_exports.c.home == sa.bindparam("home")).order_by(
    file_exports.c.created_at, file_exports.c.environment_id, file_exports.c.export_id
)
_WITH_FILES = sa.select(file_exports.c.environment_id, file_exports.c.export_id).where(
    sa.or_(_IS_WRITING, _IS_DONE), file_exports.c.home == sa.bindparam("home")
)
_WITH_SETS = _ALL.where(_OURS, sa.or_(_IS_WRITING, _IS_DONE))
_COUNT = sa.select(sa.func.count()).select_from(file_exports).where(_OURS)
_PROGRESS = (
    sa.update(file_exports)
    .values(
        {name: sa.bindparam(f"new_{name}") for name in ("state", "done", "written", "size")}
        | {name: sa.bindparam(f"new_{name}") for name in ("attempt", "finished_at", "problem")}
    )
    .where(_OURS, _ONE, _IS_WRITING, file_exports.c.attempt == sa.bindparam("known_attempt"))
)
_WITHDRAW = (
    sa.update(file_exports)
    .values(
        state=sa.case(
            (_IS_DONE, sa.literal(str(ExportState.WITHDRAWN), file_exports.c.state.type)),
            else_=file_exports.c.state,
        ),
        attempt=file_exports.c.attempt + 1,
        done=0,
        written=0,
        size=0,
    )
    .where(_OURS, _ONE)
)
_DELETE = sa.delete(file_exports).where(_OURS, _ONE)
_DELETE_SET = sa.delete(export_pages).where(
    export_pages.c.environment_id == _ENVIRONMENT,
    export_pages.c.export_id == sa.bindparam("export"),
)
_EXPIRED = sa.select(file_exports.c.export_id, file_exports.c.set_id).where(
    _OURS, file_exports.c.created_at < sa.bindparam("before")
)


def lock(tx: Transaction, environment: EnvironmentId) -> None:
    """Let one transaction at a time add exports to an environment, or take them back.

    There is a limit of them, and an erasure has to see all that were begun before it ends.
    """
    numbers.reserve(tx, environment, "file_exports")


def reserve_id(tx: Transaction, environment: EnvironmentId) -> int:
    """Hand out the id of a new export."""
    return numbers.reserve(tx, environment, "file_export")[0]


def add(tx: Transaction, export: StoredExport) -> None:
    """Keep a new export."""
    tx.insert(file_exports, [msgspec.structs.astuple(export)])


def count(tx: Transaction, environment: EnvironmentId) -> int:
    """Give how many exports an environment has."""
    [(found,)] = tx.rows(_COUNT, environment=environment)
    return int(found)


def find(tx: Transaction, environment: EnvironmentId, export: int) -> StoredExport | None:
    """Find an export by its id."""
    row = tx.row(_FIND, environment=environment, export=export)
    return StoredExport(*row) if row else None


def page(
    tx: Transaction, environment: EnvironmentId, *, before: int, count: int
) -> list[StoredExport]:
    """Give the exports before an id, newest first."""
    rows = tx.rows(_PAGE, environment=environment, before=before, count=count)
    return [StoredExport(*row) for row in rows]


def writing(tx: Transaction, home: str) -> list[StoredExport]:
    """Give the exports of all environments that are being written in a data folder, oldest first."""
    return [StoredExport(*row) for row in tx.rows(_WRITING, home=home)]


def with_files(tx: Transaction, home: str) -> set[tuple[int, int]]:
    """Give environment and id of each export that has a file in a data folder."""
    return {(row[0], row[1]) for row in tx.rows(_WITH_FILES, home=home)}


def with_sets(tx: Transaction, environment: EnvironmentId) -> list[StoredExport]:
    """Give the exports whose file is there or is being written."""
    return [StoredExport(*row) for row in tx.rows(_WITH_SETS, environment=environment)]


def save_progress(tx: Transaction, known: StoredExport, now: StoredExport) -> bool:
    """Write how far an export is; false if it has begun anew, or is gone, since it was known."""
    names = ("state", "done", "written", "size", "attempt", "finished_at", "problem")
    values = {f"new_{name}": getattr(now, name) for name in names}
    return bool(
        tx.run(
            _PROGRESS,
            environment=known.environment_id,
            export=known.export_id,
            known_attempt=known.attempt,
            **values,
        )
    )


def withdraw(tx: Transaction, environment: EnvironmentId, exports: Sequence[int]) -> None:
    """Take finished exports back, and let those that are being written begin anew."""
    for each in exports:
        tx.run(_WITHDRAW, environment=environment, export=each)


def delete(tx: Transaction, environment: EnvironmentId, export: int, set_id: int) -> None:
    """Remove an export and its set."""
    tx.run(_DELETE, environment=environment, export=export)
    tx.run(_DELETE_SET, environment=environment, export=set_id)


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove the exports that began before a time, with their sets; give how many."""
    found = tx.rows(_EXPIRED, environment=environment, before=before_ms)
    for export, set_id in found:
        delete(tx, environment, export, set_id)
    return len(found)
