"""Uploads: batches, results per record, dry run, keys."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from callers import Client, Connect
from loopback_server import LoopbackMien, problem, success
from mien_client import (
    Change,
    EventRecord,
    Identity,
    InvalidRequestError,
    ProfileRecord,
    Receipt,
    Record,
    Result,
    Status,
    TokenRecord,
    UnexpectedAnswerError,
    UploadInterruptedError,
)

CHROME = {"token_id": "t1", "token_type": "chrome"}
PHONE = {"token_id": "t2", "token_type": "fcm"}


class DiskGoneError(OSError):
    def __init__(self) -> None:
        super().__init__("disk gone")


def people(count: int) -> list[Record]:
    return [ProfileRecord(distinct_id=f"p{n}", properties={"n": n}) for n in range(1, count + 1)]


def test_each_record_has_its_result_with_what_changed(mien: Client) -> None:
    receipt = mien.upload([ProfileRecord(distinct_id="ana", properties={"plan": "free"})])
    assert receipt == Receipt(
        results=(
            Result(
                position=1,
                status=Status.APPLIED,
                object_id="o-ana",
                created=True,
                changes=(Change(property="plan", old=None, new="free"),),
                attached=(Identity(kind="identity", value="ana"),),
            ),
        )
    )
    assert (receipt.status, receipt.processed, receipt.rejected) == ("success", 1, ())


def test_a_value_that_is_there_already_is_unchanged(mien: Client) -> None:
    mien.upload(people(1))
    assert mien.upload(people(1)).results[0].status is Status.UNCHANGED


def test_batches_follow_each_other_and_positions_count_over_all(
    connect: Connect, server: LoopbackMien
) -> None:
    receipt = connect(batch_size=3).upload(iter(people(8)))
    assert [len(seen.json["records"]) for seen in server.seen] == [3, 3, 2]
    assert [each.position for each in receipt.results] == list(range(1, 9))
    assert [each.object_id for each in receipt.results] == [f"o-p{n}" for n in range(1, 9)]


def test_five_hundred_records_go_in_a_batch_unless_told_otherwise(
    mien: Client, server: LoopbackMien
) -> None:
    mien.upload(people(1001))
    assert [len(seen.json["records"]) for seen in server.seen] == [500, 500, 1]


def test_no_body_reaches_8_mib_and_no_record_is_lost(
    connect: Connect, server: LoopbackMien
) -> None:
    big = "x" * 3_000_000
    records = [ProfileRecord(distinct_id=f"p{n}", properties={"bio": big}) for n in range(5)]
    receipt = connect(batch_size=1000).upload(records)
    assert [len(seen.json["records"]) for seen in server.seen] == [2, 2, 1]
    assert max(len(seen.body) for seen in server.seen) < 8 * 1024 * 1024
    assert receipt.processed == 5


def test_a_record_too_large_for_any_batch_rejects_itself_only(
    mien: Client, server: LoopbackMien
) -> None:
    huge = ProfileRecord(distinct_id="huge", properties={"bio": "x" * 9_000_000})
    receipt = mien.upload([huge, *people(1)])
    assert [each.status for each in receipt.results] == [Status.REJECTED, Status.APPLIED]
    assert "at most" in (receipt.results[0].reason or "")
    assert "huge" not in server.profiles


def test_a_value_json_has_no_form_for_rejects_its_record_only(
    connect: Connect, server: LoopbackMien
) -> None:
    bad = ProfileRecord(distinct_id="bad", properties={"score": float("nan")})
    receipt = connect(batch_size=2).upload([*people(1), bad, bad, *people(2)])
    assert [(each.position, each.status.value) for each in receipt.results] == [
        (1, "applied"),
        (2, "rejected"),
        (3, "rejected"),
        (4, "unchanged"),
        (5, "applied"),
    ]
    assert receipt.results[1].reason == "Not sent: score: nan is not a number that JSON knows"
    assert receipt.status == "partial"


def test_nothing_is_sent_when_nothing_can_be(mien: Client, server: LoopbackMien) -> None:
    bad = EventRecord("A", distinct_id="bad", properties={"x": {1, 2}})
    assert mien.upload([bad]).status == "fail"
    assert mien.upload([]) == Receipt(results=())
    assert server.seen == []


def test_a_reject_of_the_server_comes_with_its_code_and_stops_nobody(mien: Client) -> None:
    receipt = mien.upload([EventRecord("A"), *people(1)])
    assert receipt.rejected == (
        Result(position=1, status=Status.REJECTED, code=523, reason="no identity"),
    )
    assert (receipt.status, receipt.processed) == ("partial", 1)


def test_every_field_of_a_result_is_read(mien: Client, server: LoopbackMien) -> None:
    wire = {
        "position": 1,
        "status": "applied",
        "stale": ["plan"],
        "conflicts": [{"kind": "identity", "value": "bob"}],
        "lost_keys": ["plan"],
        "added_by_a_newer_server": True,
    }
    server.faults.append(success({"status": "success", "processed": 1, "results": [wire]}))
    (result,) = mien.upload(people(1)).results
    assert (result.stale, result.lost_keys) == (("plan",), ("plan",))
    assert result.conflicts == ({"kind": "identity", "value": "bob"},)


def test_a_dry_run_says_the_same_and_writes_nothing(mien: Client, server: LoopbackMien) -> None:
    rehearsed = mien.upload(people(2), dry_run=True)
    assert server.profiles == {}
    done = mien.upload(people(2))
    assert (rehearsed.dry_run, done.dry_run) == (True, False)
    assert rehearsed.results == done.results


def test_a_dry_run_uses_no_key(mien: Client, server: LoopbackMien) -> None:
    mien.upload(people(1), dry_run=True)
    assert "idempotency-key" not in server.seen[0].headers


def test_each_batch_has_a_key_of_its_own(connect: Connect, server: LoopbackMien) -> None:
    client = connect(batch_size=1)
    client.upload(people(2))
    client.upload(people(1))
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert keys == ["key1-1", "key1-2", "key2-1"]


def test_an_upload_repeated_under_its_key_counts_no_event_twice(
    connect: Connect, server: LoopbackMien
) -> None:
    events = [EventRecord("Charged", distinct_id="ana") for _ in range(5)]
    client = connect(batch_size=2)
    assert client.upload(events, key="nightly") == client.upload(events, key="nightly")
    assert server.events["ana"] == 5


def test_a_key_used_for_other_records_is_refused(mien: Client) -> None:
    mien.upload(people(1), key="nightly")
    with pytest.raises(InvalidRequestError, match="idempotency_mismatch"):
        mien.upload(people(2), key="nightly")


@pytest.mark.parametrize("key", ["", "two words", "ünïcode", "a\nb", "x" * 201])
def test_a_key_that_no_header_can_carry_is_refused_at_once(
    mien: Client, server: LoopbackMien, key: str
) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        mien.upload(people(1), key=key)
    assert server.seen == []


def test_an_upload_that_breaks_off_carries_the_receipts_so_far(
    connect: Connect, server: LoopbackMien
) -> None:
    client = connect(batch_size=2)
    records = people(5)

    def breaking() -> Iterator[Record]:
        yield from records[:4]
        server.faults.append(problem(400, "invalid_batch", "no"))
        yield records[4]

    with pytest.raises(UploadInterruptedError, match="after 4 confirmed") as caught:
        client.upload(breaking())
    error = caught.value
    assert isinstance(error.__cause__, InvalidRequestError)
    assert [[r.position for r in receipt.results] for receipt in error.receipts] == [[1, 2], [3, 4]]
    assert (error.confirmed, error.key) == (4, "key1")
    assert client.upload(records, key=error.key).processed == 5


def test_receipts_survive_an_error_of_the_callers_own_iterable(connect: Connect) -> None:
    def reading() -> Iterator[Record]:
        yield from people(3)
        raise DiskGoneError

    with pytest.raises(UploadInterruptedError, match="disk gone") as caught:
        connect(batch_size=2).upload(reading())
    assert caught.value.confirmed == 2


def test_an_error_before_any_receipt_stays_itself(mien: Client) -> None:
    def reading() -> Iterator[Record]:
        yield from people(1)
        raise DiskGoneError

    with pytest.raises(DiskGoneError):
        mien.upload(reading())


def test_a_plain_dict_is_no_record(mien: Client) -> None:
    clevertap_shaped: Any = {"type": "event", "identity": "ana", "evtName": "A"}
    with pytest.raises(TypeError, match="ProfileRecord, EventRecord or TokenRecord; got a dict"):
        mien.upload([clevertap_shaped])


@pytest.mark.parametrize(
    "body",
    [
        {"results": []},
        {"results": [{"position": 2, "status": "applied"}]},
        {"results": [{"position": 1, "status": "who knows"}]},
        {"status": "success"},
        ["results"],
    ],
)
def test_results_that_do_not_match_the_records_are_an_error(
    mien: Client, server: LoopbackMien, body: object
) -> None:
    server.faults.append(success(body))
    with pytest.raises(UnexpectedAnswerError):
        mien.upload(people(1))


def test_the_three_kinds_of_record_stand_on_the_wire_as_documented(
    mien: Client, server: LoopbackMien
) -> None:
    mien.upload(
        [
            ProfileRecord(
                distinct_id="ana",
                object_id="o1",
                facebook_id="f1",
                google_id="g1",
                properties={"tags": {"$add": ["a"]}},
                at=1_700_000_000,
            ),
            EventRecord("Charged", distinct_id="ana", properties={"Amount": 9.5}),
            TokenRecord(object_id="o1", keys={"auth": "k"}, **CHROME),
            TokenRecord(object_id="o1", keys=None, **PHONE),
        ]
    )
    assert json.loads(server.seen[0].body) == {
        "records": [
            {
                "type": "profile",
                "distinct_id": "ana",
                "object_id": "o1",
                "facebook_id": "f1",
                "google_id": "g1",
                "properties": {"tags": {"$add": ["a"]}},
                "at": 1_700_000_000,
            },
            {
                "type": "event",
                "name": "Charged",
                "distinct_id": "ana",
                "properties": {"Amount": 9.5},
            },
            {
                "type": "token",
                "object_id": "o1",
                "token": {"id": "t1", "type": "chrome", "keys": {"auth": "k"}},
            },
            {"type": "token", "object_id": "o1", "token": {"id": "t2", "type": "fcm"}},
        ]
    }
