"""Saved segments: names for trees of the segment language."""

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId, SegmentId
from mien.store import numbers
from mien.store.engine import Transaction
from mien.store.schema import segment_sizes, segments


class SegmentHead(msgspec.Struct, frozen=True):
    """What a list shows of a segment; times are epoch milliseconds, `source` wrote it last."""

    segment_id: SegmentId
    name: str
    description: str
    created_at: int
    updated_at: int
    source: str


class StoredSegment(SegmentHead, frozen=True):
    """A segment with its tree as JSON."""

    tree: bytes


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_OURS = segments.c.environment_id == _ENVIRONMENT
_ONE = segments.c.segment_id == sa.bindparam("segment")
_HEADS = [segments.c[name] for name in SegmentHead.__struct_fields__]
_ALL = sa.select(*_HEADS, segments.c.tree).where(_OURS).order_by(segments.c.name)
_FIND = _ALL.where(_ONE)
_FIND_BY_NAME = _ALL.where(segments.c.name == sa.bindparam("name"))
_PAGE = (
    sa.select(*_HEADS)
    .where(_OURS, segments.c.name > sa.bindparam("after"))
    .order_by(segments.c.name)
    .limit(sa.bindparam("count"))
)
_COUNT = sa.select(sa.func.count()).select_from(segments).where(_OURS)
_DELETE = sa.delete(segments).where(_OURS, _ONE)
_DELETE_SIZES = sa.delete(segment_sizes).where(
    segment_sizes.c.environment_id == _ENVIRONMENT,
    segment_sizes.c.segment_id == sa.bindparam("segment"),
)


def lock(tx: Transaction, environment: EnvironmentId) -> None:
    """Let one transaction at a time change the segments of an environment: they refer to each other."""
    numbers.reserve(tx, environment, "segments")


def reserve_id(tx: Transaction, environment: EnvironmentId) -> SegmentId:
    """Hand out the id of a new segment."""
    return SegmentId(str(numbers.reserve(tx, environment, "segment")[0]))


def save(tx: Transaction, environment: EnvironmentId, segment: StoredSegment) -> None:
    """Insert a segment, or write one anew."""
    tx.upsert(segments, [(environment, *msgspec.structs.astuple(segment))])


def find(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> StoredSegment | None:
    """Find a segment by its id."""
    row = tx.row(_FIND, environment=environment, segment=segment)
    return StoredSegment(*row) if row else None


def find_by_name(tx: Transaction, environment: EnvironmentId, name: str) -> StoredSegment | None:
    """Find a segment by its name."""
    row = tx.row(_FIND_BY_NAME, environment=environment, name=name)
    return StoredSegment(*row) if row else None


def page(
    tx: Transaction, environment: EnvironmentId, *, after: str, count: int
) -> list[SegmentHead]:
    """Give the next segments by name."""
    rows = tx.rows(_PAGE, environment=environment, after=after, count=count)
    return [SegmentHead(*row) for row in rows]


def load_all(tx: Transaction, environment: EnvironmentId) -> list[StoredSegment]:
    """Give every segment of an environment, by name."""
    return [StoredSegment(*row) for row in tx.rows(_ALL, environment=environment)]


def count(tx: Transaction, environment: EnvironmentId) -> int:
    """Give how many segments an environment has."""
    row = tx.row(_COUNT, environment=environment)
    assert row is not None  # noqa: S101 - a count is one row
    found: int = row[0]
    return found


def delete(tx: Transaction, environment: EnvironmentId, segment: SegmentId) -> None:
    """Remove a segment, and what was counted of it."""
    tx.run(_DELETE_SIZES, environment=environment, segment=segment)
    tx.run(_DELETE, environment=environment, segment=segment)
