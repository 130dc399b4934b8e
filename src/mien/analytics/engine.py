"""What the engines of analytics have in common: DuckDB in the data folder, ClickHouse beside it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self

from mien.analytics.catalog import Catalog
from mien.analytics.dialects import Dialect
from mien.analytics.step import Fill, Step
from mien.domain.ids import EnvironmentId

Row = tuple[Any, ...]


class Analytics(Protocol):
    """A copy of one record in one engine. One thread writes, any number ask.

    Whatever fails raises `AnalyticsUnavailableError`, or `QueryTimeoutError`.
    """

    @property
    def within(self) -> str:
        """What the names of its schemas begin with, for `Catalog.within`."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether several processes use it at once."""
        ...

    @property
    def dialect(self) -> Dialect:
        """How questions to it are written."""
        ...

    def position(self, environment: EnvironmentId) -> int:
        """Give the place of the log up to which an environment is here; 0 for nothing yet."""
        ...

    def filled(self, environment: EnvironmentId) -> Fill | None:
        """Tell how far an environment is filled with people; None if no step was written."""
        ...

    def renew(self) -> None:
        """Learn of a copy that another process made anew."""
        ...

    def apply(self, catalog: Catalog, step: Step) -> None:
        """Write a step; adds the tables and columns that it needs. Taking it again changes nothing."""
        ...

    def query(self, sql: str, values: Mapping[str, object], *, seconds: float) -> list[Row]:
        """Answer a question in the dialect of the engine, with values bound by name."""
        ...

    def lines(
        self, sql: str, values: Mapping[str, object], *, seconds: float
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Answer a question for ids, in its order, a line an id; they are not held in memory."""
        ...

    def gathered(self, environment: EnvironmentId) -> int:
        """Give the place up to which it was gathered when people were seen."""
        ...

    def gather(self, catalog: Catalog) -> None:
        """Gather when people were seen, up to the place that the copy has."""
        ...

    def has_rows(self, environment: EnvironmentId, table: str) -> bool:
        """Tell whether a table of an environment has any row."""
        ...

    def has_tables(self, catalog: Catalog) -> bool:
        """Tell whether an environment has its tables, those of its events apart."""
        ...

    def trim(self, catalog: Catalog) -> Catalog:
        """Give the part of a catalog that has its tables and columns here."""
        ...

    def reopen(self) -> None:
        """Begin again from what the engine has, after a failure."""
        ...

    def beside(self) -> Self:
        """Make an empty copy of the same record, beside this one."""
        ...

    def replace_by(self, other: Self) -> None:
        """Take over the copy of another, which is closed."""
        ...

    def close(self) -> None:
        """Let go of the engine."""
        ...
