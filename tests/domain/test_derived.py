"""What is derived of a person: right at each moment, from what is known then."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.derived import (
    BUCKETS,
    DERIVED_FIELDS,
    Known,
    age_on,
    bucket_of,
    derived_values,
)
from mien.domain.devices import Device, PushToken, TokenLoss
from mien.domain.events import Summary
from mien.domain.identities import IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.values import type_of
from tests.domain.making import BIRTH_MS, NOW, document


def derived(events: dict[str, Summary] | None = None, **parts: object) -> dict[str, object]:
    """Give what is derived of a profile that was made at NOW."""
    made = document(**parts)  # type: ignore[arg-type]
    return dict(derived_values(Known(ProfileId(1), made, events or {}, BIRTH_MS, date(2026, 6, 1))))


# P-10
@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        ("$D_19900131", date(2026, 1, 30), 35),
        ("$D_19900131", date(2026, 1, 31), 36),
        ("$D_19900131", date(2026, 2, 1), 36),
        ("$D_19900131", date(1990, 1, 31), 0),
        ("$D_20040229", date(2025, 2, 28), 20),
        ("$D_20040229", date(2025, 3, 1), 21),
        ("$D_20040229", date(2028, 2, 28), 23),
        ("$D_20040229", date(2028, 2, 29), 24),
        ("$D_20040228", date(2025, 2, 28), 21),
        ("$D_19041231", date(2026, 12, 31), 122),
        ("$D_-1", date(2026, 12, 31), 57),
        ("$D_-1", date(2026, 12, 30), 56),
        ("$D_0", date(2026, 1, 1), 56),
        ("$D_-86401", date(2026, 12, 30), 57),
        ("$D_633744000", date(2026, 1, 31), 36),
        ("$D_20270101", date(2026, 12, 31), None),
    ],
    ids=repr,
)
def test_the_age_is_right_on_the_birthday_and_on_the_days_around_it(
    born: str, today: date, age: int | None
) -> None:
    assert age_on({"DOB": born}, today) == age
    assert age_on({"Birthday": born}, today) == age


# U-09, P-10
def test_a_date_of_birth_wins_over_a_birthday() -> None:
    today = date(2026, 7, 1)
    assert age_on({"Birthday": "$D_19900101", "DOB": "$D_20000101"}, today) == 26
    assert age_on({"Birthday": "$D_19900101", "DOB": "broken"}, today) == 36
    assert age_on({"Age": 34}, today) is None
    assert age_on({"DOB": 5}, today) is None


# P-10
@given(st.dates(date(1900, 1, 1), date(2025, 12, 31)), st.dates(date(2026, 1, 1), date(2090, 1, 1)))
def test_the_age_rises_by_one_on_each_birthday_and_on_no_other_day(born: date, today: date) -> None:
    properties = {"DOB": f"$D_{born:%Y%m%d}"}
    age, before = age_on(properties, today), age_on(properties, today - timedelta(days=1))
    assert age is not None
    assert before is not None
    is_leap = today.year % 4 == 0 and (today.year % 100 != 0 or today.year % 400 == 0)
    birthday = born.month, born.day
    if birthday == (2, 29) and not is_leap:
        birthday = (3, 1)
    assert age - before == ((today.month, today.day) == birthday)
    assert age == sum(
        1
        for year in range(born.year + 1, today.year + 1)
        if date(year, *_in_year(born, year)) <= today
    )


def _in_year(born: date, year: int) -> tuple[int, int]:
    try:
        return born.replace(year=year).month, born.replace(year=year).day
    except ValueError:
        return 3, 1


# P-10
@pytest.mark.parametrize(
    ("zone", "instant", "age"),
    [
        # Born on 29 February 2004; the same instants are different days around the world.
        ("UTC", "2026-02-28T23:59:59", 21),
        ("UTC", "2026-03-01T00:00:00", 22),
        ("Pacific/Kiritimati", "2026-02-28T10:00:00", 22),
        ("Pacific/Kiritimati", "2026-02-28T09:59:59", 21),
        ("Pacific/Pago_Pago", "2026-03-01T10:59:59", 21),
        ("Pacific/Pago_Pago", "2026-03-01T11:00:00", 22),
        ("Asia/Kolkata", "2028-02-28T18:29:59", 23),
        ("Asia/Kolkata", "2028-02-28T18:30:00", 24),
    ],
)
def test_a_birthday_begins_at_midnight_of_the_time_zone(zone: str, instant: str, age: int) -> None:
    now = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert age_on({"DOB": "$D_20040229"}, now.astimezone(ZoneInfo(zone)).date()) == age


# U-09, P-10
def test_a_given_age_counts_until_a_date_of_birth_is_known() -> None:
    assert derived(properties={"Age": 34})["Age"] == 34
    assert derived(properties={"Age": 34, "DOB": "$D_20000601"})["Age"] == 26
    assert "Age" not in derived(properties={"Name": "Ana"})


def test_of_a_profile_of_which_nothing_is_known_the_rest_is_derived_all_the_same() -> None:
    seen = f"$D_{NOW}"
    assert derived() == {
        "Type": "anonymous",
        "First Seen": seen,
        "Last Seen": seen,
        "Session Count": 0,
        "User Bucket": bucket_of(ProfileId(1)),
    }


# P-03
def test_the_type_follows_from_ids_addresses_and_active_tokens() -> None:
    active = PushToken("t", "fcm")
    for parts, kind in (
        ({"identities": [(IdentityKind.IDENTITY, "ana")]}, "identified"),
        ({"properties": {"Phone": "+14155551234"}}, "identified"),
        ({"devices": [Device("d", token=active)]}, "identified"),
        ({"devices": [Device("d", token=active.lost(TokenLoss.MOVED, at=5))]}, "anonymous"),
    ):
        assert derived(**parts)["Type"] == kind


def test_first_and_last_seen_reach_from_the_first_to_the_last_sign() -> None:
    events = {"Seen": Summary(2, NOW - 500, NOW - 300), "Charged": Summary(1, NOW + 7, NOW + 7)}
    devices = [Device("d", first_seen_at=NOW - 900, seen_at=NOW + 60), Device("e", seen_at=NOW)]
    found = derived(events, devices=devices)
    assert (found["First Seen"], found["Last Seen"]) == (f"$D_{NOW - 900}", f"$D_{NOW + 60}")
    found = derived(events)
    assert (found["First Seen"], found["Last Seen"]) == (f"$D_{NOW - 500}", f"$D_{NOW + 7}")


def test_who_only_ever_did_something_long_ago_was_last_seen_then() -> None:
    found = derived({"Seen": Summary(2, 1_000, 2_000)})
    assert (found["First Seen"], found["Last Seen"]) == ("$D_1000", "$D_2000")


def test_sessions_are_those_that_began_with_a_launch() -> None:
    launches = {"App Launched": Summary(3, NOW, NOW), "Seen": Summary(9, NOW, NOW)}
    assert derived(launches)["Session Count"] == 3


# P-17
def test_a_place_is_that_of_the_device_seen_last_and_never_put_together() -> None:
    devices = [
        Device("a", seen_at=10, country="FR", region="Bretagne", city="Brest", language="fr"),
        Device("b", seen_at=30, country="BY", time_zone="Europe/Minsk"),
        Device("c", seen_at=40),
        Device("d", seen_at=20, time_zone="Europe/Paris"),
    ]
    found = derived(devices=devices)
    assert found["Country"] == "BY"
    assert "Region" not in found
    assert "City" not in found
    assert found["Time Zone"] == "Europe/Minsk"
    assert found["Language"] == "fr"


# P-17
def test_without_a_device_that_tells_it_a_place_is_unknown() -> None:
    found = derived(devices=[Device("a", seen_at=10)], properties={"Phone": "+33123456789"})
    assert not found.keys() & {"Country", "Region", "City", "Time Zone", "Language"}


def test_buckets_are_evenly_spread_over_neighbouring_profiles() -> None:
    profiles = 200_000
    counts = Counter(bucket_of(ProfileId(number)) for number in range(1, profiles + 1))
    assert set(counts) == set(range(BUCKETS))
    expected = profiles / BUCKETS
    # Chi-square with 999 degrees of freedom: 1,200 is beyond four standard deviations.
    assert 800 < sum((n - expected) ** 2 / expected for n in counts.values()) < 1_200


@given(st.integers(1, 2**63 - 1))
def test_every_profile_has_a_bucket(number: int) -> None:
    assert 0 <= bucket_of(ProfileId(number)) < BUCKETS


# What has been drawn for a profile is its bucket for life: these never change.
def test_the_bucket_of_a_profile_stays() -> None:
    assert [bucket_of(ProfileId(number)) for number in (1, 2, 3, 1_000_000, 2**63 - 1)] == [
        338,
        858,
        118,
        386,
        353,
    ]


def test_every_value_has_the_type_of_its_field() -> None:
    device = Device("a", language="fr", time_zone="UTC", country="FR", region="R", city="C")
    found = derived(properties={"Age": 3}, devices=[device])
    assert list(found) == list(DERIVED_FIELDS)
    for name, value in found.items():
        assert type_of(value) is DERIVED_FIELDS[name].type
