"""The loading: every record once, each person's in order, also after a break."""

from collections import defaultdict
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import httpx
import msgspec
import pytest

from demo import load as loading
from demo.load import LANES, Progress, Tally, load
from demo.story import tell
from demo.visits import Step
from mien_client import EventRecord, Mien, MienError, ProfileRecord, TokenRecord

PEOPLE = 400
NOW = datetime(2026, 11, 24, tzinfo=UTC)


class RecordingServer(httpx.BaseTransport):
    """Keeps the records it is sent, once per idempotency key; refuses from batch `broken_at` on."""

    def __init__(self, *, broken_at: int | None = None, rejected: int = 0) -> None:
        self.records: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.broken_at = broken_at
        self._rejected = rejected
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.read())
        with self._lock:
            if self.broken_at is not None and len(self.keys) >= self.broken_at:
                return httpx.Response(400, json={"status": 400, "title": "broken"})
            if (key := request.headers["Idempotency-Key"]) not in self.keys:
                self.keys.append(key)
                self.records += body["records"]
        return httpx.Response(200, json=self._answer(len(body["records"])))

    def _answer(self, count: int) -> dict[str, Any]:
        bad = {"status": "rejected", "code": 515, "reason": "Email is not valid"}
        results = [
            {"position": at, **(bad if at <= self._rejected else {"status": "applied"})}
            for at in range(1, count + 1)
        ]
        return {"status": "success", "processed": count, "dry_run": False, "results": results}


def story() -> list[Step]:
    return list(tell(people=PEOPLE, seed=1, now=NOW))


def new_progress(confirmed: list[int] | None = None) -> Progress:
    return Progress(confirmed or [], keep=lambda _: None, on_batch=lambda _: None)


def send(server: RecordingServer, progress: Progress) -> Tally:
    with Mien(
        "http://demo.example",
        account_id="ABC-DEF-1234",
        passcode="secret",
        batch_size=loading.BATCH_RECORDS,
        transport=server,
    ) as client:
        return load(client, story(), progress, key="demo")


def test_every_record_arrives_once() -> None:
    server, progress = RecordingServer(), new_progress()
    send(server, progress)
    assert len(server.records) == len(story()) == progress.sent


def test_each_person_s_records_arrive_in_order() -> None:
    server = RecordingServer()
    send(server, new_progress())
    sent = defaultdict(list)
    for record in server.records:
        if "distinct_id" in record:
            sent[record["distinct_id"]].append(record["at"])
    assert len(sent) > PEOPLE // 2
    assert all(times == sorted(times) for times in sent.values())


def test_the_lanes_share_the_work() -> None:
    server, progress = RecordingServer(), new_progress()
    send(server, progress)
    assert len(progress.confirmed) == LANES
    assert max(progress.confirmed) - min(progress.confirmed) <= max(progress.confirmed) // 2


def test_a_broken_upload_stops_the_loading_and_says_why() -> None:
    server, progress = RecordingServer(broken_at=5), new_progress()
    with pytest.raises(MienError, match="broken"):
        send(server, progress)
    assert sum(progress.confirmed) == 5


def test_a_second_run_sends_what_the_first_did_not() -> None:
    server, first = RecordingServer(broken_at=5), new_progress()
    with pytest.raises(MienError):
        send(server, first)
    server.broken_at = None
    second = new_progress(first.confirmed)
    send(server, second)
    assert len(server.records) == len(story())
    assert second.sent == len(story()) - first.sent


def test_a_batch_whose_answer_was_lost_is_not_applied_twice() -> None:
    server, first = RecordingServer(), new_progress()
    send(server, first)
    behind = [count - 1 for count in first.confirmed]
    send(server, new_progress(behind))
    assert len(server.records) == len(story())


def test_rejections_are_counted_by_their_reason() -> None:
    progress = new_progress()
    send(RecordingServer(rejected=2), progress)
    assert progress.rejections == {"515: Email is not valid": 2 * sum(progress.confirmed)}


def test_the_tally_counts_people_and_finds_some_worth_a_look() -> None:
    tally = Tally()
    for step in story():
        tally.count(step)
    assert len(tally.people) == pytest.approx(PEOPLE, rel=0.02)
    assert 0 < tally.identified < len(tally.people)
    assert sum(tally.kinds.values()) == len(story())
    assert tally.kinds[EventRecord] > tally.kinds[ProfileRecord] > tally.kinds[TokenRecord]
    records = [step.record for step in story()]
    visitor = [each for each in records if getattr(each, "object_id", None) == tally.a_visitor()]
    assert visitor
    assert all(getattr(each, "distinct_id", None) is None for each in visitor)
    assert tally.best_customer().startswith("kw-")
