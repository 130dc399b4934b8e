"""The tables of ClickHouse, as statements: on one server, or sharded by person over a cluster.

A database an environment. A row is replaced by one of the same key with a later version, the
place of the log that it was written at; so writing it again changes nothing. `profiles` has
all that is told anew with a person, devices and blocks too; views show these a row each.
"""

from collections.abc import Mapping, Sequence

import msgspec

from mien.analytics.catalog import Kind
from mien.analytics.people import SEEN, SIGHTS
from mien.domain.devices import FACT_NAMES

TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "Nullable(String)",
    Kind.BOOLEAN: "Nullable(Bool)",
    Kind.INTEGER: "Nullable(Int64)",
    Kind.FLOAT: "Nullable(Float64)",
    Kind.MOMENT: "Nullable(Int64)",
    Kind.DAY: "Nullable(Int32)",
    # A list of texts, as JSON: an array cannot be NULL.
    Kind.LIST: "Nullable(String)",
    Kind.JSON: "Nullable(String)",
}
OTHER_KINDS = tuple(kind for kind in Kind if kind is not Kind.LIST)
VALUES = f"Map(String, Tuple({', '.join(f'{kind} {TYPES[kind]}' for kind in OTHER_KINDS)}))"
"""Values that have no column, by the pointer to each; one is in the part of its kind."""

_VERSION = ("version", "Int64")
_IS_DELETED = ("is_deleted", "UInt8")
DEVICE = {
    "object_id": "String",
    "first_seen_at": "Int64",
    "seen_at": "Int64",
    **dict.fromkeys(FACT_NAMES, "Nullable(String)"),
}
PROFILE_COLUMNS: Mapping[str, str] = {
    "profile_id": "Int64",
    "created_at": "Int64",
    "is_identified": "Bool",
    "name_key": "Nullable(String)",
    "first_id": "Nullable(String)",
    "born": "Nullable(Int32)",
    "has_push": "Bool",
    "has_webpush": "Bool",
    "groups": "Map(String, String)",
    "rest": VALUES,
    **{f"device_{name}": f"Array({kind})" for name, kind in DEVICE.items()},
    "blocked": "Array(Int16)",
    **dict([_VERSION, _IS_DELETED]),
}
MERGED_COLUMNS: Mapping[str, str] = {
    "profile_id": "Int64",
    "root_id": "Int64",
    **dict([_VERSION, _IS_DELETED]),
}
EVENT_COLUMNS: Mapping[str, str] = {
    "sequence": "Int64",
    "profile_id": "Int64",
    "occurred_at": "Int64",
    "session": VALUES,
    "rest": VALUES,
}
SEEN_COLUMNS: Mapping[str, str] = {
    "profile_id": "Int64",
    "first_at": "Int64",
    "last_at": "Int64",
    **dict([_VERSION, _IS_DELETED]),
}
SIGHT_COLUMNS: Mapping[str, str] = {
    "profile_id": "Int64",
    "first_at": "SimpleAggregateFunction(min, Int64)",
    "last_at": "SimpleAggregateFunction(max, Int64)",
}
POSITION_COLUMNS: Mapping[str, str] = {
    "only": "UInt8",
    "place": "Int64",
    "filled_at": "Int64",
    "filled_after": "Int64",
    "filled_last": "Int64",
}
TABLES: Mapping[str, Mapping[str, str]] = {
    "profiles": PROFILE_COLUMNS,
    "merged": MERGED_COLUMNS,
    "position": POSITION_COLUMNS,
    SEEN: SEEN_COLUMNS,
    SIGHTS: SIGHT_COLUMNS,
}

_SETTINGS = "fsync_after_insert = 1, fsync_part_directory = 1"
"""The place is written after what it stands for, so this has to be on disk before."""

_ROWS_OF_VIEW = {
    "devices": ", ".join(["profile_id", *(f"device_{name} AS {name}" for name in DEVICE)]),
    "blocks": "profile_id, blocked AS kind",
}
_ARRAYS_OF_VIEW = {
    "devices": ", ".join(f"device_{name}" for name in DEVICE),
    "blocks": "blocked",
}


class Layout(msgspec.Struct, frozen=True):
    """Where tables are: on one server, or on all of a cluster that has a name there."""

    cluster: str = ""

    def make_database(self, name: str) -> str:
        """Give the statement that makes a database if there is none."""
        return f"CREATE DATABASE IF NOT EXISTS {name}{self._everywhere}"

    def drop_database(self, name: str) -> str:
        """Give the statement that removes a database with all that is in it."""
        return f"DROP DATABASE IF EXISTS {name}{self._everywhere} SYNC"

    def make_table(self, database: str, table: str, columns: Mapping[str, str]) -> list[str]:
        """Give the statements that make a table if there is none."""
        engine, order, shard = _engine_of(table)
        body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        if not self.cluster:
            return [
                f"CREATE TABLE IF NOT EXISTS {database}.{table} ({body}) "
                f"ENGINE = {engine} ORDER BY {order} SETTINGS {_SETTINGS}"
            ]
        path = f"'/clickhouse/tables/{{shard}}/{database}/{table}', '{{replica}}'"
        name, _, arguments = engine.partition("(")
        replicated = f"Replicated{name}({path}{', ' if arguments != ')' else ''}{arguments}"
        return [
            f"CREATE TABLE IF NOT EXISTS {database}.{table}_local{self._everywhere} ({body}) "
            f"ENGINE = {replicated} ORDER BY {order} SETTINGS {_SETTINGS}",
            f"CREATE TABLE IF NOT EXISTS {database}.{table}{self._everywhere} ({body}) "
            f"ENGINE = Distributed('{self.cluster}', '{database}', '{table}_local', {shard})",
        ]

    def add_columns(
        self, database: str, table: str, columns: Sequence[tuple[str, str]]
    ) -> list[str]:
        """Give the statements that add columns."""
        body = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in columns)
        tables = [f"{table}_local", table] if self.cluster else [table]
        return [f"ALTER TABLE {database}.{each}{self._everywhere} {body}" for each in tables]

    def make_views(self, database: str) -> list[str]:
        """Give the statements that make the views of what `profiles` has several of."""
        return [
            f"CREATE VIEW IF NOT EXISTS {database}.{view}{self._everywhere} AS SELECT {rows} "
            f"FROM {database}.profiles FINAL ARRAY JOIN {_ARRAYS_OF_VIEW[view]}"
            for view, rows in _ROWS_OF_VIEW.items()
        ]

    def delete(self, database: str, table: str, where: str) -> str:
        """Give the statement that removes rows for good."""
        name = f"{table}_local" if self.cluster else table
        return f"DELETE FROM {database}.{name}{self._everywhere} WHERE {where}"

    @property
    def _everywhere(self) -> str:
        return f" ON CLUSTER '{self.cluster}'" if self.cluster else ""


def _engine_of(table: str) -> tuple[str, str, str]:
    """Give the engine of a table, its order, and what spreads it over a cluster."""
    by_person = "cityHash64(profile_id)"
    match table:
        case "profiles" | "merged" | "seen":
            return "ReplacingMergeTree(version, is_deleted)", "profile_id", by_person
        case "sights":
            return "AggregatingMergeTree()", "profile_id", by_person
        case "position":
            return "ReplacingMergeTree(place)", "only", "0"
        case "copies":
            return "ReplacingMergeTree()", "(record, generation)", "0"
        case _:
            # A day's events lie together, whoever did them.
            order = "(intDiv(occurred_at, 86400), profile_id, occurred_at, sequence)"
            return "ReplacingMergeTree()", order, by_person
