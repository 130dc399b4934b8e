"""The history of a person in parts: some of their events, their days, values of one property."""

from collections import Counter
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from mien.domain.moments import day_at
from mien.services import history
from mien.services.history import DoneEvent, Person, Wanted
from mien.services.reading import Reader
from tests.support.merging import join, person
from tests.support.uploading import NOON_MS, Desk, event, profile

NOON, DAY = NOON_MS // 1_000, 86_400


@pytest.fixture
async def ana(desk: Desk) -> Desk:
    """Give a desk where Ana, made of two profiles, did 40 things, 10 of them before."""
    for n in range(10):
        grey = {"type": "event", "objectId": "web", "evtName": "Grey", "ts": NOON - n * DAY}
        await desk.send(grey)
    await desk.send(profile("ana"), profile("bo"))
    await desk.send({**profile("ana"), "objectId": "web"})
    for n in range(15):
        at = NOON - n * DAY - 3_600 * n
        name = "Paid" if n % 5 == 0 else "Seen"
        whose = (
            {**event("ana", name, at=at), "objectId": "web"} if n % 2 else event("bo", name, at=at)
        )
        await desk.send(whose, event("ana", "Late", at=NOON - 200 * DAY))
    join(desk, "ana", "bo")
    return desk


def found(desk: Desk) -> Person:
    known = history.find_person(desk.store, desk.environment, person("ana"))
    assert known is not None
    return known


def read(desk: Desk, wanted: Wanted | None, *, count: int) -> list[DoneEvent]:
    """Read all events that are wanted, page by page."""
    reader, trail = Reader(desk.environment), found(desk).events
    done: list[DoneEvent] = []
    while trail:
        page = history.event_page(desk.store, reader, trail, count=count, wanted=wanted)
        assert len(page.events) <= count
        assert page.rest != trail
        done += page.events
        trail = page.rest
    return done


# D-04, P-05
async def test_pages_of_some_events_are_those_of_all_that_fit(ana: Desk) -> None:
    whole = read(ana, None, count=100)
    assert Counter(each.is_grey for each in whole) == {False: 30, True: 10}
    for names in (frozenset[str](), frozenset({"Paid", "Grey"}), frozenset({"Nothing"})):
        for since, until in ((None, None), (NOON - 5 * DAY, None), (NOON - 9 * DAY, NOON)):
            for device in ("", "web"):
                for has_grey in (True, False):
                    wanted = Wanted(names, since, until, device, has_grey)
                    expected = [each for each in whole if _fits(each, wanted)]
                    for count in (1, 7):
                        assert read(ana, wanted, count=count) == expected, wanted


def _fits(done: DoneEvent, wanted: Wanted) -> bool:
    at = done.stored.occurred_at
    return (
        (not wanted.names or done.name in wanted.names)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
        and wanted.device in ("", done.stored.object_id)
        and (wanted.has_grey or not done.is_grey)
    )


# D-04
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")])
async def test_days_are_counted_as_their_events_are_in_a_zone(ana: Desk, zone: ZoneInfo) -> None:
    since = NOON - 20 * DAY
    counts = history.count_days(
        ana.store, ana.environment, found(ana).events, since=since, zone=zone
    )
    for is_grey, days in ((False, counts.days), (True, counts.grey)):
        assert days == Counter(
            day_at(each.stored.occurred_at, zone)
            for each in read(ana, None, count=100)
            if each.is_grey is is_grey and each.stored.occurred_at >= since
        )
    assert not counts.is_cut
    assert max(counts.days) - min(counts.days) <= timedelta(days=20)


# B-04
async def test_values_of_a_property_are_told_with_what_brought_them(ana: Desk) -> None:
    await ana.send(profile("ana", plan="gold"))
    await ana.send(profile("ana", other=1))
    await ana.send(profile("bo", plan={"$delete": 1}), source="v1:2")
    page = history.value_page(ana.store, ana.environment, found(ana).changes, name="plan", count=9)
    assert [(each.old, each.new, each.source) for each in page.values] == [
        ("gold", None, "v1:2"),
        (None, "gold", "api:1"),
    ]
    assert page.rest == ()
