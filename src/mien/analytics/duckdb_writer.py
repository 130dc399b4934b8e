"""How DuckDB takes one step of the record in: JSON in, typed columns out, all in the engine."""

from collections.abc import Mapping, Sequence

import duckdb
import msgspec

from mien.analytics import columns
from mien.analytics.catalog import Catalog, Columns, EventTable
from mien.analytics.duckdb_sights import GATHERED, add_sights
from mien.analytics.people import SEEN, SIGHTS
from mien.analytics.step import Pair, Step
from mien.domain.devices import FACT_NAMES
from mien.domain.ids import ProfileId
from mien.domain.reachability import WEB_PUSH_TOKEN

LAYOUT = 4
"""Of the tables and columns of all environments: a file of another one is made anew."""

_SIGHT = (("profile_id", "BIGINT"), ("first_at", "BIGINT"), ("last_at", "BIGINT"))
TABLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "profiles": (
        ("profile_id", "BIGINT"),
        ("created_at", "BIGINT"),
        ("is_identified", "BOOLEAN"),
        ("name_key", "VARCHAR"),
        ("first_id", "VARCHAR"),
        ("born", "DATE"),
        ("has_push", "BOOLEAN"),
        ("has_webpush", "BOOLEAN"),
        ("groups", "VARCHAR"),
        ("rest", "VARCHAR"),
    ),
    "devices": (
        ("profile_id", "BIGINT"),
        ("object_id", "VARCHAR"),
        ("first_seen_at", "BIGINT"),
        ("seen_at", "BIGINT"),
        *((fact, "VARCHAR") for fact in FACT_NAMES),
    ),
    "merged": (("profile_id", "BIGINT"), ("root_id", "BIGINT")),
    "blocks": (("profile_id", "BIGINT"), ("kind", "SMALLINT")),
    "position": (
        ("place", "BIGINT"),
        ("filled_at", "BIGINT"),
        ("filled_after", "BIGINT"),
        ("filled_last", "BIGINT"),
    ),
    SIGHTS: _SIGHT,
    SEEN: _SIGHT,
    GATHERED: (("place", "BIGINT"),),
}
"""Tables of every environment, but those of its events."""

EVENT_COLUMNS = (
    ("sequence", "BIGINT"),
    ("profile_id", "BIGINT"),
    ("occurred_at", "BIGINT"),
    ("session", "VARCHAR"),
    ("rest", "VARCHAR"),
)
_DEVICE = {
    "object_id": "VARCHAR",
    "first_seen_at": "BIGINT",
    "seen_at": "BIGINT",
    **dict.fromkeys(FACT_NAMES, "VARCHAR"),
    "token": {"type": "VARCHAR", "inactive_reason": "VARCHAR"},
}
_DEVICES = msgspec.json.encode([_DEVICE]).decode()
_SPLIT = "SELECT string_split(line, chr(9)) AS f FROM (SELECT unnest(string_split($lines, chr(10))) AS line)"
_FIXED_POINTERS = (
    "/identities/0",
    "/devices",
    "/groups",
    "/properties/DOB",
    "/properties/Birthday",
    "/properties/Name",
)


class Writer:
    """Writes one step within a transaction.

    `newest` is the largest id of a profile here, `of_events` are the tables of events that there are.
    """

    def __init__(
        self,
        tx: "duckdb.DuckDBPyConnection",
        catalog: Catalog,
        newest: int,
        of_events: Sequence[str],
    ) -> None:
        self._tx, self._catalog, self._newest = tx, catalog, newest
        self._of_events = of_events
        self._schema = catalog.schema

    def write(self, step: Step) -> None:
        self._forget([each for each in step.touched if each <= self._newest])
        self._erase(step.gone)
        if step.profiles:
            self._add_profiles(step.profiles)
        self._add_pairs("merged", step.merged)
        self._add_pairs("blocks", step.blocks)
        by_id = {table.definition: table for table in self._catalog.events.values()}
        for name, lines in step.events.items():
            self._add_events(by_id[name], lines)
        written = [by_id[name].name for name in step.events]
        add_sights(self._tx, self._schema, written, step.upto)
        self._tx.execute(
            f"UPDATE {self._schema}.position SET place = $place, filled_at = $at, "
            "filled_after = $after, filled_last = $last",
            {"place": step.upto, **msgspec.structs.asdict(step.fill)},
        )

    def _forget(self, known: Sequence[ProfileId]) -> None:
        """Remove what is written anew."""
        if known:
            for table in ("profiles", "devices", "blocks", "merged"):
                self._delete(table, "profile_id", known)
            self._delete("merged", "root_id", known)

    def _erase(self, gone: Sequence[ProfileId]) -> None:
        if gone:
            for table in (*self._of_events, SIGHTS, SEEN):
                self._delete(table, "profile_id", gone)

    def _delete(self, table: str, column: str, values: Sequence[ProfileId]) -> None:
        self._tx.execute(
            f"DELETE FROM {self._schema}.{table} WHERE {column} IN (SELECT unnest($ids::BIGINT[]))",
            {"ids": list(values)},
        )

    def _add_pairs(self, table: str, rows: Sequence[Pair]) -> None:
        if rows:
            self._tx.execute(
                f"INSERT INTO {self._schema}.{table} SELECT unnest($a::BIGINT[]), unnest($b::BIGINT[])",
                {"a": [row[0] for row in rows], "b": [row[1] for row in rows]},
            )

    def _add_profiles(self, lines: str) -> None:
        held = _with_columns(self._catalog.properties)
        first = len(_FIXED_POINTERS)
        reached = [
            f"v[{first + place}] IS NOT NULL"
            for place, (name, _) in enumerate(held, 1)
            if name in ("Email", "Phone")
        ]
        self._tx.execute(
            "CREATE OR REPLACE TEMP TABLE arrived AS "
            "SELECT f[1]::BIGINT AS profile_id, f[2]::BIGINT AS created_at, f[3] AS document, "
            f"json_extract(f[3], $pointers)::VARCHAR[] AS v FROM ({_SPLIT})",
            {
                "lines": lines,
                "pointers": [
                    *_FIXED_POINTERS,
                    *(columns.pointer("properties", name) for name, _ in held),
                ],
            },
        )
        self._tx.execute(
            "CREATE OR REPLACE TEMP TABLE arrived_devices AS SELECT profile_id, "
            f"unnest(from_json(v[2], '{_DEVICES}'), max_depth := 2) FROM arrived WHERE v[2] IS NOT NULL"
        )
        active = "token IS NOT NULL AND token.inactive_reason IS NULL"
        is_web = f"token.type = '{WEB_PUSH_TOKEN}'"
        rest = (
            "json_extract(document, '/properties')::VARCHAR"
            if _has_rest(self._catalog.properties)
            else "NULL"
        )
        identified = " OR ".join(["v[1] IS NOT NULL", *reached, "coalesce(has_token, false)"])
        here = [each for _, each in held]
        of_properties = columns.readers(here)
        values = ", ".join(["*", *columns.taken(here, "v", first=first + 1)])
        self._insert(
            "profiles",
            held,
            "SELECT profile_id, created_at, "
            f"{identified}, name_key(read_s(v[6])), json_extract_string(v[1], '$[1]'), "
            "coalesce(read_d(v[4]), read_d(v[5])), "
            "coalesce(has_push, false), coalesce(has_webpush, false), "
            f"nullif(v[3], '{{}}'), {', '.join([rest, *of_properties])} FROM (SELECT {values} FROM arrived) "
            f"LEFT JOIN (SELECT profile_id, bool_or({active}) AS has_token, "
            f"bool_or({active} AND NOT {is_web}) AS has_push, "
            f"bool_or({active} AND {is_web}) AS has_webpush "
            "FROM arrived_devices GROUP BY profile_id) USING (profile_id)",
        )
        facts = ", ".join(name for name, _ in TABLES["devices"])
        self._tx.execute(
            f"INSERT INTO {self._schema}.devices ({facts}) SELECT {facts} FROM arrived_devices"
        )
        self._tx.execute("DROP TABLE arrived")
        self._tx.execute("DROP TABLE arrived_devices")

    def _add_events(self, table: EventTable, lines: str) -> None:
        held = _with_columns(table.properties)
        rest = "f[4]" if _has_rest(table.properties) else "NULL"
        here = [each for _, each in held]
        of_properties = columns.readers(here)
        values = ", ".join(["f", *columns.taken(here, "v", first=1)])
        names = [
            name for name, _ in (*EVENT_COLUMNS, *columns.with_kinds(each for _, each in held))
        ]
        self._tx.execute(
            f"INSERT INTO {self._schema}.{table.name} ({', '.join(names)}) "
            "SELECT f[1]::BIGINT, f[2]::BIGINT, f[3]::BIGINT, nullif(f[5], ''), "
            f"{', '.join([rest, *of_properties])} FROM "
            f"(SELECT {values} FROM "
            f"(SELECT f, json_extract(f[4], $pointers)::VARCHAR[] AS v FROM ({_SPLIT})))",
            {"lines": lines, "pointers": [columns.pointer(name) for name, _ in held]},
        )

    def _insert(self, table: str, held: Sequence[tuple[str, Columns]], select: str) -> None:
        names = [name for name, _ in (*TABLES[table], *columns.with_kinds(e for _, e in held))]
        self._tx.execute(f"INSERT INTO {self._schema}.{table} ({', '.join(names)}) {select}")


def _with_columns(properties: Mapping[str, Columns]) -> list[tuple[str, Columns]]:
    return [(name, each) for name, each in properties.items() if each.kinds]


def _has_rest(properties: Mapping[str, Columns]) -> bool:
    return any(each.in_rest for each in properties.values())
