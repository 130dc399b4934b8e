"""What an operator can set of the compatible API, on a server with all of it set."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.accounts import Accounts
from tests.support.servers import Key, Server

SETTINGS = {
    "MIEN_UPLOAD_CONCURRENCY": "1",
    "MIEN_WAIT_SECONDS": "0.05",
    "MIEN_MISSING_IS_ZERO": "1",
    "MIEN_LATE_DATA_LOSES": "1",
    "MIEN_REGION_HOSTS": "127.0.0.1, in1.mien.test",
}
QUERY = {"event_name": "login", "from": 20171201, "to": 20171225}
TRIES = 100


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("special"), SETTINGS).start()
    yield running
    assert running.stop() == 0, running.log()


@pytest.fixture
def key(special: Server) -> Iterator[Key]:
    accounts = Accounts(special)
    yield accounts.open()[0]
    accounts.close()


@pytest.fixture
def caller(special: Server, key: Key) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=special.url, headers=key.headers) as opened:
        yield opened


def test_an_upload_that_finds_no_place_is_told_to_come_back(  # U-20
    special: Server, key: Key, caller: httpx.Client
) -> None:
    with _held_place(special, key):
        answers = (_upload(caller, {"n": 1}) for _ in range(TRIES))
        refused = next(each for each in answers if each.status_code != httpx.codes.OK)
    assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert refused.json() == {
        "status": "fail",
        "error": "Too many concurrent requests",
        "code": 429,
    }
    assert refused.headers["Retry-After"] == "1"


def test_other_endpoints_have_places_of_their_own(  # U-20
    special: Server, key: Key, caller: httpx.Client
) -> None:
    with _held_place(special, key):
        answer = caller.get("/1/profile.json", params={"identity": "nobody"})
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_an_increment_may_start_at_zero(caller: httpx.Client) -> None:  # U-12
    _upload(caller, {"n": {"$incr": 5}, "m": {"$decr": 2}})
    assert _shown(caller)["profileData"] == {"n": 5, "m": -2}


def test_late_data_may_leave_what_is_newer(caller: httpx.Client) -> None:  # U-22
    _upload(caller, {"plan": "gold"}, ts=1_500_000_000)
    _upload(caller, {"plan": "free", "city": "Lisbon"}, ts=1_400_000_000)
    assert _shown(caller)["profileData"] == {"plan": "gold", "city": "Lisbon"}


def test_a_key_is_good_on_the_hosts_of_its_region_only(caller: httpx.Client) -> None:  # G-08
    _upload(caller, {"n": 1})
    answers = {
        host: caller.get(
            "/1/profile.json", params={"identity": "ana"}, headers={"Host": host}
        ).status_code
        for host in ("in1.mien.test", "IN1.mien.test:443", "eu1.mien.test", "mien.test")
    }
    assert list(answers.values()) == [200, 200, 401, 401]
    elsewhere = caller.get("/1/profile.json?identity=ana", headers={"Host": "eu1.mien.test"})
    assert elsewhere.json() == {"status": "fail", "error": "Invalid Credentials", "code": 401}


def test_a_cursor_of_another_host_is_a_wrong_credential(caller: httpx.Client) -> None:  # G-08
    _login(caller, "ana")
    cursor = caller.post("/1/profiles.json", json=QUERY).json()["cursor"]
    page = caller.get(f"/1/profiles.json?cursor={cursor}", headers={"Host": "eu1.mien.test"})
    assert page.status_code == httpx.codes.UNAUTHORIZED


def test_a_cursor_survives_a_restart(special: Server, caller: httpx.Client) -> None:  # G-07
    _login(caller, "ana", "bo", "cy")
    begun = caller.post("/1/profiles.json?batch_size=2", json=QUERY).json()["cursor"]
    page = caller.get(f"/1/profiles.json?cursor={begun}").json()
    assert special.stop() == 0
    special.start()
    last = caller.get(f"/1/profiles.json?cursor={page['next_cursor']}").json()
    assert [record["identity"] for record in last["records"]] == ["cy"]
    assert "next_cursor" not in last


@contextmanager
def _held_place(server: Server, key: Key) -> Iterator[None]:
    """Hold the only place for uploads, with a request whose body never ends."""
    names = "".join(f"{name}: {value}\r\n" for name, value in key.headers.items())
    head = f"POST /1/upload HTTP/1.1\r\nHost: 127.0.0.1\r\n{names}Content-Length: 100\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b'{"d":[')
        yield


def _upload(client: httpx.Client, data: dict[str, object], **more: object) -> httpx.Response:
    record = {"type": "profile", "identity": "ana", "profileData": data, **more}
    return client.post("/1/upload", json={"d": [record]})


def _login(client: httpx.Client, *people: str) -> None:
    event = {"type": "event", "evtName": "login", "ts": 1512129600, "evtData": {}}
    records = [{**event, "identity": person} for person in people]
    assert client.post("/1/upload", json={"d": records}).json()["processed"] == len(people)


def _shown(client: httpx.Client) -> dict[str, object]:
    record: dict[str, object] = client.get("/1/profile.json?identity=ana").json()["record"]
    return record
