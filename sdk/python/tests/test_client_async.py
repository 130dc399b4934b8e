"""What only the async client can do."""

import asyncio

import pytest

from loopback_server import ACCOUNT, PASSCODE, LoopbackMien, Stall
from mien_client import AsyncMien, EventRecord, ProfileRecord


@pytest.mark.asyncio
async def test_uploads_run_side_by_side_on_one_client(server: LoopbackMien) -> None:
    async with AsyncMien(server.url, account_id=ACCOUNT, passcode=PASSCODE) as mien:
        receipts = await asyncio.gather(
            *(mien.upload([ProfileRecord(distinct_id=f"p{n}")]) for n in range(20))
        )
    assert [receipt.processed for receipt in receipts] == [1] * 20
    assert len(server.profiles) == 20


@pytest.mark.asyncio
async def test_a_cancelled_upload_stops_at_once(server: LoopbackMien) -> None:
    server.faults.append(Stall())
    async with AsyncMien(server.url, account_id=ACCOUNT, passcode=PASSCODE) as mien:
        work = asyncio.create_task(mien.upload([EventRecord("A", distinct_id="ana")]))
        await asyncio.to_thread(server.arrived.wait, 10)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert (await mien.upload([EventRecord("A", distinct_id="ana")])).processed == 1
