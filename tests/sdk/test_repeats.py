"""Requests that are sent again count once."""

import asyncio

import pytest

from mien.http.sdk.repeats import Repeats


async def test_a_request_is_known_once_it_was_applied() -> None:
    repeats = Repeats()
    assert await repeats.find(1) is None
    with repeats.applying(1, "guid"):
        pass
    assert await repeats.find(1) == "guid"
    assert await repeats.find(2) is None


async def test_a_request_that_failed_may_come_again() -> None:
    repeats = Repeats()
    with pytest.raises(ConnectionError), repeats.applying(1, "guid"):
        raise ConnectionError
    assert await repeats.find(1) is None


async def test_the_same_request_waits_for_the_one_under_way() -> None:
    repeats = Repeats()
    with repeats.applying(1, "guid"):
        again = asyncio.create_task(repeats.find(1))
        await asyncio.sleep(0)
        assert not again.done()
    assert await again == "guid"


async def test_the_oldest_are_forgotten_first() -> None:
    repeats = Repeats(requests=3)
    for number in range(7):
        with repeats.applying(number, str(number)):
            pass
    assert [await repeats.find(number) for number in range(7)] == [None, None, None, *"3456"]
