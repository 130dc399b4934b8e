"""Clients that go away, amid a body or before the answer: a batch is applied whole or not at all."""

import json
import socket
import struct
from functools import partial

from mien.domain.ids import EnvironmentId
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.crowds import Caller, Place, at_once, upload
from tests.support.servers import Key, Server
from tests.support.uploading import Record, event, find_person, profile

LEAVERS = 24


def records_of(name: str) -> list[Record]:
    """Give a batch of one person, who is there with all of it or not at all."""
    return [*(event(name, "Seen", at=n + 1) for n in range(50)), profile(name, n={"$set": 1})]


def send_and_leave(server: Server, key: Key, number: int) -> None:
    """Send a request up to some point, and reset the connection."""
    body = json.dumps({"d": records_of(f"leaver{number}")}).encode()
    head = {**key.headers, "Host": "mien", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}\r\n" for name, value in head.items()]
    request = f"POST /1/upload HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body
    cut = len(request) * number // (LEAVERS - 4)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request[:cut])
        # With this the connection is reset when it is closed: the server learns of it at once.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_nothing_is_half_applied_and_nobody_else_is_disturbed(place: Place) -> None:
    server = place.serve()
    key, number = place.account()
    caller = Caller(key, (server,))

    def stay(which: int) -> None:
        with caller.client() as client:
            for n in range(5):
                answer = upload(client, records_of(f"stayer{which}-{n}"))
                assert answer["status"] == "success"

    at_once(
        [
            *(partial(send_and_leave, server, key, each) for each in range(LEAVERS)),
            *(partial(stay, which) for which in range(4)),
        ]
    )
    # What arrived whole before this was taken in before it as well, and is done by now.
    stay(4)
    store = place.open_store()
    assert find_faults(store) == []
    there = {name: events_of(store, EnvironmentId(number), name) for name in all_names()}
    assert set(there.values()) <= {0, 50}
    assert all(there[f"stayer{which}-{n}"] == 50 for which in range(5) for n in range(5))
    assert not any(there[f"leaver{each}"] for each in range(LEAVERS - 4)), "a body was cut short"
    assert server.stop() == 0, server.log()


def all_names() -> list[str]:
    """Give everybody who may be there."""
    stayers = [f"stayer{which}-{n}" for which in range(5) for n in range(5)]
    return [*stayers, *(f"leaver{each}" for each in range(LEAVERS))]


def events_of(store: Store, environment: EnvironmentId, name: str) -> int:
    """Count the events of a person."""
    found = find_person(store, environment, name)
    return 0 if found is None else sum(each.count for each in found.activity.events.values())
