"""Replaying all rejects of a filter: in the order in which they came, as far as time reaches (U-23)."""

import pytest

from mien.domain.documents import CUSTOM_KEYS, Rules
from mien.domain.rejects import RejectCode
from mien.services.reject_lists import ReplayedAll, Wanted, page_rejects, replay_all
from mien.services.rejects import Manner
from mien.services.wires import Wire
from mien.store.rejects import RejectPlace
from tests.support.uploading import NOON_MS, Desk, profile

MANNERS = {wire: Manner("member:1", Rules(custom_keys=None)) for wire in Wire}


async def replay(
    desk: Desk, wanted: Wanted, *, seconds: float = 60, after: RejectPlace | None = None
) -> ReplayedAll:
    """Replay by rules that let a profile have more properties than those it was refused by."""
    return await replay_all(
        desk.store,
        desk.ingest,
        desk.environment,
        wanted,
        manners=MANNERS,
        now_ms=NOON_MS + 9_000,
        seconds=seconds,
        after=after,
    )


async def refuse(desk: Desk, count: int) -> None:
    """Have the values 0, 1, … of one property refused, since the profile has no room."""
    await desk.send(profile("ana", **{f"k{n}": n for n in range(CUSTOM_KEYS)}))
    for start in range(0, count, 50):
        batch = [profile("ana", plan=n) for n in range(start, min(start + 50, count))]
        receipt = await desk.send(*batch, at_ms=NOON_MS + start)
        assert len(receipt.results) == len(batch)


# U-23
@pytest.mark.parametrize("by_code", [False, True])
@pytest.mark.parametrize("source", [None, "api:1"])
async def test_of_many_rejects_the_last_value_wins(
    desk: Desk, source: str | None, *, by_code: bool
) -> None:
    await refuse(desk, 250)
    [newest] = page_rejects(desk.store, desk.environment, Wanted(), count=1).rejects
    wanted = Wanted(newest.code if by_code else None, source)
    assert await replay(desk, wanted) == ReplayedAll(250, 0, None)
    assert desk.get("ana").document.properties["plan"] == 249


# U-23
async def test_a_replay_that_runs_out_of_time_goes_on_behind_what_fails_again(desk: Desk) -> None:
    await desk.send(*(profile("bo", Email="none") for _ in range(230)))
    await refuse(desk, 230)
    first = await replay(desk, Wanted(), seconds=0)
    assert (first.applied, first.refused) == (0, 200)
    second = await replay(desk, Wanted(), seconds=0, after=first.rest)
    assert (second.applied, second.refused) == (170, 30)
    third = await replay(desk, Wanted(), seconds=0, after=second.rest)
    assert third == ReplayedAll(60, 0, None)
    assert desk.get("ana").document.properties["plan"] == 229
    again = await replay(desk, Wanted(code=int(RejectCode.EMAIL)))
    assert again == ReplayedAll(0, 230, None)
