"""Moves in tests, and all that a store holds."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mien.store.columns import metadata
from mien.store.engine import Row, Store, open_store
from mien.store.move import Moved, move_in, move_out
from mien.store.portable import Progress
from mien.store.schema import counters
from mien.store.setup import prepare
from tests.store.backups import opened, silent


@dataclass
class Way:
    """A store with something in it, and the place on the other engine to move it to."""

    url: str
    new: str

    def move(self, progress: Progress = silent) -> Moved:
        """Move all of it."""
        return move(self.url, self.new, progress)

    @property
    def file(self) -> Path:
        """The file of the one of both that is SQLite."""
        found = open_store(self.url).path or open_store(self.new).path
        assert found is not None
        return found


def move(url: str, new: str, progress: Progress = silent) -> Moved:
    """Move a store to the place of a new one on the other engine."""
    source, target = open_store(url), open_store(new)
    return (move_in if source.is_sqlite else move_out)(source, target, progress)


def held(url: str) -> dict[str, list[Row]]:
    """Give all rows of a store by table, without what the engines keep in ways of their own."""
    with opened(url) as store, store.snapshot() as tx:
        return {
            table.name: sorted(tx.rows(_SAME_ON_BOTH[table.name]), key=repr)
            for table in metadata.sorted_tables
        }


def _same_on_both(table: sa.Table) -> sa.Select[Any]:
    """Select all of a table but ids of transactions, and counters that PostgreSQL keeps for all."""
    kept = sa.select(*[column for column in table.columns if column.name != "transaction_id"])
    return (
        kept
        if table is not counters
        else kept.where(counters.c.name != "profile", counters.c.name != "log")
    )


_SAME_ON_BOTH = {table.name: _same_on_both(table) for table in metadata.sorted_tables}


def opened_new(url: str) -> AbstractContextManager[Store]:
    """Make a store, and give it open."""
    prepare(url, may_migrate=True).close()
    return opened(url)


def run(url: str, statement: str) -> None:
    """Run a statement on a database as any program could."""
    path = open_store(url).path
    if path is not None:
        path.parent.mkdir(exist_ok=True)
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()
