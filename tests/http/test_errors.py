"""What is answered when there is nothing to serve: unknown paths, wrong methods, faults."""

import sqlite3
from http import HTTPStatus

import httpx
import pytest

from mien.domain.errors import MienError
from mien.http.codes import error_codes
from tests.conftest import Serve
from tests.support.raw import Wire
from tests.support.servers import Key, Server


@pytest.mark.parametrize("path", ["/1/nothing.json", "/1/", "/1/upload/more"])
def test_an_unknown_path_of_the_compatible_api_fails_as_it_does(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {
        "status": "fail",
        "error": f"There is nothing at {path}.",
        "code": 404,
    }


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/docs/nothing", "/%FF", "/%00"])
def test_any_other_unknown_path_is_a_problem(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["title"]) == ("unknown_route", "Not Found")
    assert problem["type"] == "/docs/errors#unknown_route"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/1/upload", {"POST", "OPTIONS"}),
        ("DELETE", "/1/profiles.json", {"GET", "POST", "OPTIONS"}),
        ("POST", "/v1/profile", {"GET", "DELETE", "OPTIONS"}),
        ("PUT", "/healthz", {"GET", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(
    client: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    code = answer.json()["code"]
    assert code == (405 if path.startswith("/1/") else "method_not_allowed")


def test_a_slash_at_the_end_is_no_other_path(client: httpx.Client) -> None:
    record = {"type": "profile", "identity": "slash", "profileData": {}}
    assert client.post("/1/upload/", json={"d": [record]}).json()["status"] == "success"
    found = client.get("/1/profile.json/", params={"identity": "slash"})
    assert found.json()["record"]["identity"] == "slash"


def test_head_is_answered_as_get_without_the_body(client: httpx.Client) -> None:
    answer = client.head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "2"


def test_a_method_nobody_knows_is_refused(server: Server) -> None:
    with Wire(server) as wire:
        assert wire.head("FROBNICATE /1/upload").answer().status == 405


@pytest.mark.parametrize("host", ["a b", "x/y", "<script>"])
def test_a_host_that_is_none_is_refused(server: Server, host: str) -> None:
    with Wire(server) as wire:
        wire.send(f"GET /v1/nothing HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        assert 400 <= wire.answer().status < 500


def test_a_refusal_of_the_native_api_asks_for_credentials(server: Server) -> None:
    answer = httpx.get(f"{server.url}/v1/profile", params={"distinct_id": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_account")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_refusal_of_the_compatible_api_is_as_recorded(server: Server, keys: list[Key]) -> None:
    url = f"{server.url}/1/profile.json"
    assert httpx.get(url).json() == {
        "status": "fail",
        "error": "Account ID is not valid",
        "code": 401,
    }
    wrong = Key(keys[0].account_id, "wrong").headers
    assert httpx.get(url, headers=wrong).json()["error"] == "Invalid Credentials"


def test_a_fault_is_answered_without_its_details_and_logged_once(serve: Serve) -> None:
    server = serve()
    key = server.account()[0]
    record = {"type": "profile", "identity": "ana", "profileData": {"Name": "Ana"}}
    httpx.post(f"{server.url}/1/upload", json={"d": [record]}, headers=key.headers)
    # Nothing of ours writes such a document.
    with sqlite3.connect(server.data / "mien.db") as other:
        other.execute("UPDATE profiles SET document = x'c1'")
    answers = [
        httpx.get(f"{server.url}{path}=ana", headers=key.headers)
        for path in ("/1/profile.json?identity", "/v1/profile?distinct_id")
    ]
    detail = "The server failed on this request; its log says more."
    assert [each.status_code for each in answers] == [500, 500]
    assert answers[0].json() == {"status": "fail", "error": detail, "code": 500}
    assert (answers[1].json()["code"], answers[1].json()["detail"]) == ("internal_error", detail)
    assert server.stop() == 0
    assert server.log().count("request.failed") == 2
    assert "Traceback (most recent call last)" in server.log()


# U-25
def test_every_error_says_its_cause_and_its_mend() -> None:
    entries = error_codes()
    assert len(entries) > 15
    for entry in entries:
        assert entry.cause.endswith("."), entry
        assert entry.mend.endswith("."), entry
        assert entry.mend != MienError.mend, entry
        assert entry.status != HTTPStatus.INTERNAL_SERVER_ERROR or entry.code == "internal_error"


def test_no_two_errors_share_a_code() -> None:
    known: dict[str, type[MienError]] = {}
    waiting = list(MienError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind):
            assert kind.code not in known, (kind, known[kind.code])
            known[kind.code] = kind
