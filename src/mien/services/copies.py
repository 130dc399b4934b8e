"""Opening the analytics copy: DuckDB in the data folder, or ClickHouse, as the settings say."""

from mien import clock
from mien.analytics.duckdb import DuckDB
from mien.analytics.engine import Analytics
from mien.config import InvalidSettingError, Settings
from mien.services.leases import Lease
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.store import accounts
from mien.store.engine import Store

ANALYTICS_FILE = "analytics.duckdb"
"""The copy in DuckDB, in the data folder."""


def open_projection(store: Store, settings: Settings) -> Projection:
    """Open the copy of a store, or make it; ClickHouse need not be reachable yet.

    Raises `InvalidSettingError` for an address that is none.
    """
    with store.write() as tx:
        record = accounts.secret(tx, "analytics", clock.new_secret())
    return Projection(store, _open(settings, mark=record.hex()))


def questions_of(projection: Projection, settings: Settings) -> Questions:
    """Give what asks a copy, with the patience that the settings say."""
    return Questions(
        projection, fresh_seconds=settings.fresh_seconds, query_seconds=settings.query_seconds
    )


def lease_of(projection: Projection) -> Lease | None:
    """Give the lease under which one of several processes writes a copy; None if this one alone may."""
    if projection.store.is_sqlite or not projection.analytics.is_shared:
        return None
    return Lease(projection.store, "projection")


def _open(settings: Settings, *, mark: str) -> Analytics:
    if not settings.analytics_url:
        if settings.analytics_cluster:
            msg = "MIEN_ANALYTICS_CLUSTER names a cluster of ClickHouse, which needs MIEN_ANALYTICS_URL too."
            raise InvalidSettingError(msg)
        file = settings.data / ANALYTICS_FILE
        return DuckDB(file, mark=mark, memory_mb=settings.analytics_memory)
    # Its libraries take a third of a second to load.
    from mien.analytics.clickhouse import ClickHouse

    try:
        return ClickHouse(settings.analytics_url, mark=mark, cluster=settings.analytics_cluster)
    except ValueError as error:
        msg = f"MIEN_ANALYTICS_URL {error}."
        raise InvalidSettingError(msg) from error
