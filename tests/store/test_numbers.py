"""Numbers are handed out once: not again after a deletion, a failure or a restart."""

import threading

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store import numbers, profiles
from mien.store.engine import RetryTransactionError, Store, Transaction
from mien.store.setup import prepare
from tests.support.uploading import Desk, event, fresh_environment, new_environment, profile


def newest(desk: Desk) -> tuple[int, int]:
    """Give the id of the newest profile, and its newest place in the log."""
    found = desk.get("ana")
    return found.id, max(found.last_change, found.last_event)


async def test_what_is_erased_leaves_no_number_to_be_used_again(desk: Desk) -> None:
    seen_people, seen_places = {0}, {0}
    for _ in range(5):
        await desk.send(profile("ana", n=1), event("ana", "E"))
        person, place = newest(desk)
        assert person not in seen_people
        assert place > max(seen_places)
        seen_people.add(person)
        seen_places.add(place)
        erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "ana"))


async def test_the_first_place_of_a_store_is_not_passed_before_it_is_drawn(store: Store) -> None:
    """Who waits for the log would take it for read, and never see what comes there (S-04)."""
    environment = new_environment(store)
    with store.read() as tx:
        assert numbers.last_place(tx, environment) == 0
    ingest = Ingest(store)
    await Desk(store, ingest, environment).send(profile("ana"))
    with store.read() as tx:
        assert numbers.last_place(tx, environment) == 1
    ingest.close()


async def test_a_restart_hands_out_no_number_again(store_url: str) -> None:
    people: list[int] = []
    environment = None
    for start in range(4):
        store = prepare(store_url, may_migrate=True)
        environment = environment or new_environment(store)
        ingest = Ingest(store)
        desk = Desk(store, ingest, environment)
        await desk.send(profile(f"person {start}", n=1))
        people.append(desk.get(f"person {start}").id)
        erase(store, environment, Identity(IdentityKind.IDENTITY, f"person {start}"))
        ingest.close()
        store.close()
    assert people == sorted(set(people))


def test_a_transaction_that_fails_may_waste_numbers_but_repeats_none(
    shared_store: Store, here: EnvironmentId
) -> None:
    def fail() -> None:
        with shared_store.write() as tx:
            draw(tx, here)
            profiles.lock(tx, here, [ProfileId(1)])

    kept: list[int] = []
    for _ in range(3):
        with shared_store.write() as tx:
            kept += draw(tx, here)
        with pytest.raises(RetryTransactionError):
            fail()
    assert kept == sorted(set(kept))


def test_two_writers_never_draw_the_same_number(store_url: str) -> None:
    stores = [prepare(store_url, may_migrate=True), prepare(store_url, may_migrate=True)]
    drawn: list[list[int]] = [[], []]

    def work(which: int) -> None:
        for _ in range(40):
            with stores[which].write() as tx:
                drawn[which] += draw(tx, EnvironmentId(1))

    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert len({*drawn[0], *drawn[1]}) == 2 * 40 * 3


def test_numbers_of_a_counter_come_in_a_row(shared_store: Store) -> None:
    one, other = fresh_environment(), fresh_environment()
    with shared_store.write() as tx:
        assert list(numbers.reserve(tx, one, "definition", 3)) == [1, 2, 3]
    with shared_store.write() as tx:
        assert list(numbers.reserve(tx, one, "definition", 2)) == [4, 5]
        assert list(numbers.reserve(tx, other, "definition")) == [1], "each counts for itself"
        assert numbers.current(tx, one, "definition") == 5


def draw(tx: Transaction, environment: EnvironmentId) -> list[int]:
    """Take three numbers of profiles; drawing places of the log goes the same way."""
    numbers.reserve_log(tx, environment, 2)
    return numbers.reserve_profiles(tx, environment, 3)
