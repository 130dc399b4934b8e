"""What is said of a person without waiting: queued, sent in batches, lost never in silence (K-03)."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from conftest import NOW
from loopback_server import (
    ACCOUNT,
    BUSY,
    DOWN,
    PASSCODE,
    Drop,
    LoopbackMien,
    Stall,
    problem,
)
from mien_client import Mien, Queue, Record, Result, Status

Lost = list[tuple[int, str]]
Open = Callable[..., Mien]


class Heard:
    """What the callbacks of a client heard."""

    def __init__(self) -> None:
        self.results: list[tuple[Record, Result]] = []
        self.lost: Lost = []

    def on_result(self, record: Record, result: Result) -> None:
        self.results.append((record, result))

    def on_lost(self, records: Sequence[Record], reason: str) -> None:
        self.lost.append((len(records), reason))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def open_client(server: LoopbackMien, heard: Heard) -> Iterator[Open]:
    """Give a function that makes a client; the keyword arguments are those of `Queue`."""
    opened: list[Mien] = []

    def make(*, batch_size: int = 500, **queue: Any) -> Mien:
        wanted = {"wait_seconds": 0.0, "on_result": heard.on_result, "on_lost": heard.on_lost}
        mien = Mien(
            server.url,
            account_id=ACCOUNT,
            passcode=PASSCODE,
            batch_size=batch_size,
            chance=lambda: 0.0,
            now=lambda: NOW,
            queue=Queue(**{**wanted, **queue}),
        )
        opened.append(mien)
        return mien

    yield make
    for mien in opened:
        mien.close()


@pytest.fixture
def mien(open_client: Open) -> Mien:
    return open_client()


def records(server: LoopbackMien) -> list[dict[str, Any]]:
    """Give every record that was sent, in order."""
    return [record for seen in server.seen for record in seen.json["records"]]


def test_every_verb_becomes_a_record_with_the_time_it_was_said(
    mien: Mien, server: LoopbackMien
) -> None:
    ana = mien.user("ana", object_id="d-7")
    ana.identify({"Name": "Ana"})
    ana.on_user_login({"Name": "Ana"})
    ana.set({"plan": "gold"})
    ana.profile.push({"plan": "gold"})
    ana.track("Charged", {"Amount": 9.5})
    ana.event.push("Charged", {"Amount": 9.5})
    ana.track("Seen", at=1_700_000_000)
    ana.add("tags", "a")
    ana.remove("tags", ["a", "b"])
    ana.increment("visits")
    ana.increment("credit", -2.5)
    ana.unset("plan")
    ana.opt_out()
    ana.opt_in()
    assert mien.flush(10)
    sent = records(server)
    assert {(each["distinct_id"], each["object_id"]) for each in sent} == {("ana", "d-7")}
    times = [each["at"] for each in sent]
    assert times.count(int(NOW.timestamp())) == len(times) - 1
    said = [(each["type"], each.get("name"), each["properties"]) for each in sent]
    assert said == [
        ("profile", None, {"Name": "Ana"}),
        ("profile", None, {"Name": "Ana"}),
        ("profile", None, {"plan": "gold"}),
        ("profile", None, {"plan": "gold"}),
        ("event", "Charged", {"Amount": 9.5}),
        ("event", "Charged", {"Amount": 9.5}),
        ("event", "Seen", {}),
        ("profile", None, {"tags": {"$add": ["a"]}}),
        ("profile", None, {"tags": {"$remove": ["a", "b"]}}),
        ("profile", None, {"visits": {"$incr": 1}}),
        ("profile", None, {"credit": {"$decr": 2.5}}),
        ("profile", None, {"plan": {"$delete": True}}),
        ("profile", None, {"ct_optout": True}),
        ("profile", None, {"ct_optout": False}),
    ]


def test_records_that_wait_go_together(open_client: Open, server: LoopbackMien) -> None:
    mien = open_client(wait_seconds=60.0)
    for number in range(20):
        mien.user(f"user-{number}").track("Seen")
    assert server.seen == []
    assert mien.flush(10)
    assert len(server.seen) == 1
    assert [each["distinct_id"] for each in records(server)] == [f"user-{n}" for n in range(20)]


def test_a_full_batch_does_not_wait(open_client: Open, server: LoopbackMien) -> None:
    mien = open_client(wait_seconds=60.0, batch_size=5)
    for _ in range(12):
        mien.user("ana").track("Seen")
    assert server.arrived.wait(10)
    assert mien.flush(10)
    assert [len(seen.json["records"]) for seen in server.seen] == [5, 5, 2]
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 3


def test_what_became_of_each_record_is_heard(mien: Mien, heard: Heard) -> None:
    mien.user("ana").set({"plan": "gold"})
    mien.user("").set({"plan": "gold"})
    mien.user("bo").set({"size": float("nan")})
    mien.flush(10)
    statuses = [result.status for _, result in heard.results]
    assert statuses == [Status.APPLIED, Status.REJECTED, Status.REJECTED]
    assert heard.results[1][1].code == 523
    assert (heard.results[2][1].reason or "").startswith("Not sent")
    assert heard.lost == []


def test_a_callback_is_told_once_the_person_is_known(mien: Mien) -> None:
    """K-03."""
    told: list[Result] = []
    mien.user("ana").identify({"Name": "Ana"}, on_identified=told.append)
    mien.user("").identify(on_identified=told.append)
    mien.flush(10)
    assert [result.created for result in told] == [True]


def test_what_is_changed_after_it_was_said_is_sent_as_it_was(
    open_client: Open, server: LoopbackMien
) -> None:
    mien = open_client(wait_seconds=60.0)
    tags = ["a"]
    mien.user("ana").track("Seen", {"tags": tags})
    tags.append("b")
    mien.flush(10)
    assert records(server)[0]["properties"] == {"tags": ["a"]}


def test_a_server_that_is_away_is_waited_for(
    mien: Mien, server: LoopbackMien, heard: Heard
) -> None:
    server.faults.extend([DOWN] * 12 + [Drop(), Drop(after_work=True)])
    mien.user("ana").track("Charged")
    assert mien.flush(20)
    assert server.events["ana"] == 1
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 1
    assert heard.lost == []


def test_what_the_server_asks_for_is_waited(open_client: Open, server: LoopbackMien) -> None:
    mien = open_client()
    server.faults.append(BUSY)  # which asks for 3 seconds
    mien.user("ana").track("Charged")
    assert not mien.flush(0.2)
    assert len(server.seen) == 1


def test_what_the_server_refuses_is_lost_and_told_and_the_rest_goes_on(
    open_client: Open, server: LoopbackMien, heard: Heard
) -> None:
    mien = open_client(batch_size=1)
    server.faults.append(problem(400, "invalid_batch", "no good"))
    mien.user("ana").track("Charged")
    mien.user("bo").track("Charged")
    assert mien.flush(10)
    assert heard.lost == [(1, "400 [invalid_batch]: no good")]
    assert server.events == {"bo": 1}


def test_a_full_queue_loses_the_oldest_and_tells(
    open_client: Open, server: LoopbackMien, heard: Heard
) -> None:
    mien = open_client(size=3, wait_seconds=60.0)
    for number in range(5):
        mien.user(f"user-{number}").track("Seen")
    assert heard.lost == [(1, "the queue was full")] * 2
    mien.flush(10)
    assert [each["distinct_id"] for each in records(server)] == ["user-2", "user-3", "user-4"]


def test_closing_sends_what_waits(open_client: Open, server: LoopbackMien) -> None:
    mien = open_client(wait_seconds=60.0)
    mien.user("ana").track("Seen")
    mien.close()
    assert server.events == {"ana": 1}
    mien.close()
    with pytest.raises(RuntimeError, match="closed"):
        mien.user("ana").track("Seen")


def test_closing_does_not_wait_for_ever_and_tells_what_is_lost(
    open_client: Open, server: LoopbackMien, heard: Heard
) -> None:
    mien = open_client(close_seconds=0.3, batch_size=1)
    server.faults.extend([DOWN] * 10_000)
    for _ in range(3):
        mien.user("ana").track("Seen")
    mien.close()
    assert sum(count for count, _ in heard.lost) == 3
    assert server.events == {}


def test_a_server_that_says_nothing_does_not_hold_the_program_up(
    open_client: Open, server: LoopbackMien, heard: Heard
) -> None:
    mien = open_client(close_seconds=0.2)
    server.faults.append(Stall())
    mien.user("ana").track("Seen")
    server.arrived.wait(10)
    mien.close()
    assert heard.lost[0] == (1, "the server had not answered when the client was closed")


def test_a_callback_that_fails_stops_nothing(
    open_client: Open, server: LoopbackMien, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        message = "a fault of the caller"
        raise RuntimeError(message)

    mien = open_client(on_result=fail, batch_size=1)
    mien.user("ana").track("Seen")
    mien.user("bo").track("Seen")
    assert mien.flush(10)
    assert server.events == {"ana": 1, "bo": 1}
    assert "a fault of the caller" in caplog.text


def test_without_callbacks_of_your_own_problems_are_logged(
    server: LoopbackMien, caplog: pytest.LogCaptureFixture
) -> None:
    with Mien(
        server.url, account_id=ACCOUNT, passcode=PASSCODE, queue=Queue(size=1, wait_seconds=60.0)
    ) as mien:
        mien.user("").track("Seen")
        mien.user("").track("Seen")
    assert "Lost 1 record(s): the queue was full" in caplog.text
    assert "Rejected with code 523" in caplog.text


def test_threads_lose_nothing(mien: Mien, server: LoopbackMien) -> None:
    def work(name: str) -> None:
        for _ in range(100):
            mien.user(name).track("Seen")

    threads = [threading.Thread(target=work, args=(f"user-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mien.flush(30)
    assert server.events == {f"user-{n}": 100 for n in range(8)}


def run_program(server: LoopbackMien, code: str) -> None:
    """Run a program that begins with a client whose records wait for a minute."""
    begin = f"""
import os
from mien_client import Mien, Queue
mien = Mien({server.url!r}, account_id={ACCOUNT!r}, passcode={PASSCODE!r},
            queue=Queue(wait_seconds=60.0))
"""
    subprocess.run([sys.executable, "-c", begin + code], check=True, timeout=60)


def test_a_program_that_ends_sends_what_waits(server: LoopbackMien) -> None:
    run_program(server, "mien.user('ana').track('Seen')")
    assert server.events == {"ana": 1}


def test_a_forked_child_sends_its_own_and_not_what_its_parent_has(server: LoopbackMien) -> None:
    code = """
mien.user("parent").track("Seen")
if (child := os.fork()) == 0:
    mien.user("child").track("Seen")
    os._exit(0 if mien.flush(10) else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    run_program(server, code)
    assert server.events == {"child": 1, "parent": 1}


@pytest.mark.parametrize("wrong", [{"size": 0}, {"wait_seconds": -1.0}, {"close_seconds": -1.0}])
def test_a_queue_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a queue has"):
        Queue(**wrong)
