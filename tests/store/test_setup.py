"""Opening a store: what is not ours, not whole or not of this version is refused with a sentence."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from mien.store import accounts
from mien.store.engine import APPLICATION_ID, StoreRefusedError, open_store
from mien.store.setup import DamagedStoreError, find_version, only_server, prepare
from tests.support.postgres import Postgres


def run(url: str, *statements: str) -> None:
    """Run statements on a database as any program could."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Give the file of a store with accounts in it, closed properly."""
    path = tmp_path / "mien.db"
    store = prepare(f"sqlite:///{path}", may_migrate=True)
    with store.write() as tx:
        for number in range(300):
            accounts.add_account(tx, name=f"Account {number}", region="", time_zone="", now_ms=0)
    store.close()
    return path


def test_a_store_of_a_later_version_is_refused_with_what_to_do(store_url: str) -> None:
    prepare(store_url, may_migrate=True).close()
    run(store_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreRefusedError, match=r"version 9999, which .* not know.*install that"):
        prepare(store_url, may_migrate=True)


def test_a_database_with_tables_of_another_program_is_refused(store_url: str) -> None:
    run(store_url, "CREATE TABLE wp_posts (id INTEGER)")
    with pytest.raises(StoreRefusedError, match=r"another program|not Mien's \(wp_posts\)"):
        prepare(store_url, may_migrate=True)


def test_a_database_of_another_program_with_migrations_of_its_own_is_refused(
    store_url: str,
) -> None:
    run(store_url, "CREATE TABLE alembic_version (version_num TEXT)", "CREATE TABLE a (b INTEGER)")
    with pytest.raises(StoreRefusedError, match=r"another program|not Mien's"):
        prepare(store_url, may_migrate=True)


def test_a_refused_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    run(f"sqlite:///{path}", "CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('x')")
    before = path.read_bytes()
    with pytest.raises(StoreRefusedError):
        prepare(f"sqlite:///{path}", may_migrate=True)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["mien.db"]


@pytest.mark.parametrize("content", [b"\x00" * 4096, b"Dear diary", b"SQLite format 2\x00" * 300])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mien.db"
    path.write_bytes(content)
    with pytest.raises(DamagedStoreError, match=r"is not a SQLite database; .*restore a backup"):
        prepare(f"sqlite:///{path}", may_migrate=True)
    assert path.read_bytes() == content


def test_a_store_whose_end_is_cut_off_is_refused(filled: Path) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedStoreError, match="malformed"):
        prepare(f"sqlite:///{filled}", may_migrate=True)


def test_a_store_whose_first_page_is_torn_is_refused(filled: Path) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[:100] + b"\xff" * 3_996 + whole[4_096:])
    with pytest.raises(DamagedStoreError):
        prepare(f"sqlite:///{filled}", may_migrate=True)


def test_whatever_bytes_are_torn_a_store_opens_or_is_refused_with_a_sentence(filled: Path) -> None:
    whole = filled.read_bytes()
    refusals: list[str] = []
    for seed in range(60):
        chance = random.Random(seed)
        torn = bytearray(whole)
        for _ in range(chance.choice((1, 30, 3_000))):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        filled.write_bytes(torn)
        try:
            prepare(f"sqlite:///{filled}", may_migrate=True).close()
        except StoreRefusedError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert all(each.endswith(".") for each in refusals)


def test_a_store_that_is_opened_again_keeps_the_locks_of_those_who_have_it_open(
    filled: Path,
) -> None:
    url = f"sqlite:///{filled}"
    store = prepare(url, may_migrate=True)
    with store.write() as tx:
        accounts.add_account(tx, name="New", region="", time_zone="", now_ms=0)
    prepare(url, may_migrate=True).close()
    read_and_close = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version').fetchone(); c.close()"
    subprocess.run([sys.executable, "-c", read_and_close, str(filled)], check=True)
    # Who closes a database last deletes its log: that other process was not the last.
    assert filled.with_name("mien.db-wal").exists()
    store.close()


@pytest.mark.parametrize("name", ["100%", "what?", "a#b", "ä b", "%41"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    for _ in range(2):
        url = sa.URL.create("sqlite", database=str(folder / "mien.db"))
        prepare(url.render_as_string(), may_migrate=True).close()
    assert {each.name for each in tmp_path.iterdir()} == {name}


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    path.touch()
    prepare(f"sqlite:///{path}", may_migrate=True).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_looking_for_the_version_makes_nothing(tmp_path: Path) -> None:
    assert find_version(f"sqlite:///{tmp_path / 'mien.db'}") is None
    assert list(tmp_path.iterdir()) == []


def test_a_postgresql_that_does_not_answer_is_refused_without_its_password(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = f"postgresql://mien:hunter2@/mien?host={tmp_path}"
    with pytest.raises(StoreRefusedError, match="cannot be opened") as refused:
        prepare(url, may_migrate=True)
    assert "hunter2" not in str(refused.value)


def test_a_schema_that_the_address_names_is_where_the_tables_are(postgres: Postgres) -> None:
    url = postgres.new_database()
    run(url, "CREATE SCHEMA shop")
    with closing(prepare(f"{url}&options=-csearch_path%3Dshop", may_migrate=True)) as store:
        with store.write() as tx:
            accounts.add_account(tx, name="Shop", region="", time_zone="", now_ms=0)
        with store.read() as tx:
            assert tx.rows(sa.text("SELECT name FROM shop.accounts")) == [("Shop",)]
    assert find_version(url) is None


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: Postgres, encoding: str
) -> None:
    before, after = postgres.address.split("/postgres?")
    with psycopg.connect(postgres.address, autocommit=True) as connection:
        made = f"CREATE DATABASE old_{encoding} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"
        connection.execute(made.encode())
    url = f"{before}/old_{encoding.lower()}?{after}"
    with pytest.raises(StoreRefusedError, match=rf"has the encoding {encoding}.*--encoding=UTF8"):
        prepare(url, may_migrate=True)


@pytest.mark.parametrize(
    "address",
    ["", "hunter2", "postgresql://mien:hunter2@host:port/mien", "mysql://mien:hunter2@host/mien"],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(StoreRefusedError, match="postgresql://user:password@host") as refused:
        open_store(address)
    assert "hunter2" not in str(refused.value)


def test_a_data_folder_is_held_by_one_server_only(tmp_path: Path) -> None:
    with (
        only_server(tmp_path),
        pytest.raises(StoreRefusedError, match=r"in use by another server \(process \d+\)"),
        only_server(tmp_path),
    ):
        pytest.fail("two servers hold the folder")
    with only_server(tmp_path):
        pass
