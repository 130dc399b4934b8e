"""Several processes share one copy: one writes it, all count in it, and any of them may end (S-04)."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

import pytest

from mien.analytics.clickhouse import ClickHouse
from mien.domain.segments import All
from mien.jobs.keeper import Keeper
from mien.jobs.project import Projector
from mien.services.counting import Counting
from mien.services.leases import Lease
from mien.services.projection import Projection, Rebuild, wish_of
from mien.services.questions import Questions
from tests.support.copies import clickhouse_url
from tests.support.uploading import Desk, event, profile

PATIENCE = 60.0


class MortalLease(Lease):
    """A lease whose process may fall silent, as when it is killed."""

    is_dead = False

    def keep(self, *, at_once: bool = False) -> None:
        if not self.is_dead:
            super().keep(at_once=at_once)


class Process:
    """What a server has for counting."""

    def __init__(self, desk: Desk, url: str, folder: Path, name: str) -> None:
        folder.mkdir()
        self.desk, self.folder, self.url, self.name = desk, folder, url, name
        copy = ClickHouse(url)
        copy.is_shared = True
        self.projection = Projection(desk.store, copy)
        self.lease = MortalLease(desk.store, name, seconds=2)
        self.counting = Counting(
            Questions(self.projection, fresh_seconds=PATIENCE, query_seconds=PATIENCE)
        )
        self.running = ExitStack()

    def start(self) -> None:
        self.running.enter_context(Keeper(self.lease))
        self.running.enter_context(Projector(self.projection, self.folder, lease=self.lease))

    def again(self) -> "Process":
        """Give a server that comes in the place of this one."""
        return Process(self.desk, self.url, self.folder / "again", self.name)

    def end(self) -> None:
        self.running.close()
        self.projection.analytics.close()

    async def count(self) -> int:
        def ask() -> int:
            return self.counting.count(self.desk.environment, All(()), UTC).size

        return await asyncio.to_thread(ask)


@pytest.fixture
def processes(own_two_desks: tuple[Desk, Desk], tmp_path: Path) -> Iterator[list[Process]]:
    url = clickhouse_url()
    made = [
        Process(desk, url, tmp_path / str(place), f"lease of {url}")
        for place, desk in enumerate(own_two_desks)
    ]
    yield made
    for each in made:
        each.end()


async def until(process: Process, *, leads: bool) -> None:
    def wait() -> None:
        deadline = time.monotonic() + PATIENCE
        while process.lease.is_held is not leads:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    await asyncio.to_thread(wait)


@pytest.mark.timeout(240)
async def test_all_see_what_any_of_them_took(processes: list[Process]) -> None:
    """One writes, both count each upload that was answered before, and a new definition too."""
    one, other = processes
    one.start()
    await until(one, leads=True)
    other.start()
    for turn in range(1, 6):
        taker = processes[turn % 2]
        await taker.desk.send(profile(f"p{turn}", **{f"n{turn}": turn}), event(f"p{turn}", "E"))
        assert [await each.count() for each in processes] == [turn, turn]
    assert (one.lease.is_held, other.lease.is_held) == (True, False)
    assert one.projection.steps >= 5
    assert other.projection.steps == 0


@pytest.mark.timeout(240)
async def test_another_goes_on_when_the_writer_ends(processes: list[Process]) -> None:
    """By itself, and without a word as one that was killed."""
    one, other = processes
    one.start()
    await until(one, leads=True)
    other.start()
    await one.desk.send(profile("a"))
    assert await other.count() == 1
    one.running.close()
    await other.desk.send(profile("b"))
    assert await other.count() == 2
    await until(other, leads=True)
    # Another server comes and follows; then the writer falls silent, and its lease runs out.
    third = await asyncio.to_thread(one.again)
    third.start()
    await other.desk.send(profile("c"))
    assert await third.count() == 3
    other.lease.is_dead = True
    await until(third, leads=True)
    await until(other, leads=False)
    assert (third.projection.may_write(), other.projection.may_write()) == (True, False)
    await other.desk.send(profile("d"))
    assert [await each.count() for each in (other, third)] == [4, 4]
    await asyncio.to_thread(third.end)


@pytest.mark.timeout(240)
async def test_a_rebuild_is_made_by_whoever_is_asked(processes: list[Process]) -> None:
    one, other = processes
    one.start()
    await until(one, leads=True)
    other.start()
    await one.desk.send(*(profile(f"p{each}") for each in range(50)))
    assert await other.count() == 50
    before = other.projection.analytics.within
    wish = wish_of(other.folder)
    wish.touch()
    async with asyncio.timeout(PATIENCE):
        while wish.exists():
            await one.desk.send(profile("more"))
            assert await one.count() == 51
    assert other.projection.analytics.within != before
    await one.desk.send(profile("last"))
    assert [await each.count() for each in processes] == [52, 52]
    assert one.projection.analytics.within == other.projection.analytics.within


@pytest.mark.timeout(240)
async def test_a_command_may_make_it_anew_beside_the_servers(processes: list[Process]) -> None:
    """It knows nothing of the lease; who writes goes on with what it made."""
    one, other = processes
    one.start()
    await until(one, leads=True)
    other.start()
    await one.desk.send(*(profile(f"p{each}") for each in range(20)))
    assert await other.count() == 20
    command = ClickHouse(one.url)
    rebuild = Rebuild(Projection(one.desk.store, command))
    while await asyncio.to_thread(rebuild.advance):
        pass
    await asyncio.to_thread(rebuild.finish)
    await other.desk.send(profile("last"))
    assert [await each.count() for each in processes] == [21, 21]
    assert {each.projection.analytics.within for each in processes} == {command.within}
    command.close()
