"""kill -9 inside an erasure: a person is there as a whole, or gone as a whole (P-15, B-03)."""

import random
import threading

import httpx

from mien.domain.ids import EnvironmentId, ProfileId
from mien.store import profiles
from mien.store.engine import Store
from tests.support.consistency import find_faults, rows_of
from tests.support.crowds import Caller, Place, upload
from tests.support.servers import Key
from tests.support.uploading import Record, event, profile

PEOPLE = 20
EVENTS = 60
CLIENTS = 3


def records_of(name: str) -> list[Record]:
    """Give a person who stands in every table."""
    return [
        {
            **profile(name, Email=f"{name}@example.com", Phone=f"+1415555{name[1:]:0>4}"),
            "objectId": f"device-{name}",
        },
        profile(name, **{"MSG-dndEmail": True}),
        {
            "type": "token",
            "objectId": f"device-{name}",
            "tokenData": {"id": f"token-{name}", "type": "fcm"},
        },
        profile(name, Email="none"),
        profile("neighbour", identity=name),
        *(event(name, "Seen", n=n) for n in range(EVENTS)),
    ]


class Erasers:
    """Clients that erase people without pause until their server is gone."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.answered: set[str] = set()
        self._changed = threading.Condition()

    def erase_until_cut_off(self, names: list[str]) -> None:
        """Erase one after another; the first that gets no answer ends it."""
        with self.caller.client() as client:
            for name in names:
                try:
                    answer = client.delete("/v1/profile", params={"distinct_id": name})
                except httpx.TransportError:
                    return
                assert answer.status_code in (httpx.codes.OK, httpx.codes.NOT_FOUND), answer.text
                with self._changed:
                    self.answered.add(name)
                    self._changed.notify_all()

    def wait_for_answers(self, count: int) -> None:
        """Wait until so many people were erased."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answered) >= count, timeout=60)


def crash(place: Place, key: Key, names: list[str], seed: int) -> set[str]:
    """Start a server, let clients erase, and kill the server amid it; give who was erased."""
    server = place.serve()
    erasers = Erasers(Caller(key, (server,)))
    threads = [
        threading.Thread(target=erasers.erase_until_cut_off, args=(names[n::CLIENTS],))
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    erasers.wait_for_answers(random.Random(seed).randint(1, len(names) // 4))
    server.kill()
    for thread in threads:
        thread.join()
    return erasers.answered


def test_kill_9_inside_an_erasure_leaves_nobody_half_erased(place: Place) -> None:
    names = [f"p{n}" for n in range(PEOPLE)]
    first = place.serve()
    key, number = place.account()
    place.close_stores()
    with Caller(key, (first,)).client() as client:
        upload(client, [profile("neighbour")])
        for name in names:
            upload(client, records_of(name))
    first.kill()
    gone: set[str] = set()
    for seed in range(3):
        left = [name for name in names if name not in gone]
        answered = crash(place, key, left, seed)
        gone = check(place.open_store(), EnvironmentId(number), names, gone | answered)
        place.close_stores()
    assert gone


def traces_of(name: str) -> tuple[str, ...]:
    """Give texts that tell of a person, as rows show them."""
    return f"{name}@example.com", f'"{name}"', f"'{name}'"


def check(
    store: Store, environment: EnvironmentId, names: list[str], answered: set[str]
) -> set[str]:
    """See that each person is whole or gone, and all that were answered are; give who is gone."""
    assert find_faults(store) == []
    with store.snapshot() as tx:
        stored = profiles.page(tx, environment, after=ProfileId(0), count=1_000)
        rows = {
            name: [str(row) for row in rows_of(tx, name)]
            for name in ("identities", "addresses", "subscriptions", "rejects", "changes")
        }
    people = {value: each for each in stored for _, value in each.document.identities}
    gone = set(names) - people.keys()
    assert answered <= gone
    for name in names:
        if (person := people.get(name)) is not None:
            assert [each.count for each in person.activity.events.values()] == [EVENTS]
            assert len(person.document.devices) == 1
        left = [
            table
            for table, found in rows.items()
            if any(trace in row for row in found for trace in traces_of(name))
        ]
        assert left == ([] if name in gone else [*rows]), name
    return gone
