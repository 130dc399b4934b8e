"""The same key and body give the first answer and apply nothing (U-21)."""

import asyncio

import pytest

from mien.domain.errors import ConflictError, IdempotencyInFlightError, IdempotencyReusedError
from mien.services.ingest import IDEMPOTENCY_MS
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, Record, profile, render

ONE_MORE: Record = profile("ana", n={"$incr": 1})


@pytest.fixture
def counting(desk: Desk) -> Desk:
    """Give an environment where `n` of ana is 0."""
    desk.upload(profile("ana", n=0))
    return desk


def count(desk: Desk) -> object:
    """Give `n` of ana."""
    return desk.get("ana").document.properties["n"]


async def test_a_second_call_gives_the_first_answer_and_applies_nothing(counting: Desk) -> None:
    first = await counting.send(ONE_MORE, key="k")
    second = await counting.send(ONE_MORE, key="k")
    assert first.answer is None
    assert second.answer == render(first)
    assert count(counting) == 1


async def test_another_body_under_the_same_key_is_refused(counting: Desk) -> None:
    await counting.send(ONE_MORE, key="k")
    with pytest.raises(IdempotencyReusedError, match="'k' was used for another body"):
        await counting.send(ONE_MORE, ONE_MORE, key="k")
    assert count(counting) == 1


async def test_a_key_whose_first_call_is_not_answered_yet_is_refused(counting: Desk) -> None:
    with counting.store.write():
        first = asyncio.ensure_future(counting.send(ONE_MORE, key="k"))
        await asyncio.sleep(0)
        with pytest.raises(IdempotencyInFlightError, match="in flight"):
            await counting.send(ONE_MORE, key="k")
        other = asyncio.ensure_future(counting.send(ONE_MORE, key="other"))
        await asyncio.sleep(0)
    await asyncio.gather(first, other)
    assert count(counting) == 2
    assert (await counting.send(ONE_MORE, key="k")).answer is not None


async def test_a_key_is_forgotten_after_24_hours(counting: Desk) -> None:
    await counting.send(ONE_MORE, key="k")
    last = NOON_MS + IDEMPOTENCY_MS
    assert (await counting.send(ONE_MORE, key="k", at_ms=last)).answer is not None
    assert (await counting.send(ONE_MORE, key="k", at_ms=last + 1)).answer is None
    assert (await counting.send(ONE_MORE, key="k", at_ms=last + 2)).answer is not None
    assert count(counting) == 2


async def test_a_clock_that_goes_backwards_does_not_forget_a_key(counting: Desk) -> None:
    await counting.send(ONE_MORE, key="k")
    receipt = await counting.send(ONE_MORE, key="k", at_ms=NOON_MS - 10 * IDEMPOTENCY_MS)
    assert receipt.answer is not None
    assert count(counting) == 1


async def test_a_call_that_failed_leaves_its_key_free(counting: Desk) -> None:
    with pytest.raises(TypeError):
        await counting.send(ONE_MORE, {"type": "profile", "identity": object()}, key="k")
    assert (await counting.send(ONE_MORE, key="k")).answer is None
    assert count(counting) == 1


async def test_two_servers_apply_a_key_once(two_desks: tuple[Desk, Desk]) -> None:
    one = two_desks[0]
    await one.send(profile("ana", n=0))
    rounds = 40
    for number in range(rounds):
        receipts = await asyncio.gather(
            *(desk.send(ONE_MORE, key=f"k{number}") for desk in two_desks), return_exceptions=True
        )
        failed = [each for each in receipts if isinstance(each, BaseException)]
        assert all(isinstance(each, ConflictError) for each in failed)
        assert len(failed) < 2
    assert count(one) == rounds
    assert find_faults(one.store, only=one.environment) == []
