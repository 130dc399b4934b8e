"""Answers that wait to be fetched: how many, for how long, and what comes of failures (G-12)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mien.domain.ids import EnvironmentId
from mien.http import waiting
from mien.http.limits import TooManyRequestsError
from mien.http.waiting import Waiting

HERE = EnvironmentId(1)


MOMENT = 0.01
"""Longer than no time at all."""


def giving(answer: bytes) -> Callable[[], Awaitable[bytes]]:
    async def work() -> bytes:
        await asyncio.sleep(MOMENT)
        return answer

    return work


async def test_an_answer_in_time_is_given_at_once() -> None:
    assert await Waiting(5).begin(HERE, "a", "1", giving(b"done")) == b"done"


async def test_an_answer_that_fails_fails_whenever_it_is_fetched() -> None:
    async def fail() -> bytes:
        await asyncio.sleep(MOMENT)
        raise ZeroDivisionError

    answers = Waiting(0)
    assert await answers.begin(HERE, "a", "1", fail) is None
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await answers.fetch("1")


async def test_the_oldest_that_is_done_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEPT", 2)
    answers = Waiting(0)
    for each in "01":
        assert await answers.begin(HERE, "a", each, giving(each.encode())) is None
    assert await answers.fetch("0") == b"0"
    assert await answers.begin(HERE, "a", "2", giving(b"2")) is None
    assert [answers.has(HERE, "a", each) for each in "012"] == [False, True, True]
    assert [await answers.fetch(each) for each in "12"] == [b"1", b"2"]


async def test_more_than_are_kept_are_refused_while_all_are_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "KEPT", 2)
    open_door = asyncio.Event()

    async def wait() -> bytes:
        await open_door.wait()
        return b"done"

    answers = Waiting(0)
    assert [await answers.begin(HERE, "a", each, wait) for each in "01"] == [None, None]
    with pytest.raises(TooManyRequestsError):
        await answers.begin(HERE, "a", "2", wait)
    open_door.set()
    assert [await answers.fetch(each) for each in "01"] == [b"done", b"done"]


async def test_few_are_worked_out_at_once() -> None:
    under_way, open_door = 0, asyncio.Event()

    async def wait() -> bytes:
        nonlocal under_way
        under_way += 1
        await open_door.wait()
        return b"done"

    answers = Waiting(0)
    requests = [str(each) for each in range(waiting.AT_ONCE + 3)]
    for each in requests:
        assert await answers.begin(HERE, "a", each, wait) is None
    await asyncio.sleep(0)
    assert under_way == waiting.AT_ONCE
    open_door.set()
    for each in requests:
        assert await answers.fetch(each) == b"done"


async def test_an_answer_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEPT_SECONDS", -1)
    answers = Waiting(0)
    assert await answers.begin(HERE, "a", "1", giving(b"done")) is None
    await asyncio.sleep(2 * MOMENT)
    assert not answers.has(HERE, "a", "1")
