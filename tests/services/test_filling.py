"""A new analytics copy is filled with people as they are, in steps that fit into memory (S-04, B-03)."""

import pytest

from mien.analytics.engine import Analytics
from mien.analytics.step import Fill
from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.projection import Projection
from mien.services.steps import NOBODY, StepReader, begin
from tests.support.copied import assert_copied, catch_up, select
from tests.support.uploading import Desk, event, profile


async def make_history(desk: Desk, names: str, *, turns: int) -> None:
    """Let people come who are changed again and again, and each do something once."""
    for turn in range(turns):
        await desk.send(*(profile(name, turn=turn) for name in names))
    await desk.send(*(event(name, "E") for name in names))


async def test_a_new_copy_costs_the_people_there_are_and_not_their_history(
    desk: Desk, analytics: Analytics
) -> None:
    await make_history(desk, "abcde", turns=8)
    await desk.send(profile("a", Email="s@example.com", **{"MSG-dndEmail": True}))
    await desk.send({"type": "profile", "FBID": "f", "profileData": {"x": 1}})
    await desk.send({"type": "profile", "identity": "a", "FBID": "f", "profileData": {"y": 1}})
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "b"))
    projection = Projection(desk.store, analytics, size=3)
    catalog = catch_up(projection, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert (catalog.has_merged, catalog.has_blocks) == (True, True)
    # Four people; the last of them come with the first events, and others follow.
    assert projection.steps == 3
    await desk.send(profile("c", turn="last"), profile("new"), event("d", "E"))
    assert_copied(desk.store, analytics, catch_up(projection, desk.environment))


@pytest.mark.parametrize("is_filled", [False, True])
async def test_a_step_holds_no_more_of_large_documents_than_it_may(
    desk: Desk, *, is_filled: bool
) -> None:
    """Memory would end: people with hundreds of properties are a thousand times as large as others."""
    names = [f"p{n}" for n in range(7)]
    await desk.send(*(profile(name, text="x" * 400) for name in names))
    await desk.send(*(event(name, "E", text="x" * 200) for name in names))
    whole = begin(desk.store, desk.environment)
    place, fill = 0, whole if is_filled else Fill()
    people: list[int] = []
    events = 0
    while place < whole.at:
        with desk.store.snapshot() as tx:
            reader = StepReader(tx, desk.environment, whole.at, room=1_200)
            step = reader.read(place, fill)
        assert len(step.profiles.encode()) < 1_300
        of_events = [line for lines in step.events.values() for line in lines.split("\n")]
        assert sum(map(len, of_events)) < 1_300
        people += [int(line.partition("\t")[0]) for line in step.profiles.split("\n") if line]
        events += len(of_events)
        place, fill = step.upto, step.fill
    assert people == sorted(desk.get(name).id for name in names)
    assert events == len(names)


async def test_an_address_that_many_have_takes_several_steps(desk: Desk) -> None:
    """U-13: a made-up address may be that of half a million people."""
    names = [f"p{n}" for n in range(9)]
    await desk.send(*(profile(n, Email="none@example.com", text="x" * 400) for n in names))
    place = begin(desk.store, desk.environment).at
    await desk.send(profile("p4", **{"MSG-dndEmail": True}))
    last = begin(desk.store, desk.environment).at
    told, blocked = NOBODY, list[int]()
    while place < last:
        with desk.store.snapshot() as tx:
            reader = StepReader(tx, desk.environment, last, told=told, room=1_200)
            step = reader.read(place, Fill())
        assert len(step.profiles.encode()) < 1_300
        blocked += [each for each, _ in step.blocks]
        place, told = step.upto, reader.told
    # What was said has one entry, and p4 has another.
    ids = {name: desk.get(name).id for name in names}
    assert sorted(blocked) == sorted([*ids.values(), ids["p4"]])


@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_what_becomes_of_people_while_a_new_copy_is_filled_is_in_it(
    desk: Desk, analytics: Analytics, taken: int
) -> None:
    """P-15: who was copied and is erased then is gone, also when the filling is cut off and goes on."""
    await make_history(desk, "abcdef", turns=3)
    projection = Projection(desk.store, analytics, size=2)
    projection.open(desk.environment)
    for _ in range(taken):
        assert projection.advance(desk.environment)
    # Three steps have all people, and the last of them the first events.
    assert (projection.state(desk.environment).place == 0) is (taken < 3)
    begun = analytics.filled(desk.environment)
    assert begun is not None
    assert begun.is_whole is (taken == 3)
    for name in "ac":
        erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    await desk.send(profile("b", turn="since"), profile("d", turn="since"), profile("new"))
    await desk.send({"type": "profile", "identity": "b", "FBID": "f", "profileData": {}})
    again = Projection(desk.store, analytics, size=2)
    catalog = catch_up(again, desk.environment)
    assert_copied(desk.store, analytics, catalog)
    assert len(select(analytics, f"SELECT * FROM {catalog.schema}.profiles")) == 5
    whole = analytics.filled(desk.environment)
    assert whole is not None
    # Nothing was begun again, and nothing of what was before is read.
    assert (whole.at, whole.after) == (begun.at, begun.last)
