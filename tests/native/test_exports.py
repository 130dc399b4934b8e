"""`/v1/exports`: files of people and events, begun, watched, fetched in parts and removed (G-07, S-02)."""

import time
from typing import Any

import httpx
import pytest

from tests.native.callers import Json, Native, event, problem, profile

EVERYBODY: Json = {"tree": {"all": []}}
CSV: Json = {"profiles": EVERYBODY, "format": "csv", "columns": ["distinct_id", "Plan"]}


def start(native: Native, body: Json) -> Json:
    answer = native.http.post("/v1/exports", json=body)
    assert answer.status_code == 202, answer.text
    found: Json = answer.json()
    assert answer.headers["location"] == f"/v1/exports/{found['id']}"
    return found


def finish(native: Native, export: int) -> Json:
    """Wait until an export is written."""
    deadline = time.monotonic() + 60
    while (found := native.get(f"exports/{export}"))["state"] == "writing":
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def fetch(native: Native, export: int, **headers: str) -> httpx.Response:
    return native.http.get(f"/v1/exports/{export}/file", headers=headers)


def exported(native: Native, body: Json) -> str:
    """Export and give the text of the file."""
    export = start(native, body)["id"]
    assert finish(native, export)["state"] == "done"
    answer = fetch(native, export)
    assert answer.status_code == 200, answer.text
    return answer.text


# G-07
def test_an_export_is_begun_watched_and_fetched(native: Native) -> None:
    native.send(profile("ana", Plan="Gold"), profile("bo", Plan="=cmd"))
    begun = start(native, CSV)
    assert begun == {
        "id": 1,
        "state": "writing",
        "format": "csv",
        "tree": {"all": []},
        "columns": ["distinct_id", "Plan"],
        "total": 2,
        "done": 0,
        "rows": 0,
        "bytes": 0,
        "created_at": begun["created_at"],
        "source": "v1:1",
        "actor": begun["actor"],
    }
    done = finish(native, 1)
    body = b"distinct_id,Plan\nana,Gold\nbo,'=cmd\n"
    assert (done["state"], done["rows"], done["bytes"]) == ("done", 2, len(body))
    answer = fetch(native, 1)
    assert answer.content == body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["content-disposition"] == 'attachment; filename="export-1.csv"'
    assert native.get("exports")["exports"] == [done]
    assert native.http.delete("/v1/exports/1").json() == done
    problem(native.http.get("/v1/exports/1"), 404)
    problem(fetch(native, 1), 404)
    assert native.get("exports") == {"exports": []}


def test_a_broken_download_goes_on_where_it_ended(native: Native) -> None:
    native.send(*(profile(f"p{n:03}", Plan="é") for n in range(300)))
    export = start(native, CSV)["id"]
    finish(native, export)
    whole = fetch(native, export)
    size, tag = len(whole.content), whole.headers["etag"]
    rest = fetch(native, export, **{"Range": "bytes=1000-", "If-Range": tag})
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes 1000-{size - 1}/{size}"
    assert rest.content == whole.content[1000:]
    for asked, part in (("bytes=5-9", slice(5, 10)), ("bytes=-7", slice(-7, None))):
        assert fetch(native, export, Range=asked).content == whole.content[part]
    for asked in ("bytes=9-5", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-"):
        answer = fetch(native, export, Range=asked)
        assert (answer.status_code, answer.content) == (200, whole.content)
    stale = fetch(native, export, **{"Range": "bytes=5-9", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    beyond = fetch(native, export, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{size}"


# S-02
def test_a_saved_segment_and_events_are_exported(native: Native) -> None:
    native.send(
        profile("ana", Plan="Gold"),
        profile("bo"),
        event("ana", "Charged", 1_767_225_600, Amount=9),
        event("bo", "Charged", 1_767_225_600, Amount=8),
        event("ana", "Charged", 1_767_312_000, Amount=7),
    )
    gold = {"name": "Gold", "tree": {"property": "Plan", "op": "equals", "value": "Gold"}}
    segment = native.http.post("/v1/segments", json=gold).json()["id"]
    body: Json = {"profiles": {"segment": segment}, "format": "csv", "columns": ["distinct_id"]}
    assert exported(native, body) == "distinct_id\nana\n"
    of_events: Json = {
        "events": {"event": "charged", "from": "2026-01-01", "to": "2026-01-01"},
        "format": "csv",
        "columns": ["event", "at", "distinct_id", "Amount"],
    }
    assert exported(native, of_events).splitlines() == [
        "event,at,distinct_id,Amount",
        "Charged,2026-01-01T00:00:00Z,ana,9",
        "Charged,2026-01-01T00:00:00Z,bo,8",
    ]
    of_events["events"] = {
        "event": "Charged",
        "where": [{"property": "Amount", "op": "less_than", "value": 9}],
        "of": {"segment": segment},
    }
    assert exported(native, of_events).splitlines()[1:] == ["Charged,2026-01-02T00:00:00Z,ana,7"]


# P-15
def test_whoever_is_erased_takes_the_file_along(native: Native) -> None:
    native.send(profile("ana"), profile("bo"))
    export = start(native, CSV | {"columns": ["distinct_id"]})["id"]
    finish(native, export)
    erased = native.http.delete("/v1/profile", params={"distinct_id": "ana"}).json()
    assert erased["removed"]["exports"] == 1
    assert native.get(f"exports/{export}")["state"] == "withdrawn"
    refusal = problem(fetch(native, export), 409)
    assert refusal["code"] == "export_without_file"
    assert exported(native, CSV | {"columns": ["distinct_id"]}) == "distinct_id\nbo\n"


REFUSED: list[tuple[Any, str]] = [
    ({}, "exactly one of profiles and events"),
    ({"profiles": EVERYBODY, "events": {"event": "Charged"}}, "exactly one of profiles and events"),
    ({"profiles": {}}, "profiles: give exactly one of segment and tree"),
    ({"profiles": {"segment": "9"}}, "there is no segment '9'"),
    ({"profiles": {"segment": "'; --"}}, "profiles.segment"),
    ({"profiles": {"tree": {"all": 1}}}, "profiles.tree.all"),
    ({"profiles": EVERYBODY, "format": "xls"}, "format"),
    ({"profiles": EVERYBODY, "columns": []}, "columns"),
    ({"profiles": EVERYBODY, "columns": ["x"]}, "columns[0]: 'x' is no property"),
    ({"profiles": EVERYBODY, "csv_formulas": "run"}, "csv_formulas"),
    ({"profiles": EVERYBODY, "more": 1}, "more"),
    ({"events": {"event": "Never"}}, "events.event: nobody ever did 'Never'"),
    ({"events": {"event": ""}}, "events.event"),
    ({"events": {"event": "Charged", "from": "2026-13-01"}}, "events.from"),
    ({"events": {"event": "Charged", "from": "2026-02-01", "to": "2026-01-01"}}, "events.from"),
    ({"events": {"event": "Charged", "window": {"last_days": 0}}}, "events.window.last_days"),
    (
        {"events": {"event": "Charged", "to": "2026-01-01", "window": {"last_days": 1}}},
        "events.window: give this, or from and to",
    ),
    ({"events": {"event": "Charged", "where": [{"property": "a"}]}}, "events.where[0].op"),
    ({"events": {"event": "Charged", "of": {"segment": "x y"}}}, "events.of.segment"),
]


# S-02
@pytest.mark.parametrize(
    ("body", "detail"), REFUSED, ids=[str(place) for place in range(len(REFUSED))]
)
def test_a_wrong_export_is_refused_and_told_where(
    native: Native, body: object, detail: str
) -> None:
    native.send(profile("ana"))
    refusal = problem(native.http.post("/v1/exports", json=body), 400)
    assert detail in refusal["detail"]
    assert native.get("exports") == {"exports": []}


def test_an_export_of_one_environment_is_not_there_for_the_other(
    native: Native, native_test: Native
) -> None:
    native.send(profile("ana", Plan="Gold"))
    export = start(native, CSV)["id"]
    finish(native, export)
    problem(fetch(native_test, export), 404)
    problem(native_test.http.get(f"/v1/exports/{export}"), 404)
    problem(native_test.http.delete(f"/v1/exports/{export}"), 404)
    assert native_test.get("exports") == {"exports": []}
    assert fetch(native, export).status_code == 200


def test_exports_are_listed_page_by_page_newest_first(native: Native) -> None:
    native.send(profile("ana", Plan="Gold"))
    made = [start(native, CSV)["id"] for _ in range(3)]
    listed = [each["id"] for each in native.items("exports", "exports", limit=2)]
    assert listed == made[::-1]


@pytest.mark.parametrize("export", ["0", "-1", str(2**63), str(10**30), "x", "1.5"])
def test_what_is_no_id_is_refused(native: Native, export: str) -> None:
    for path in (f"/v1/exports/{export}", f"/v1/exports/{export}/file"):
        assert native.http.get(path).status_code in (400, 404)
