"""A server that counts in ClickHouse: hostile texts, kill -9, a rebuild, and no ClickHouse at all (S-04, S-07)."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mien.domain.members import Role
from tests.cli.commands import on
from tests.native.callers import Native, profile
from tests.support.offices import Office
from tests.support.servers import DidNotStartError, Server

ODD = ["'; DROP TABLE profiles; --", "\\", "\\'", "\\n", "`{v0: String}`", "%_", "\t tab", "😀"]


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[Server]:
    """Give a server with ClickHouse in its own process."""
    url = f"chdb://{tmp_path / 'clickhouse'}?database=shop"
    server = Server(
        tmp_path / "data",
        {"MIEN_ANALYTICS_URL": url, "MIEN_FRESH_SECONDS": "30", "MIEN_QUERY_SECONDS": "30"},
    ).start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


def sizes(native: Native) -> list[int]:
    """Count those who have each odd text, and those who have any."""
    asked = [{"property": "odd", "op": "equals", "value": each} for each in ODD]
    contains = [{"property": "odd", "op": "contains", "value": each} for each in ODD]
    trees: list[object] = [*asked, {"any": contains}]
    native.http.timeout = httpx.Timeout(60)
    return [count(native, tree) for tree in trees]


def count(native: Native, tree: object) -> int:
    answer = native.http.post("/v1/segments/count", json={"tree": tree})
    assert answer.status_code == 200, answer.text
    size: int = answer.json()["size"]
    return size


def test_counts_are_right_whatever_happens_to_the_server(clickhouse: Server) -> None:
    live, _ = clickhouse.account()
    native = Native(clickhouse, live)
    native.send(*(profile(f"p{place}", odd=each) for place, each in enumerate(ODD)))
    expected = [1] * len(ODD) + [len(ODD)]
    assert sizes(native) == expected
    native.send(*(profile(f"more {each}") for each in range(100)))
    clickhouse.kill()
    clickhouse.start()
    assert sizes(native) == expected
    assert count(native, {"all": []}) == len(ODD) + 100
    assert "was made anew" in on(clickhouse, "analytics", "rebuild").stdout
    assert sizes(native) == expected
    native.http.close()
    assert clickhouse.stop() == 0
    assert "up to date" in on(clickhouse, "analytics", "status").stdout


def test_a_server_serves_without_its_clickhouse(tmp_path: Path) -> None:
    """Records are taken and read; a count, and an export, say that they cannot be answered yet.

    The dashboard says so too, and looks again by itself.
    """
    settings = {"MIEN_ANALYTICS_URL": "clickhouse://127.0.0.1:1/mien", "MIEN_FRESH_SECONDS": "0.2"}
    server = Server(tmp_path / "data", settings).start()
    live, _ = server.account()
    native = Native(server, live)
    native.send(profile("ana"))
    assert native.get("profile", distinct_id="ana")["type"] == "identified"
    answer = native.http.post("/v1/segments/count", json={"tree": {"all": []}})
    assert answer.status_code == 503
    assert answer.json()["code"] == "analytics_behind"
    query = {"event_name": "Charged", "from": 20260101, "to": 20260102}
    for what in ("profiles", "events"):
        answer = native.http.post(f"/1/{what}.json", json=query)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["status"] == "fail"
        assert "ask again in a moment" in answer.json()["error"]
    with Office(server) as office, office.browser(Role.VIEWER) as browser:
        health = browser.part("/live/home/health")
        assert "Starting" in health
        assert 'hx-get="/live/home/health" hx-trigger="load delay:2s"' in health
    native.http.close()
    assert server.stop() == 0


def test_an_address_of_another_database_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", {"MIEN_ANALYTICS_URL": "mysql://host/mien"})
    with pytest.raises(DidNotStartError, match="MIEN_ANALYTICS_URL needs the form clickhouse://"):
        server.start()
