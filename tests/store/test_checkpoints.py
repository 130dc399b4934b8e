"""Checkpoints beside the writer: what is committed reaches the file, and nobody's locks are lost."""

import subprocess
import sys
import time
from pathlib import Path

from mien.store import numbers
from mien.store.checkpoints import Checkpointer
from mien.store.engine import Store
from mien.store.setup import prepare

_LOOK = """
import sqlite3, sys
with sqlite3.connect(f"file:{sys.argv[1]}", uri=True) as database:
    rows = database.execute("SELECT value FROM counters WHERE name = 'things'").fetchall()
database.close()
print(rows[0][0] if rows else 0)
"""


def _seen_by_another_process(path: Path, options: str = "") -> int:
    """Give the last number drawn, as a process sees it whose locks are its own."""
    look = [sys.executable, "-c", _LOOK, f"{path}{options}"]
    return int(subprocess.run(look, check=True, capture_output=True, text=True).stdout)


def _draw(store: Store) -> int:
    with store.write() as tx:
        return numbers.reserve(tx, numbers.EVERYWHERE, "things")[0]


def test_what_is_committed_reaches_the_file_and_the_log_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    store = prepare(f"sqlite:///{path}", may_migrate=True)
    log = Path(f"{path}-wal")
    with Checkpointer(store):
        drawn, deadline = _draw(store), time.monotonic() + 30
        # `immutable` looks at the file alone, without its log.
        while _seen_by_another_process(path, "?immutable=1") < drawn:
            assert time.monotonic() < deadline, "the log is never moved"
            time.sleep(0.1)
        size = log.stat().st_size
        assert _draw(store) > drawn
        assert log.stat().st_size == size, "the log grew instead of beginning anew"
    store.close()


def test_another_process_that_comes_and_goes_leaves_the_log_alone(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    store = prepare(f"sqlite:///{path}", may_migrate=True)
    with Checkpointer(store):
        drawn = _draw(store)
        assert _seen_by_another_process(path) == drawn
    # The last to close a store removes its log: who still writes to it must not lose it.
    assert _seen_by_another_process(path) == drawn
    assert Path(f"{path}-wal").exists()
    drawn = _draw(store)
    assert _seen_by_another_process(path) == drawn
    store.close()
