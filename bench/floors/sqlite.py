"""What the SQLite floors share: a database that is durable and well set, and the loop."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from bench import handshake
from bench.jobs import Report

# As Mien sets it. A longer log than SQLite's own 1,000 pages: ids are spread over all of an index,
# so most pages are written again soon, and a floor should not lose time that settings can save.
SETTINGS = """
pragma journal_mode = wal;
pragma synchronous = full;
pragma cache_size = -65536;
pragma wal_autocheckpoint = 16384;
"""


def connect(path: str, schema: str) -> sqlite3.Connection:
    """Open a database that loses nothing once committed, with its tables."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(SETTINGS + schema)
    return database


def new_profile_ids(database: sqlite3.Connection) -> Iterator[int]:
    """Count up from the highest id in use."""
    (newest,) = database.execute("select coalesce(max(profile_id), 0) from profiles").fetchone()
    return count(newest + 1)


def run(
    database: sqlite3.Connection, bodies: Iterable[bytes], write: Callable[[bytes], int]
) -> Report:
    """Write each body in a transaction of its own; `write` gives its number of records."""
    ready = list(bodies)
    records, call_seconds = 0, []
    watch = handshake.wait_for_go()
    for body in ready:
        started = time.perf_counter()
        database.execute("begin immediate")
        records += write(body)
        database.execute("commit")
        call_seconds.append(time.perf_counter() - started)
    return watch.report(records=records, call_seconds=call_seconds)
