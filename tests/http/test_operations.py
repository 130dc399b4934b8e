"""What operators watch: health, readiness, measures."""

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from mien.domain.ids import ProfileId
from mien.domain.rejects import Reject, RejectCode
from mien.http.metrics import Metrics
from mien.services.receipts import Applied, Receipt
from tests.conftest import Serve
from tests.support.postgres import running_postgres
from tests.support.servers import Server


def measures(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def count(server: Server, name: str, **labels: str) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    return measures(text).get((name, frozenset(labels.items())), 0.0)


def test_a_server_that_serves_is_healthy_and_ready(server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz").text == "ok"
    ready = httpx.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": []})


def test_a_server_without_its_store_is_not_ready(serve: Serve, tmp_path: Path) -> None:
    with running_postgres(tmp_path / "postgres") as postgres:
        server = serve(store_url=postgres.new_database())
        assert httpx.get(f"{server.url}/readyz").status_code == 200
    unready = httpx.get(f"{server.url}/readyz")
    assert (unready.status_code, unready.json()["status"]) == (503, "unavailable")
    assert unready.json()["reasons"] == ["The store does not answer."]
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert server.stop() == 0


def test_requests_are_counted_by_route_method_and_status(
    server: Server, client: httpx.Client
) -> None:
    labels = {"route": "/1/profile.json", "method": "GET", "status": "404"}
    before = count(server, "mien_requests_total", **labels)
    for name in ("ana", "ben"):
        client.get("/1/profile.json", params={"identity": name})
    assert count(server, "mien_requests_total", **labels) == before + 2
    assert count(server, "mien_request_seconds_count", route="/1/profile.json") >= before + 2


def test_what_clients_invent_is_no_label(server: Server) -> None:
    httpx.request("INVENTED", f"{server.url}/invented/{'x' * 50}")
    text = httpx.get(f"{server.url}/metrics").text
    assert "invented" not in text.lower()
    assert count(server, "mien_requests_total", route="unknown", method="other", status="404") > 0


def test_the_request_that_asks_is_in_flight(server: Server) -> None:
    assert count(server, "mien_requests_in_flight") == 1


def test_the_size_of_the_store_is_measured(server: Server) -> None:
    assert count(server, "mien_store_bytes") > 10_000
    assert count(server, "mien_export_bytes") >= 0


def test_records_and_commits_are_counted(server: Server, client: httpx.Client) -> None:
    processed = count(server, "mien_records_processed_total")
    rejected = count(server, "mien_records_rejected_total", code="515")
    commits = count(server, "mien_commit_seconds_count")
    good = {"type": "profile", "identity": "good", "profileData": {"Name": "Good"}}
    bad = {"type": "profile", "identity": "bad", "profileData": {"Email": "bad"}}
    client.post("/1/upload", json={"d": [good, bad]})
    client.post("/1/upload?dryRun=1", json={"d": [good, bad]})
    assert count(server, "mien_records_processed_total") == processed + 1
    assert count(server, "mien_records_rejected_total", code="515") == rejected + 1
    assert count(server, "mien_commit_seconds_count") > commits


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    refused = Reject(2, RejectCode.EMAIL, "Email is not valid", {})
    partly = Applied(3, ProfileId(1), refused=Reject(3, RejectCode.TOO_MANY_KEYS, "full", {}))
    first.count_records(Receipt((Applied(1, ProfileId(1)), refused, partly)))
    first.count_commit(3, 0.01)
    assert (
        measures(first.render(store_bytes=1, export_bytes=0, analytics_behind=0).decode())[
            ("mien_records_processed_total", frozenset())
        ]
        == 1
    )
    there = measures(second.render(store_bytes=2, export_bytes=0, analytics_behind=0).decode())
    assert there[("mien_records_processed_total", frozenset())] == 0
    assert there[("mien_commit_batches_count", frozenset())] == 0
    assert there[("mien_store_bytes", frozenset())] == 2
