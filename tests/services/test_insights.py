"""What pages tell of all people, through the whole way: upload, copy, question (D-05)."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from mien import clock
from mien.analytics.engine import Analytics
from mien.domain.cql.reports import Measure, Step
from mien.domain.moments import day_at, start_of
from mien.domain.segments import Did, LastDays
from mien.services.insights import Active, Insight, Insights, Shares
from mien.services.projection import Projection
from mien.services.questions import Questions
from tests.support.copies import Copier
from tests.support.uploading import NOON_MS, Desk, event, profile

NOON = NOON_MS // 1_000
TODAY = date(2026, 6, 1)
DAY = 86_400
KOLKATA = ZoneInfo("Asia/Kolkata")


class Asked:
    """Asks of one environment, once all is copied."""

    def __init__(self, desk: Desk, analytics: Analytics) -> None:
        self.projection = Projection(desk.store, analytics)
        questions = Questions(self.projection, fresh_seconds=0.01, query_seconds=10)
        self.insights = Insights(questions)
        self.environment = desk.environment

    def copy(self) -> None:
        while self.projection.advance(self.environment):
            pass

    def gather(self) -> None:
        """Have it gathered when people were seen, as the thread that writes does."""
        with Copier(self.projection, self.environment):
            assert self.projection.gathered(self.environment, seconds=60) is None


@pytest.fixture
def asked(desk: Desk, analytics: Analytics) -> Asked:
    return Asked(desk, analytics)


async def test_the_share_that_has_a_property_counts_each_person_once(
    desk: Desk, asked: Asked
) -> None:
    """D-05: whatever the type is, also once it is mixed."""
    await desk.send(
        profile("a", plan="gold", visits=1),
        profile("b", plan=3, visits=2.5),
        profile("c", plan=True),
        profile("d", plan={"$delete": 1}),
    )
    asked.copy()
    found = asked.insights.shares_of_properties(
        asked.environment, ["plan", "visits", "unheard"], now=NOON, zone=UTC
    )
    assert found == Insight(Shares(4, {"plan": 3, "visits": 2, "unheard": 0}))


async def test_who_did_an_event_twice_or_was_merged_counts_once(desk: Desk, asked: Asked) -> None:
    """D-05, P-05."""
    await desk.send(
        {"type": "event", "FBID": "f", "evtName": "Bought", "evtData": {}},
        event("a", "Bought"),
        event("a", "bought"),
        event("b", "Seen"),
    )
    ask = asked.insights.shares_of_events
    names = ["Bought", "Seen", "Unheard"]
    asked.copy()
    found = ask(asked.environment, names, now=NOON, zone=UTC)
    assert found.value == Shares(3, {"Bought": 2, "Seen": 1, "Unheard": 0})
    await desk.send({"type": "profile", "identity": "a", "FBID": "f", "profileData": {"x": 1}})
    asked.copy()
    found = ask(asked.environment, names, now=NOON, zone=UTC)
    assert found.value == Shares(2, {"Bought": 1, "Seen": 1, "Unheard": 0})


async def test_the_values_that_most_people_have_come_first(desk: Desk, asked: Asked) -> None:
    """D-05: of every type that is no list."""
    plans = ["gold"] * 3 + ["free"] * 2 + [7, True, "$D_20260601"]
    await desk.send(*[profile(f"p{n}", plan=plan) for n, plan in enumerate(plans)])
    await desk.send(profile("list", tags=["a", "b"]))
    asked.copy()

    def values(name: str) -> list[tuple[str, str, int]]:
        found = asked.insights.values(asked.environment, name, count=10, now=NOON, zone=UTC)
        return [(each.type, each.text, each.count) for each in found.value]

    found = values("plan")
    assert found[:2] == [("STR", "gold", 3), ("STR", "free", 2)]
    assert sorted(found[2:]) == [("BOOL", "True", 1), ("DATE", "$D_20260601", 1), ("NUM", "7", 1)]
    assert (values("tags"), values("unheard")) == ([], [])


async def test_the_values_of_an_event_come_with_how_often(desk: Desk, asked: Asked) -> None:
    """D-05."""
    bought = [event("a", "Bought", NOON, item=item) for item in ("tea", "tea", "milk")]
    await desk.send(*bought)
    asked.copy()

    def values(name: str) -> list[tuple[str, int]]:
        found = asked.insights.event_values(
            asked.environment, Did("bought"), name, count=5, now=NOON, zone=UTC
        )
        return [(each.text, each.count) for each in found.value]

    assert values("item") == [("tea", 2), ("milk", 1)]
    assert values("unheard") == []


async def test_a_trend_has_a_number_for_each_day_of_the_zone(desk: Desk, asked: Asked) -> None:
    """S-05: 20:00 in UTC is the next day in Kolkata."""
    late = NOON - DAY + 8 * 3_600
    await desk.send(
        event("a", "Bought", late), event("a", "Bought", NOON), event("b", "Bought", NOON)
    )
    asked.copy()

    def trend(zone: ZoneInfo, measure: Measure) -> dict[int, float]:
        return asked.insights.trend(
            asked.environment, Did("Bought", LastDays(2)), Step.DAY, measure, now=NOON, zone=zone
        ).value

    assert trend(ZoneInfo("UTC"), Measure.EVENTS) == {20260531: 1, 20260601: 2}
    assert trend(KOLKATA, Measure.EVENTS) == {20260531: 0, 20260601: 3}
    assert trend(KOLKATA, Measure.PEOPLE) == {20260531: 0, 20260601: 2}


async def test_people_are_counted_once_a_day_however_many_days_there_are(
    desk: Desk, asked: Asked
) -> None:
    """D-06: many days are not counted in bits."""
    days = (0, 0, 1, 118)
    await desk.send(*[event("a", "Bought", NOON - ago * DAY) for ago in days])
    await desk.send(event("b", "Bought", NOON))
    asked.copy()
    for length in (119, 2):
        found = asked.insights.trend(
            asked.environment,
            Did("Bought", LastDays(length)),
            Step.DAY,
            Measure.PEOPLE,
            now=NOON,
            zone=UTC,
        ).value
        assert len(found) == length
        assert sorted(found.values())[-2:] == [1, 2]
        assert sum(found.values()) == (4 if length > 2 else 3)


async def test_active_people_are_counted_once_in_each_span(desk: Desk, asked: Asked) -> None:
    """D-06: today, seven days, thirty days."""
    ask = asked.insights.active
    await desk.send(profile("idle", x=1))
    asked.copy()
    assert ask(asked.environment, now=NOON, zone=UTC) == Insight(Active(0, 0, 0))
    await desk.send(
        event("a", "Bought", NOON - 3_600),
        event("a", "Seen", NOON - 2 * DAY),
        event("b", "Seen", NOON - 6 * DAY),
        event("c", "Seen", NOON - 29 * DAY),
        event("d", "Seen", NOON - 30 * DAY),
    )
    asked.copy()
    assert ask(asked.environment, now=NOON, zone=UTC).value == Active(1, 2, 3)
    counts = asked.insights.counts_of_events(asked.environment, days=30, now=NOON, zone=UTC)
    assert sorted(counts.value.values()) == [1, 3]


async def test_who_is_ahead_of_the_clock_is_active_by_what_was_before(
    desk: Desk, asked: Asked
) -> None:
    """D-06: events are taken up to a day ahead; of who was there they tell no more than minutes ahead."""
    await desk.send(
        event("a", "Bought", NOON - 60),
        event("a", "Bought", NOON + 3_600),
        event("b", "Seen", NOON - 2 * DAY),
        event("b", "Seen", NOON + 301),
        event("c", "Seen", NOON + 302),
        event("d", "Seen", NOON + 300),
    )
    asked.copy()
    assert asked.insights.active(asked.environment, now=NOON, zone=UTC).value == Active(2, 3, 3)


async def test_new_people_are_on_the_day_on_which_they_were_first_seen(
    desk: Desk, asked: Asked
) -> None:
    """D-06: the day is that of the zone, and who was brought in is not new today."""
    anonymous = {"type": "event", "objectId": "device1", "evtName": "Seen", "evtData": {}}
    await desk.send(anonymous, event("old", "Bought", NOON - 40 * DAY), at_ms=NOON_MS)
    await desk.send(profile("a", x=1), at_ms=NOON_MS)
    late = (start_of(TODAY, UTC) - 4 * 3_600) * 1_000
    await desk.send(profile("b", x=1), at_ms=late)
    asked.copy()
    asked.gather()

    def new(zone: ZoneInfo) -> list[tuple[date, int, int]]:
        found = asked.insights.new(asked.environment, days=2, now=NOON, zone=zone)
        return [(each.day, each.count, each.identified) for each in found.value]

    yesterday = TODAY - timedelta(days=1)
    assert new(ZoneInfo("UTC")) == [(yesterday, 1, 1), (TODAY, 2, 1)]
    assert new(KOLKATA) == [(yesterday, 0, 0), (TODAY, 3, 2)]


async def test_a_copy_that_is_behind_says_of_when_it_tells(desk: Desk, asked: Asked) -> None:
    """S-04: nothing waits for long, and nothing is passed off as fresh."""
    await desk.send(profile("a", x=1), event("a", "Bought", NOON))
    asked.copy()
    asked.projection.advance(asked.environment)
    await desk.send(profile("b", x=1), event("b", "Bought", NOON))
    before = clock.now_ms()
    share = asked.insights.shares_of_properties(asked.environment, ["x"], now=NOON, zone=UTC)
    assert share.value == Shares(1, {"x": 1})
    assert share.as_of is not None
    assert share.as_of <= before
    trend = asked.insights.trend(
        asked.environment, Did("Bought", LastDays(1)), Step.DAY, Measure.EVENTS, now=NOON, zone=UTC
    )
    assert trend.value == {20260601: 1}
    assert trend.as_of is not None
    assert day_at(NOON, UTC) == TODAY
