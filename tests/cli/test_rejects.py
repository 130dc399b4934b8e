"""`mien rejects`, while a server runs on the same store (U-23)."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import on, read_json, refusal
from tests.support.servers import Key, Server

BAD_EMAIL = {"type": "profile", "identity": "ana", "profileData": {"Email": "ana@", "plan": "gold"}}
NO_NAME = {"type": "event", "identity": "ana", "evtName": "", "evtData": {}}


@pytest.fixture
def key(server: Server, keys: tuple[Key, Key]) -> Key:
    """Give a new environment with two rejects: a bad address, then an event without a name."""
    body = {"d": [BAD_EMAIL, NO_NAME]}
    answer = httpx.post(f"{server.url}/1/upload", headers=keys[0].headers, json=body)
    assert answer.json()["status"] == "fail"
    return keys[0]


def listed(server: Server, key: Key) -> list[dict[str, Any]]:
    """Give the rejects as scripts get them."""
    rejects: list[dict[str, Any]] = read_json(
        on(server, "rejects", "list", key.account_id, "--json")
    )["rejects"]
    return rejects


def downloaded(server: Server, key: Key) -> list[dict[str, Any]]:
    """Give the lines of a download."""
    done = on(server, "rejects", "download", key.account_id)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def profile_of(server: Server, key: Key, identity: str) -> httpx.Response:
    """Ask the server for a profile."""
    params = {"identity": identity}
    return httpx.get(f"{server.url}/1/profile.json", headers=key.headers, params=params)


def test_rejects_are_listed_newest_first_with_their_reasons(server: Server, key: Key) -> None:
    newer, older = listed(server, key)
    assert newer["id"] > older["id"]
    assert (older["code"], older["position"], older["record"]) == (515, 1, BAD_EMAIL)
    assert (newer["code"], newer["position"]) == (509, 2)
    assert "replayed_at" not in older
    table = on(server, "rejects", "list", key.account_id).stdout
    assert older["reason"] in table
    assert f"mien rejects download {key.account_id}" in table


def test_a_page_is_as_long_as_asked_and_goes_on_before_an_id(server: Server, key: Key) -> None:
    newer, older = listed(server, key)
    list_ = ("rejects", "list", key.account_id, "--json")
    assert read_json(on(server, *list_, "--limit", 1))["rejects"] == [newer]
    assert read_json(on(server, *list_, "--before", newer["id"]))["rejects"] == [older]


def test_the_list_is_what_the_api_shows(server: Server, key: Key) -> None:
    answer = httpx.get(f"{server.url}/v1/rejects", headers=key.headers)
    assert answer.json()["rejects"] == listed(server, key) == downloaded(server, key)


def test_mended_records_are_applied_while_the_server_runs(
    server: Server, key: Key, tmp_path: Path
) -> None:
    assert profile_of(server, key, "ana").status_code != httpx.codes.OK
    lines = downloaded(server, key)
    for line in lines:
        if line["code"] == 515:
            line["record"]["profileData"]["Email"] = "ana@example.com"
    file = tmp_path / "mended.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = read_json(on(server, "rejects", "replay", key.account_id, "--file", file, "--json"))
    assert (done["applied"], done["of"]) == (1, 2)
    assert [each["status"] for each in done["results"]] == ["applied", "rejected"]
    assert done["results"][1]["code"] == 509
    data = profile_of(server, key, "ana").json()["record"]["profileData"]
    assert data["plan"] == "gold"
    # What was applied waits no more, and a second time applies nothing.
    assert [line["code"] for line in downloaded(server, key)] == [509]
    again = on(server, "rejects", "replay", key.account_id, "--file", file)
    assert "Applied 0 of 2 records." in again.stdout
    assert "Replayed at" in again.stdout


def test_all_that_waits_is_replayed_and_what_fails_again_stays(server: Server, key: Key) -> None:
    done = read_json(on(server, "rejects", "replay", key.account_id, "--all", "--json"))
    assert [each["status"] for each in done["results"]] == ["rejected", "rejected"]
    assert len(downloaded(server, key)) == 2


def test_an_id_that_is_not_there_is_told(server: Server, key: Key) -> None:
    done = read_json(on(server, "rejects", "replay", key.account_id, 999_999_999, "--json"))
    assert done["results"] == [
        {"id": 999_999_999, "status": "unknown", "reason": "There is no such reject."}
    ]


def test_it_must_be_said_what_to_replay(server: Server, key: Key) -> None:
    done = on(server, "rejects", "replay", key.account_id)
    assert done.returncode == 2
    assert "Say which: ids, --file or --all." in done.stderr


def test_a_file_that_is_no_download_and_an_unknown_environment_are_refused(
    server: Server, key: Key, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text('{"id": 1}\nnot json\n')
    replay = ("rejects", "replay", key.account_id, "--file", tmp_path / "file")
    assert "Line 2 is no line of a download" in refusal(on(server, *replay))
    assert "There is no environment" in refusal(on(server, "rejects", "list", "NOT-ONE-0001"))


def test_an_environment_without_rejects_says_so(server: Server, keys: tuple[Key, Key]) -> None:
    assert on(server, "rejects", "list", keys[1].account_id).stdout == "There are no rejects.\n"
    assert downloaded(server, keys[1]) == []
