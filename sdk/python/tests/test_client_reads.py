"""Reading, erasing, rejects and replays; settings."""

from datetime import UTC, datetime
from typing import Any

import pytest

from callers import Client, Connect
from loopback_server import BORN, Drop, LoopbackMien, success
from mien_client import (
    Change,
    EventRecord,
    EventSummary,
    HistoryEntry,
    Identity,
    InvalidRequestError,
    Profile,
    ProfileRecord,
    ProfileType,
    Reject,
    Status,
    UnexpectedAnswerError,
)

BORN_AT = datetime.fromtimestamp(BORN, UTC)
ANA = ProfileRecord(distinct_id="ana", properties={"plan": "free"})


def test_a_profile_is_read_whole(mien: Client) -> None:
    mien.upload([ANA])
    assert mien.profile(distinct_id="ana") == Profile(
        object_id="o-ana",
        distinct_id="ana",
        type=ProfileType.IDENTIFIED,
        identities=(Identity(kind="identity", value="ana"),),
        properties={"plan": "free"},
        events={
            "Charged": EventSummary(
                count=2, first_seen=BORN_AT, last_seen=datetime.fromtimestamp(BORN + 60, UTC)
            )
        },
        devices=({"object_id": "o-ana", "platform": "Web"},),
        created_at=BORN_AT,
        updated_at=BORN_AT,
    )


def test_nobody_with_this_id_is_none(mien: Client) -> None:
    assert mien.profile(object_id="nobody") is None


def test_a_404_that_is_not_ours_is_an_error_and_not_nobody(
    connect: Connect, server: LoopbackMien
) -> None:
    with pytest.raises(InvalidRequestError, match="404: Not Found"):
        connect(server.url + "/elsewhere").profile(distinct_id="ana")


@pytest.mark.parametrize("odd", ["ana+1@example.com", "a b&c=d", "é/ñ?#", "%41"])
def test_an_id_with_odd_characters_is_found(mien: Client, odd: str) -> None:
    mien.upload([ProfileRecord(distinct_id=odd)])
    found = mien.profile(distinct_id=odd)
    assert found is not None
    assert found.distinct_id == odd


@pytest.mark.parametrize("ids", [{}, {"distinct_id": "a", "object_id": "b"}])
def test_exactly_one_id_names_a_profile(
    mien: Client, server: LoopbackMien, ids: dict[str, Any]
) -> None:
    for verb in (mien.profile, mien.erase, mien.history):
        with pytest.raises(ValueError, match="one of the two"):
            verb(**ids)
    assert server.seen == []


def test_history_comes_over_as_many_pages_as_it_takes(mien: Client, server: LoopbackMien) -> None:
    mien.upload([ANA])
    server.history = [
        {
            "received_at": BORN + n,
            "source": "api",
            "changes": [{"property": "n", "old": n, "new": n + 1}],
            "added_by_a_newer_server": {},
        }
        for n in range(5)
    ]
    entries = list(mien.history(distinct_id="ana", page_size=2))
    assert [each.changes[0].new for each in entries] == [1, 2, 3, 4, 5]
    assert entries[0] == HistoryEntry(
        received_at=BORN_AT, source="api", changes=(Change(property="n", old=0, new=1),)
    )
    assert [seen.query.get("cursor") for seen in server.seen[1:]] == [None, "c2", "c4"]


def test_pages_are_fetched_only_as_they_are_read(mien: Client, server: LoopbackMien) -> None:
    mien.upload([ANA])
    server.history = [{"received_at": BORN}] * 4
    entries = mien.history(distinct_id="ana", page_size=2)
    assert len(server.seen) == 1
    next(entries)
    assert len(server.seen) == 2


def test_the_history_of_nobody_is_an_error(mien: Client) -> None:
    with pytest.raises(InvalidRequestError, match="no profile has the id nobody"):
        next(mien.history(distinct_id="nobody"))


def test_a_page_that_names_itself_as_the_next_does_not_loop(
    mien: Client, server: LoopbackMien
) -> None:
    stuck = success({"rejects": [], "next_cursor": "again"})
    server.faults.extend([stuck, stuck])
    with pytest.raises(UnexpectedAnswerError, match="again"):
        list(mien.rejects())


def test_erasing_gives_the_receipt_and_nothing_is_left(mien: Client) -> None:
    mien.upload([ANA])
    assert mien.erase(distinct_id="ana")["erased"] == {"profiles": 1, "events": 0}
    assert mien.profile(distinct_id="ana") is None
    with pytest.raises(InvalidRequestError) as caught:
        mien.erase(distinct_id="ana")
    assert caught.value.problem.status == 404


def test_the_receipt_of_an_erasure_survives_a_lost_answer(
    mien: Client, server: LoopbackMien
) -> None:
    mien.upload([ANA])
    server.faults.append(Drop(after_work=True))
    assert mien.erase(distinct_id="ana")["status"] == "success"


def test_rejects_are_read_with_record_and_reason(mien: Client, server: LoopbackMien) -> None:
    kept = {"type": "event", "name": "A"}
    server.rejects = {
        n: {"id": n, "code": 523, "reason": "no identity", "source": "api", "record": kept}
        for n in (1, 2, 3)
    }
    found = list(mien.rejects(page_size=2))
    assert [each.id for each in found] == [1, 2, 3]
    assert found[0] == Reject(id=1, code=523, reason="no identity", source="api", record=kept)


def test_rejects_are_replayed_as_they_were_or_mended(
    connect: Connect, server: LoopbackMien
) -> None:
    kept = {"type": "event", "name": "A"}
    server.rejects = {n: {"id": n, "record": kept} for n in (1, 2, 3, 4)}
    receipt = connect(batch_size=2).replay(
        [1, 2],
        mended={
            2: EventRecord("A", distinct_id="ana"),
            3: {**kept, "object_id": "o1", "at": BORN},
            4: EventRecord("A", properties={"x": b"raw"}),
            5: {"type": "event", "name": "\ud800"},
            6: {"type": "profile", "properties": {"bio": "x" * 9_000_000}},
        },
    )
    assert [(each.position, each.status) for each in receipt.results] == [
        (1, Status.REJECTED),
        (2, Status.APPLIED),
        (3, Status.APPLIED),
        (4, Status.REJECTED),
        (5, Status.REJECTED),
        (6, Status.REJECTED),
    ]
    assert [seen.json for seen in server.seen] == [
        {
            "rejects": [
                {"id": 1},
                {
                    "id": 2,
                    "record": {
                        "type": "event",
                        "name": "A",
                        "distinct_id": "ana",
                        "properties": {},
                    },
                },
            ]
        },
        {"rejects": [{"id": 3, "record": {**kept, "object_id": "o1", "at": BORN}}]},
    ]
    assert [seen.headers["idempotency-key"] for seen in server.seen] == ["key1-1", "key1-2"]


def test_requests_say_who_asks_and_with_what(mien: Client, server: LoopbackMien) -> None:
    mien.upload([ANA])
    headers = server.seen[0].headers
    assert headers["content-type"] == headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("mien-client/")


def test_the_server_may_live_below_a_path(connect: Connect, server: LoopbackMien) -> None:
    client = connect(server.url + "/mien/")
    with pytest.raises(InvalidRequestError):
        client.upload([ANA])
    assert server.seen[0].path == "/mien/v1/batch"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"base_url": "localhost:8080"}, "base_url"),
        ({"base_url": "ftp://localhost"}, "base_url"),
        ({"account_id": "a:b"}, "account_id"),
        ({"account_id": ""}, "account_id"),
        ({"passcode": ""}, "passcode"),
        ({"timeout": 0}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 1001}, "batch_size"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(
    connect: Connect, setting: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=f"^{words} must"):
        connect(**setting)
