"""Migrations: a store that went through them is a fresh one, and keeps its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from mien.store import numbers, setup
from mien.store.columns import metadata
from tests.support.postgres import Postgres

MIGRATIONS = Path(setup.__file__).parent / "migrations"
REVISIONS = [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]

GONE = {"event_profiles"}
"""Tables that a later migration removes: what was in them stands elsewhere too."""

BODIES = {"document": b'{"base_at":0}', "activity": b"{}", "body": b"{}", "record": b"{}"}
"""What stands in columns that hold JSON: a migration may read it."""

_PG_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  coalesce(l.collname, ''), coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
"""
_PG_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef"
_PG_CONSTRAINTS = """
SELECT c.relname, o.conname, pg_get_constraintdef(o.oid)
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' ORDER BY 1, 2
"""
_PG_SEQUENCES = """
SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle
FROM pg_sequences ORDER BY 1
"""
_LITE_TABLES = "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' ORDER BY name"
_LITE_COLUMNS = """
SELECT t.name, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk
FROM pragma_table_list t, pragma_table_info(t.name) c WHERE t.schema = 'main' ORDER BY 1, 2
"""
_LITE_INDEXES = """
SELECT t.name, i."unique", i.origin, i.partial, x.seqno, x.name, x.coll, x."desc"
FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) x
WHERE t.schema = 'main' AND x.key ORDER BY 1, 2, 3, i.name, 5
"""


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """Give a connection with the ordinary engine of SQLAlchemy."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def other_url(store_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a further empty database on the engine of `store_url`."""
    if store_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def test_an_empty_store_that_is_migrated_equals_one_made_new(
    store_url: str, other_url: str
) -> None:
    setup.prepare(store_url, may_migrate=True).close()
    with connected(other_url) as connection:
        metadata.create_all(connection)
    with connected(store_url) as migrated, connected(other_url) as fresh:
        assert schema_of(migrated) == schema_of(fresh)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_migration_keeps_the_rows_that_are_there(store_url: str, revision: str) -> None:
    setup.make_tables(store_url, revision)
    with connected(store_url) as connection:
        before = {name: row for name, row in fill(connection).items() if name not in GONE}
        drawn = draw_numbers(connection)
    setup.prepare(store_url, may_migrate=True).close()
    assert setup.find_version(store_url) == setup.head()
    with connected(store_url) as connection:
        assert rows_as_before(connection, before) == before
        assert all(draw_numbers(connection)[name] > number for name, number in drawn.items())


def test_what_was_said_of_addresses_before_it_had_places_comes_after_all_that_was_copied(
    store_url: str,
) -> None:
    """S-04: a copy that was behind writes anew who has such an address."""
    setup.make_tables(store_url, "0017")
    is_sqlite = store_url.startswith("sqlite")
    with connected(store_url) as connection:
        for environment, value in ((1, "a"), (1, "b"), (2, "c")):
            connection.exec_driver_sql(
                "INSERT INTO subscriptions VALUES "
                f"({environment}, 1, '{value}@example.com', 1, 7, 'api:1')"
            )
        connection.exec_driver_sql(
            "INSERT INTO counters VALUES (1, 'log', 40)"
            if is_sqlite
            else "SELECT setval('log_sequence', 40)"
        )
    store = setup.prepare(store_url, may_migrate=True)
    with connected(store_url) as connection:
        places = connection.exec_driver_sql("SELECT sequence FROM subscriptions").scalars().all()
    assert set(places) == ({41, 42, 1} if is_sqlite else {41, 42, 43})
    with store.write() as tx:
        assert numbers.reserve_log(tx, 1, 1) == [43 if is_sqlite else 44]
        assert numbers.reserve_log(tx, 2, 1) == [2 if is_sqlite else 45]
    store.close()


def test_a_store_that_is_up_to_date_is_opened_as_it_is(store_url: str) -> None:
    setup.prepare(store_url, may_migrate=True).close()
    with connected(store_url) as connection:
        before = schema_of(connection)
    setup.prepare(store_url, may_migrate=False).close()
    with connected(store_url) as connection:
        assert schema_of(connection) == before


def test_the_environment_comes_first_in_the_key_of_every_table_that_has_one() -> None:
    of_the_store = {"accounts", "secrets", "members", "member_sessions", "audit_log", "leases"}
    firsts = {
        table.name: next(iter(table.primary_key.columns)).name
        for table in metadata.sorted_tables
        if table.name not in of_the_store
    }
    assert set(firsts.values()) == {"environment_id"}


def schema_of(connection: sa.Connection) -> dict[str, list[Any]]:
    """Give all that defines what a database may hold, by the catalogue of its engine."""
    is_sqlite = connection.dialect.name == "sqlite"
    queries = (
        {"tables": _LITE_TABLES, "columns": _LITE_COLUMNS, "indexes": _LITE_INDEXES}
        if is_sqlite
        else {
            "columns": _PG_COLUMNS,
            "indexes": _PG_INDEXES,
            "constraints": _PG_CONSTRAINTS,
            "sequences": _PG_SEQUENCES,
        }
    )
    return {
        what: [tuple(row) for row in connection.exec_driver_sql(query) if not _is_alembic(row)]
        for what, query in queries.items()
    }


def _is_alembic(row: sa.Row[Any]) -> bool:
    return any("alembic_version" in str(value) for value in row)


def fill(connection: sa.Connection) -> dict[str, dict[str, object]]:
    """Insert a row into each table that the database has, and give them."""
    found = sa.MetaData()
    found.reflect(connection)
    rows: dict[str, dict[str, object]] = {}
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            rows[table.name] = {c.name: _value(number, c) for number, c in enumerate(table.columns)}
            connection.execute(table.insert().values(rows[table.name]))
    return rows


def _value(number: int, column: sa.Column[Any]) -> object:
    if isinstance(column.type, sa.LargeBinary):
        return BODIES.get(column.name, b"\x00\xff")
    return f"Zoë {number}" if isinstance(column.type, sa.Text) else number + 1


def rows_as_before(
    connection: sa.Connection, before: dict[str, dict[str, object]]
) -> dict[str, dict[str, object]]:
    """Give the rows with the keys of before, by the tables and columns of before."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        name: dict(connection.execute(_same_row(found.tables[name], row)).mappings().one())
        for name, row in before.items()
    }


def _same_row(table: sa.Table, row: dict[str, object]) -> sa.Select[Any]:
    keys = [each == row[each.name] for each in table.primary_key.columns if each.name in row]
    return sa.select(*[table.c[column] for column in row]).where(*keys)


def draw_numbers(connection: sa.Connection) -> dict[str, int]:
    """Take the next number of each sequence."""
    if connection.dialect.name == "sqlite":
        return {}
    return {
        name: connection.execute(sa.select(sa.Sequence(name).next_value())).scalar_one()
        for name in sa.inspect(connection).get_sequence_names()
    }
