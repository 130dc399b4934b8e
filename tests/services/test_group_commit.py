"""Batches that wait together are committed together, and stay apart in all else."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from mien.domain.errors import LimitExceededError, StoreUnavailableError
from mien.domain.rejects import Reject
from mien.services.ingest import Ingest
from mien.services.receipts import Applied, Receipt
from mien.store import log
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, Record, event, new_environment, profile


async def send_together(desk: Desk, *batches: Sequence[object]) -> list[Receipt | BaseException]:
    """Send batches while the writer is held up, so that it takes all in one group."""
    with desk.store.write():
        waiting = [asyncio.ensure_future(desk.send(*batch)) for batch in batches]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


def poison() -> Record:
    """Give a record that is rejected and cannot be kept: a fault of ours, not of the caller."""
    return {"type": "profile", "identity": "", "profileData": {"what": object()}}


async def test_a_batch_that_fails_spoils_none_of_its_neighbours(desk: Desk) -> None:
    outcomes = await send_together(
        desk,
        [profile("ana", n=1)],
        [profile("bo", n=2), poison()],
        [profile("ana", n={"$incr": 1}), event("chi", "Seen")],
        [poison()],
        [profile("dee", n=4)],
    )
    failed = [isinstance(each, BaseException) for each in outcomes]
    assert failed == [False, True, False, True, False]
    assert desk.get("ana").document.properties == {"n": 2}
    assert desk.find("bo") is None
    assert desk.find("chi")
    assert find_faults(desk.store, only=desk.environment) == []


async def test_a_batch_that_fails_is_not_tried_again_later(desk: Desk) -> None:
    await send_together(desk, [profile("ana", n=1)], [profile("bo", n=1), poison()])
    await desk.send(profile("chi", n=1))
    assert desk.find("bo") is None


async def test_definitions_of_a_failed_batch_are_made_anew(desk: Desk) -> None:
    await send_together(
        desk, [event("ana", "Seen", at=5, n=1), poison()], [event("ana", "Seen", at=6, n="x")]
    )
    await desk.send(event("ana", "Seen", at=7, n=2))
    assert [each.count for each in desk.get("ana").activity.events.values()] == [2]
    assert find_faults(desk.store, only=desk.environment) == []


async def test_batches_that_wait_together_share_a_commit(pg_desk: Desk) -> None:
    await send_together(pg_desk, *([profile("ana", n=n)] for n in range(20)))
    with pg_desk.store.read() as tx:
        walked = log.walk_changes(tx, pg_desk.environment, pg_desk.get("ana").last_change)
        commits = {each.transaction for each in walked}
    assert len(commits) <= 2


async def test_batches_of_one_caller_are_applied_in_the_order_sent(desk: Desk) -> None:
    await send_together(desk, *([profile("ana", n=n)] for n in range(50)))
    with desk.store.read() as tx:
        walked = log.walk_changes(tx, desk.environment, desk.get("ana").last_change)
        assert [each.change.new["n"] for each in walked] == list(range(49, -1, -1))


async def test_records_of_a_batch_are_applied_in_order_and_see_those_before(desk: Desk) -> None:
    receipt = await desk.send(
        profile("ana", score={"$incr": 1}),
        profile("ana", score=5, plan="gold"),
        profile("ana", score={"$incr": 2}),
        event("ana", "Seen", at=9),
        profile("ana", plan={"$delete": 1}, tags={"$add": "a"}),
        {**profile("ana", tags={"$add": "b"}), "FBID": "fb"},
        {"type": "profile", "FBID": "fb", "profileData": {"score": {"$decr": 1}}},
        {**event("bo", "Seen", at=9), "objectId": "device"},
        {"type": "token", "objectId": "device", "tokenData": {"id": "t", "type": "fcm"}},
    )
    kinds = [type(each) for each in receipt.results]
    assert kinds == [Reject, *[Applied] * 8]
    assert desk.get("ana").document.properties == {"score": 6, "tags": ["a", "b"]}
    assert len(desk.get("ana").activity.events) == 1
    token = desk.get("bo").document.devices[0].token
    assert token is not None
    assert token.id == "t"


async def test_a_record_that_fails_leaves_nothing_and_stops_nobody(desk: Desk) -> None:
    await desk.send(profile("ana", plan="gold"))
    before = desk.get("ana").document_bytes()
    receipt = await desk.send(
        profile("ana", score={"$incr": 1}, plan="silver"),
        {**profile("ana", plan="silver", Email="none"), "FBID": "fb", "objectId": "device"},
        profile("ana", **{"MSG-dndEmail": True, "plan": "silver"}),
        event("nobody", ""),
    )
    assert all(isinstance(each, Reject) for each in receipt.results)
    assert desk.get("ana").document_bytes() == before
    assert desk.find("nobody") is None
    assert find_faults(desk.store, only=desk.environment) == []


async def test_a_thousand_records_are_a_batch_and_one_more_is_refused_whole(desk: Desk) -> None:
    receipt = await desk.send(*(profile("ana", n=n) for n in range(1_000)))
    assert len(receipt.results) == 1_000
    with pytest.raises(LimitExceededError, match="1001 sent, the limit is 1000"):
        await desk.send(*(profile("bo", n=n) for n in range(1_001)))
    assert desk.find("bo") is None


async def test_what_was_taken_in_is_finished_before_the_writer_stops(shared_store: Store) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    waiting = [asyncio.ensure_future(desk.send(profile(f"p{n}", n=n))) for n in range(20)]
    await asyncio.sleep(0)
    await asyncio.to_thread(ingest.close)
    await asyncio.gather(*waiting)
    assert all(desk.find(f"p{n}") for n in range(20))
    with pytest.raises(StoreUnavailableError, match="stopping"):
        await desk.send(profile("late", n=1))


async def test_a_caller_that_goes_away_does_not_undo_what_is_on_its_way(desk: Desk) -> None:
    with desk.store.write():
        waiting = asyncio.ensure_future(desk.send(profile("ana", n=1)))
        await asyncio.sleep(0)
        waiting.cancel()
    await desk.send(profile("bo", n=1))
    assert desk.find("ana")


async def test_a_loop_that_ended_does_not_stop_the_writer(desk: Desk) -> None:
    def send_and_end() -> None:
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(desk.send(profile("ana", n=1)))
        loop.run_until_complete(asyncio.sleep(0))
        waiting.cancel()
        loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
        loop.close()

    with desk.store.write():
        thread = threading.Thread(target=send_and_end)
        thread.start()
        thread.join()
    await desk.send(profile("bo", n=1))
    assert desk.find("ana")
