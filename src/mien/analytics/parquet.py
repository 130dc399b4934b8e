"""Files of Parquet, made of lines of JSON by DuckDB's own reader and writer, a little at a time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from mien.domain.errors import AnalyticsUnavailableError
from mien.domain.values import ValueType

SCRATCH = ".tmp"
"""How the name of the folder ends, beside the file, in which is what takes too much memory."""

_TYPES: Mapping[ValueType, str] = {
    ValueType.STRING: "VARCHAR",
    ValueType.INTEGER: "BIGINT",
    ValueType.FLOAT: "DOUBLE",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.DATE: "TIMESTAMP",
    ValueType.LIST: "VARCHAR[]",
    ValueType.OBJECT: "VARCHAR",
    ValueType.MIXED: "VARCHAR",
}
_SETTINGS: Mapping[str, str | int] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "300MB",
    "threads": 1,
}
_CELLS = 4_000_000
"""Cells of a group of rows, which is held in memory while it is written."""

_ROWS_LEAST, _ROWS_MOST = 2_048, 122_880


class StoppedError(Exception):
    """The writer was told to stop before the file was whole."""


class ParquetWriter:
    """Writes one file at a time; `stop`, called by any thread, ends that for good."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """End the file that is being written, and write no more."""
        self._is_stopped = True
        if (connection := self._connection) is not None:
            # It may be closed in this very moment, its file written.
            with suppress(duckdb.Error):
                connection.interrupt()

    def write(self, lines: Path, to: Path, columns: Sequence[tuple[str, ValueType]]) -> None:
        """Write lines of `domain.tables.table_line` as a file: its columns by head and type.

        Raises `AnalyticsUnavailableError` if they cannot be written, and `StoppedError`.
        """
        settings: dict[str, str | bool | int | float | list[str]] = {
            **_SETTINGS,
            "temp_directory": str(to.with_suffix(SCRATCH)),
        }
        try:
            with duckdb.connect(":memory:", config=settings) as connection:
                self._connection = connection
                if self._is_stopped:
                    raise StoppedError
                _convert(connection, lines, to, columns)
        except duckdb.InterruptException as error:
            raise StoppedError from error
        except duckdb.Error as error:
            msg = f"The Parquet file cannot be written ({error})."
            raise AnalyticsUnavailableError(msg) from error
        finally:
            self._connection = None


def _convert(
    connection: "duckdb.DuckDBPyConnection",
    lines: Path,
    to: Path,
    columns: Sequence[tuple[str, ValueType]],
) -> None:
    rows = _CELLS // max(len(columns), 1) // _ROWS_LEAST * _ROWS_LEAST
    table = connection.read_json(
        str(lines),
        format="newline_delimited",
        columns={f"c{place}": _TYPES[kind] for place, (_, kind) in enumerate(columns)},
    )
    # No text of SQL: heads are names that data brought with it (S-07).
    named = [
        duckdb.ColumnExpression(f"c{place}").alias(head) for place, (head, _) in enumerate(columns)
    ]
    table.select(*named).write_parquet(
        str(to),
        compression="zstd",
        row_group_size=min(max(rows, _ROWS_LEAST), _ROWS_MOST),
        overwrite=True,
    )
