"""Exports: what a golden file would be too long for, or has no clock for."""

import base64
from typing import Any

import httpx
import msgspec
import pytest

from mien import clock
from mien.http.clevertap.exporting import Cursor
from mien.services import cursors
from mien.services.cursors import InvalidCursorError, open_cursor, seal

QUERY = {"event_name": "login", "from": 20171201, "to": 20171225}
KEY = b"k" * 32
NOON = 1512129600


def test_a_page_has_500_records_unless_asked_otherwise(client: httpx.Client) -> None:  # G-03
    _login(client, [f"p{number}" for number in range(501)])
    cursor = client.post("/1/profiles.json", json=QUERY).json()["cursor"]
    first = client.get(f"/1/profiles.json?cursor={cursor}").json()
    last = client.get(f"/1/profiles.json?cursor={first['next_cursor']}").json()
    assert (len(first["records"]), len(last["records"])) == (500, 1)
    assert "next_cursor" not in last


@pytest.mark.parametrize("size", [1, 7, 23, 100, 5000])
def test_every_profile_comes_once_whatever_the_size_of_a_page(  # G-03, G-07
    client: httpx.Client, size: int
) -> None:
    people = [f"p{number}" for number in range(60)]
    _login(client, people)
    found = [record["identity"] for record in _export(client, "profiles", size)]
    assert found == people


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_every_event_comes_once_whatever_the_size_of_a_page(  # G-10
    client: httpx.Client, size: int
) -> None:
    _login(client, ["ana", "bo", "cy"] * 7)
    found = [record["profile"]["identity"] for record in _export(client, "events", size)]
    assert sorted(found) == sorted(["ana", "bo", "cy"] * 7)


def test_uploads_between_pages_neither_repeat_nor_lose_anybody(
    client: httpx.Client,
) -> None:  # G-07
    people = [f"p{number}" for number in range(20)]
    _login(client, people)
    found: list[str] = []
    cursor = client.post("/1/profiles.json?batch_size=3", json=QUERY).json()["cursor"]
    while cursor:
        page = client.get(f"/1/profiles.json?cursor={cursor}").json()
        found += [record["identity"] for record in page["records"]]
        cursor = page.get("next_cursor")
        _login(client, [*people[::4], f"late{len(found)}"])
    assert found == people


def test_a_cursor_is_made_of_characters_that_no_client_encodes(
    client: httpx.Client,
) -> None:  # G-02
    _login(client, ["ana", "bo"])
    cursor = client.post("/1/profiles.json?batch_size=1", json=QUERY).json()["cursor"]
    page = client.get(f"/1/profiles.json?cursor={cursor}").json()
    for each in (cursor, page["next_cursor"]):
        assert each.replace("-", "").replace("_", "").isalnum()
        assert each.isascii()


def test_a_cursor_opens_for_four_days() -> None:  # G-07
    payload = ["page", 7]
    made = seal(KEY, 1, "profiles", payload)
    assert open_cursor(KEY, 1, "profiles", made, list[object]) == payload
    now = clock.now_ms() // 1_000
    assert open_cursor(KEY, 1, "profiles", _sealed(now + 60, payload), list[object]) == payload
    with pytest.raises(InvalidCursorError, match="older than four days"):
        open_cursor(KEY, 1, "profiles", _sealed(now - 1, payload), list[object])
    expires_at, _ = msgspec.msgpack.decode(base64.urlsafe_b64decode(made + "==")[16:])
    assert now + 4 * 86_400 - expires_at in (0, 1, -1)


def test_a_cursor_of_another_version_is_refused_with_a_sentence() -> None:  # G-08
    made = seal(KEY, 1, "profiles", [[7, 0, 9, 4_000], {"batch_size": 3}, [5, 0]])
    with pytest.raises(InvalidCursorError, match="another version of the server; begin"):
        open_cursor(KEY, 1, "profiles", made, Cursor)


def _sealed(expires_at: int, payload: object) -> str:
    body = msgspec.msgpack.encode((expires_at, payload))
    signed = cursors._signature(KEY, 1, "profiles", body) + body
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def _export(client: httpx.Client, kind: str, size: int) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    answer = client.post(f"/1/{kind}.json?batch_size={size}", json=QUERY).json()
    cursor = answer["cursor"]
    while cursor:
        page = client.get(f"/1/{kind}.json?cursor={cursor}").json()
        assert len(page["records"]) <= size
        records += page["records"]
        cursor = page.get("next_cursor")
    return records


def _login(client: httpx.Client, people: list[str]) -> None:
    event = {"type": "event", "evtName": "login", "evtData": {}}
    records = [{**event, "identity": who, "ts": NOON + n} for n, who in enumerate(people)]
    assert client.post("/1/upload", json={"d": records}).json()["processed"] == len(people)
