"""Whatever comes in, in whatever groups: the store never contradicts itself."""

import asyncio
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.documents import COMPATIBLE, NATIVE, Rules
from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.strategies import PEOPLE, batches
from tests.support.uploading import Desk, Record, new_environment

Group: TypeAlias = list[list[Record]]

groups = st.lists(st.lists(batches, min_size=1, max_size=3), min_size=1, max_size=4)


async def send_group(desk: Desk, group: Group, rules: Rules = COMPATIBLE) -> None:
    """Send batches at once, so that they are committed together."""
    with desk.store.write():
        waiting = [asyncio.ensure_future(desk.send(*batch, rules=rules)) for batch in group]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(sent=groups, rules=st.sampled_from([COMPATIBLE, NATIVE]))
def test_any_records_leave_a_store_without_contradictions(
    shared_store: Store, sent: list[Group], rules: Rules
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))

    async def send() -> None:
        for group in sent:
            await send_group(desk, group, rules)

    asyncio.run(send())
    ingest.close()
    assert find_faults(shared_store, only=desk.environment) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(sent=groups, erased=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3))
def test_erasing_in_between_leaves_none_either(
    shared_store: Store, sent: list[Group], erased: list[str]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))

    async def send() -> None:
        for group in sent:
            await send_group(desk, group)
            for name in erased:
                erase(shared_store, desk.environment, Identity(IdentityKind.IDENTITY, name))

    asyncio.run(send())
    ingest.close()
    assert find_faults(shared_store, only=desk.environment) == []
