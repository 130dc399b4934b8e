"""What the loads of visitors and pages send is taken whole, and means what it says."""

from collections.abc import Iterator

import httpx
import pytest

from bench import pages
from bench.connections import Connection, ask
from bench.corpus import COMMON_EVENT, Record, identity
from bench.jobs import Pages, Target, Visitors
from bench.journeys import FAMILY, device
from bench.load import uploads
from bench.wire import WrongAnswerError
from mien import clock


@pytest.fixture
def connection(target: Target) -> Iterator[Connection]:
    """Give an idle connection to the server."""
    opened = Connection(target)
    with opened.socket:
        yield opened


def devices_of(client: httpx.Client, number: int) -> list[str]:
    answer = client.get("/v1/profile", params={"distinct_id": identity(number)})
    assert answer.status_code == 200, answer.text
    return [each["object_id"] for each in answer.json()["devices"]]


def test_visitors_log_in_and_go_on_and_share_devices(
    client: httpx.Client, target: Target, connection: Connection
) -> None:
    """P-05, P-06: nobody's record is rejected, and each device ends with whom it should."""
    for call in uploads(target, Visitors(0, 8, clock.now_ms() // 1_000, per_call=10)):
        ask(connection, call)

    assert devices_of(client, 1) == [device(1, 0)]
    assert devices_of(client, 4) == [device(4, 0), device(4, 1)]
    assert devices_of(client, 5) == []
    assert devices_of(client, 5 + FAMILY) == [device(5, 0)]


def test_pages_are_taken_whole(
    client: httpx.Client, target: Target, connection: Connection
) -> None:
    """K-01: by script tag and by fetch, and who logs in is the person of the browser."""
    for request in pages.requests(target, Pages(0, 7, clock.now_ms() // 1_000)):
        ask(connection, request)

    assert devices_of(client, 3) == [device(3, 0)]
    anonymous = client.get("/v1/profile", params={"object_id": device(4, 0)}).json()
    assert anonymous["events"].keys() >= {COMMON_EVENT, "Charged", "Web Page Viewed"}
    assert anonymous["properties"] == {"city": "Osaka"}


@pytest.mark.parametrize("number", [0, 1], ids=["fetch", "script"])
def test_a_rejected_record_is_a_wrong_answer(
    target: Target, connection: Connection, number: int
) -> None:
    """A load must not count as done what the server refused."""
    payload: Record = {"type": "event", "evtName": "App Launched", "evtData": {}}
    request = pages.request(target, number, 0, ("push", payload), clock.now_ms() // 1_000)
    with pytest.raises(WrongAnswerError, match="rejected"):
        ask(connection, request)
