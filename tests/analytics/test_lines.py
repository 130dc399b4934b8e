"""Lists of ids out of DuckDB: by a file that is gone afterwards, whatever happens (G-07)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.analytics.duckdb import DuckDB
from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError

LISTED = "SELECT range FROM range($count) ORDER BY range DESC"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "it's a folder"
    made.mkdir()
    # As a process left it that was killed.
    (made / "analytics.duckdb.1.ids").write_text("7\n")
    return made


@pytest.fixture
def engine(folder: Path) -> Iterator[DuckDB]:
    opened = DuckDB(folder / "analytics.duckdb", memory_mb=200)
    yield opened
    opened.close()


def test_ids_come_in_order_and_leave_no_file(engine: DuckDB, folder: Path) -> None:
    assert list(folder.glob("*.ids")) == []
    with engine.lines(LISTED, {"count": 3}, seconds=10) as lines:
        assert list(lines) == [b"2\n", b"1\n", b"0\n"]
        with engine.lines(LISTED, {"count": 0}, seconds=10) as others:
            assert list(others) == []
    assert list(folder.glob("*.ids")) == []


def test_what_cannot_be_listed_leaves_no_file(engine: DuckDB, folder: Path) -> None:
    with (
        pytest.raises(QueryTimeoutError),
        engine.lines(LISTED, {"count": 10**11}, seconds=0.1),
    ):
        pass
    with (
        pytest.raises(AnalyticsUnavailableError, match="cannot answer now"),
        engine.lines("SELECT nothing", {}, seconds=10),
    ):
        pass
    assert list(folder.glob("*.ids")) == []
