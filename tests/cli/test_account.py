"""`mien account` and `mien key`, before and while a server runs."""

import re
import shlex
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import mien, new_account, on, read_json, refusal
from tests.support.servers import Server

PASSCODE = r"[A-Z0-9]{12}-[A-Z0-9]{12}-[A-Z0-9]{12}"


def admits(server: Server, account_id: str, passcode: str) -> bool:
    """Tell whether a server lets a key in: it then answers 400 to an empty question, not 401."""
    headers = {"X-CleverTap-Account-Id": account_id, "X-CleverTap-Passcode": passcode}
    answer = httpx.get(f"{server.url}/1/profile.json", headers=headers)
    return answer.status_code != httpx.codes.UNAUTHORIZED


def request_of(line: str) -> httpx.Request:
    """Read a curl line as curl would."""
    words = shlex.split(line)
    assert words.pop(0) == "curl"
    options = {"-u": "", "-d": "", "-H": ""}
    url = ""
    while words:
        word = words.pop(0)
        if word in options:
            options[word] = words.pop(0)
        else:
            url = word
    user, _, passcode = options["-u"].partition(":")
    name, _, value = options["-H"].partition(": ")
    request = httpx.Request(
        "POST" if options["-d"] else "GET",
        url,
        headers={name: value} if name else {},
        content=options["-d"] or None,
    )
    return next(httpx.BasicAuth(user, passcode).auth_flow(request))


def test_scripts_get_the_account_and_its_two_keys_as_json(tmp_path: Path) -> None:
    done = mien(
        *("account", "create", "--name", "Shop", "--region", "eu1"),
        *("--time-zone", "Europe/Paris", "--data", tmp_path, "--json"),
    )
    made = read_json(done)
    live = made["live"]["account_id"]
    assert made == {
        "account": {"name": "Shop", "region": "eu1", "time_zone": "Europe/Paris"},
        "live": {"account_id": live, "passcode": made["live"]["passcode"]},
        "test": {"account_id": f"TEST-{live}", "passcode": made["test"]["passcode"]},
    }
    assert re.fullmatch(r"[A-Z2-9]{3}-[A-Z2-9]{3}-\d{4}", live)
    assert re.fullmatch(PASSCODE, made["live"]["passcode"])
    assert made["live"]["passcode"] != made["test"]["passcode"]


def test_an_account_that_is_made_while_the_server_runs_is_let_in(server: Server) -> None:
    made = read_json(on(server, "account", "create", "--name", "Late", "--json"))
    for environment in ("live", "test"):
        assert admits(server, **made[environment])
    assert not admits(server, made["live"]["account_id"], made["test"]["passcode"])


def test_people_are_told_what_to_keep_and_what_to_do_next(server: Server) -> None:
    done = on(server, "account", "create", "--name", "[bold] & Söhne")
    assert done.returncode == 0
    assert "Made the account [bold] & Söhne (region local, time zone UTC)." in done.stdout
    assert len(set(re.findall(PASSCODE, done.stdout))) == 2
    assert "shown this once" in done.stdout
    assert f"mien serve --data {server.data}" in done.stdout or server.settings
    send, read = [line.strip() for line in done.stdout.splitlines() if "curl" in line]
    with httpx.Client() as client:
        requests = [
            request_of(line.replace("http://127.0.0.1:8080", server.url)) for line in (send, read)
        ]
        answers = [client.send(request) for request in requests]
    assert [each.status_code for each in answers] == [httpx.codes.OK, httpx.codes.OK]
    assert answers[1].json()["properties"]["Name"] == "Ada"


def test_accounts_are_listed_with_their_environments(tmp_path: Path) -> None:
    made = [new_account(tmp_path, name) for name in ("First", "Second")]
    listed = read_json(mien("account", "list", "--data", tmp_path, "--json"))["accounts"]
    assert [
        (each["name"], each["region"], each["time_zone"], each["live"], each["test"])
        for each in listed
    ] == [
        (name, "local", "UTC", each["live"]["account_id"], each["test"]["account_id"])
        for name, each in zip(("First", "Second"), made, strict=True)
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", listed[0]["created_at"])
    table = mien("account", "list", "--data", tmp_path).stdout
    for each in made:
        assert each["live"]["account_id"] in table
        assert each["live"]["passcode"] not in table


def test_a_folder_without_accounts_says_so(tmp_path: Path) -> None:
    assert "There is no store at" in refusal(mien("account", "list", "--data", tmp_path / "none"))
    assert not (tmp_path / "none").exists()
    mien("migrate", "--data", tmp_path)
    assert "no account yet" in mien("account", "list", "--data", tmp_path).stdout
    assert read_json(mien("account", "list", "--data", tmp_path, "--json")) == {"accounts": []}


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--time-zone", "Mars/Olympus", "--time-zone: 'Mars/Olympus' is no time zone"),
        ("--name", " ", "--name: needs 1 to 200 characters"),
        ("--region", "Europe One", "'Europe One' is no region such as eu1"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    option: str, value: str, problem: str, tmp_path: Path
) -> None:
    done = mien("account", "create", "--name", "Shop", option, value, "--data", tmp_path)
    assert done.returncode in {1, 2}
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert (
        "no account yet" in mien("account", "list", "--data", tmp_path).stdout
        or not (tmp_path / "mien.db").exists()
    )


def add_key(server: Server, account_id: str) -> Any:
    """Make a further key."""
    return read_json(on(server, "key", "add", account_id, "--label", "a program", "--json"))


def test_a_further_key_is_good_beside_the_first(server: Server) -> None:
    made = read_json(on(server, "account", "create", "--name", "Keys", "--json"))
    account_id = made["live"]["account_id"]
    added = add_key(server, account_id)
    assert added == {
        "account_id": account_id,
        "passcode": added["passcode"],
        "key_id": 2,
        "label": "a program",
    }
    # The server may have looked up the keys a moment ago.
    time.sleep(1.1)
    assert admits(server, account_id, added["passcode"])
    assert admits(server, **made["live"])


def test_people_are_told_how_to_go_on_with_a_further_key(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    done = mien("key", "add", account_id, "--data", tmp_path)
    assert f"Made key 2 of {account_id}." in done.stdout
    assert len(re.findall(PASSCODE, done.stdout)) == 1
    assert f"mien key list {account_id} --data {tmp_path}" in done.stdout
    done = mien("key", "revoke", account_id, 1, "--data", tmp_path)
    assert "servers refuse it within a second" in done.stdout


def test_a_revoked_key_is_refused_within_about_a_second(server: Server) -> None:
    made = read_json(on(server, "account", "create", "--name", "Keys", "--json"))
    account_id = made["live"]["account_id"]
    assert admits(server, **made["live"])
    added = add_key(server, account_id)
    revoked = read_json(on(server, "key", "revoke", account_id, 1, "--json"))
    assert revoked == {"account_id": account_id, "key_id": 1}
    until = time.monotonic() + 1.5
    while admits(server, **made["live"]):
        assert time.monotonic() < until, "the revoked key is still good"
        time.sleep(0.05)
    assert admits(server, account_id, added["passcode"])
    assert "has no key 1 that is in use" in refusal(on(server, "key", "revoke", account_id, 1))


def test_keys_are_listed_without_their_passcodes(server: Server) -> None:
    made = read_json(on(server, "account", "create", "--name", "Keys", "--json"))
    account_id = made["test"]["account_id"]
    added = add_key(server, account_id)
    on(server, "key", "revoke", account_id, 1)
    listed = read_json(on(server, "key", "list", account_id, "--json"))
    assert listed["account_id"] == account_id
    assert [(key["key_id"], key["label"]) for key in listed["keys"]] == [
        (1, "first key"),
        (2, "a program"),
    ]
    assert [key["revoked_at"] is None for key in listed["keys"]] == [False, True]
    assert {key["used_at"] for key in listed["keys"]} == {None}
    table = on(server, "key", "list", account_id).stdout
    assert "in use" in table
    assert "revoked" in table
    assert added["passcode"] not in table + str(listed)


def test_a_key_of_an_unknown_environment_is_refused(server: Server) -> None:
    for command in (("add", "NOT-THE-0001"), ("list", "NOT-THE-0001"), ("revoke", "NOT-ONE-1", 1)):
        assert "There is no environment NOT-" in refusal(on(server, "key", *command))


def test_a_key_tells_when_it_was_used_last(server: Server) -> None:
    made = read_json(on(server, "account", "create", "--name", "Uses", "--json"))["live"]
    account_id, passcode = made["account_id"], made["passcode"]
    assert " never" in on(server, "key", "list", account_id).stdout
    assert admits(server, account_id, passcode)
    deadline = time.monotonic() + 30
    while True:
        [key] = read_json(on(server, "key", "list", account_id, "--json"))["keys"]
        if key["used_at"] is not None:
            break
        assert time.monotonic() < deadline
    assert " never" not in on(server, "key", "list", account_id).stdout
