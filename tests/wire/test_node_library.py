"""The official Node library, unchanged, against a real server.

It speaks https to `<region>.api.clevertap.com`; a hook in the child process opens its
connections to the server instead.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Key, Server

CLIENTS = Path(__file__).parents[1] / "clients"
NOON = 1512129600
QUERY = {"event_name": "choseNewFavoriteFood", "from": 20171201, "to": 20171225}

Calls = Callable[..., list[Any]]


@pytest.fixture
def call(server: Server, keys: tuple[Key, Key]) -> Calls:
    """Give a function that runs calls of the library and gives what each returned."""

    def run(*calls: list[Any], key: Key = keys[0]) -> list[Any]:
        asked = {
            "account": key.account_id,
            "passcode": key.passcode,
            "region": "in1",
            "calls": calls,
        }
        done = subprocess.run(
            ["node", "--require", "./loopback.js", "clevertap.mjs"],
            cwd=CLIENTS,
            env={**server.environment, "MIEN_TEST_PORT": str(server.port)},
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: list[Any] = json.loads(done.stdout)
        return answers

    return run


def test_profiles_events_and_tokens_are_uploaded(call: Calls) -> None:
    device = "-2ce3cca260664f70b82b1c6bb505f462"
    profile = {"type": "profile", "objectId": device, "profileData": {"favoriteFood": "hot dogs"}}
    token = {"type": "token", "objectId": device, "tokenData": {"id": "t-1", "type": "apns"}}
    answers = call(
        ["upload", [profile, _event("6264372124"), _event("6264372124", offset=5)]],
        ["uploadDeviceTokens", [token]],
        ["profile", {"objectId": device}],
        ["profile", {"identity": "6264372124"}],
    )
    assert answers[:2] == [_success(3), _success(1)]
    [shown] = answers[2]["record"]["platformInfo"]
    assert shown == {"platform": "iOS", "objectId": device, "push_token": "t-1"}
    assert answers[2]["record"]["profileData"] == {"favoriteFood": "hot dogs"}
    done = answers[3]["record"]["events"]["choseNewFavoriteFood"]
    assert done == {"count": 2, "first_seen": NOON, "last_seen": NOON + 5}


def test_a_partial_answer_tells_the_bad_record(call: Calls) -> None:
    good = {"type": "profile", "identity": "ana", "profileData": {"Age": 30}}
    bad = {"type": "profile", "identity": "bo", "profileData": {"Email": "$$$$$"}}
    [partial, failed] = call(["upload", [good, bad]], ["upload", [bad]])
    reject = {
        "status": "fail",
        "code": 515,
        "error": "Profile data is incorrect. Email is not valid.Skipped record number : 2",
        "record": bad,
    }
    assert partial == {"status": "partial", "processed": 1, "unprocessed": [reject]}
    assert (failed["status"], failed["processed"], len(failed["unprocessed"])) == ("fail", 0, 1)


def test_a_large_upload_goes_in_several_calls(call: Calls) -> None:
    records = [_event(f"p{number}") for number in range(250)]
    [answers] = call(["upload", records])
    assert answers == [_success(100), _success(100), _success(50)]


@pytest.mark.parametrize("size", [1, 2, 5000])
def test_profiles_come_over_several_pages(call: Calls, size: int) -> None:
    people = ["ana", "bo", "cy", "di", "ed"]
    [_, found] = call(
        ["upload", [_event(person) for person in people]],
        ["profiles", QUERY, {"batchSize": size}],
    )
    assert [record["identity"] for record in found] == people


def test_events_come_over_several_pages(call: Calls) -> None:
    sent = [_event("ana", offset=offset) for offset in range(5)]
    [_, found] = call(["upload", sent], ["events", QUERY, {"batchSize": 2}])
    assert [record["ts"] for record in found] == [20171201120000 + offset for offset in range(5)]
    assert {record["profile"]["identity"] for record in found} == {"ana"}
    assert [record["event_props"] for record in found] == [{"value": "sushi"}] * 5


def test_an_export_of_nobody_is_empty(call: Calls) -> None:
    nobody = {**QUERY, "event_name": "App Launched"}
    assert call(["profiles", nobody], ["events", nobody]) == [[], []]


@pytest.mark.parametrize("email", ["ana@example.com", "ana+news@example.com", "o'hara@example.com"])
def test_a_raw_email_in_the_url_finds_the_profile(call: Calls, email: str) -> None:
    record = {"type": "profile", "identity": email, "profileData": {"Email": email}}
    [_, by_email, by_identity] = call(
        ["upload", [record]], ["profile", {"email": email}], ["profile", {"identity": email}]
    )
    assert by_email["record"]["email"] == email
    assert by_identity == by_email


def test_an_unknown_profile_is_an_answer_and_no_fault(call: Calls) -> None:
    [answer] = call(["profile", {"identity": "nobody"}])
    assert answer == {
        "status": "fail",
        "error": "No profile has the identity 'nobody'",
        "code": 404,
    }


def test_a_profile_is_deleted(call: Calls) -> None:
    [_, first, many, ana, bo] = call(
        ["upload", [_event("ana"), _event("bo"), _event("cy")]],
        ["delete", {"identity": "ana"}],
        ["delete", {"identity": ["bo", "cy"]}],
        ["profile", {"identity": "ana"}],
        ["profile", {"identity": "bo"}],
    )
    assert first == many == {"status": "success"}
    assert ana["code"] == bo["code"] == 404


def test_wrong_credentials_are_told(call: Calls, keys: tuple[Key, Key]) -> None:
    wrong = Key(keys[0].account_id, "wrong")
    [answer] = call(["upload", [_event("ana")]], key=wrong)
    assert answer == {"status": "fail", "error": "Invalid Credentials", "code": 401}


def _event(identity: str, *, offset: int = 0) -> dict[str, Any]:
    return {
        "type": "event",
        "identity": identity,
        "ts": NOON + offset,
        "evtName": "choseNewFavoriteFood",
        "evtData": {"value": "sushi"},
    }


def _success(processed: int) -> dict[str, Any]:
    return {"status": "success", "processed": processed, "unprocessed": []}
