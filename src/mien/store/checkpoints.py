"""Moving committed pages from SQLite's log into its file, beside the writer instead of inside it.

The writer would otherwise stop at every so many pages to do this itself, and
everyone who waits for it would wait too. PostgreSQL has processes of its own for it.
"""

import os
import sqlite3
import threading
from types import TracebackType

import structlog

from mien.store.engine import Store

_EVERY_SECONDS = 1.0
_BUSY_MS = 20
_ROUNDS = 2
"""How often the log is moved beside the writer before the rest is moved in its way."""

_log = structlog.get_logger()


class Checkpointer:
    """A thread that checkpoints a SQLite store about once a second while it is written to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def __enter__(self) -> "Checkpointer":
        """Start it; on PostgreSQL there is nothing to do."""
        if self._store.is_sqlite:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it; what is left in the log is safe there, and is moved by whoever opens it next."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(str(self._store.path), isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # Not closed before the process ends: closing a file ends every lock that the process
        # has on it (POSIX), those of SQLite's own connections included.
        file = os.open(str(self._store.path), os.O_RDWR)
        done = -1
        try:
            while not self._stop.wait(_EVERY_SECONDS):
                if (commits := self._store.commits) != done:
                    done = commits
                    self._checkpoint(connection, file)
        finally:
            connection.close()

    def _checkpoint(self, connection: sqlite3.Connection, file: int) -> None:
        try:
            # The bulk goes while the writer writes on; then the writer waits for the short rest,
            # because the log can only begin anew at a moment when all of it has been moved. That
            # is also the only moment at which SQLite flushes its file: a tenth of a second a
            # time on a large store, unless what was moved before is on disk by then.
            for _ in range(_ROUNDS):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                os.fsync(file)
            with self._store.hold_writes():
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
        except (sqlite3.Error, OSError) as error:
            _log.warning("checkpoint.failed", error=str(error))
