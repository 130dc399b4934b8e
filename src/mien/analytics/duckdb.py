"""The analytics copy in DuckDB: one file of the data folder, for one process.

A schema an environment. What is written keeps the place of the log in the same
transaction, so nothing is lost or doubled when the process ends at any moment.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Self

import duckdb
import structlog

from mien.analytics import columns
from mien.analytics.asker import Asker, asker
from mien.analytics.catalog import Catalog
from mien.analytics.deadlines import Deadlines
from mien.analytics.dialects import DUCKDB
from mien.analytics.duckdb_sights import GATHERED, gather
from mien.analytics.duckdb_writer import EVENT_COLUMNS, LAYOUT, TABLES, Writer
from mien.analytics.engine import Row
from mien.analytics.gate import Gate
from mien.analytics.step import Fill, Step
from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError
from mien.domain.ids import EnvironmentId

_log = structlog.get_logger()

_IDS = ".ids"

_SETTINGS: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "false",
    # It compares each expression with each: a step into 500 columns took half a minute.
    "disabled_optimizers": "common_subexpressions",
}

_COLUMNS = (
    "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
    "WHERE regexp_full_match(schema_name, 'e[0-9]+')"
)


class DuckDB:
    """The engine: writes one step at a time, and answers questions beside it.

    `mark` names the record that it is a copy of. A file that cannot be read, or is a copy of
    another record, is made anew: nothing is in it that the record has not.
    """

    within = ""
    is_shared = False
    dialect = DUCKDB

    def __init__(self, path: Path, *, mark: str = "", memory_mb: int = 800) -> None:
        """Open the file, or make it."""
        self.path, self._mark, self._memory_mb = path, mark, memory_mb
        self._of_file = f"{mark} {LAYOUT}"
        self._write_lock = threading.Lock()
        self._gate = Gate()
        self._turn = threading.Lock()
        """The one connection refuses who calls it while another does; cursors are free."""
        self._deadlines = Deadlines()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        """Cursors of questions that were answered, for the next ones."""
        self._lists = count(1)
        """Files of ids that were written."""
        for each in path.parent.glob(f"{path.name}.*{_IDS}"):
            # As a process left it that was killed.
            each.unlink(missing_ok=True)
        self._open_or_make()

    def close(self) -> None:
        """Close the file; questions under way end by themselves."""
        self._deadlines.stop()
        self._disconnect()

    def beside(self) -> Self:
        """Make an empty copy in a file of its own, of the same record."""
        path = self.path.with_name(f"{self.path.name}.new")
        _remove(path)
        return type(self)(path, mark=self._mark, memory_mb=self._memory_mb)

    def reopen(self) -> None:
        """Open the file again, after a failure; one that cannot be read is made anew."""
        with self._gate.alone(), self._write_lock:
            with suppress(duckdb.Error):
                self._disconnect()
            self._open_or_make()

    def replace_by(self, other: Self) -> None:
        """Take over the file of another, which is closed."""
        with self._gate.alone(), self._write_lock:
            other.close()
            self._disconnect()
            _remove(self.path)
            other.path.replace(self.path)
            self._open()

    def _open_or_make(self) -> None:
        try:
            self._open()
            if self._rows("SELECT record FROM mark") == [(self._of_file,)]:
                return
            self._disconnect()
        except duckdb.Error as error:
            _log.warning("analytics.unreadable", path=str(self.path), error=str(error))
        _remove(self.path)
        self._open()

    def _open(self) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            **_SETTINGS,
            "memory_limit": f"{self._memory_mb}MB",
            "temp_directory": str(self.path.with_suffix(".tmp")),
        }
        is_new = not self.path.exists()
        self._connection = duckdb.connect(str(self.path), config=settings)
        self._is_closed = False
        self._present: dict[EnvironmentId, dict[str, set[str]]] | None = None
        self._newest: dict[EnvironmentId, int] = {}
        if is_new:
            self._connection.execute(
                "CREATE TABLE mark AS SELECT $mark AS record", {"mark": self._of_file}
            )
        for signature, body in columns.MACROS.items():
            self._connection.execute(f"CREATE OR REPLACE MACRO {signature} AS {body}")

    def position(self, environment: EnvironmentId) -> int:
        """Give the place of the log up to which an environment is here; 0 for nothing yet."""
        if not self._tables(environment):
            return 0
        place: int = self._rows(f"SELECT place FROM e{environment}.position")[0][0]
        return place

    def filled(self, environment: EnvironmentId) -> Fill | None:
        """Tell how far an environment is filled with people; None if no step was written."""
        if not self._tables(environment):
            return None
        [row] = self._rows(
            f"SELECT filled_at, filled_after, filled_last FROM e{environment}.position"
        )
        return None if row[0] is None else Fill(*row)

    def renew(self) -> None:
        """Do nothing: no other process has the file."""

    def query(self, sql: str, values: Mapping[str, object], *, seconds: float) -> list[Row]:
        """Answer a question; raises `QueryTimeoutError` when it takes longer.

        It is stopped when its asker leaves: `QuestionDroppedError`.
        """
        by = asker()
        with self._gate.beside():
            try:
                return self._ask(sql, values, seconds, by)
            except duckdb.InterruptException as error:
                by.check()
                raise QueryTimeoutError(seconds) from error
            except duckdb.Error as error:
                msg = f"The analytics copy cannot answer now ({error})."
                raise AnalyticsUnavailableError(msg) from error

    @contextmanager
    def lines(
        self, sql: str, values: Mapping[str, object], *, seconds: float
    ) -> Iterator[Iterator[bytes]]:
        """Answer a question for ids, a line each, by a file beside its own: DuckDB sorts on disk too."""
        path = self.path.with_name(f"{self.path.name}.{next(self._lists)}{_IDS}")
        name = str(path).replace("'", "''")
        try:
            self.query(
                f"COPY ({sql}) TO '{name}' (FORMAT csv, HEADER false)", values, seconds=seconds
            )
            with path.open("rb") as lines:
                yield lines
        finally:
            path.unlink(missing_ok=True)

    def _ask(self, sql: str, values: Mapping[str, object], seconds: float, by: Asker) -> list[Row]:
        with self._turn:
            cursor = self._idle.pop() if self._idle else self._connection.cursor()
        try:
            with by.wait(cursor.interrupt), self._deadlines.within(seconds, cursor.interrupt):
                rows = cursor.execute(sql, dict(values)).fetchall()
        except BaseException:
            cursor.close()
            raise
        with self._turn:
            if self._is_closed:
                cursor.close()
            else:
                self._idle.append(cursor)
        return rows

    def _disconnect(self) -> None:
        """Close the connection and the cursors that nobody uses; a file is open while one is."""
        with self._turn:
            self._is_closed = True
            while self._idle:
                self._idle.pop().close()
            self._connection.close()

    def _cursor(self) -> "duckdb.DuckDBPyConnection":
        with self._turn:
            return self._connection.cursor()

    def apply(self, catalog: Catalog, step: Step) -> None:
        """Write a step, all of it or nothing; adds the columns and tables that it needs."""
        self._make_room(catalog, step)
        with self._write() as tx:
            tables = self._tables_of_events(catalog)
            Writer(tx, catalog, self._newest_profile(catalog), tables).write(step)
        if step.touched:
            newest = max(self._newest_profile(catalog), *step.touched)
            self._newest[catalog.environment] = newest

    def gathered(self, environment: EnvironmentId) -> int:
        """Give the place up to which it was gathered when people were seen."""
        place: int = self._rows(f"SELECT place FROM e{environment}.{GATHERED}")[0][0]
        return place

    def gather(self, catalog: Catalog) -> None:
        """Gather when people were seen, up to the place that the copy has."""
        with self._write() as tx:
            gather(tx, catalog.schema)

    def has_rows(self, environment: EnvironmentId, table: str) -> bool:
        """Tell whether a table has any row."""
        return bool(self._rows(f"SELECT 1 FROM e{environment}.{table} LIMIT 1"))

    def has_tables(self, catalog: Catalog) -> bool:
        """Tell whether an environment has its tables, those of its events apart."""
        return TABLES.keys() <= self._tables(catalog.environment).keys()

    def trim(self, catalog: Catalog) -> Catalog:
        """Give the part of a catalog that has its tables and columns here."""
        return columns.trim(catalog, self._tables(catalog.environment))

    def _newest_profile(self, catalog: Catalog) -> int:
        """Give the largest id of a profile that was ever here: what is larger is new."""
        if (known := self._newest.get(catalog.environment)) is None:
            of = catalog.schema
            parts = (
                f"SELECT profile_id FROM {of}.profiles UNION ALL SELECT profile_id FROM {of}.merged"
            )
            found = self._rows(f"SELECT coalesce(max(profile_id), 0) FROM ({parts})")
            known = self._newest[catalog.environment] = found[0][0]
        return known

    @contextmanager
    def _write(self) -> "Iterator[duckdb.DuckDBPyConnection]":
        with self._write_lock:
            cursor = self._cursor()
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                with suppress(duckdb.Error):
                    cursor.rollback()
                raise
            finally:
                cursor.close()

    def _rows(self, sql: str) -> list[Row]:
        cursor = self._cursor()
        try:
            return cursor.execute(sql).fetchall()
        finally:
            cursor.close()

    def _tables(self, environment: EnvironmentId) -> dict[str, set[str]]:
        """Give the tables of an environment with their columns."""
        if self._present is None:
            # Of all at once: it reads the names of every table, whatever is asked.
            present: dict[EnvironmentId, dict[str, set[str]]] = {}
            for schema, table, column in self._rows(_COLUMNS):
                of = present.setdefault(EnvironmentId(int(schema[1:])), {})
                of.setdefault(table, set()).add(column)
            self._present = present
        return self._present.setdefault(environment, {})

    def _tables_of_events(self, catalog: Catalog) -> list[str]:
        return [each for each in self._tables(catalog.environment) if each.startswith("events_")]

    def _make_room(self, catalog: Catalog, step: Step) -> None:
        """Add the tables and columns that are missing."""
        present = self._tables(catalog.environment)
        wanted: dict[str, list[tuple[str, str]]] = {
            name: list(fixed) for name, fixed in TABLES.items()
        }
        wanted["profiles"] += columns.with_kinds(catalog.properties.values())
        for table in catalog.events.values():
            if table.definition in step.events or table.name in present:
                of_event = columns.with_kinds(table.properties.values())
                wanted[table.name] = [*EVENT_COLUMNS, *of_event]
        missing = [
            (name, [each for each in of_table if each[0] not in present.get(name, ())])
            for name, of_table in wanted.items()
        ]
        if any(new for _, new in missing):
            with self._write() as tx:
                for name, new in missing:
                    _add(tx, catalog.schema, name, new, is_there=name in present)
            for name, new in missing:
                present.setdefault(name, set()).update(column for column, _ in new)


def _remove(path: Path) -> None:
    """Remove a file of DuckDB, and its log."""
    for each in (path, path.with_name(f"{path.name}.wal")):
        each.unlink(missing_ok=True)


def _add(
    tx: "duckdb.DuckDBPyConnection",
    schema: str,
    table: str,
    new: Sequence[tuple[str, str]],
    *,
    is_there: bool,
) -> None:
    if is_there:
        for name, kind in new:
            tx.execute(f"ALTER TABLE {schema}.{table} ADD COLUMN {name} {kind}")
        return
    tx.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    tx.execute(f"CREATE TABLE {schema}.{table} ({', '.join(f'{n} {k}' for n, k in new)})")
    if table in ("position", GATHERED):
        tx.execute(f"INSERT INTO {schema}.{table} (place) VALUES (0)")
