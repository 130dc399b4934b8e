"""Files of Parquet: what ends one before it is whole, and rows of many columns."""

from pathlib import Path

import duckdb
import pytest

from mien.analytics.parquet import ParquetWriter, StoppedError
from mien.domain.errors import AnalyticsUnavailableError
from mien.domain.tables import table_line
from mien.domain.values import ValueType


def test_a_writer_that_was_stopped_writes_no_more(tmp_path: Path) -> None:
    writer = ParquetWriter()
    writer.stop()
    (tmp_path / "lines").write_bytes(table_line(["a"]))
    with pytest.raises(StoppedError):
        writer.write(tmp_path / "lines", tmp_path / "out", [("a", ValueType.STRING)])


def test_a_writer_may_be_stopped_just_when_it_is_done(tmp_path: Path) -> None:
    writer = ParquetWriter()
    (tmp_path / "lines").write_bytes(table_line(["a"]))
    writer.write(tmp_path / "lines", tmp_path / "out", [("a", ValueType.STRING)])
    with duckdb.connect() as closed:
        pass
    writer._connection = closed
    writer.stop()


def test_lines_that_do_not_fit_are_told(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(table_line(["a"]))
    with pytest.raises(AnalyticsUnavailableError, match="The Parquet file cannot be written"):
        ParquetWriter().write(tmp_path / "lines", tmp_path / "out", [("a", ValueType.INTEGER)])


def test_a_thousand_columns_keep_their_order_and_far_dates(tmp_path: Path) -> None:
    columns = [(f"c {place}", ValueType.DATE) for place in range(1_000)]
    dates = ["$D_999999999999", "$D_-99999999999", "$D_19691231", None]
    lines = [table_line([dates[(row + place) % 4] for place in range(1_000)]) for row in range(9)]
    (tmp_path / "lines").write_bytes(b"".join(lines))
    ParquetWriter().write(tmp_path / "lines", tmp_path / "out", columns)
    with duckdb.connect() as reader:
        found = reader.read_parquet(str(tmp_path / "out"))
        assert found.columns == [head for head, _ in columns]
        years = found.select('year("c 0") AS y').fetchall()
    assert [row[0] for row in years[:4]] == [33_658, -1_199, 1_969, None]
