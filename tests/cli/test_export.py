"""`mien export`: by the server or alone, and on again after a break."""

import json
import socket
import socketserver
import threading
import time
from pathlib import Path

import pytest
from msgspec import convert

from mien.cli.asking import Remote
from mien.cli.export_desks import RemoteDesk, State
from mien.config import Settings
from mien.domain.ids import EnvironmentId
from mien.services.local import LocalServer
from mien.store.accounts import Environment
from tests.cli.commands import Done, mien, on, process, read_json, refusal
from tests.native.callers import Json, Native, event, profile
from tests.support.servers import Key, Server

GOLD: Json = {"property": "Plan", "op": "equals", "value": "Gold"}


@pytest.fixture
def filled(server: Server, keys: tuple[Key, Key]) -> str:
    """Give the id of an environment with three people and a segment."""
    with (caller := Native(server, keys[0])).http:
        caller.send(
            profile("ana", Plan="Gold"),
            profile("bo", Plan="Tin"),
            profile("cy", Plan="Gold"),
            event("ana", "Charged", 1_767_225_600, Amount=9),
            event("bo", "Charged", 1_767_225_600, Amount=8),
            event("ana", "Charged", 1_767_312_000, Amount=7),
        )
        assert caller.http.post("/v1/segments", json={"name": "Best [1]", "tree": GOLD}).is_success
    return keys[0].account_id


# G-07
def test_people_and_events_are_written_by_the_server(
    server: Server, filled: str, tmp_path: Path
) -> None:
    out = tmp_path / "people.csv"
    asked = ("export", filled, "--column", "distinct_id", "--out", out)
    done = on(server, *asked, "--segment", "Best [1]")
    assert done.stdout == f"Wrote 2 rows to {out} (0.0 MB).\n", done.stderr
    assert out.read_text() == "distinct_id\nana\ncy\n"
    assert "exists already; add --replace" in refusal(on(server, *asked))
    tree = tmp_path / "tree.json"
    tree.write_text(json.dumps({"not": GOLD}))
    read_json(on(server, *asked, "--tree", tree, "--replace", "--json"))
    assert out.read_text() == "distinct_id\nbo\n"
    events = tmp_path / "events.jsonl"
    day = ("--event", "charged", "--from", "2026-01-01", "--to", "2026-01-01")
    found = read_json(
        on(server, "export", filled, *day, "--segment", "1", "--out", events, "--json")
    )
    assert (found["rows"], found["file"]) == (1, str(events))
    (line,) = [json.loads(each) for each in events.read_text().splitlines()]
    assert (line["distinct_id"], line["properties"]) == ("ana", {"Amount": 9})
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "events.jsonl", "people.csv", "tree.json",
    ]  # fmt: skip


def test_what_the_server_wrote_is_removed_there(
    server: Server, filled: str, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    on(server, "export", filled, "--out", tmp_path / "a.parquet")
    with (caller := Native(server, keys[0])).http:
        assert caller.get("exports") == {"exports": []}


def test_a_wrong_export_is_refused_in_a_sentence(
    server: Server, filled: str, tmp_path: Path
) -> None:
    def asked(*arguments: object, out: str = "a.csv") -> str:
        return refusal(on(server, "export", filled, "--out", tmp_path / out, *arguments))

    assert "There is no segment with the id or the name 'None such'" in asked(
        "--segment", "None such"
    )
    assert "give this, or --tree, and not both" in asked("--segment", "1", "--tree", __file__)
    assert "--format: a.xls ends as no format does" in asked(out="a.xls")
    assert "--from: it needs --event" in asked("--from", "2026-01-01")
    assert "--from: a day such as 2026-01-31 is needed" in asked(
        "--event", "Charged", "--from", "2026-13-01"
    )
    assert "none is no folder to write to" in asked(out="none/a.csv")
    assert "--event: " in asked("--event", "")
    assert "nobody ever did 'Never'" in asked("--event", "Never")
    assert "'x' is no property that was ever seen" in asked("--column", "x")
    assert not list(tmp_path.iterdir())


def alone(data: Path, *arguments: object) -> Done:
    return mien("export", *arguments, "--data", data)


@pytest.fixture
def quiet(tmp_path: Path) -> tuple[Path, Key]:
    """Give a data folder that no server has, with 3,000 people."""
    server = Server(tmp_path / "data").start()
    key, _ = server.account()
    with (caller := Native(server, key)).http:
        for part in range(3):
            caller.send(*(profile(f"{part}-{n:03}", Plan="Gold") for n in range(1_000)))
    assert server.stop() == 0, server.log()
    return server.data, key


# G-07, S-04
def test_without_a_server_the_command_does_it_itself(
    quiet: tuple[Path, Key], tmp_path: Path
) -> None:
    data, key = quiet
    out = tmp_path / "all.csv"
    done = alone(data, key.account_id, "--out", out, "--column", "distinct_id", "--json")
    assert read_json(done)["rows"] == 3_000
    assert len(set(out.read_text().splitlines())) == 3_001
    assert not list((data / "exports").glob("*-*"))


def test_a_command_that_was_broken_off_goes_on(quiet: tuple[Path, Key], tmp_path: Path) -> None:
    data, key = quiet
    out = tmp_path / "all.csv"
    asked = ("export", key.account_id, "--out", out, "--column", "distinct_id", "--data", data)
    # Something that is in the way of its file, once it is written.
    note = tmp_path / "all.csv.export"
    out.with_name("all.csv.part").mkdir()
    broken = process(*asked)
    assert broken.returncode == 1, broken.stdout
    assert note.exists()
    begun = json.loads(note.read_bytes())["export"]
    out.with_name("all.csv.part").rmdir()
    assert process(*asked).returncode == 0
    assert begun == 1
    assert len(out.read_text().splitlines()) == 3_001
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.csv", "data"]
    again = json.loads(process(*asked, "--replace", "--json").stdout)
    assert again["rows"] == 3_000


def test_an_export_of_another_environment_is_begun_anew(
    server: Server, filled: str, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    """Both have an export 1, of the same question, and write to the same name."""
    part, note = tmp_path / "people.csv.part", tmp_path / "people.csv.export"
    asked = ("--out", tmp_path / "people.csv", "--column", "distinct_id")
    with (caller := Native(server, keys[1])).http:
        caller.send(profile("tester"))
        made = {"profiles": {"tree": {"all": []}}, "format": "csv", "columns": ["distinct_id"]}
        assert caller.http.post("/v1/exports", json=made).json()["id"] == 1
        part.mkdir()
        assert "Is a directory" in refusal(on(server, "export", filled, *asked))
        part.rmdir()
        assert json.loads(note.read_bytes())["export"] == 1
        done = read_json(on(server, "export", keys[1].account_id, *asked, "--json"))
        assert (done["rows"], (tmp_path / "people.csv").read_text()) == (1, "distinct_id\ntester\n")
        # The one that was there is there still.
        assert caller.get("exports/1")["id"] == 1


def test_what_was_fetched_of_an_export_without_an_end_is_removed(
    server: Server, filled: str, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    part = tmp_path / "people.csv.part"
    asked = ("export", filled, "--out", tmp_path / "people.csv")
    part.mkdir()
    assert "Is a directory" in refusal(on(server, *asked))
    part.rmdir()
    part.write_bytes(b"half a file that tells of ana")
    with (caller := Native(server, keys[0])).http:
        erased = caller.http.post("/v1/erasures", json={"distinct_ids": ["ana"]})
        assert erased.is_success, erased.text
    assert "somebody in it was erased" in refusal(on(server, *asked))
    assert not list(tmp_path.iterdir())


# G-07
def test_a_download_that_broke_off_is_fetched_from_there(
    server: Server, filled: str, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    """A part of the file is here, and its mark in the note; only the rest comes."""
    out = tmp_path / "people.csv"
    asked = ("export", filled, "--out", out, "--column", "distinct_id")
    part, note = tmp_path / "people.csv.part", tmp_path / "people.csv.export"
    part.mkdir()
    assert "Is a directory" in refusal(on(server, *asked))
    part.rmdir()
    with (caller := Native(server, keys[0])).http:
        answer = caller.http.get("/v1/exports/1/file")
    assert answer.text == "distinct_id\nana\nbo\ncy\n"
    part.write_bytes(b"DISTINCT_ID\n")
    begun = json.loads(note.read_bytes())
    assert begun["tag"] == answer.headers["etag"]
    assert on(server, *asked).returncode == 0
    assert out.read_text() == "DISTINCT_ID\nana\nbo\ncy\n"
    # Of another question it is begun anew.
    note.write_text(json.dumps({**begun, "asked": "other"}))
    part.write_bytes(b"x")
    assert on(server, *asked, "--replace").returncode == 0
    assert out.read_text() == "distinct_id\nana\nbo\ncy\n"


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Passes answers of a server on, and cuts each connection after so many bytes of them."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__(("127.0.0.1", 0), _Cut)
        self.port, self.after, self.connections = port, after, 0


class _Cut(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = self.server
        assert isinstance(proxy, CuttingProxy)
        proxy.connections += 1
        with socket.create_connection(("127.0.0.1", proxy.port)) as server:
            server.sendall(self.request.recv(65_536))
            rest = proxy.after
            while rest and (some := server.recv(min(rest, 4_096))):
                self.request.sendall(some)
                rest -= len(some)


# G-07
def test_a_connection_that_breaks_is_opened_again(
    server: Server, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    with (caller := Native(server, keys[0])).http:
        caller.send(*(profile(f"p{n}", text="x" * 500) for n in range(200)))
        body = {"profiles": {"tree": {"all": []}}, "format": "csv"}
        begun = caller.http.post("/v1/exports", json=body).json()["id"]
        while (found := caller.get(f"exports/{begun}"))["state"] != "done":
            time.sleep(0.05)
        whole = caller.http.get(f"/v1/exports/{begun}/file").content
    told = json.loads((server.data / "server.json").read_bytes())
    part = tmp_path / "part"
    tags: list[str] = []
    with CuttingProxy(server.port, 50_000) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{proxy.server_address[1]}"
        remote = Remote(LocalServer(url, told["secret"], told["process"]), Settings())
        desk = RemoteDesk(
            remote, Environment(EnvironmentId(1), 1, "live", keys[0].account_id, "UTC")
        )
        desk.fetch(convert(found, State, strict=False), part, "", tags.append)
        connections = proxy.connections
        proxy.shutdown()
    assert part.read_bytes() == whole
    assert len(whole) > 100_000
    assert connections == len(tags) > 2
