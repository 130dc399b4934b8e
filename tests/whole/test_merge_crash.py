"""kill -9 inside a merge and inside its undo: two people are one, or two, and whole (B-01, B-03)."""

import random
import threading

import httpx

from mien.domain.ids import EnvironmentId, ProfileId
from mien.store import profiles
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.crowds import Caller, Place, upload
from tests.support.servers import Key
from tests.support.uploading import Record, event, profile

PAIRS = 12
EVENTS = 40
CLIENTS = 3


def records_of(name: str) -> list[Record]:
    """Give a person with an address, a device and events."""
    return [
        {**profile(name, Email=f"{name}@example.com", **{name: 1}), "objectId": f"device-{name}"},
        *(event(name, "Seen", n=n) for n in range(EVENTS)),
    ]


class Matchmakers:
    """Clients that merge pairs and take them apart again, until their server is gone."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.merged: dict[int, bool] = {}
        self.answers = 0
        self._changed = threading.Condition()

    def work_until_cut_off(self, pairs: range) -> None:
        """Merge and undo pair after pair; the first that gets no answer ends it."""
        with self.caller.client() as client:
            while True:
                for pair in pairs:
                    try:
                        self._merge_and_undo(client, pair)
                    except httpx.TransportError:
                        return

    def wait_for_answers(self, count: int) -> None:
        """Wait until so many merges and undos were answered."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.answers >= count, timeout=60)

    def _merge_and_undo(self, client: httpx.Client, pair: int) -> None:
        one, other = ({"distinct_id": f"{side}{pair}"} for side in "ab")
        self.merged.pop(pair, None)
        merged = client.post("/v1/merges", json={"one": one, "other": other})
        assert merged.status_code == httpx.codes.OK, merged.text
        self._note(pair, is_merged=True)
        self.merged.pop(pair)
        undone = client.post(f"/v1/merges/{merged.json()['id']}/undo")
        assert undone.status_code == httpx.codes.OK, undone.text
        self._note(pair, is_merged=False)

    def _note(self, pair: int, *, is_merged: bool) -> None:
        with self._changed:
            self.merged[pair] = is_merged
            self.answers += 1
            self._changed.notify_all()


def crash(place: Place, key: Key, seed: int) -> dict[int, bool]:
    """Start a server, let clients work, and kill it amid that; give which pairs surely are one."""
    server = place.serve()
    makers = Matchmakers(Caller(key, (server,)))
    threads = [
        threading.Thread(target=makers.work_until_cut_off, args=(range(n, PAIRS, CLIENTS),))
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    makers.wait_for_answers(random.Random(seed).randint(5, 40))
    server.kill()
    for thread in threads:
        thread.join()
    return makers.merged


def test_kill_9_inside_a_merge_or_its_undo_leaves_nobody_half_merged(place: Place) -> None:
    first = place.serve()
    key, number = place.account()
    place.close_stores()
    with Caller(key, (first,)).client() as client:
        for pair in range(PAIRS):
            upload(client, [*records_of(f"a{pair}"), *records_of(f"b{pair}")])
    first.kill()
    for seed in range(3):
        surely = crash(place, key, seed)
        check(place.open_store(), EnvironmentId(number), surely)
        place.close_stores()


def check(store: Store, environment: EnvironmentId, surely: dict[int, bool]) -> None:
    """See that each pair is one whole profile or two, as was answered."""
    assert find_faults(store) == []
    with store.snapshot() as tx:
        stored = profiles.page(tx, environment, after=ProfileId(0), count=1_000)
    people = {value: each for each in stored for _, value in each.document.identities}
    for pair in range(PAIRS):
        one, other = people[f"a{pair}"], people[f"b{pair}"]
        is_merged = one.id == other.id
        assert surely.get(pair, is_merged) is is_merged
        for person in (one, other):
            sides = 2 if is_merged else 1
            assert [each.count for each in person.activity.events.values()] == [EVENTS * sides]
            assert len(person.document.devices) == sides
            named = {name for name in person.document.properties if name != "Email"}
            assert named == ({f"a{pair}", f"b{pair}"} if is_merged else named)
            assert len(named) == sides
