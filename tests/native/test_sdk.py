"""The Python client against the real server, sync and async."""

from datetime import UTC, datetime

import pytest

from mien_client import (
    AsyncMien,
    EventRecord,
    InvalidRequestError,
    Mien,
    NotAllowedError,
    ProfileRecord,
    ProfileType,
    Record,
    Status,
    TokenRecord,
)
from tests.support.servers import Key, Server

MOMENT = datetime(2026, 6, 1, 12, tzinfo=UTC)
RECORDS: list[Record] = [
    ProfileRecord(
        distinct_id="ana", properties={"Name": "Ana", "plan": "gold", "since": MOMENT}, at=MOMENT
    ),
    EventRecord(
        "Charged", distinct_id="ana", object_id="d-1", properties={"Amount": 9.5}, at=MOMENT
    ),
    TokenRecord(object_id="d-1", token_id="t", token_type="fcm"),
    ProfileRecord(distinct_id="bo", properties={"Email": "broken"}),
    ProfileRecord(distinct_id="ana", properties={"plan": "silver"}, at=1_000_000_000),
]


def test_the_sync_client_uploads_reads_replays_and_erases(
    server: Server, keys: tuple[Key, Key]
) -> None:
    key = keys[0]
    with Mien(server.url, account_id=key.account_id, passcode=key.passcode, batch_size=2) as mien:
        receipt = mien.upload(RECORDS, key="load")
        assert [result.status for result in receipt.results] == [
            Status.APPLIED,
            Status.APPLIED,
            Status.APPLIED,
            Status.REJECTED,
            Status.UNCHANGED,
        ]
        assert receipt.results[0].created
        assert receipt.results[3].code == 515
        assert receipt.results[4].stale == ("plan",)
        assert mien.upload(RECORDS, key="load") == receipt
        ana = mien.profile(distinct_id="ana")
        assert ana is not None
        assert ana.type is ProfileType.IDENTIFIED
        assert ana.events["Charged"].last_seen == MOMENT
        assert mien.profile(object_id=ana.object_id) == ana
        entries = list(mien.history(distinct_id="ana", page_size=1))
        assert len(entries) == 3
        assert entries[-1].created
        assert entries[-1].at == MOMENT
        assert {entry.actor for entry in entries} == {"first key"}
        (reject,) = mien.rejects(page_size=1)
        assert reject.record["properties"] == {"Email": "broken"}
        mended = ProfileRecord(distinct_id="bo", properties={"Email": "bo@example.com"})
        assert mien.replay(mended={reject.id: mended}).results[0].created
        assert mien.replay([reject.id]).results[0].status is Status.UNCHANGED
        (reject,) = mien.rejects()
        assert reject.replayed_at is not None
        assert mien.erase(distinct_id="ana")["removed"]["profiles"] == 1
        assert mien.profile(distinct_id="ana") is None
        with pytest.raises(InvalidRequestError):
            list(mien.history(distinct_id="ana"))


async def test_the_async_client_uploads_reads_replays_and_erases(
    server: Server, keys: tuple[Key, Key]
) -> None:
    key = keys[1]
    async with AsyncMien(server.url, account_id=key.account_id, passcode=key.passcode) as mien:
        dry = await mien.upload(RECORDS, dry_run=True)
        receipt = await mien.upload(RECORDS)
        assert dry.results == receipt.results
        ana = await mien.profile(distinct_id="ana")
        assert ana is not None
        assert ana.properties["plan"] == "gold"
        assert len([entry async for entry in mien.history(distinct_id="ana")]) == 3
        (reject,) = [each async for each in mien.rejects()]
        replayed = await mien.replay(
            mended={reject.id: {"type": "profile", "distinct_id": "bo", "properties": {}}}
        )
        assert replayed.status == "success"
        assert (await mien.erase(object_id="d-1"))["hashes_kept"] >= 2
        assert await mien.profile(distinct_id="ana") is None


def test_a_wrong_passcode_is_told(server: Server, keys: tuple[Key, Key]) -> None:
    with (
        Mien(server.url, account_id=keys[0].account_id, passcode="wrong") as mien,
        pytest.raises(NotAllowedError) as caught,
    ):
        mien.profile(distinct_id="ana")
    assert caught.value.problem.code == "wrong_passcode"
