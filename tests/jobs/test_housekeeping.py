"""Housekeeping: old rejects and answers go, and nothing else."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.jobs.housekeeping import erase_all_due, tidy, tidy_all, tidy_hourly
from mien.services.erasures import plan_erasures
from mien.services.ingest import Ingest
from mien.store import accounts, idempotency, rejects
from mien.store.engine import Store
from tests.support.uploading import NOON_MS, Desk, event, new_environment, profile, run

DAY_MS = 86_400_000
BAD = event("ana", "")


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    ingest = Ingest(store)
    yield Desk(store, ingest, new_environment(store))
    ingest.close()


def kept_rejects(desk: Desk, environment: EnvironmentId | None = None) -> int:
    with desk.store.read() as tx:
        return len(rejects.page(tx, environment or desk.environment, before=2**60, count=100))


def knows_key(desk: Desk, key: str) -> bool:
    with desk.store.read() as tx:
        return idempotency.find(tx, desk.environment, key, since_ms=0) is not None


# U-23
def test_a_reject_goes_when_its_days_are_over(desk: Desk) -> None:
    run(desk.send(BAD, at_ms=NOON_MS))
    run(desk.send(BAD, profile("ana"), at_ms=NOON_MS + DAY_MS))
    assert tidy(desk.store, desk.environment, now_ms=NOON_MS + 30 * DAY_MS, reject_days=30) == 0
    assert kept_rejects(desk) == 2
    assert tidy(desk.store, desk.environment, now_ms=NOON_MS + 30 * DAY_MS + 1, reject_days=30) == 1
    assert kept_rejects(desk) == 1
    assert desk.find("ana") is not None


# U-21
def test_the_answer_to_a_key_goes_after_a_day(desk: Desk) -> None:
    run(desk.send(profile("ana"), at_ms=NOON_MS, key="first"))
    run(desk.send(profile("ben"), at_ms=NOON_MS + 1_000, key="second"))
    tidy(desk.store, desk.environment, now_ms=NOON_MS + DAY_MS + 500, reject_days=30)
    assert (knows_key(desk, "first"), knows_key(desk, "second")) == (False, True)


def test_only_the_environment_that_is_named_is_tidied(desk: Desk) -> None:
    other = Desk(desk.store, desk.ingest, new_environment(desk.store))
    for each in (desk, other):
        run(each.send(BAD, at_ms=NOON_MS))
    tidy(desk.store, desk.environment, now_ms=NOON_MS + 99 * DAY_MS, reject_days=30)
    assert (kept_rejects(desk), kept_rejects(other)) == (0, 1)


def test_every_environment_is_tidied_by_the_clock(desk: Desk) -> None:
    # Long ago by any clock.
    run(desk.send(BAD, at_ms=DAY_MS))
    with desk.store.read() as tx:
        assert len(accounts.list_environments(tx)) > 1
    tidy_all(desk.store, 30)
    assert kept_rejects(desk) == 0


async def test_a_round_that_fails_is_logged_and_does_not_end_the_job(desk: Desk) -> None:
    desk.store.close()
    broken = Store("sqlite:////nowhere/at/all.db")
    with ThreadPoolExecutor(1) as workers, structlog.testing.capture_logs() as logs:
        job = asyncio.create_task(tidy_hourly(broken, workers, reject_days=30))
        await asyncio.wait({job}, timeout=0.5)
        assert not job.done()
        job.cancel()
    assert [each["event"] for each in logs] == ["housekeeping.failed"]


# P-15
async def test_what_is_due_is_erased_by_the_clock(desk: Desk) -> None:
    await desk.send(profile("ana"), profile("ben"))
    for name, due_ms in (("ana", DAY_MS), ("ben", 2**60)):
        identity = Identity(IdentityKind.IDENTITY, name)
        plan_erasures(
            desk.store, desk.environment, [identity], now_ms=0, due_ms=due_ms, source="v1:1"
        )
    with structlog.testing.capture_logs() as logs:
        erase_all_due(desk.store)
    assert (desk.find("ana"), desk.find("ben") is None) == (None, False)
    assert [(each["event"], each["profiles"]) for each in logs] == [("erasures.done", 1)]
