"""The analytics copy in ClickHouse, shared by all servers of a record.

A database an environment. Rows are written as absolute values with the place of the log as
their version, and the place itself last: a step that was cut off is taken again, and changes
nothing that was written already.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Self

import msgspec

from mien.analytics import columns
from mien.analytics.asker import asker
from mien.analytics.catalog import Catalog
from mien.analytics.clickhouse_client import Address, Connection
from mien.analytics.clickhouse_dialect import CLICKHOUSE
from mien.analytics.clickhouse_rows import Rows, event_rows, merged_rows, profile_rows, sight_rows
from mien.analytics.clickhouse_schema import EVENT_COLUMNS, TABLES, TYPES, Layout
from mien.analytics.clickhouse_sights import gathering
from mien.analytics.engine import Row
from mien.analytics.people import SEEN, SIGHTS
from mien.analytics.step import Fill, Step
from mien.domain.ids import EnvironmentId, ProfileId

LAYOUT = 3
"""Of the tables that every copy has; one of another layout is not asked, and another is made."""

_MARK_DIGITS = 8
_KEPT_SECONDS = 60.0
"""How long a generation is kept that another took over from, for who still asks it."""

_COPIES = {"record": "String", "generation": "UInt32"}
_IDS_AT_ONCE = 1_000
_OF_COPY = re.compile(r"(?P<layout>\d+)_(?P<generation>\d+)_e\d+$")
"""What follows the digits of the record in the name of a database."""


class ClickHouse:
    """The engine: one process writes, any number ask.

    `mark` names the record that it is a copy of, so that two records never write to one copy.
    A copy that was made anew is a new generation, with databases of its own.
    """

    dialect = CLICKHOUSE

    def __init__(
        self,
        url: str,
        *,
        mark: str = "",
        cluster: str = "",
        generation: int | None = None,
        kept_seconds: float = _KEPT_SECONDS,
    ) -> None:
        """Take an address; raises `ValueError` for one that is none. Nothing is connected yet."""
        self._url, self._mark, self._cluster = url, mark, cluster
        self._layout = Layout(cluster)
        self._record = f"{mark[:_MARK_DIGITS]}_{LAYOUT}"
        self._kept_seconds = kept_seconds
        self._sweeps_at: float | None = time.monotonic() + kept_seconds
        address = Address(url)
        self.is_shared = address.is_shared
        self._database = address.database
        self._connection = Connection(address)
        self._asked, self._generation = generation, generation or 0
        self._present: dict[str, dict[str, set[str]]] = {}

    @property
    def within(self) -> str:
        """What the names of its databases begin with."""
        return self._within(self._generation)

    def position(self, environment: EnvironmentId) -> int:
        """Give the place of the log up to which an environment is here; 0 for nothing yet.

        It learns of a generation that another process made.
        """
        self.renew()
        found = self._connection.find(
            f"SELECT max(place) FROM {Catalog(environment, within=self.within).schema}.position"
        )
        return int(found[0][0] or 0) if found else 0

    def filled(self, environment: EnvironmentId) -> Fill | None:
        """Tell how far an environment is filled with people; None if no step was written."""
        found = self._connection.find(
            "SELECT filled_at, filled_after, filled_last "
            f"FROM {Catalog(environment, within=self.within).schema}.position"
        )
        return Fill(*found[0]) if found else None

    def query(self, sql: str, values: Mapping[str, object], *, seconds: float) -> list[Row]:
        """Answer a question; raises `QueryTimeoutError` when it takes longer.

        One whose asker left is not begun; one that is under way goes on to its end.
        """
        asker().check()
        return self._connection.query(sql, values, seconds=seconds)

    def lines(
        self, sql: str, values: Mapping[str, object], *, seconds: float
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Answer a question for ids, in its order, a line an id, as they come."""
        asker().check()
        return self._connection.lines(sql, values, seconds=seconds)

    def apply(self, catalog: Catalog, step: Step) -> None:
        """Write a step, and the place at last; adds the columns and tables that it needs."""
        schema, connection = catalog.schema, self._connection
        self._sweep()
        present = self._make_room(catalog, step)
        self._erase(schema, present, step)
        connection.insert(schema, "profiles", profile_rows(catalog, step))
        connection.insert(schema, "merged", merged_rows(step, self._parts_of(schema, step)))
        by_id = {table.definition: table for table in catalog.events.values()}
        for name, lines in step.events.items():
            connection.insert(schema, by_id[name].name, event_rows(by_id[name], lines))
        connection.insert(schema, SIGHTS, sight_rows(step))
        place = Rows(TABLES["position"])
        place.add(0, step.upto, *msgspec.structs.astuple(step.fill))
        connection.insert(schema, "position", place)

    def gathered(self, environment: EnvironmentId) -> int:
        """Give the place up to which it was gathered when people were seen."""
        schema = Catalog(environment, within=self.within).schema
        found = self._connection.find(f"SELECT max(version) FROM {schema}.{SEEN}")
        return int(found[0][0] or 0) if found else 0

    def gather(self, catalog: Catalog) -> None:
        """Gather when people were seen, up to the place that the copy has."""
        place = self.position(catalog.environment)
        self._connection.command(gathering(catalog.schema, place))

    def has_rows(self, environment: EnvironmentId, table: str) -> bool:
        """Tell whether a table has any row."""
        schema = Catalog(environment, within=self.within).schema
        return bool(self._connection.find(f"SELECT 1 FROM {schema}.{table} LIMIT 1"))

    def has_tables(self, catalog: Catalog) -> bool:
        """Tell whether an environment has its tables, those of its events apart."""
        wanted = {*TABLES, "devices", "blocks"}
        return wanted <= self._look_for_tables(catalog.schema).keys()

    def trim(self, catalog: Catalog) -> Catalog:
        """Give the part of a catalog that has its tables and columns here by now."""
        return columns.trim(catalog, self._look_for_tables(catalog.schema))

    def reopen(self) -> None:
        """Connect again, and look again at what there is."""
        self._connection.close()
        self._present.clear()

    def beside(self) -> Self:
        """Begin a new generation of the same record."""
        self.renew()
        generation = self._generation + 1
        # What a copy that was never finished left.
        self._drop(lambda layout, found: layout == LAYOUT and found != self._generation)
        return type(self)(self._url, mark=self._mark, cluster=self._cluster, generation=generation)

    def replace_by(self, other: Self) -> None:
        """Let a new generation be the one that all processes ask; the old one is removed later."""
        self._connection.command(
            self._layout.make_database(self._database),
            *self._layout.make_table(self._database, "copies", _COPIES),
        )
        row = Rows(_COPIES)
        row.add(self._record, other._generation)
        self._connection.insert(self._database, "copies", row)
        other.close()
        self._generation = other._generation
        self._present.clear()
        self._sweeps_at = time.monotonic() + self._kept_seconds

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _within(self, generation: int) -> str:
        return f"{self._database}_{self._record}_{generation}_"

    def renew(self) -> None:
        """Learn of a generation that another process made."""
        if self._asked is not None:
            return
        found = self._connection.find(
            f"SELECT max(generation) FROM {self._database}.copies "
            "WHERE record = {record: String}",
            {"record": self._record},
        )
        generation = int(found[0][0] or 0) if found else 0
        if generation != self._generation:
            self._generation = generation
            self._present.clear()

    def _sweep(self) -> None:
        """Remove the copies before this one, once nobody asks them: whoever is erased stays in them."""
        at = self._sweeps_at
        if self._asked is None and at is not None and time.monotonic() >= at:
            self._drop(lambda *found: found < (LAYOUT, self._generation))
            self._sweeps_at = None

    def _drop(self, is_meant: Callable[[int, int], bool]) -> None:
        """Remove copies of the record by layout and generation."""
        begin = f"{self._database}_{self._mark[:_MARK_DIGITS]}_"
        found = self._connection.query(
            "SELECT name FROM system.databases WHERE startsWith(name, {begin: String})",
            {"begin": begin},
        )
        for (name,) in found:
            copy = _OF_COPY.match(name.removeprefix(begin))
            if copy and is_meant(int(copy["layout"]), int(copy["generation"])):
                self._connection.command(self._layout.drop_database(name))

    def _look_for_tables(self, schema: str) -> dict[str, set[str]]:
        """Give the tables of a database with their columns, as they are by now."""
        found = self._connection.query(
            "SELECT table, name FROM system.columns WHERE database = {schema: String}",
            {"schema": schema},
        )
        tables: dict[str, set[str]] = {}
        for table, column in found:
            tables.setdefault(table, set()).add(column)
        self._present[schema] = tables
        return tables

    def _make_room(self, catalog: Catalog, step: Step) -> dict[str, set[str]]:
        """Add the tables and columns that are missing, and give what there is then."""
        schema = catalog.schema
        if (present := self._present.get(schema)) is None:
            present = self._look_for_tables(schema)
        wanted = {name: dict(fixed) for name, fixed in TABLES.items()}
        wanted["profiles"] |= dict(columns.with_kinds(catalog.properties.values(), TYPES))
        for table in catalog.events.values():
            if table.definition in step.events or table.name in present:
                of_event = dict(columns.with_kinds(table.properties.values(), TYPES))
                wanted[table.name] = {**EVENT_COLUMNS, **of_event}
        statements = list(self._missing(schema, wanted, present))
        if statements:
            self._connection.command(*statements)
            present = self._look_for_tables(schema)
        return present

    def _missing(
        self, schema: str, wanted: Mapping[str, Mapping[str, str]], present: Mapping[str, set[str]]
    ) -> Iterator[str]:
        if not present:
            yield self._layout.make_database(schema)
        for name, of_table in wanted.items():
            if name not in present:
                yield from self._layout.make_table(schema, name, of_table)
            elif new := [each for each in of_table.items() if each[0] not in present[name]]:
                yield from self._layout.add_columns(schema, name, new)
        if "blocks" not in present:
            yield from self._layout.make_views(schema)

    def _parts_of(self, schema: str, step: Step) -> list[ProfileId]:
        """Give who was part of another so far, of those who are written anew on either side."""
        parts: list[ProfileId] = []
        for ids in _in_lists(step.touched):
            found = self._connection.query(
                f"SELECT profile_id FROM {schema}.merged WHERE profile_id IN ({ids}) OR root_id IN ({ids})"
            )
            parts += [ProfileId(row[0]) for row in found]
        return parts

    def _erase(self, schema: str, present: Mapping[str, set[str]], step: Step) -> None:
        """Remove who is gone for good, with all that they did."""
        of_people = ["profiles", SEEN, SIGHTS, *filter(_is_of_events, present)]
        for ids in _in_lists(step.gone):
            where = f"profile_id IN ({ids})"
            for table in of_people:
                # Rows that are no longer seen are rows of the person, too.
                probe = f"SELECT 1 FROM {schema}.{table} WHERE {where} LIMIT 1 SETTINGS final = 0"
                if self._connection.query(probe):
                    self._connection.command(self._layout.delete(schema, table, where))


def _is_of_events(table: str) -> bool:
    return table.startswith("events_") and not table.endswith("_local")


def _in_lists(ids: Sequence[ProfileId]) -> Iterator[str]:
    for at in range(0, len(ids), _IDS_AT_ONCE):
        yield ",".join(str(int(each)) for each in ids[at : at + _IDS_AT_ONCE])
