"""Kept rejects as people look through them: by code and source, with counts by day, all at once (U-23)."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import partial

import msgspec

from mien.domain.errors import NotFoundError
from mien.domain.ids import EnvironmentId
from mien.domain.moments import day_at
from mien.domain.rejects import Reject
from mien.services.ingest import Ingest
from mien.services.rejects import KeptReject, Manner, Replay, Tried, get_rejects, kept_of, replay
from mien.services.wires import Wire
from mien.store import rejects
from mien.store.engine import Store
from mien.store.rejects import FIRST_PLACE, OLDEST_PLACE, RejectPlace

_DAY_MS = 86_400_000
_AT_ONCE = 200


class Wanted(msgspec.Struct, frozen=True):
    """Which rejects are meant: of a code, of a source; None: whatever it is."""

    code: int | None = None
    source: str | None = None


class RejectsPage(msgspec.Struct, frozen=True):
    """Some rejects, in order; `rest` begins the next page, None on the last."""

    rejects: list[KeptReject]
    rest: RejectPlace | None


class Reasons(msgspec.Struct, frozen=True):
    """How many rejects are kept: by code, by source, and of each code by day."""

    codes: Mapping[int, int]
    sources: Mapping[str, int]
    days: Mapping[date, Mapping[int, int]]


class ReplayedAll(msgspec.Struct, frozen=True):
    """What became of many: how many were applied, how many failed again.

    `rest` is where to go on, None if all were tried.
    """

    applied: int
    refused: int
    rest: RejectPlace | None


class RejectLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reject as `/v1/rejects` shows it: what a download has in each line, and a replay takes."""

    id: int
    record: msgspec.Raw
    position: int
    code: int
    reason: str
    source: str
    received_at: datetime
    replayed_at: datetime | None = None


def line_of(kept: KeptReject) -> RejectLine:
    """Write a kept reject as a line."""
    return RejectLine(
        kept.reject_id,
        kept.record,
        kept.position,
        kept.code,
        kept.reason,
        kept.source,
        _at(kept.received_at),
        None if kept.replayed_at is None else _at(kept.replayed_at),
    )


def page_rejects(
    store: Store,
    environment: EnvironmentId,
    wanted: Wanted,
    *,
    before: RejectPlace | None = None,
    count: int,
) -> RejectsPage:
    """Give the rejects that are meant, newest first, from a place on."""
    start = FIRST_PLACE if before is None else before
    return _page(store, environment, wanted, start, count, is_rising=False)


def get_reject(store: Store, environment: EnvironmentId, reject_id: int) -> KeptReject:
    """Give a reject, or raise `NotFoundError`."""
    for found in get_rejects(store, environment, [reject_id]):
        return found
    msg = "This record is not kept any more, or never was."
    raise NotFoundError(msg)


def count_reasons(
    store: Store, environment: EnvironmentId, zone: tzinfo, *, now_ms: int, days: int
) -> Reasons:
    """Count the rejects that are kept, and by day those of the last days of a time zone."""
    since = now_ms - days * _DAY_MS
    with store.read() as tx:
        codes = dict(rejects.counts_by_code(tx, environment))
        sources = dict(rejects.counts_by_source(tx, environment))
        slots = rejects.counts_by_slot(tx, environment, since_ms=since)
    by_day: dict[date, Counter[int]] = {}
    for start_ms, code, count in slots:
        by_day.setdefault(day_at(start_ms // 1_000, zone), Counter())[code] += count
    return Reasons(codes, sources, by_day)


async def replay_all(
    store: Store,
    ingest: Ingest,
    environment: EnvironmentId,
    wanted: Wanted,
    *,
    manners: Mapping[Wire, Manner],
    now_ms: int,
    seconds: float,
    after: RejectPlace | None = None,
) -> ReplayedAll:
    """Apply the rejects that are meant and wait, for so long at most.

    They are applied in the order in which they came, as if they had been taken then: the
    last value wins. `after` is where a call before this one ended.
    """
    deadline = time.monotonic() + seconds
    place = OLDEST_PLACE if after is None else after
    applied = refused = 0
    while True:
        page = await asyncio.to_thread(
            partial(_page, store, environment, wanted, place, _AT_ONCE, is_rising=True)
        )
        waiting = [each.reject_id for each in page.rejects if each.replayed_at is None]
        if waiting:
            done = await replay(
                store,
                ingest,
                environment,
                [Replay(each) for each in waiting],
                manners=manners,
                now_ms=now_ms,
            )
            failed = [_has_failed(each) for each in done.outcomes if isinstance(each, Tried)]
            applied, refused = applied + failed.count(False), refused + failed.count(True)
        if page.rest is None or time.monotonic() > deadline:
            return ReplayedAll(applied, refused, page.rest)
        place = page.rest


def _page(
    store: Store,
    environment: EnvironmentId,
    wanted: Wanted,
    start: RejectPlace,
    count: int,
    *,
    is_rising: bool,
) -> RejectsPage:
    with store.read() as tx:
        found = rejects.filtered_page(
            tx,
            environment,
            code=wanted.code,
            source=wanted.source,
            start=start,
            count=count + 1,
            is_rising=is_rising,
        )
    kept = [kept_of(each) for each in found[:count]]
    has_more = len(found) > count
    last = RejectPlace(kept[-1].received_at, kept[-1].reject_id) if has_more else None
    return RejectsPage(kept, last)


def _has_failed(tried: Tried) -> bool:
    return isinstance(tried.result, Reject) or tried.result.refused is not None


def _at(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms // 1_000, UTC)
