"""Exports to files while the server is killed, and people are uploaded and merged (G-07)."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.native.callers import Json, Native, event, problem, profile
from tests.support.crowds import Place
from tests.support.servers import Key, Server

PEOPLE = 4_000
MERGED = 30
KILLS = 2
TEXT, ENOUGH = 300, 100_000
"""Bytes of each row at least, and after how many more of them the server is killed."""
ASKED: Json = {
    "profiles": {"tree": {"property": "n", "op": "exists"}},
    "format": "parquet",
    "columns": ["distinct_id", "n", "text"],
}


def fill(native: Native) -> None:
    """Upload people, and some who will turn out to be one of them."""
    for start in range(0, PEOPLE, 1_000):
        native.send(*(profile(f"p{n}", n=n, text="x" * TEXT) for n in range(start, start + 1_000)))
    native.send(
        *(
            {"type": "profile", "facebook_id": f"f{n}", "properties": {"n": n}}
            for n in range(MERGED)
        )
    )


def disturb(native: Native, merged: list[int], number: int) -> None:
    """Change people, add some, and merge one, until the server is gone."""
    try:
        for turn in range(10_000):
            native.send(
                profile(f"p{turn}", n=turn, more=number),
                profile(f"late-{number}-{turn}", n=1),
                event(f"p{turn}", "Seen"),
            )
            if len(merged) < MERGED:
                which = len(merged)
                named = {"facebook_id": f"f{which}", "distinct_id": f"p{which}"}
                merged.append(which)
                native.send({"type": "profile", **named, "properties": {}})
            time.sleep(0.01)
    except httpx.TransportError:
        return


def state_of(native: Native, export: int) -> Json:
    return native.get(f"exports/{export}")


@pytest.mark.timeout(300)
def test_an_export_outlives_kills_uploads_and_merges(place: Place, tmp_path: Path) -> None:
    server = place.serve(MIEN_FRESH_SECONDS="60")
    key, _ = place.account()
    place.close_stores()
    with patient(server, key) as native:
        fill(native)
    merged: list[int] = []
    export = 0
    for number in range(KILLS):
        with patient(server, key) as native, patient(server, key) as others:
            thread = threading.Thread(target=disturb, args=(others, merged, number))
            thread.start()
            export = export or native.http.post("/v1/exports", json=ASKED).json()["id"]
            wait_until_it_grows(server.data / "exports")
            server.kill()
            thread.join()
        server = Server(server.data, server.settings, server.port).start()
        place.servers.append(server)
    file = tmp_path / "people.parquet"
    with patient(server, key) as native:
        found = finish(native, export)
        file.write_bytes(native.http.get(f"/v1/exports/{export}/file").content)
    assert (found["state"], found["done"]) == ("done", found["total"]), found
    assert found["total"] >= PEOPLE + MERGED - len(merged)
    check_rows(file, found["rows"])
    assert server.stop() == 0, server.log()


def wait_until_it_grows(folder: Path) -> None:
    """Wait until some of the lines are written, and by far not all."""
    deadline = time.monotonic() + 60
    first = size_of(folder)
    while (size := size_of(folder)) < first + ENOUGH:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert size < PEOPLE * TEXT


def size_of(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.glob("*.lines"))


def check_rows(file: Path, rows: int) -> None:
    """Each person is there once."""
    with duckdb.connect() as reader:
        found = reader.read_parquet(str(file)).select("distinct_id").fetchall()
    counted = Counter(row[0] for row in found)
    alone = counted.pop(None, 0)
    late = {name for name in counted if name.startswith("late-0-")}
    assert counted == Counter({f"p{n}" for n in range(PEOPLE)} | late)
    # Those who were not merged yet when their row was written.
    assert alone <= MERGED
    assert len(found) == rows


@contextmanager
def patient(server: Server, key: Key) -> Iterator[Native]:
    """Give a caller who waits."""
    native = Native(server, key)
    native.http.timeout = httpx.Timeout(60)
    with native.http:
        yield native


def finish(native: Native, export: int) -> Json:
    """Wait until an export is written."""
    while True:
        found = state_of(native, export)
        if found["state"] != "writing":
            return found
        time.sleep(0.05)


def test_a_file_is_where_it_was_begun(
    two_servers: tuple[Server, Server], shared_place: Place
) -> None:
    key, _ = shared_place.account()
    with (here := Native(two_servers[0], key)).http, (there := Native(two_servers[1], key)).http:
        here.send(profile("ana"))
        begun = here.http.post(
            "/v1/exports",
            json={"profiles": {"tree": {"all": []}}, "format": "csv", "columns": ["distinct_id"]},
        ).json()
        path = f"/v1/exports/{begun['id']}/file"
        finish(there, begun["id"])
        assert here.http.get(path).text == "distinct_id\nana\n"
        assert problem(there.http.get(path), 409)["code"] == "export_elsewhere"
        # Taken back everywhere, and removed where it is.
        there.http.delete("/v1/profile", params={"distinct_id": "ana"})
        assert problem(here.http.get(path), 409)["code"] == "export_without_file"
        folder = two_servers[0].data / "exports"
        deadline = time.monotonic() + 30
        while list(folder.glob("*.csv")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert there.http.delete(f"/v1/exports/{begun['id']}").status_code == 200
        problem(here.http.get(path), 404)
