"""Answers that wait to be fetched: how many, for how long, and what comes of failures (G-12)."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from mien.domain.ids import EnvironmentId
from mien.http import waiting
from mien.http.limits import TooManyRequestsError
from mien.http.waiting import UnknownRequestError, Waiting

HERE = EnvironmentId(1)


MOMENT = 0.01
"""Longer than no time at all."""


def giving(answer: bytes) -> Callable[[], Awaitable[bytes]]:
    async def work() -> bytes:
        await asyncio.sleep(MOMENT)
        return answer

    return work


def request_in(answer: bytes) -> str:
    told = msgspec.json.decode(answer, type=dict[str, str])
    assert told.keys() == {"status", "req_id"}
    return told["req_id"]


async def test_an_answer_in_time_is_given_at_once() -> None:
    assert await Waiting(5).begin(HERE, "a", giving(b"done")) == b"done"


async def test_an_answer_that_fails_fails_whenever_it_is_fetched() -> None:
    async def fail() -> bytes:
        await asyncio.sleep(MOMENT)
        raise ZeroDivisionError

    answers = Waiting(0)
    request = request_in(await answers.begin(HERE, "a", fail))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await answers.fetch(HERE, "a", request)


async def test_the_oldest_that_is_done_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEPT", 2)
    answers = Waiting(0)
    first, second = [
        request_in(await answers.begin(HERE, "a", giving(b"%d" % each))) for each in range(2)
    ]
    assert await answers.fetch(HERE, "a", first) == b"0"
    third = request_in(await answers.begin(HERE, "a", giving(b"2")))
    with pytest.raises(UnknownRequestError):
        await answers.fetch(HERE, "a", first)
    assert await answers.fetch(HERE, "a", second) == b"1"
    assert await answers.fetch(HERE, "a", third) == b"2"


async def test_more_than_are_kept_are_refused_while_all_are_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "KEPT", 2)
    open_door = asyncio.Event()

    async def wait() -> bytes:
        await open_door.wait()
        return b"done"

    answers = Waiting(0)
    requests = [request_in(await answers.begin(HERE, "a", wait)) for _ in range(2)]
    with pytest.raises(TooManyRequestsError):
        await answers.begin(HERE, "a", wait)
    open_door.set()
    assert [await answers.fetch(HERE, "a", each) for each in requests] == [b"done", b"done"]


async def test_few_are_worked_out_at_once() -> None:
    under_way, open_door = 0, asyncio.Event()

    async def wait() -> bytes:
        nonlocal under_way
        under_way += 1
        await open_door.wait()
        return b"done"

    answers = Waiting(0)
    requests = [
        request_in(await answers.begin(HERE, "a", wait)) for _ in range(waiting.AT_ONCE + 3)
    ]
    await asyncio.sleep(0)
    assert under_way == waiting.AT_ONCE
    open_door.set()
    for each in requests:
        assert await answers.fetch(HERE, "a", each) == b"done"


async def test_an_answer_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEPT_SECONDS", -1)
    answers = Waiting(0)
    request = request_in(await answers.begin(HERE, "a", giving(b"done")))
    await asyncio.sleep(2 * MOMENT)
    with pytest.raises(UnknownRequestError):
        await answers.fetch(HERE, "a", request)
