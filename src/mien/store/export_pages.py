"""The sets of exports: the ids of profiles, or the places of events, page by page.

A page is a few thousand ids as compressed text. Ids of profiles rise from page to page, so
whether one is in a set is found by the page that it would be on.
"""

import zlib
from collections.abc import Sequence

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store.engine import Transaction
from mien.store.schema import export_pages, file_exports

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_OURS = (
    export_pages.c.environment_id == _ENVIRONMENT,
    export_pages.c.export_id == sa.bindparam("export"),
)
_PAGE = sa.select(export_pages.c.body).where(*_OURS, export_pages.c.page == sa.bindparam("page"))
_AROUND = (
    sa.select(export_pages.c.body)
    .where(*_OURS, export_pages.c.first_id <= sa.bindparam("wanted"))
    .order_by(export_pages.c.page.desc())
    .limit(1)
)
_EXPIRED = sa.delete(export_pages).where(
    export_pages.c.environment_id == _ENVIRONMENT,
    export_pages.c.created_at < sa.bindparam("before"),
    # A file needs its set as long as it is there.
    export_pages.c.export_id.not_in(
        sa.select(file_exports.c.set_id).where(file_exports.c.environment_id == _ENVIRONMENT)
    ),
)


def save(
    tx: Transaction,
    environment: EnvironmentId,
    export: int,
    pages: Sequence[bytes],
    *,
    first: int,
    now_ms: int,
) -> None:
    """Keep pages of a set, from number `first` on, each as its ids between commas."""
    rows = [
        (environment, export, page, now_ms, int(ids.partition(b",")[0]), zlib.compress(ids, 1))
        for page, ids in enumerate(pages, first)
    ]
    tx.insert(export_pages, rows)


def load(tx: Transaction, environment: EnvironmentId, export: int, page: int) -> list[int]:
    """Give the ids of a page; of one after the last: none."""
    row = tx.row(_PAGE, environment=environment, export=export, page=page)
    return [] if row is None else _ids(row[0])


def has(tx: Transaction, environment: EnvironmentId, export: int, wanted: int) -> bool:
    """Tell whether a profile is in a set."""
    row = tx.row(_AROUND, environment=environment, export=export, wanted=wanted)
    return row is not None and wanted in _ids(row[0])


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove the sets of exports that began before a time."""
    return tx.run(_EXPIRED, environment=environment, before=before_ms)


def _ids(body: bytes) -> list[int]:
    return [int(each) for each in zlib.decompress(body).split(b",")]
