"""Laws and shares of the demo's story, on a small one."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from demo.story import DAYS, tell
from demo.visits import Step
from mien_client import EventRecord, ProfileRecord, TokenRecord
from tests.demo.limits import complaints

PEOPLE = 1_500
NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
END = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def story() -> list[Step]:
    return list(tell(people=PEOPLE, seed=1, now=NOW))


def events(story: list[Step], name: str) -> list[EventRecord]:
    return [
        step.record
        for step in story
        if isinstance(step.record, EventRecord) and step.record.name == name
    ]


def profiles(story: list[Step]) -> list[tuple[Step, ProfileRecord]]:
    return [(step, step.record) for step in story if isinstance(step.record, ProfileRecord)]


def identified(story: list[Step]) -> set[int]:
    return {step.person for step, record in profiles(story) if record.distinct_id is not None}


def cards(story: list[Step]) -> list[ProfileRecord]:
    return [record for _, record in profiles(story) if "Name" in record.properties]


def test_the_same_seed_and_day_tell_the_same_story(story: list[Step]) -> None:
    assert list(tell(people=PEOPLE, seed=1, now=NOW + timedelta(hours=3))) == story


def test_another_seed_or_day_tells_another_story() -> None:
    first = list(tell(people=30, seed=1, now=NOW))
    assert list(tell(people=30, seed=2, now=NOW)) != first
    assert list(tell(people=30, seed=1, now=NOW + timedelta(days=1))) != first


def test_a_story_is_told_without_keeping_it() -> None:
    steps = tell(people=20, seed=1, now=NOW)
    assert isinstance(next(steps).record, ProfileRecord)


def test_records_come_oldest_first(story: list[Step]) -> None:
    assert all(before.at <= after.at for before, after in pairwise(story))


def test_a_step_and_its_record_say_the_same_time(story: list[Step]) -> None:
    timed = [step for step in story if not isinstance(step.record, TokenRecord)]
    assert all(getattr(step.record, "at") == step.at for step in timed)  # noqa: B009 - a union


def test_the_story_fills_the_days_before_now(story: list[Step]) -> None:
    start = END - timedelta(days=DAYS)
    assert story[0].at == start.timestamp()
    assert story[-1].at < END.timestamp()
    assert len({(step.at - story[0].at) // 86_400 for step in story}) == DAYS


def test_every_record_is_within_the_documented_limits(story: list[Step]) -> None:
    assert [found for step in story if (found := complaints(step.record))] == []


def test_a_profile_is_told_before_its_events(story: list[Step]) -> None:
    known: set[str | None] = {None}
    for step in story:
        match step.record:
            case ProfileRecord(distinct_id=distinct_id, object_id=object_id):
                known |= {distinct_id, object_id}
            case EventRecord(distinct_id=distinct_id, object_id=object_id):
                assert {distinct_id, object_id} <= known
            case TokenRecord(object_id=object_id):
                assert object_id in known


def test_an_id_belongs_to_one_person(story: list[Step]) -> None:
    owners = defaultdict(set)
    for step in story:
        for name in ("distinct_id", "object_id", "google_id"):
            if (value := getattr(step.record, name, None)) is not None:
                owners[name, value].add(step.person)
    assert all(len(people) == 1 for people in owners.values())


def test_there_are_about_as_many_people_and_events_as_asked(story: list[Step]) -> None:
    assert len({step.person for step in story}) == pytest.approx(PEOPLE, rel=0.01)
    count = sum(isinstance(step.record, EventRecord) for step in story)
    assert count / PEOPLE == pytest.approx(25, rel=0.2)


def test_some_stay_anonymous_and_some_sign_up_later(story: list[Step]) -> None:
    share = len(identified(story)) / PEOPLE
    assert 0.5 < share < 0.75
    anonymous_first = {
        step.person for step, record in profiles(story) if record.distinct_id is None
    }
    assert len(anonymous_first & identified(story)) > 0.25 * PEOPLE


def test_a_sign_up_names_the_person_and_the_device(story: list[Step]) -> None:
    assert all(card.distinct_id and card.object_id for card in cards(story))


def test_countries_have_their_shares_and_phone_codes(story: list[Step]) -> None:
    countries = Counter(
        record.properties["Country"]
        for _, record in profiles(story)
        if "Country" in record.properties
    )
    assert len(countries) == 8
    assert countries.most_common(1)[0][0] == "United States"
    phones = {
        str(card.properties["Phone"])[:3] for card in cards(story) if "Phone" in card.properties
    }
    assert {"+12", "+13", "+44", "+91", "+49", "+55", "+33", "+52", "+61"} <= phones


def test_all_platforms_occur_and_some_people_use_two(story: list[Step]) -> None:
    platforms = Counter(record.properties["Platform"] for record in events(story, "App Opened"))
    assert platforms["Android"] > platforms["iOS"] > platforms["Web"] > 0
    devices = defaultdict(set)
    for step, record in profiles(story):
        devices[step.person].add(record.object_id)
    assert max(len(ids) for ids in devices.values()) == 2


def test_few_people_do_much(story: list[Step]) -> None:
    counts = Counter(step.person for step in story if isinstance(step.record, EventRecord))
    busiest = [count for _, count in counts.most_common(len(counts) // 10)]
    assert 0.3 < sum(busiest) / counts.total() < 0.6


def test_the_funnel_narrows(story: list[Step]) -> None:
    steps = ("Product Viewed", "Added To Cart", "Checkout Started", "Charged", "Order Rated")
    sizes = [len(events(story, name)) for name in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 0


def test_new_visitors_come_back_less_and_less(story: list[Step]) -> None:
    joined: dict[int, int] = {}
    age_in_weeks: Counter[int] = Counter()
    for step in story:
        if isinstance(step.record, EventRecord) and step.record.name == "App Opened":
            joined.setdefault(step.person, step.at)
            age_in_weeks[(step.at - joined[step.person]) // (7 * 86_400)] += 1
    assert age_in_weeks[0] > age_in_weeks[1] > age_in_weeks[4] > age_in_weeks[8]


def test_weekends_evenings_and_sales_are_busier(story: list[Step]) -> None:
    per_day: Counter[int] = Counter()
    per_hour: Counter[int] = Counter()
    for step in story:
        per_day[(step.at - story[0].at) // 86_400] += 1
        per_hour[step.at // 3600 % 24] += 1
    assert per_day[76] > 1.2 * per_day[70]
    assert max(per_hour.values()) > 2 * min(per_hour.values())


def test_charged_has_items_that_add_up(story: list[Step]) -> None:
    for record in events(story, "Charged"):
        items = record.properties["Items"]
        total = sum(item["Price"] * item["Quantity"] for item in items)
        assert items
        assert record.properties["Amount"] == pytest.approx(total)


def test_properties_of_every_type_occur(story: list[Step]) -> None:
    values = [value for card in cards(story) for value in card.properties.values()]
    assert {type(value) for value in values} >= {str, bool, int, float}
    assert any(str(value).startswith("$D_") for value in values)
    operators = {
        operator
        for _, record in profiles(story)
        for value in record.properties.values()
        if isinstance(value, dict)
        for operator in value
    }
    assert operators == {"$add", "$remove", "$delete", "$incr", "$decr"}


def test_push_tokens_fit_the_platform_of_their_device(story: list[Step]) -> None:
    platforms = {
        record.object_id: record.properties["Platform"]
        for _, record in profiles(story)
        if "Platform" in record.properties
    }
    fitting = {"Android": "fcm", "iOS": "apns", "Web": "chrome"}
    tokens = [step.record for step in story if isinstance(step.record, TokenRecord)]
    assert tokens
    assert all(fitting[platforms[token.object_id]] == token.token_type for token in tokens)


def test_no_two_people_share_an_email(story: list[Step]) -> None:
    emails = [card.properties["Email"] for card in cards(story)]
    assert len(set(emails)) == len(emails)
