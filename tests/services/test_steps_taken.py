"""The copy takes the steps that it needs and no others, and skips no entry of the log (S-04, B-03)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.domain.changes import Change, encode_change
from mien.domain.errors import AnalyticsBehindError
from mien.domain.ids import EnvironmentId
from mien.domain.rejects import Reject
from mien.services.projection import Projection
from mien.store import accounts, log, numbers
from mien.store.engine import Store, Transaction
from mien.store.setup import prepare
from tests.support.copies import open_copy
from tests.support.uploading import NOON_MS, Desk, new_environment, profile


class Watched(Store):
    """A store that counts how often it is asked."""

    asked = 0

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        self.asked += 1
        with super().read() as tx:
            yield tx

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        self.asked += 1
        with super().snapshot() as tx:
            yield tx


@pytest.fixture
def store(store_url: str) -> Iterator[Watched]:
    prepare(store_url, may_migrate=True).close()
    opened = Watched(store_url)
    yield opened
    opened.close()


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


@pytest.fixture
def projection(store: Watched, tmp_path: Path) -> Iterator[Projection]:
    made = Projection(store, open_copy("duckdb", tmp_path))
    yield made
    made.analytics.close()


def catch_up(projection: Projection) -> None:
    while projection.advance_all():
        pass
    # Once more, to see that there is nothing left.
    assert not projection.advance_all()


def asked_in_a_round(store: Watched, projection: Projection) -> int:
    before = store.asked
    assert not projection.advance_all()
    return store.asked - before


def list_all(store: Store) -> list[EnvironmentId]:
    with store.read() as tx:
        return [each.environment_id for each in accounts.list_environments(tx)]


def write_late(tx: Transaction, environment: EnvironmentId) -> int:
    """Draw a place of the log and write to it, as a writer that has yet to commit."""
    transaction = numbers.transaction_id(tx)
    (place,) = numbers.reserve_log(tx, environment, 1)
    body = encode_change(Change(erased=True))
    log.append_changes(tx, [(environment, place, 1, 0, NOON_MS, "api:1", transaction, body)])
    return place


async def test_a_write_takes_a_step_in_its_own_environment_only(
    desk: Desk, store: Watched, projection: Projection
) -> None:
    others = [Desk(store, desk.ingest, new_environment(store)) for _ in range(4)]
    for each in (desk, *others):
        await each.send(profile("a"))
    catch_up(projection)
    places = [projection.analytics.position(each.environment) for each in others]
    steps = projection.steps
    for name in "bcd":
        await desk.send(profile(name))
        projection.advance_all()
    assert projection.steps == steps + 3
    assert places == [projection.analytics.position(each.environment) for each in others]
    for each in (desk, *others):
        projection.fresh_catalog(each.environment, seconds=0)
        assert projection.state(each.environment).behind == 0
    assert projection.behind() == 0


async def test_a_round_without_anything_new_asks_once_however_many_there_are(
    desk: Desk, store: Watched, projection: Projection
) -> None:
    await desk.send(profile("a"))
    catch_up(projection)
    assert asked_in_a_round(store, projection) == 1
    for _ in range(5):
        new_environment(store)
    catch_up(projection)
    assert asked_in_a_round(store, projection) == 1
    await desk.send(profile("b"))
    catch_up(projection)
    assert asked_in_a_round(store, projection) == 1
    assert projection.look(desk.environment, seconds=0).as_of is None


async def test_what_is_refused_takes_no_step_and_nobody_waits_for_it(
    desk: Desk, projection: Projection
) -> None:
    await desk.send(profile("a"))
    catch_up(projection)
    steps = projection.steps
    receipt = await desk.send({"type": "profile"})
    assert isinstance(receipt.results[0], Reject)
    catch_up(projection)
    assert projection.steps == steps
    projection.fresh_catalog(desk.environment, seconds=0)


async def test_a_place_that_was_drawn_before_a_round_is_copied_once_it_is_committed(
    desk: Desk, store: Watched, projection: Projection
) -> None:
    """The round sees nothing of it, and must not take what it saw for all there is."""
    await desk.send(profile("a"))
    catch_up(projection)
    with store.write() as tx:
        place = write_late(tx, desk.environment)
        catch_up(projection)
        assert projection.state(desk.environment).place < place
        # Of an upload that was not answered nobody waits for the copy.
        projection.fresh_catalog(desk.environment, seconds=0)
    catch_up(projection)
    assert projection.state(desk.environment).place == place


async def test_who_waits_comes_before_the_other_environments_of_a_round(
    desk: Desk, store: Watched, projection: Projection
) -> None:
    """S-04: with thousands of them a round takes longer than anybody waits."""
    late = [Desk(store, desk.ingest, new_environment(store)) for _ in range(4)][-1]
    for environment in list_all(store):
        await Desk(store, desk.ingest, environment).send(profile("a"))
    behind: list[int] = []

    def ask() -> bool:
        """Be asked before each write: two for an environment, one to open it."""
        behind.append(projection.state(late.environment).behind)
        if len(behind) == 1:
            with pytest.raises(AnalyticsBehindError):
                projection.fresh_catalog(late.environment, seconds=0)
        return True

    projection.may_write = ask
    projection.advance_all()
    assert [each > 0 for each in behind[:4]] == [True] * 4
    assert not any(behind[4:])
    assert len(behind) == 2 * len(list_all(store))
