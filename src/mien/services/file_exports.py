"""Exports to files: begun, shown, taken back and opened. `jobs.export` writes them (G-07, S-02).

The set of an export is that of the call that began it. Whoever is erased later is left out, and
a finished file that may tell of them is taken back (P-15).
"""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO, assert_never
from zoneinfo import ZoneInfo

import msgspec

from mien import clock
from mien.domain import tables
from mien.domain.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError
from mien.domain.events import event_key
from mien.domain.exports import Asked, ExportState, Format
from mien.domain.ids import EnvironmentId
from mien.domain.schema import Definition, DefinitionKind, DefinitionState
from mien.domain.segment_json import to_json
from mien.domain.segments import All, Did, Node
from mien.services import export_sets
from mien.services.counting import Counting
from mien.services.definitions import unknown_event
from mien.services.export_folder import ExportFolder
from mien.services.export_writing import ExportWriter, Pace
from mien.services.history import name_actors
from mien.services.retrying import write_retried
from mien.store import definitions, file_exports
from mien.store.engine import Store, Transaction
from mien.store.file_exports import StoredExport

EXPORTS = 50
"""How many exports an environment keeps at most."""

FOLDER = "exports"
"""Where the files are, in the data folder."""

MEDIA_TYPES: Mapping[Format, str] = {
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSONL: "application/jsonl",
}

_DAY_MS = 86_400_000
_NEWEST = 2**62

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Asked).decode


class ExportNotReadyError(ConflictError):
    """The file of the export is still being written."""

    code = "export_not_ready"
    mend = "Ask for its state, and download it when that is `done`."

    def __init__(self, export: StoredExport) -> None:
        super().__init__(
            f"Export {export.export_id} is being written: {export.done:,} of {export.total:,} rows."
        )


class NoExportFileError(ConflictError):
    """The export failed, or its file was taken back: there is nothing to download."""

    code = "export_without_file"
    mend = "Begin the export again."


class ExportElsewhereError(ConflictError):
    """The file of the export is in the data folder of another server of the same database."""

    code = "export_elsewhere"
    mend = "Ask the server that took the call which began it."

    def __init__(self, export: int) -> None:
        super().__init__(
            f"The file of export {export} is on another server of this database; ask that one."
        )


class Wanted(msgspec.Struct, frozen=True):
    """What a new export is to be of: people, or the events that they did; None columns are all.

    `keeps_formulas` leaves texts in CSV as they are that a spreadsheet would run.
    """

    format: Format
    people: Node = All(())
    event: Did | None = None
    columns: Sequence[str] | None = None
    keeps_formulas: bool = False


class Export(msgspec.Struct, frozen=True):
    """An export, what was asked for, and whom its source names."""

    stored: StoredExport
    asked: Asked
    actor: str | None

    @property
    def state(self) -> ExportState:
        """What became of it."""
        return ExportState(self.stored.state)


class ExportFile(msgspec.Struct, frozen=True):
    """A file to download; `tag` changes whenever what is in it does."""

    path: Path
    size: int
    tag: str
    name: str
    media_type: str
    made_at: int

    def opened(self) -> BinaryIO:
        """Open it to be read, or raise `NoExportFileError` if it went in this very moment."""
        try:
            return self.path.open("rb")
        except FileNotFoundError as error:
            raise _gone(self.name) from error


class FileExports:
    """The exports of a store whose files are in one data folder."""

    def __init__(
        self,
        store: Store,
        counting: Counting,
        data: Path,
        *,
        room_mb: int,
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        self.store, self._counting = store, counting
        self.folder = ExportFolder(data / FOLDER, room_mb=room_mb)
        self.writer = ExportWriter(store, self.folder, lambda: self._home, pace)
        self.begun = threading.Event()
        """Set when there is something to write."""

    def start(
        self, environment: EnvironmentId, wanted: Wanted, zone: ZoneInfo, *, source: str
    ) -> Export:
        """Begin an export: who, or what, is in it is fixed now.

        Raises `InvalidInputError` for unknown columns, events and segments, `LimitExceededError`,
        `NoRoomForExportsError`, and what counting raises.
        """
        self.folder.check_room()
        with self.store.read() as tx:
            _check_count(file_exports.count(tx, environment))
        asked = self._asked(environment, wanted, zone)
        keep = partial(export_sets.keep, self.store, environment)
        kept, as_of = self._counting.ids(environment, wanted.people, wanted.event, zone, keep)
        made = StoredExport(
            environment,
            0,
            self._home,
            ExportState.WRITING,
            clock.now_ms(),
            source,
            _encode(asked),
            kept.set_id,
            as_of,
            kept.total,
        )

        def add(tx: Transaction) -> StoredExport:
            file_exports.lock(tx, environment)
            _check_count(file_exports.count(tx, environment))
            numbered = msgspec.structs.replace(
                made, export_id=file_exports.reserve_id(tx, environment)
            )
            file_exports.add(tx, numbered)
            return numbered

        added = write_retried(self.store, add)
        self.begun.set()
        return self.get(environment, added.export_id)

    def get(self, environment: EnvironmentId, export: int) -> Export:
        """Give an export, or raise `NotFoundError`."""
        with self.store.read() as tx:
            found = file_exports.find(tx, environment, export)
            if found is None:
                msg = f"There is no export {export}; it may have been deleted, or be too old."
                raise NotFoundError(msg)
            actors = name_actors(tx, environment, {found.source})
        return Export(found, _decode(found.asked), actors.get(found.source))

    def list(
        self, environment: EnvironmentId, *, before: int | None = None, count: int = EXPORTS
    ) -> Sequence[Export]:
        """Give the exports before an id, newest first."""
        with self.store.read() as tx:
            found = file_exports.page(tx, environment, before=before or _NEWEST, count=count)
            actors = name_actors(tx, environment, {each.source for each in found})
        return [Export(each, _decode(each.asked), actors.get(each.source)) for each in found]

    def delete(self, environment: EnvironmentId, export: int) -> Export:
        """Stop an export if it is being written, remove it and its file; give it as it was."""
        found = self.get(environment, export)
        set_id = found.stored.set_id
        write_retried(self.store, lambda tx: file_exports.delete(tx, environment, export, set_id))
        if found.stored.home == self._home:
            self.folder.remove((environment, export))
        return found

    def open(self, environment: EnvironmentId, export: int) -> ExportFile:
        """Give the file of an export; raises an error of ours if it has none (yet)."""
        found = self.get(environment, export)
        stored = found.stored
        match found.state:
            case ExportState.WRITING:
                raise ExportNotReadyError(stored)
            case ExportState.FAILED:
                msg = f"Export {export} failed: {stored.problem}"
                raise NoExportFileError(msg)
            case ExportState.WITHDRAWN:
                msg = f"The file of export {export} was taken back: somebody who may be in it was erased."
                raise NoExportFileError(msg)
            case ExportState.DONE:
                return self._file(found)
            case _:
                assert_never(found.state)

    def expire(self, environment: EnvironmentId, *, days: float) -> int:
        """Remove the exports that are older, and their sets; give how many."""
        before_ms = clock.now_ms() - int(days * _DAY_MS)
        return write_retried(
            self.store, lambda tx: file_exports.expire(tx, environment, before_ms=before_ms)
        )

    @cached_property
    def _home(self) -> str:
        """The name of the data folder; of SQLite there is no other."""
        return "" if self.store.is_sqlite else self.folder.home()

    def _file(self, found: Export) -> ExportFile:
        stored, kind = found.stored, found.asked.format
        if stored.home != self._home:
            raise ExportElsewhereError(stored.export_id)
        path = self.folder.file((stored.environment_id, stored.export_id), kind)
        name = f"export-{stored.export_id}.{kind}"
        try:
            size = path.stat().st_size
        except FileNotFoundError as error:
            raise _gone(name) from error
        if size != stored.size:
            raise _gone(name)
        return ExportFile(
            path,
            size,
            f'"{stored.created_at:x}-{stored.export_id}-{stored.attempt}-{stored.size:x}"',
            name,
            MEDIA_TYPES[kind],
            stored.finished_at or stored.created_at,
        )

    def _asked(self, environment: EnvironmentId, wanted: Wanted, zone: ZoneInfo) -> Asked:
        event_id, known, event = 0, self._properties(environment), wanted.event
        if event is not None:
            event_id, name, known = self._event(environment, event.event)
            event = msgspec.structs.replace(event, event=name)
        fixed = tables.OF_PEOPLE if wanted.event is None else tables.OF_EVENTS
        names = {each.key for each in known if each.type is not None}
        if wanted.columns is None:
            names -= {each.key for each in known if each.state is not DefinitionState.ACTIVE}
        return Asked(
            wanted.format,
            to_json(wanted.people),
            tables.choose_columns(fixed, names, wanted.columns),
            event=None if event is None else to_json(event),
            event_id=event_id,
            all_properties=wanted.columns is None,
            keeps_formulas=wanted.keeps_formulas,
            zone=zone.key,
        )

    def _properties(self, environment: EnvironmentId) -> Sequence[Definition]:
        with self.store.read() as tx:
            return definitions.list_kind(tx, environment, DefinitionKind.PROPERTY)

    def _event(
        self, environment: EnvironmentId, name: str
    ) -> tuple[int, str, Sequence[Definition]]:
        """Give the number of an event, its spelling and its properties; of one never done none."""
        if unknown_event(self.store, environment, [name]) is not None:
            path, problem = "events.event", f"nobody ever did {name[:120]!r}"
            raise InvalidInputError(path, problem)
        with self.store.read() as tx:
            found = definitions.find(tx, environment, DefinitionKind.EVENT, event_key(name))
            if found is None:
                return 0, name, []
            kind = DefinitionKind.EVENT_PROPERTY
            properties = definitions.list_kind(tx, environment, kind, parent=found.id)
            return found.id, found.name, properties


def _gone(name: str) -> NoExportFileError:
    return NoExportFileError(f"The file {name} is not in the data folder any more.")


def _check_count(count: int) -> None:
    if count >= EXPORTS:
        what = "exports"
        raise LimitExceededError(what, limit=EXPORTS, size=count + 1)
