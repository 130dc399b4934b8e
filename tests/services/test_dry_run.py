"""A dry run answers as the real call would then, and writes nothing at all (U-17)."""

import asyncio
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings

from mien.services.ingest import Ingest
from mien.services.receipts import Applied, Receipt, Result
from mien.store.columns import metadata
from mien.store.engine import Store
from tests.support.consistency import find_faults, rows_of
from tests.support.strategies import batches
from tests.support.uploading import Desk, Record, event, new_environment, profile


def all_rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Give every row of a store."""
    with store.snapshot() as tx:
        return {name: rows_of(tx, name) for name in metadata.tables}


def shown(receipt: Receipt) -> list[Result]:
    """Give what an answer shows; numbers of new profiles are not known before."""
    return [
        msgspec.structs.replace(each, profile=0) if isinstance(each, Applied) else each
        for each in receipt.results
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(before=batches, batch=batches)
def test_it_answers_as_the_real_call_and_leaves_every_row_alone(
    store: Store, before: list[Record], batch: list[Record]
) -> None:
    ingest = Ingest(store)
    desk = Desk(store, ingest, new_environment(store))
    desk.upload(*before)
    rows = all_rows(store)
    dry = asyncio.run(desk.send(*batch, is_dry_run=True))
    assert all_rows(store) == rows
    real = desk.upload(*batch)
    assert shown(dry) == shown(real)
    ingest.close()


async def test_it_uses_no_idempotency_key_and_takes_no_answer_from_one(desk: Desk) -> None:
    dry = await desk.send(profile("ana", n=1), key="k", is_dry_run=True)
    assert dry.answer is None
    real = await desk.send(profile("ana", n=1), key="k")
    assert real.answer is None
    assert desk.find("ana")
    assert (await desk.send(profile("bo", n=1), key="k", is_dry_run=True)).answer is None


async def test_real_calls_of_the_same_group_are_kept(desk: Desk) -> None:
    with desk.store.write():
        calls = [
            desk.send(profile("ana", n=1), event("ana", "Seen", at=5, x=1)),
            desk.send(profile("ana", n=2), event("ana", "Bought", at=5), is_dry_run=True),
            desk.send(profile("bo", n=3), event("bo", "Seen", at=6, x="x")),
        ]
        waiting = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    await desk.send(event("ana", "Bought", at=7))
    assert desk.get("ana").document.properties == {"n": 1}
    assert desk.get("bo").document.properties == {"n": 3}
    assert find_faults(desk.store, only=desk.environment) == []
