"""Housekeeping: what has outlived its time is removed, at the start and once an hour.

Erasures that were asked for are carried out when they are due, to the minute.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC
from functools import partial

import structlog

from mien import clock
from mien.domain.ids import EnvironmentId
from mien.domain.moments import day_at
from mien.services.accounts import Doorkeeper
from mien.services.erasures import carry_out_due
from mien.services.export_sets import KEPT_MS
from mien.services.file_exports import FileExports
from mien.services.ingest import IDEMPOTENCY_MS
from mien.services.report_requests import ASKED_MS
from mien.services.segment_sizes import KEPT_DAYS
from mien.services.signing_in import expire_sessions
from mien.store import accounts, export_pages, idempotency, rejects, report_requests, segment_sizes
from mien.store.engine import Store

_DAY_MS = 86_400_000
_HOUR_SECONDS = 3_600.0
_MINUTE_SECONDS = 60.0
_USES_SECONDS = 5.0

_log = structlog.get_logger()


async def tidy_hourly(store: Store, workers: Executor, *, reject_days: int) -> None:
    """Tidy every environment, again and again; runs until cancelled."""
    await _repeat(workers, partial(tidy_all, store, reject_days), _HOUR_SECONDS)


async def erase_by_the_minute(store: Store, workers: Executor) -> None:
    """Carry out the erasures that are due, again and again; runs until cancelled."""
    await _repeat(workers, partial(erase_all_due, store), _MINUTE_SECONDS)


async def end_sessions_hourly(store: Store, workers: Executor, *, hours: float) -> None:
    """End the sessions of members that are over, again and again; runs until cancelled."""
    await _repeat(workers, partial(expire_sessions, store, hours=hours), _HOUR_SECONDS)


async def note_uses_of_keys(doorkeeper: Doorkeeper, workers: Executor) -> None:
    """Keep when keys were last used, again and again; runs until cancelled."""
    await _repeat(workers, doorkeeper.note_uses, _USES_SECONDS)


async def expire_exports_hourly(exports: FileExports, workers: Executor, *, days: float) -> None:
    """Remove exports to files that are over, again and again; runs until cancelled."""
    await _repeat(workers, partial(expire_exports, exports, days=days), _HOUR_SECONDS)


async def _repeat(workers: Executor, work: Callable[[], object], seconds: float) -> None:
    """Do work at once and every so many seconds.

    A round that fails is logged, and the next one tries again: nothing depends on the
    very moment.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.run_in_executor(workers, work)
        except Exception as error:  # noqa: BLE001 - the loop outlives any one round
            _log.error("housekeeping.failed", exc_info=error)
        await asyncio.sleep(seconds)


def expire_exports(exports: FileExports, *, days: float) -> None:
    """Remove what is over in every environment."""
    with exports.store.read() as tx:
        environments = accounts.list_environments(tx)
    for each in environments:
        if gone := exports.expire(each.environment_id, days=days):
            _log.info("exports.expired", environment_id=each.environment_id, exports=gone)


def tidy_all(store: Store, reject_days: int) -> None:
    """Tidy every environment, each in a transaction of its own."""
    now = clock.now_ms()
    with store.read() as tx:
        environments = accounts.list_environments(tx)
    for each in environments:
        tidy(store, each.environment_id, now_ms=now, reject_days=reject_days)


def erase_all_due(store: Store) -> None:
    """Carry out what is due in every environment."""
    now_ms = clock.now_ms()
    with store.read() as tx:
        environments = accounts.list_environments(tx)
    for each in environments:
        if done := carry_out_due(store, each.environment_id, now_ms=now_ms):
            _log.info("erasures.done", environment_id=each.environment_id, profiles=done)


def tidy(store: Store, environment: EnvironmentId, *, now_ms: int, reject_days: int) -> int:
    """Remove rejects older than `reject_days`, old answers, sets and sizes; give how many."""
    oldest = day_at((now_ms - KEPT_DAYS * _DAY_MS) // 1_000, UTC)
    with store.write() as tx:
        gone = rejects.expire(tx, environment, before_ms=now_ms - reject_days * _DAY_MS)
        gone += idempotency.expire(tx, environment, before_ms=now_ms - IDEMPOTENCY_MS)
        gone += export_pages.expire(tx, environment, before_ms=now_ms - KEPT_MS)
        gone += segment_sizes.expire(tx, environment, before_day=oldest.isoformat())
        gone += report_requests.expire(tx, environment, before_ms=now_ms - ASKED_MS)
    if gone:
        _log.info("housekeeping.done", environment_id=environment, rows=gone)
    return gone
