"""Analytics copies for tests, of each engine. A process has one ClickHouse: each copy is a part of it."""

import atexit
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from mien.analytics.clickhouse import ClickHouse
from mien.analytics.duckdb import DuckDB
from mien.analytics.engine import Analytics
from mien.domain.ids import EnvironmentId
from mien.jobs.loop import Loop
from mien.services.projection import Projection

_numbers = count(1)


@cache
def _folder() -> str:
    """Give the folder of the ClickHouse of this process; it is removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="clickhouse-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder.name


def clickhouse_url() -> str:
    """Give the address of a database that nobody else has."""
    return f"chdb://{_folder()}?database=t{next(_numbers)}"


def open_copy(engine: str, folder: Path, *, mark: str = "") -> Analytics:
    """Open an empty copy."""
    if engine == "clickhouse":
        return ClickHouse(clickhouse_url(), mark=mark)
    return DuckDB(folder / "analytics.duckdb", mark=mark, memory_mb=200)


class Copier(Loop):
    """Keeps the copy of one environment up, as a server does for all of its store."""

    name = "copier"

    def __init__(self, projection: Projection, environment: EnvironmentId) -> None:
        super().__init__(wake=projection.wanted)
        self._projection, self._environment = projection, environment

    def step(self) -> float:
        """Copy some of what is new."""
        return 0 if self._projection.advance(self._environment) else 0.05
