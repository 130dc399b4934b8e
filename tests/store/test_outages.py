"""When the engine cannot: nothing is half applied, and work goes on once it can again."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from mien.domain.errors import StoreUnavailableError
from mien.services.ingest import Ingest
from mien.services.receipts import Applied
from mien.store import numbers
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.consistency import find_faults
from tests.support.postgres import Postgres
from tests.support.uploading import Desk, event, new_environment, profile


def large(number: int) -> tuple[dict[str, object], ...]:
    """Give a batch of a quarter of a megabyte that hardly compresses."""
    noise = [f"{number}-{n:x}".ljust(8, "§") * 30 for n in range(10)]
    return profile(f"p{number}", n=number), *(
        {
            **event(f"p{number}", "Large"),
            "evtData": {f"key {n}": text for n, text in enumerate(noise)},
        }
        for _ in range(100)
    )


async def upload_until_refused(desk: Desk) -> int:
    """Upload large batches until the store refuses one, and give its number."""
    for number in range(1_000):
        try:
            await desk.send(*large(number))
        except StoreUnavailableError:
            return number
    pytest.fail("the disk was never full")


async def check_nothing_of(desk: Desk, number: int) -> None:
    """See that a batch that was refused left nothing, and all before it are whole."""
    assert desk.find(f"p{number}") is None
    assert all(desk.find(f"p{n}") for n in range(number))
    assert find_faults(desk.store) == []


@pytest.fixture
def lite(tmp_path: object) -> Iterator[Desk]:
    """Give an environment in an SQLite store."""
    store = prepare(f"sqlite:///{tmp_path}/mien.db", may_migrate=True)
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()
    store.close()


@pytest.fixture
def pg(postgres: Postgres) -> Iterator[Desk]:
    """Give an environment in a PostgreSQL store."""
    store = prepare(postgres.new_database(), may_migrate=True)
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()
    store.close()


async def test_a_full_sqlite_database_takes_nothing_and_goes_on_when_there_is_room(
    lite: Desk,
) -> None:
    await lite.send(*large(0))
    limit_pages(lite.store, 1_000)
    refused = await upload_until_refused(lite)
    assert refused > 0
    await check_nothing_of(lite, refused)
    await lite.send(profile("small enough", n=1))
    limit_pages(lite.store, 2**30)
    await lite.send(*large(refused))
    await check_nothing_of(lite, refused + 1)


def limit_pages(store: Store, pages: int) -> None:
    """Let the database of a store have so many pages; a limit is of one connection."""
    with store.write():
        pass
    store._writer.cursor().execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[union-attr]


@pytest.mark.parametrize("when", ["NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
async def test_when_postgresql_says_that_its_disk_is_full_nothing_of_a_batch_is_there(
    pg: Desk, when: str
) -> None:
    await pg.send(*large(0))
    with connected(pg.store) as other:
        other.execute(DISK_FULL)
        other.execute(
            f"CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON events {when} "
            "FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
        with pytest.raises(StoreUnavailableError, match="No space left on device"):
            await pg.send(*large(1))
        await check_nothing_of(pg, 1)
        other.execute("DROP FUNCTION full_disk CASCADE")
    await pg.send(*large(1))
    await check_nothing_of(pg, 2)


DISK_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""


@contextmanager
def connected(store: Store) -> Iterator[psycopg.Connection]:
    """Give a connection to a PostgreSQL store that does not belong to it."""
    url = store.url.render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


async def test_a_connection_that_ended_between_two_writes_is_not_noticed(pg: Desk) -> None:
    await pg.send(profile("ana", n=1))
    end_connections(pg.store)
    receipt = await pg.send(profile("ana", n=2))
    assert isinstance(receipt.results[0], Applied)


def test_a_connection_that_ends_within_a_write_undoes_all_of_it(pg: Desk) -> None:
    pg.upload(profile("ana", n=1))

    def be_cut_off() -> None:
        with pg.store.write() as tx:
            numbers.reserve(tx, 1, "definition", 5)
            end_connections(pg.store)
            numbers.reserve(tx, 1, "definition", 5)

    with pytest.raises(StoreUnavailableError):
        be_cut_off()
    with pg.store.write() as tx:
        assert numbers.current(tx, 1, "definition") == 1


def test_a_connection_that_ended_is_told_to_one_reader_only(pg: Desk) -> None:
    pg.upload(profile("ana", n=1))
    assert pg.find("ana")
    end_connections(pg.store)
    with pytest.raises(StoreUnavailableError):
        pg.find("ana")
    assert pg.find("ana")
    with pytest.raises(StoreUnavailableError), pg.store.snapshot():
        end_connections(pg.store)
    assert pg.find("ana")


async def test_while_postgresql_takes_no_connections_all_is_refused_and_nothing_leaks(
    pg: Desk,
) -> None:
    await pg.send(profile("ana", n=1))
    name = pg.store.url.database
    admin = pg.store.url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        end_connections(pg.store, connection)
        for n in range(20):
            with pytest.raises(StoreUnavailableError):
                await pg.send(profile("ana", n=n))
            with pytest.raises(StoreUnavailableError):
                pg.find("ana")
        assert len(pg.store._opened) <= 1
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await pg.send(profile("ana", n=99))
    assert pg.get("ana").document.properties == {"n": 99}


def end_connections(store: Store, by: psycopg.Connection | None = None) -> None:
    """End all connections to a database, as a restart of PostgreSQL does."""
    if by is None:
        with connected(store) as other:
            end_connections(store, other)
        return
    by.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid()",
        [store.url.database],
    )


def test_errors_of_sqlite_close_the_connection_that_had_them(lite: Desk) -> None:
    lite.upload(profile("ana", n=1))
    limit_pages(lite.store, 1)
    for number in range(20):
        with pytest.raises(StoreUnavailableError):
            lite.upload(*large(number))
        assert lite.find("ana")
    assert len(lite.store._opened) <= 3
