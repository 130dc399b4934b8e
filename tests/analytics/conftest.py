"""A file of analytics for the tests of one module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mien.analytics.duckdb import DuckDB

settings.register_profile("long", max_examples=5_000, deadline=None)


@pytest.fixture(scope="module")
def analytics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    path: Path = tmp_path_factory.mktemp("analytics") / "analytics.duckdb"
    opened = DuckDB(path, memory_mb=200)
    yield opened
    opened.close()
