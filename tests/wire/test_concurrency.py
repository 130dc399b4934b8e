"""Many callers at once: nothing is lost, and nobody is made twice (U-06, U-19)."""

import asyncio
from typing import Any

import httpx

from tests.support.servers import Key, Server

CALLS = 200
CONNECTIONS = 40


def test_parallel_uploads_of_one_unknown_identity_make_one_profile(  # U-06, U-19
    server: Server, keys: tuple[Key, Key], client: httpx.Client
) -> None:
    asyncio.run(_upload_all(server, keys[0], [_profile(**{f"k{n}": n}) for n in range(CALLS)]))
    record = client.get("/1/profile.json", params={"identity": "ana"}).json()["record"]
    assert record["profileData"] == {f"k{n}": n for n in range(CALLS)}


def test_parallel_increments_all_count(  # U-19
    server: Server, keys: tuple[Key, Key], client: httpx.Client
) -> None:
    client.post("/1/upload", json={"d": [_profile(n=0)]})
    asyncio.run(_upload_all(server, keys[0], [_profile(n={"$incr": 1})] * CALLS))
    record = client.get("/1/profile.json", params={"identity": "ana"}).json()["record"]
    assert record["profileData"] == {"n": CALLS}


async def _upload_all(server: Server, key: Key, records: list[dict[str, Any]]) -> None:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=server.url, headers=key.headers, limits=limits, timeout=60
    ) as client:
        await asyncio.gather(*(_upload(client, record) for record in records))


async def _upload(client: httpx.AsyncClient, record: dict[str, Any]) -> None:
    """Upload a record, again when the server has no place: its limit of 15 stands (U-20)."""
    while True:
        answer = await client.post("/1/upload", json={"d": [record]})
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        await asyncio.sleep(float(answer.headers["Retry-After"]))
    assert answer.json() == {"status": "success", "processed": 1, "unprocessed": []}


def _profile(**data: object) -> dict[str, Any]:
    return {"type": "profile", "identity": "ana", "profileData": data}
