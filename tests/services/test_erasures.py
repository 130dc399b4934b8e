"""Erasures may wait, be cancelled, and are carried out when they are due (P-15, B-07)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.domain.errors import NotFoundError
from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.erasures import (
    Erasure,
    ErasureDoneError,
    cancel_erasure,
    carry_out,
    carry_out_due,
    get_erasure,
    list_erasures,
    plan_erasures,
)
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, event, profile

HOUR_MS = 3_600_000
DUE_MS = NOON_MS + 24 * HOUR_MS


def named(name: str) -> Identity:
    """Give an identity."""
    return Identity(IdentityKind.IDENTITY, name)


def plan(desk: Desk, *names: str, due_ms: int = DUE_MS) -> list[Erasure | None]:
    """Ask for erasures at noon."""
    return plan_erasures(
        desk.store,
        desk.environment,
        [named(name) for name in names],
        now_ms=NOON_MS,
        due_ms=due_ms,
        source="v1:1",
    )


def plan_one(desk: Desk, name: str, due_ms: int = DUE_MS) -> Erasure:
    """Ask for the erasure of somebody who is there."""
    [planned] = plan(desk, name, due_ms=due_ms)
    assert planned is not None
    return planned


def states(desk: Desk) -> list[tuple[int, bool, bool]]:
    """Give id, whether it is done, and whether there is a receipt, of all erasures."""
    found = list_erasures(desk.store, desk.environment, before=None, count=100)
    return [
        (each.planned.erasure_id, each.planned.done_at is not None, each.receipt is not None)
        for each in found
    ]


async def test_an_erasure_waits_for_its_time_and_leaves_its_receipt(desk: Desk) -> None:
    await desk.send(profile("ana", n=1), event("ana", "Seen"), profile("bo"))
    ana, nobody = plan(desk, "ana", "nobody")
    assert nobody is None
    assert ana is not None
    assert ana.planned.done_at is None
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS - 1) == 0
    assert desk.find("ana") is not None
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS) == 1
    assert desk.find("ana") is None
    assert desk.find("bo") is not None
    done = get_erasure(desk.store, desk.environment, ana.planned.erasure_id)
    assert done.receipt is not None
    assert done.receipt.removed["events"] == 1
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS) == 0
    assert find_faults(desk.store, only=desk.environment) == []


async def test_what_is_due_already_is_done_at_once(desk: Desk) -> None:
    await desk.send(profile("ana"), profile("bo"))
    found = plan(desk, "ana", "bo", "ana", due_ms=NOON_MS)
    assert [each.planned.erasure_id for each in found if each] == [1, 2, 1]
    assert all(each is not None and each.receipt is not None for each in found)
    assert desk.find("ana") is None


async def test_an_erasure_that_waits_can_be_cancelled_and_one_that_is_done_cannot(
    desk: Desk,
) -> None:
    await desk.send(profile("ana"))
    planned = plan_one(desk, "ana").planned
    assert cancel_erasure(desk.store, desk.environment, planned.erasure_id).planned == planned
    with pytest.raises(NotFoundError):
        cancel_erasure(desk.store, desk.environment, planned.erasure_id)
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS) == 0
    again = plan_one(desk, "ana", due_ms=NOON_MS).planned
    assert again.erasure_id != planned.erasure_id
    with pytest.raises(ErasureDoneError):
        cancel_erasure(desk.store, desk.environment, again.erasure_id)


async def test_a_profile_has_one_erasure_that_waits_and_the_earlier_time_holds(desk: Desk) -> None:
    await desk.send(profile("ana"))
    first = plan_one(desk, "ana").planned
    assert plan_one(desk, "ana", due_ms=DUE_MS + HOUR_MS).planned == first
    sooner = plan_one(desk, "ana", due_ms=DUE_MS - HOUR_MS).planned
    assert (sooner.erasure_id, sooner.due_at) == (first.erasure_id, DUE_MS - HOUR_MS)
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS - HOUR_MS) == 1


async def test_who_takes_over_an_id_while_the_erasure_waits_stays(desk: Desk) -> None:
    device = {"objectId": "phone"}
    await desk.send({**profile("ana"), **device}, profile("bo"))
    [planned] = plan_erasures(
        desk.store,
        desk.environment,
        [Identity(IdentityKind.OBJECT_ID, "phone")],
        now_ms=NOON_MS,
        due_ms=DUE_MS,
        source="v1:1",
    )
    assert planned is not None
    await desk.send({**profile("bo"), **device})
    carry_out_due(desk.store, desk.environment, now_ms=DUE_MS)
    assert desk.find("ana") is None
    assert desk.get("bo").find_device("phone") is not None


async def test_of_somebody_who_was_erased_meanwhile_nothing_is_left_to_do(desk: Desk) -> None:
    await desk.send(profile("ana"))
    plan_one(desk, "ana")
    erase(desk.store, desk.environment, named("ana"))
    await desk.send(profile("ana", fresh=1))
    assert carry_out_due(desk.store, desk.environment, now_ms=DUE_MS) == 1
    assert states(desk) == [(1, True, False)]
    assert desk.get("ana").document.properties == {"fresh": 1}


async def test_an_erasure_is_done_once_however_many_carry_it_out(desks: tuple[Desk, ...]) -> None:
    await desks[0].send(profile("ana"))
    planned = plan_one(desks[0], "ana").planned
    with ThreadPoolExecutor(8) as threads:
        loop = asyncio.get_running_loop()
        done = await asyncio.gather(
            *(
                loop.run_in_executor(
                    threads, carry_out, desks[n % len(desks)].store, desks[0].environment, planned
                )
                for n in range(8)
            )
        )
    assert sorted(done) == [False] * 7 + [True]
    assert states(desks[0]) == [(planned.erasure_id, True, True)]
    assert find_faults(desks[0].store, only=desks[0].environment) == []


async def test_erasures_are_listed_in_pages(desk: Desk) -> None:
    names = [f"p{n}" for n in range(5)]
    await desk.send(*map(profile, names))
    plan(desk, *names)
    found = list_erasures(desk.store, desk.environment, before=None, count=3)
    assert [each.planned.erasure_id for each in found] == [5, 4, 3]
    rest = list_erasures(desk.store, desk.environment, before=3, count=3)
    assert [each.planned.erasure_id for each in rest] == [2, 1]
