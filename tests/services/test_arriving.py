"""What arrives, told to many viewers: bounded, in order, and said when something was left out (D-06)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from functools import partial
from typing import TypeVar, cast

import pytest
import pytest_asyncio

from mien.domain.errors import LimitExceededError
from mien.domain.ids import EnvironmentId
from mien.services import arriving
from mien.services.arriving import Arriving, Batch
from mien.services.parts import Parts
from mien.services.reading import Reader
from mien.store.arrivals import Kind
from tests.support.uploading import Desk, event, profile

T = TypeVar("T")


class Around:
    """The parts of a server that looking on needs."""

    def __init__(self, desk: Desk) -> None:
        self.store = desk.store

    def reader(self, environment: EnvironmentId) -> Reader:
        return Reader(environment)

    async def run_long(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)


@pytest_asyncio.fixture
async def views(desk: Desk) -> AsyncIterator[Arriving]:
    made = Arriving(cast("Parts", Around(desk)), pause_seconds=0.01)
    yield made
    made.close()


async def next_of(waiting: "asyncio.Queue[Batch | None]") -> list[str]:
    """Give what the next batch tells of events."""
    batch = await asyncio.wait_for(waiting.get(), 10)
    assert batch is not None
    return [each.event for each in batch.arrived if each.arrival.kind is Kind.EVENT]


async def test_all_viewers_are_told_and_who_comes_later_what_just_came(
    desk: Desk, views: Arriving
) -> None:
    async with views.look_on(desk.environment, UTC) as one:
        await desk.send(profile("a", Name="Ana"), event("a", "Bought"))
        assert await next_of(one) == ["Bought"]
        async with views.look_on(desk.environment, UTC) as other:
            assert await next_of(other) == ["Bought"]
            await desk.send(event("a", "Seen"), event("a", "Left"))
            assert await next_of(one) == await next_of(other) == ["Seen", "Left"]
            assert views.count_viewers() == 2
    assert views.count_viewers() == 0


async def test_a_viewer_that_does_not_read_holds_little_and_is_told(
    desk: Desk, views: Arriving
) -> None:
    look_on = partial(views.look_on, desk.environment, UTC)
    async with look_on() as waiting, look_on() as read:
        for n in range(30):
            await desk.send(event("a", f"Event {n}"))
            while f"Event {n}" not in await next_of(read):
                pass
        assert waiting.full()
        batches = [waiting.get_nowait() for _ in range(waiting.qsize())]
    assert batches[-1] is not None
    assert batches[-1].has_left_out
    assert batches[-1].arrived[-1].event == "Event 29"


async def test_no_more_look_on_than_may(desk: Desk, views: Arriving) -> None:
    async with views.look_on(desk.environment, UTC):
        views.check_room()
        held = [views.look_on(desk.environment, UTC) for _ in range(arriving.VIEWERS - 1)]
        for each in held:
            await each.__aenter__()
        with pytest.raises(LimitExceededError, match="the limit is 200"):
            views.check_room()
        for each in held:
            await each.__aexit__(None, None, None)
        views.check_room()


async def test_closing_ends_views_that_are_there_and_those_to_come(
    desk: Desk, views: Arriving
) -> None:
    async with views.look_on(desk.environment, UTC) as waiting:
        views.close()
        assert await asyncio.wait_for(waiting.get(), 5) is None
    async with views.look_on(desk.environment, UTC) as waiting:
        assert await asyncio.wait_for(waiting.get(), 5) is None
