"""The threads that write exports and count segments: a step that fails ends neither."""

import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from mien.analytics.duckdb import DuckDB
from mien.jobs.export import Exporter
from mien.jobs.sizes import SizeKeeper
from mien.services.counting import Counting
from mien.services.file_exports import FileExports
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.services.segment_sizes import SegmentSizes
from mien.store.engine import Store

Logs = list[MutableMapping[str, Any]]


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[tuple[Store, Counting]]:
    """Give a store that cannot be read, and what counts in it."""
    store = Store("sqlite:////nowhere/at/all.db")
    analytics = DuckDB(tmp_path / "analytics.duckdb", memory_mb=100)
    questions = Questions(Projection(store, analytics), fresh_seconds=0.1, query_seconds=1)
    yield store, Counting(questions)
    analytics.close()


def wait_for(logs: Logs, event: str) -> None:
    deadline = time.monotonic() + 20
    while event not in [each["event"] for each in logs]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_exporter_goes_on_after_a_failure_and_stops_at_once(
    broken: tuple[Store, Counting], tmp_path: Path
) -> None:
    with structlog.testing.capture_logs() as logs:
        with Exporter(FileExports(*broken, tmp_path, room_mb=0)):
            wait_for(logs, "export.failed")
            began = time.monotonic()
        assert time.monotonic() - began < 2
    assert {each["log_level"] for each in logs} == {"warning"}


def test_a_keeper_of_sizes_goes_on_after_a_failure_and_stops_at_once(
    broken: tuple[Store, Counting],
) -> None:
    with structlog.testing.capture_logs() as logs:
        with SizeKeeper(SegmentSizes(*broken)):
            wait_for(logs, "sizes.failed")
            began = time.monotonic()
        assert time.monotonic() - began < 2
