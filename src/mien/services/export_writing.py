"""Writing exports to their files, a fraction of a second at a time.

A step reads short pages, appends their lines, makes the file safe and then notes how far it is.
So whatever ends the process, the next one goes on behind the last step that was noted.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from mien import clock
from mien.analytics.parquet import ParquetWriter, StoppedError
from mien.domain import tables
from mien.domain.errors import AnalyticsUnavailableError
from mien.domain.exports import Asked, ExportState, Format
from mien.domain.ids import EnvironmentId
from mien.domain.moments import day_at
from mien.domain.schema import DefinitionKind
from mien.domain.tables import Column, Row
from mien.domain.values import ValueType
from mien.services import export_sets
from mien.services.export_folder import ExportFolder, NoRoomForExportsError, PartLostError
from mien.services.export_rows import event_row, person_row
from mien.services.export_sets import IDS_PER_PAGE, ExportOverError, Place
from mien.services.reading import Reader
from mien.services.retrying import write_retried
from mien.store import definitions, file_exports
from mien.store.engine import Store
from mien.store.file_exports import StoredExport

_decode = msgspec.json.Decoder(Asked).decode


class Pace(msgspec.Struct, frozen=True):
    """How many rows are read at once, and for how long a step reads page after page."""

    rows: int = 500
    seconds: float = 0.2


class ExportWriter:
    """Writes the exports of one data folder. One thread calls it."""

    def __init__(
        self, store: Store, folder: ExportFolder, home: Callable[[], str], pace: Pace
    ) -> None:
        self._store, self._folder, self._home, self._pace = store, folder, home, pace
        self._parquet = ParquetWriter()
        self.tell: Callable[[StoredExport], None] = lambda _export: None
        """Is told of each export that is done, or failed."""

    def stop(self) -> None:
        """Let a long last step end at once; another process takes it anew."""
        self._parquet.stop()

    def advance(self) -> bool:
        """Take a step with one export of each environment; true if there is more to write."""
        with self._store.read() as tx:
            found = file_exports.writing(tx, self._home())
        first = {each.environment_id: each for each in reversed(found)}
        for each in first.values():
            self._advance(each)
        return bool(found)

    def sweep(self) -> int:
        """Remove files that no export has any more; give of how many exports."""
        if not any(self._folder.keys()):
            return 0
        with self._store.read() as tx:
            wanted = file_exports.with_files(tx, self._home())
        return self._folder.sweep(wanted)

    def _advance(self, known: StoredExport) -> None:
        now = self._taken(known)
        if now is None or not write_retried(
            self._store, lambda tx: file_exports.save_progress(tx, known, now)
        ):
            return
        key = known.environment_id, known.export_id
        if now.state == ExportState.DONE:
            self._folder.drop_lines(key, _decode(known.asked).format)
        elif now.state == ExportState.FAILED:
            self._folder.remove(key)
        if now.state != ExportState.WRITING:
            self.tell(now)

    def _taken(self, known: StoredExport) -> StoredExport | None:
        """Take a step, and give how far the export is; None: as far as it was."""
        try:
            return _Step(self._store, self._folder, self._parquet, self._pace, known).take()
        except StoppedError:
            return None
        except PartLostError:
            return replace(known, attempt=known.attempt + 1, done=0, written=0, size=0)
        except (NoRoomForExportsError, ExportOverError, AnalyticsUnavailableError) as error:
            return _failed(known, str(error))
        except OSError as error:
            return _failed(known, f"The file cannot be written: {error.strerror}.")


def _failed(known: StoredExport, problem: str) -> StoredExport:
    return replace(
        known, state=ExportState.FAILED, problem=problem, finished_at=clock.now_ms(), size=0
    )


class _Step:
    """One step of one export."""

    def __init__(
        self,
        store: Store,
        folder: ExportFolder,
        parquet: ParquetWriter,
        pace: Pace,
        known: StoredExport,
    ) -> None:
        self._store, self._folder, self._known = store, folder, known
        self._parquet, self._pace = parquet, pace
        self._asked = _decode(known.asked)
        self._key = known.environment_id, known.export_id
        self._environment = EnvironmentId(known.environment_id)
        self._line = _line_of(self._asked)
        self._reader = Reader(self._environment)
        self._today = day_at(known.created_at // 1_000, ZoneInfo(self._asked.zone))

    def take(self) -> StoredExport:
        """Write for a while, and give how far the export is then."""
        known, asked = self._known, self._asked
        self._folder.check_room()
        path = self._folder.lines(self._key, asked.format)
        done, written = known.done, known.written
        with self._folder.append(path, size=known.size) as file:
            if not known.size and asked.format is Format.CSV:
                file.write(tables.csv_head(asked.columns, keeps_formulas=asked.keeps_formulas))
            for done, lines in self._pages():  # noqa: B007 - the last is where it is
                file.writelines(lines)
                written += len(lines)
            size = file.tell()
        now = replace(known, done=done, written=written, size=size)
        return now if done < known.total else self._finished(now, path)

    def _pages(self) -> Iterator[tuple[int, list[bytes]]]:
        """Give page after page for a while: how many rows are done then, and the lines."""
        done, end = self._known.done, time.monotonic() + self._pace.seconds
        page = self._events if self._asked.event is not None else self._people
        while done < self._known.total:
            lines, after = page(divmod(done, IDS_PER_PAGE))
            done = self._known.total if after is None else after[0] * IDS_PER_PAGE + after[1]
            yield done, lines
            if time.monotonic() > end:
                return

    def _people(self, after: Place) -> tuple[list[bytes], Place | None]:
        return export_sets.profile_page(
            self._store,
            self._reader,
            self._known.set_id,
            after=after,
            count=self._pace.rows,
            today=self._today,
            render=lambda view: self._line(person_row(view)),
        )

    def _events(self, after: Place) -> tuple[list[bytes], Place | None]:
        page = export_sets.event_page(
            self._store,
            self._reader,
            self._known.set_id,
            after=after,
            count=self._pace.rows,
            today=self._today,
        )
        name = str((self._asked.event or {})["did"])
        rows = [event_row(each, page.views[each.profile], name) for each in page.events]
        return [self._line(row) for row in rows], page.after

    def _finished(self, now: StoredExport, lines: Path) -> StoredExport:
        """Make the file of the lines, if they are not that already."""
        file = self._folder.file(self._key, self._asked.format)
        if self._asked.format is Format.PARQUET:
            self._parquet.write(lines, file, self._typed())
        size = self._folder.keep(file)
        return replace(now, state=ExportState.DONE, size=size, finished_at=clock.now_ms())

    def _typed(self) -> list[tuple[str, ValueType]]:
        """Give the heads of the columns with their types, as the values that were written have them."""
        is_event = self._asked.event is not None
        kind = DefinitionKind.EVENT_PROPERTY if is_event else DefinitionKind.PROPERTY
        with self._store.read() as tx:
            known = definitions.list_kind(
                tx, self._environment, kind, parent=self._asked.event_id if is_event else 0
            )
        types = {each.key: each.type for each in known if each.type is not None}
        if is_event:
            # Lists in events hold anything; those of people hold texts.
            nested = {name for name, each in types.items() if each is ValueType.LIST}
            types |= dict.fromkeys(nested, ValueType.OBJECT)
        fixed = tables.OF_EVENTS if is_event else tables.OF_PEOPLE
        return [
            (
                each.head,
                types.get(each.name, ValueType.MIXED) if each.is_property else fixed[each.name],
            )
            for each in self._asked.columns
        ]


def _line_of(asked: Asked) -> Callable[[Row], bytes]:
    """Give how a row is written."""
    columns = asked.columns
    if asked.format is Format.JSONL:
        return partial(tables.json_line, columns=columns, all_properties=asked.all_properties)
    if asked.format is Format.CSV:
        return partial(_csv_line, columns, asked.keeps_formulas)
    return partial(_table_line, columns)


def _csv_line(columns: Sequence[Column], keeps_formulas: bool, row: Row) -> bytes:  # noqa: FBT001 - by partial
    return tables.csv_line(tables.cells(row, columns), keeps_formulas=keeps_formulas)


def _table_line(columns: Sequence[Column], row: Row) -> bytes:
    return tables.table_line(tables.cells(row, columns))
