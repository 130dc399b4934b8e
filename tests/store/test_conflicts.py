"""Two writers in each other's way: one wins, the other is told to run again."""

import threading
from collections.abc import Iterator

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.domain.schema import Definition, DefinitionKind
from mien.store import definitions, idempotency, profiles
from mien.store.engine import RetryTransactionError, Store, Transaction
from mien.store.setup import prepare
from tests.support.postgres import Postgres

ANA = Identity(IdentityKind.IDENTITY, "ana")


@pytest.fixture(scope="module")
def pair(postgres: Postgres) -> Iterator[tuple[Store, Store]]:
    """Give two stores over one PostgreSQL database, as two servers have them."""
    url = postgres.new_database()
    stores = prepare(url, may_migrate=True), prepare(url, may_migrate=True)
    yield stores
    for each in stores:
        each.close()


def add_profiles(store: Store, here: EnvironmentId, *ids: int) -> None:
    """Make empty profiles."""
    made = [Profile.create(ProfileId(each), created_at=0, base_at=0) for each in ids]
    with store.write() as tx:
        profiles.save(tx, here, made, now_ms=0)


def define(tx: Transaction, here: EnvironmentId, key: str) -> Definition:
    """Make a definition of a property."""
    made = Definition(0, DefinitionKind.PROPERTY, 0, key, key, None, 0, "")
    definitions.add(tx, here, [made])
    return made


def keep_answer(tx: Transaction, here: EnvironmentId, answer: bytes, *, now_ms: int) -> None:
    """Keep an answer under the key `k`, good for 100 ms."""
    idempotency.save(tx, here, "k", digest=b"", answer=answer, now_ms=now_ms, since_ms=now_ms - 100)


def test_a_profile_that_went_away_is_looked_up_again(
    shared_store: Store, here: EnvironmentId
) -> None:
    add_profiles(shared_store, here, 1)
    with pytest.raises(RetryTransactionError), shared_store.write() as tx:
        profiles.lock(tx, here, [ProfileId(1), ProfileId(2)])


def test_a_profile_that_is_only_perhaps_there_is_locked_if_it_is(
    shared_store: Store, here: EnvironmentId
) -> None:
    add_profiles(shared_store, here, 1)
    with shared_store.write() as tx:
        found = profiles.lock(tx, here, [], perhaps=[ProfileId(1), ProfileId(2)])
    assert found.keys() == {1}


def test_a_definition_that_another_made_is_looked_up_again(
    shared_store: Store, here: EnvironmentId
) -> None:
    with shared_store.write() as tx:
        define(tx, here, "plan")
    with pytest.raises(RetryTransactionError), shared_store.write() as tx:
        define(tx, here, "plan")
    with pytest.raises(RetryTransactionError), shared_store.write() as tx:
        definitions.get_locked(tx, here, DefinitionKind.PROPERTY, "gone", parent=0)


def test_a_key_that_another_answered_is_looked_up_again(
    shared_store: Store, here: EnvironmentId
) -> None:
    with shared_store.write() as tx:
        keep_answer(tx, here, b"first", now_ms=1_000)
    with pytest.raises(RetryTransactionError), shared_store.write() as tx:
        keep_answer(tx, here, b"second", now_ms=1_050)
    with shared_store.read() as tx:
        assert idempotency.find(tx, here, "k", since_ms=900) == (b"", b"first")


def test_an_answer_that_is_too_old_gives_way(shared_store: Store, here: EnvironmentId) -> None:
    with shared_store.write() as tx:
        keep_answer(tx, here, b"first", now_ms=1_000)
    with shared_store.write() as tx:
        assert idempotency.find(tx, here, "k", since_ms=1_101) is None
        keep_answer(tx, here, b"second", now_ms=1_201)
    with shared_store.read() as tx:
        assert idempotency.find(tx, here, "k", since_ms=1_101) == (b"", b"second")


def test_what_a_conflict_undid_was_never_there(shared_store: Store, here: EnvironmentId) -> None:
    with shared_store.write() as tx:
        profiles.add_identities(tx, here, {ANA: ProfileId(1)})

    def lose() -> None:
        with shared_store.write() as tx:
            define(tx, here, "plan")
            profiles.add_identities(tx, here, {ANA: ProfileId(2)})

    with pytest.raises(RetryTransactionError):
        lose()
    with shared_store.write() as tx:
        assert definitions.load_all(tx, here) == []
        define(tx, here, "plan")


def test_a_deadlock_ends_one_of_the_two_which_may_run_again(
    pair: tuple[Store, Store], here: EnvironmentId
) -> None:
    add_profiles(pair[0], here, 1, 2)
    have_first = threading.Barrier(2)
    ended: list[str] = []

    def work(store: Store, first: ProfileId, second: ProfileId) -> None:
        try:
            with store.write() as tx:
                profiles.lock(tx, here, [first])
                have_first.wait(20)
                profiles.lock(tx, here, [second])
            ended.append("committed")
        except RetryTransactionError:
            ended.append("to run again")

    one, two = ProfileId(1), ProfileId(2)
    threads = [
        threading.Thread(target=work, args=(pair[0], one, two)),
        threading.Thread(target=work, args=(pair[1], two, one)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["committed", "to run again"]


def test_profiles_are_locked_in_one_order_so_that_writers_only_wait(
    pair: tuple[Store, Store], here: EnvironmentId
) -> None:
    ids = [ProfileId(each) for each in range(1, 21)]
    add_profiles(pair[0], here, *ids)
    failed: list[Exception] = []

    def work(store: Store, wanted: list[ProfileId]) -> None:
        try:
            for _ in range(30):
                with store.write() as tx:
                    profiles.save(tx, here, profiles.lock(tx, here, wanted).values(), now_ms=0)
        except RetryTransactionError as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=(pair[0], ids)),
        threading.Thread(target=work, args=(pair[1], ids[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_second_writer_of_an_identity_waits_and_is_told(
    pair: tuple[Store, Store], here: EnvironmentId
) -> None:
    told: list[str] = []

    def second() -> None:
        try:
            with pair[1].write() as tx:
                is_under_way.set()
                profiles.add_identities(tx, here, {ANA: ProfileId(2)})
            told.append("committed")
        except RetryTransactionError:
            told.append("to run again")

    is_under_way = threading.Event()
    thread = threading.Thread(target=second)
    with pair[0].write() as tx:
        profiles.add_identities(tx, here, {ANA: ProfileId(1)})
        thread.start()
        assert is_under_way.wait(20)
    thread.join()
    assert told == ["to run again"]
    with pair[1].read() as tx:
        assert profiles.find_owners(tx, here, [ANA]) == {ANA: 1}
