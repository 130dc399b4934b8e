"""The Python client against the real server, sync and async."""

from datetime import UTC, datetime, timedelta

import httpx
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
    Result,
    Status,
    TokenRecord,
    sign_identity,
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


def test_what_is_said_of_a_person_arrives_without_waiting(
    server: Server, keys: tuple[Key, Key]
) -> None:
    """K-03: the verbs of the queue, a login on a device, and who then reads the profile (P-13)."""
    key = keys[0]
    told: list[Result] = []
    with Mien(server.url, account_id=key.account_id, passcode=key.passcode) as mien:
        ana = mien.user("ana", object_id="d-1")
        ana.identify({"Name": "Ana"}, on_identified=told.append)
        ana.track("Charged", {"Amount": 9.5}, at=MOMENT)
        ana.add("tags", ["a", "b"])
        ana.remove("tags", "a")
        ana.increment("visits", 2)
        ana.increment("visits", -1)
        ana.set({"mood": "fine"})
        ana.unset("mood")
        assert mien.flush(30)
        assert [result.created for result in told] == [True]
        known = mien.profile(distinct_id="ana")
        assert known is not None
        properties = {"Name": "Ana", "tags": ["b"], "visits": 1}
        assert properties.items() <= known.properties.items()
        assert "mood" not in known.properties
        assert known.events["Charged"].last_seen == MOMENT
        assert [device["object_id"] for device in known.devices] == ["d-1"]
        token = mien.create_profile_token(distinct_id="ana", lifetime=timedelta(minutes=1))
    own = httpx.get(
        f"{server.url}/sdk/v1/profile",
        params={"account": key.account_id},
        headers={"Authorization": f"Bearer {token.token}"},
    )
    assert properties.items() <= own.json()["properties"].items()


async def test_a_server_signs_for_its_users_and_requires_it(
    server: Server, keys: tuple[Key, Key]
) -> None:
    """K-03: `sign_identity` makes what the environment then asks pages for."""
    key = keys[0]
    async with AsyncMien(server.url, account_id=key.account_id, passcode=key.passcode) as mien:
        changed = await mien.change_settings(requires_signed_identities=True)
        assert changed == await mien.settings()
        assert changed["requires_signed_identities"] is True
        with pytest.raises(InvalidRequestError):
            await mien.change_settings(requires_signed_identities="yes")
    async with httpx.AsyncClient(
        base_url=server.url, auth=(key.account_id, key.passcode)
    ) as caller:
        made = (await caller.post("/v1/signing-keys", json={"label": "shop"})).json()
        token = sign_identity(
            made["secret"], "ana", account_id=key.account_id, key_id=made["id"], email="a@b.example"
        )
        record = {"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}}
        page = {"object_id": "d-2", "records": [record], "identity_token": token}
        sent = await caller.post(f"/sdk/v1/batch?account={key.account_id}", json=page)
    assert sent.json()["status"] == "success"


def test_a_wrong_passcode_is_told(server: Server, keys: tuple[Key, Key]) -> None:
    with (
        Mien(server.url, account_id=keys[0].account_id, passcode="wrong") as mien,
        pytest.raises(NotAllowedError) as caught,
    ):
        mien.profile(distinct_id="ana")
    assert caught.value.problem.code == "wrong_passcode"
