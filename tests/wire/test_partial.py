"""Counts that take longer than a call waits: `partial`, and the answer under its `req_id` (G-12)."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.accounts import Accounts
from tests.support.servers import Key, Server

SETTINGS = {"MIEN_COUNT_SECONDS": "0", "MIEN_FRESH_SECONDS": "30"}
QUERY: dict[str, Any] = {"event_name": "login", "from": 20171201, "to": 20171225}
PATHS = {
    "counts/profiles": QUERY,
    "counts/events": QUERY,
    "counts/trends": {**QUERY, "groups": {"g": {"trend_type": "monthly"}}},
    "counts/top": {**QUERY, "groups": {"g": {"property_type": "event_properties", "name": "n"}}},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "counts/profiles": {"count": 1},
    "counts/events": {"count": 2},
    "counts/trends": {"g": {"201712": 2}},
    "counts/top": {"g": {"NUM": {"1": 1, "2": 1}}},
}
UNKNOWN = {"status": "fail", "error": "Invalid request id", "code": 400}


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("patient"), SETTINGS).start()
    yield running
    assert running.stop() == 0, running.log()


@pytest.fixture
def callers(patient: Server) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Give clients of the two environments of an account with two events."""
    accounts = Accounts(patient)
    live, test = accounts.open()
    with _client(patient, live) as one, _client(patient, test) as other:
        events = [
            {
                "identity": "ana",
                "type": "event",
                "evtName": "login",
                "ts": 1512129600,
                "evtData": {"n": n},
            }
            for n in (1, 2)
        ]
        assert one.post("/1/upload", json={"d": events}).json()["status"] == "success"
        yield one, other
    accounts.close()


def _client(server: Server, key: Key) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers=key.headers, timeout=60)


def _begin(client: httpx.Client, path: str, body: dict[str, Any]) -> str:
    answer = client.post(f"/1/{path}.json", json=body).json()
    request = answer.pop("req_id")
    assert answer == {"status": "partial"}
    # Clients put it into a URL as it is, some read it as a long integer.
    assert isinstance(request, str)
    assert 0 < int(request) < 2**63
    return request


def _finish(client: httpx.Client, path: str, request: str, *, method: str = "GET") -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = client.request(method, f"/1/{path}.json", params={"req_id": request}).json()
        if answer.get("status") != "partial":
            return answer
        assert answer == {"status": "partial", "req_id": request}
    pytest.fail("the answer never came")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_takes_long_is_partial_and_is_fetched_as_often_as_wanted(
    callers: tuple[httpx.Client, httpx.Client], path: str, method: str
) -> None:
    client, _ = callers
    request = _begin(client, path, PATHS[path])
    wanted = {"status": "success", **ANSWERS[path]}
    assert _finish(client, path, request, method=method) == wanted
    assert _finish(client, path, request) == wanted


def test_a_refusal_is_fetched_too(callers: tuple[httpx.Client, httpx.Client]) -> None:
    client, _ = callers
    request = _begin(client, "counts/profiles", {**QUERY, "event_name": "Nope"})
    refusal = {"status": "fail", "error": '["Invalid event : Nope"]', "code": 400}
    assert _finish(client, "counts/profiles", request) == refusal


def test_a_wrong_query_is_refused_at_once(callers: tuple[httpx.Client, httpx.Client]) -> None:
    client, _ = callers
    assert client.post("/1/counts/profiles.json", json={}).status_code == httpx.codes.BAD_REQUEST


def test_a_request_id_is_good_where_it_was_given_alone(
    callers: tuple[httpx.Client, httpx.Client],
) -> None:
    client, other = callers
    request = _begin(client, "counts/profiles", QUERY)
    for asking, path in ((other, "counts/profiles"), (client, "counts/events")):
        answer = asking.get(f"/1/{path}.json", params={"req_id": request})
        assert (answer.status_code, answer.json()) == (httpx.codes.BAD_REQUEST, UNKNOWN)


def test_an_answer_is_fetched_from_a_server_that_was_never_asked(
    callers: tuple[httpx.Client, httpx.Client], patient: Server
) -> None:
    client, _ = callers
    request = _begin(client, "counts/events", QUERY)
    assert patient.stop() == 0
    patient.start()
    client.base_url = httpx.URL(patient.url)
    assert _finish(client, "counts/events", request) == {"status": "success", "count": 2}


@pytest.mark.parametrize("request_id", ["0", "x", "9" * 40, "9" * 5_000, "-1", "\u0661"])
def test_an_unknown_request_id_is_told_so(
    callers: tuple[httpx.Client, httpx.Client], request_id: str
) -> None:
    client, _ = callers
    answer = client.get("/1/counts/events.json", params={"req_id": request_id})
    assert (answer.status_code, answer.json()) == (httpx.codes.BAD_REQUEST, UNKNOWN)
