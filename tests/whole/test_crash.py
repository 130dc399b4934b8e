"""kill -9 while uploads come in: what was answered is there, and nothing is half applied (B-03)."""

import json
import random
import threading

import httpx

from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.store import profiles
from mien.store.engine import Store
from tests.support.consistency import find_faults, rows_of
from tests.support.crowds import Caller, Place, upload
from tests.support.servers import Key
from tests.support.uploading import Record, event, find_person, profile

CLIENTS = 6


def records_of(batch: str) -> list[Record]:
    """Give a batch that touches everything: new people, one whom all share, a device, a reject."""
    return [
        profile(f"{batch}-1", batch=batch, Email=f"{batch}@example.com"),
        event(f"{batch}-1", "Seen", 5, n=1),
        {**profile(f"{batch}-2", batch=batch), "objectId": "phone-of-all"},
        profile("total", n={"$incr": 1}),
        event("total", "Counted", 5),
        profile(f"{batch}-3", Email="none"),
        *(profile(f"{batch}-4", **{f"key {n}": "x" * 100}) for n in range(20)),
    ]


class Crowd:
    """Clients that upload without pause until their server is gone."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.sent: set[str] = set()
        self.answered: set[str] = set()
        self._changed = threading.Condition()

    def upload_until_cut_off(self, name: str) -> None:
        """Send batch after batch; the first that gets no answer ends it."""
        with self.caller.client() as client:
            for number in range(10_000):
                batch = f"{name}-{number}"
                self.sent.add(batch)
                try:
                    answer = client.post("/1/upload", json={"d": records_of(batch)})
                except httpx.TransportError:
                    return
                assert answer.status_code == httpx.codes.OK, answer.text
                with self._changed:
                    self.answered.add(batch)
                    self._changed.notify_all()

    def wait_for_answers(self, count: int) -> None:
        """Wait until so many batches were answered."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answered) >= count, timeout=60)


def crash(place: Place, key: Key, round_: int) -> Crowd:
    """Start a server, let a crowd upload, and kill the server amid it."""
    server = place.serve()
    crowd = Crowd(Caller(key, (server,)))
    names = [f"r{round_}c{number}" for number in range(CLIENTS)]
    threads = [threading.Thread(target=crowd.upload_until_cut_off, args=(each,)) for each in names]
    for thread in threads:
        thread.start()
    crowd.wait_for_answers(random.Random(round_).randint(5, 60))
    server.kill()
    for thread in threads:
        thread.join()
    return crowd


def test_kill_9_loses_nothing_that_was_answered_and_leaves_nothing_half_applied(
    place: Place,
) -> None:
    first = place.serve()
    key, number = place.account()
    place.close_stores()
    with Caller(key, (first,)).client() as client:
        upload(client, [profile("total", n=0)])
    first.kill()
    sent: set[str] = set()
    answered: set[str] = set()
    for round_ in range(4):
        crowd = crash(place, key, round_)
        sent |= crowd.sent
        answered |= crowd.answered
        check(place.open_store(), EnvironmentId(number), sent, answered)
        place.close_stores()
    with Caller(key, (place.serve(),)).client() as client:
        upload(client, records_of("after"))
    check(place.open_store(), EnvironmentId(number), sent | {"after"}, answered | {"after"})


def check(store: Store, environment: EnvironmentId, sent: set[str], answered: set[str]) -> None:
    """See that each batch is there as a whole or not at all, and all that were answered are."""
    assert find_faults(store) == []
    with store.snapshot() as tx:
        stored = profiles.page(tx, environment, after=ProfileId(0), count=100_000)
        rejects = [json.loads(row["record"])["identity"] for row in rows_of(tx, "rejects")]
    people = {value: each for each in stored for _, value in each.document.identities}
    present = {batch for batch in sent if f"{batch}-1" in people}
    assert answered <= present
    for batch in sent:
        assert parts_of(batch, people, rejects) == ([True] * 4 if batch in present else [False] * 4)
    total = people["total"]
    assert total.document.properties == {"n": len(present)}
    assert [each.count for each in total.activity.events.values()] == [len(present)]


def parts_of(batch: str, people: dict[str, Profile], rejects: list[str]) -> list[bool]:
    """Tell which parts of a batch are there."""
    one, two, four = (people.get(f"{batch}-{number}") for number in (1, 2, 4))
    return [
        one is not None and len(one.activity.events) == 1,
        two is not None and two.document.properties == {"batch": batch},
        four is not None and len(four.document.properties) == 20,
        f"{batch}-3" in rejects,
    ]


def test_what_is_answered_can_be_read_at_once_by_anybody(place: Place) -> None:
    server = place.serve()
    key, number = place.account()
    store = place.open_store()
    with Caller(key, (server,)).client() as client:
        for n in range(50):
            upload(client, [profile("ana", n=n)])
            found = find_person(store, EnvironmentId(number), "ana")
            assert found
            assert found.document.properties == {"n": n}
            shown = client.get("/1/profile.json", params={"identity": "ana"}).json()
            assert shown["record"]["profileData"] == {"n": n}
