"""How taking records in goes: what came lately, how far the copy is behind, how full the disk is."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mien.domain.ids import EnvironmentId
from mien.services.copies import ANALYTICS_FILE
from mien.services.projection import Projection
from mien.store import arrivals
from mien.store.arrivals import Kind
from mien.store.space import bytes_on_disk

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
SPANS_MS: Mapping[str, int] = {"minute": _MINUTE_MS, "hour": _HOUR_MS, "day": _DAY_MS}


class Arrived(msgspec.Struct, frozen=True):
    """How many came in the last minute, hour and day; `MOST` and one stands for more."""

    minute: int
    hour: int
    day: int


class Health(msgspec.Struct, frozen=True):
    """How an environment does; `free_bytes` and the sizes are of the whole server.

    `analytics_bytes` is None of a copy that is elsewhere.
    """

    arrived: Mapping[Kind, Arrived]
    behind: int
    is_open: bool
    store_bytes: int
    analytics_bytes: int | None
    free_bytes: int
    disk_bytes: int


def check_health(
    projection: Projection, environment: EnvironmentId, data: Path, *, now_ms: int
) -> Health:
    """Look at what came in lately, at the copy, and at the disk that has the data folder."""
    store, state = projection.store, projection.state(environment)
    with store.read() as tx:
        arrived = {
            kind: Arrived(
                *(
                    arrivals.count_since(tx, environment, kind, since_ms=now_ms - span)
                    for span in SPANS_MS.values()
                )
            )
            for kind in Kind
        }
    disk = shutil.disk_usage(data)
    return Health(
        arrived,
        state.behind,
        state.is_open,
        bytes_on_disk(store),
        _bytes_of_copy(data),
        disk.free,
        disk.total,
    )


def _bytes_of_copy(data: Path) -> int | None:
    """Give what the copy takes with what is still in its log; None of one that is elsewhere."""
    files = [data / ANALYTICS_FILE, data / f"{ANALYTICS_FILE}.wal"]
    sizes = [each.stat().st_size for each in files if each.exists()]
    return sum(sizes) if sizes else None
