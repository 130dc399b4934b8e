"""One worker process: the work that servers do beside serving, without any HTTP.

It writes the shared analytics copy while it holds the lease, and does the housekeeping.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import structlog
import uvloop

from mien import log
from mien.config import InvalidSettingError, Settings
from mien.jobs.housekeeping import end_sessions_hourly, erase_by_the_minute, tidy_hourly
from mien.jobs.keeper import Keeper
from mien.jobs.project import Projector
from mien.jobs.sizes import SizeKeeper
from mien.services.copies import lease_of, open_projection, questions_of
from mien.services.counting import Counting
from mien.services.segment_sizes import SegmentSizes
from mien.signals import Signals
from mien.store.engine import Store
from mien.store.setup import prepare

_THREADS = 2

_log = structlog.get_logger()


def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT.

    Raises `StoreRefusedError` when the database cannot be used, `InvalidSettingError` when there
    is nothing that servers and workers could share.
    """
    lines = log.set_up(as_json=settings.log_format == "json")
    try:
        with _opened(settings) as (store, workers):
            uvloop.run(_work(settings, store, workers))
        _log.info("worker.stopped")
    finally:
        lines.drain()


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Store, ThreadPoolExecutor]]:
    with ExitStack() as stack:
        store = prepare(settings.store, may_migrate=False)
        stack.callback(store.close)
        projection = open_projection(store, settings)
        stack.callback(projection.analytics.close)
        if (lease := lease_of(projection)) is None:
            msg = (
                "A worker shares its work with servers, over PostgreSQL (MIEN_STORE_URL) and ClickHouse "
                "(MIEN_ANALYTICS_URL); otherwise the server does all of it by itself."
            )
            raise InvalidSettingError(msg)
        workers = stack.enter_context(ThreadPoolExecutor(_THREADS, "work"))
        stack.enter_context(Keeper(lease))
        stack.enter_context(Projector(projection, settings.data, lease=lease))
        questions = questions_of(projection, settings)
        stack.enter_context(SizeKeeper(SegmentSizes(store, Counting(questions))))
        yield store, workers


async def _work(settings: Settings, store: Store, workers: ThreadPoolExecutor) -> None:
    signals = Signals()
    helpers = [
        asyncio.create_task(tidy_hourly(store, workers, reject_days=settings.reject_days)),
        asyncio.create_task(erase_by_the_minute(store, workers)),
        asyncio.create_task(end_sessions_hourly(store, workers, hours=settings.session_hours)),
    ]
    _log.info("worker.started")
    try:
        await signals.first
    finally:
        for helper in helpers:
            helper.cancel()
