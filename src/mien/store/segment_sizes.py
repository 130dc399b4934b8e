"""How many people each saved segment had on each day."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId, SegmentId
from mien.store.engine import Transaction
from mien.store.schema import segment_sizes, segments


class DaySize(msgspec.Struct, frozen=True):
    """A size: of a day of the account (as 2026-01-31), counted at a time (epoch milliseconds)."""

    day: str
    size: int
    counted_at: int


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_OURS = segment_sizes.c.environment_id == _ENVIRONMENT
_OF_ONE = segment_sizes.c.segment_id == sa.bindparam("segment")
_OF_DAY = segment_sizes.c.day == sa.bindparam("day")
_OF_SEGMENT_AND_DAY = sa.and_(
    segment_sizes.c.environment_id == segments.c.environment_id,
    segment_sizes.c.segment_id == segments.c.segment_id,
    _OF_DAY,
)
_DUE = (
    sa.select(segments.c.segment_id)
    .select_from(segments.outerjoin(segment_sizes, _OF_SEGMENT_AND_DAY))
    .where(
        segments.c.environment_id == _ENVIRONMENT,
        sa.or_(
            segment_sizes.c.counted_at.is_(None),
            segment_sizes.c.counted_at <= segments.c.updated_at,
        ),
    )
    .order_by(segments.c.updated_at.desc(), segments.c.segment_id)
    .limit(sa.bindparam("count"))
)
_COUNTED = sa.select(segment_sizes.c.segment_id).where(_OURS, _OF_ONE, _OF_DAY)
_SINCE = (
    sa.select(segment_sizes.c.day, segment_sizes.c.size, segment_sizes.c.counted_at)
    .where(_OURS, _OF_ONE, segment_sizes.c.day >= sa.bindparam("since"))
    .order_by(segment_sizes.c.day)
)
_EXPIRED = sa.delete(segment_sizes).where(_OURS, segment_sizes.c.day < sa.bindparam("before"))


def due(tx: Transaction, environment: EnvironmentId, *, day: str, count: int) -> list[SegmentId]:
    """Give saved segments that were not counted on a day, or not since they changed: the latest first."""
    rows = tx.rows(_DUE, environment=environment, day=day, count=count)
    return [SegmentId(row[0]) for row in rows]


def is_counted(
    tx: Transaction, environment: EnvironmentId, segment: SegmentId, *, day: str
) -> bool:
    """Tell whether a segment was counted on a day."""
    return bool(tx.rows(_COUNTED, environment=environment, segment=segment, day=day))


def save(tx: Transaction, environment: EnvironmentId, segment: SegmentId, counted: DaySize) -> None:
    """Keep the size of a day, in place of an earlier one of that day."""
    row = (environment, segment, counted.day, counted.size, counted.counted_at)
    tx.upsert(segment_sizes, [row])


def since(
    tx: Transaction, environment: EnvironmentId, segment: SegmentId, *, day: str
) -> Sequence[DaySize]:
    """Give the sizes of a segment from a day on."""
    rows = tx.rows(_SINCE, environment=environment, segment=segment, since=day)
    return [DaySize(*row) for row in rows]


def expire(tx: Transaction, environment: EnvironmentId, *, before_day: str) -> int:
    """Remove the sizes of days before one; give how many."""
    return tx.run(_EXPIRED, environment=environment, before=before_day)
