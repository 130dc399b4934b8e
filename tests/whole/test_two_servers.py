"""Several servers share one PostgreSQL store, and one alone has an SQLite folder."""

import subprocess
import threading
from functools import partial

import httpx
import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.services.reading import find_in
from mien.store import log
from tests.support.consistency import find_faults, rows_of
from tests.support.crowds import Caller, Place, at_once, upload
from tests.support.servers import MIEN, Key, Server, free_port
from tests.support.uploading import Record, event, profile

CLIENTS = 200


@pytest.fixture
def account(two_servers: tuple[Server, Server], shared_place: Place) -> tuple[Key, EnvironmentId]:
    """Give an account that both servers know."""
    key, number = shared_place.account()
    return key, EnvironmentId(number)


@pytest.fixture
def caller(two_servers: tuple[Server, Server], account: tuple[Key, EnvironmentId]) -> Caller:
    """Give who calls both servers in turns."""
    return Caller(account[0], two_servers)


def test_200_clients_of_two_servers_make_one_profile_and_lose_no_update(
    caller: Caller, shared_place: Place, account: tuple[Key, EnvironmentId]
) -> None:
    answers = caller.upload_all(
        [
            [profile("ana", **{f"key {n}": n}), event("ana", "Seen", at=n + 1)]
            for n in range(CLIENTS)
        ],
        clients=40,
    )
    assert {answer["status"] for answer in answers} == {"success"}
    caller.upload_all([[profile("sum", score=0)]], clients=1)
    caller.upload_all([[profile("sum", score={"$incr": 1})] for _ in range(CLIENTS)], clients=40)
    store, here = shared_place.open_store(), account[1]
    with store.read() as tx:
        ana = find_in(tx, here, Identity(IdentityKind.IDENTITY, "ana"))
        total = find_in(tx, here, Identity(IdentityKind.IDENTITY, "sum"))
        assert len(rows_of(tx, "profiles")) == 2
        assert ana
        assert total
        changes = list(log.walk_changes(tx, here, total.last_change))
    assert ana.document.properties == {f"key {n}": n for n in range(CLIENTS)}
    assert [each.count for each in ana.activity.events.values()] == [CLIENTS]
    # The chain tells the values in the order in which they replaced each other.
    assert [each.change.new["score"] for each in changes] == list(range(CLIENTS, -1, -1))
    assert [each.change.old.get("score") for each in changes[:-1]] == list(
        range(CLIENTS - 1, -1, -1)
    )
    assert find_faults(store) == []


def test_people_devices_and_definitions_that_both_servers_write_do_not_contradict(
    caller: Caller, shared_place: Place
) -> None:
    batches: list[list[Record]] = [
        [
            {**profile(f"p{n % 7}", n=n, Email=f"e{n % 3}@example.com"), "objectId": f"d{n % 4}"},
            {
                **event(f"p{n % 5}", f"event {n % 6}", at=n + 1, **{f"k{n % 8}": n}),
                "FBID": f"f{n % 7}",
            },
            {"type": "event", "objectId": f"d{n % 9}", "evtName": "Seen"},
            {"type": "token", "objectId": f"d{n % 4}", "tokenData": {"id": f"t{n}", "type": "fcm"}},
            profile(f"p{n % 7}", **{"MSG-dndEmail": n % 2 == 0, "score": {"$incr": 1}}),
        ]
        for n in range(160)
    ]
    caller.upload_all(batches, clients=16)
    assert find_faults(shared_place.open_store()) == []


def test_one_of_two_servers_may_be_killed_at_any_time(
    two_servers: tuple[Server, Server],
    caller: Caller,
    shared_place: Place,
    account: tuple[Key, EnvironmentId],
) -> None:
    caller.upload_all([[profile("sum", score=0)]], clients=1)
    answered: list[str] = []
    enough = threading.Semaphore(0)
    is_over = threading.Event()

    def send(which: int) -> None:
        with caller.client(which) as client:
            number = 0
            while not is_over.is_set():
                number += 1
                name = f"p{which}-{number}"
                try:
                    upload(client, [profile(name, n=1), profile("sum", score={"$incr": 1})])
                except httpx.TransportError:
                    assert which % 2 == 0, "the server that lives on cut a client off"
                    return
                answered.append(name)
                enough.release()

    def kill() -> None:
        for _ in range(30):
            enough.acquire()
        two_servers[0].kill()
        for _ in range(60):
            enough.acquire()
        is_over.set()

    at_once([*(partial(send, which) for which in range(6)), kill])
    store, here = shared_place.open_store(), account[1]
    assert find_faults(store) == []
    with store.read() as tx:
        people = {row["value"] for row in rows_of(tx, "identities")} - {"sum"}
        total = find_in(tx, here, Identity(IdentityKind.IDENTITY, "sum"))
    assert set(answered) <= people
    assert total
    assert total.document.properties == {"score": len(people)}


def test_an_export_of_one_server_goes_on_at_the_other_while_both_take_uploads(
    caller: Caller,
) -> None:
    caller.upload_all([[event(f"p{n}", "Seen", at=5)] for n in range(50)], clients=4)
    is_over = threading.Event()

    def go_on(which: int) -> None:
        with caller.client(which) as client:
            number = 0
            while not is_over.is_set():
                number += 1
                upload(
                    client,
                    [event(f"later{which}-{number}", "Seen", at=5), event("p1", "Seen", at=6)],
                )

    def export() -> None:
        try:
            for _ in range(3):
                found = people_of(caller)
                early = [each for each in found if each.startswith("p")]
                assert sorted(early) == sorted(f"p{n}" for n in range(50))
                assert len(found) == len(set(found))
        finally:
            is_over.set()

    at_once([lambda: go_on(0), lambda: go_on(1), export])


def people_of(caller: Caller) -> list[str]:
    """Export who has seen it, page by page, each page from the other server."""
    query = {"event_name": "Seen", "from": 1, "to": 10}
    with caller.client(0) as one, caller.client(1) as other:
        first = one.post("/1/profiles.json", params={"batch_size": 7}, json=query).json()
        cursor, found, turn = first.get("cursor"), [], 0
        while cursor is not None:
            turn += 1
            page = (one, other)[turn % 2].get("/1/profiles.json", params={"cursor": cursor}).json()
            found += [record["identity"] for record in page.get("records", [])]
            cursor = page.get("next_cursor")
    return found


def test_the_second_server_on_a_folder_ends_with_a_sentence(file_place: Place) -> None:
    first = file_place.serve()
    second = subprocess.run(
        [*MIEN, "serve", "--data", str(first.data), "--port", str(free_port())],
        env=first.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    said = second.stdout + second.stderr
    assert "is in use by another server" in said
    assert "Traceback" not in said
    assert httpx.get(f"{first.url}/healthz").status_code == httpx.codes.OK
    first.kill()
    third = file_place.serve()
    assert httpx.get(f"{third.url}/healthz").status_code == httpx.codes.OK
