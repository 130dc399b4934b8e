"""Late data: an explicit older time leaves what a later time set."""

from hypothesis import given
from hypothesis import strategies as st

from mien.domain.documents import COMPATIBLE, NATIVE, Rules
from mien.domain.ids import ProfileId
from mien.domain.profiles import Profile
from mien.domain.values import Value
from tests.domain.making import LATE_LOSES, NOW, new_profile, write
from tests.domain.strategies import values

FIRST, SECOND, THIRD = NOW - 300, NOW - 200, NOW - 100


def begun(at: int) -> Profile:
    """Give an empty profile whose first record is of this time."""
    return Profile.create(ProfileId(1), created_at=NOW * 1_000, base_at=at * 1_000)


def properties_after(
    *records: tuple[int, dict[str, object]], rules: Rules = LATE_LOSES
) -> dict[str, Value]:
    profile = begun(records[0][0])
    for at, data in records:
        write(profile, data, rules=rules, at=at)
    return profile.document.properties


# U-22
def test_an_older_value_leaves_a_newer_one_and_is_called_stale() -> None:
    profile = new_profile()
    write(profile, {"plan": "pro"}, rules=LATE_LOSES, at=SECOND)
    changes = write(profile, {"plan": "free", "city": "Porto"}, rules=LATE_LOSES, at=FIRST)
    assert changes.stale == ("plan",)
    assert changes.new == {"city": "Porto"}
    assert profile.document.properties == {"plan": "pro", "city": "Porto"}


# U-22
def test_a_newer_value_and_one_of_the_same_second_win() -> None:
    assert properties_after((FIRST, {"a": 1}), (SECOND, {"a": 2}), (SECOND, {"a": 3})) == {"a": 3}


# U-22
def test_a_value_without_a_time_is_of_now_and_wins() -> None:
    profile = begun(SECOND)
    write(profile, {"a": 1}, rules=LATE_LOSES, at=SECOND)
    assert write(profile, {"a": 2}, rules=LATE_LOSES).new == {"a": 2}


# U-22
def test_on_the_compatible_api_the_order_of_arrival_wins() -> None:
    assert properties_after((SECOND, {"a": 1}), (FIRST, {"a": 2}), rules=COMPATIBLE) == {"a": 2}


# U-22
def test_natively_late_data_loses() -> None:
    assert properties_after((SECOND, {"a": 1}), (FIRST, {"a": 2}), rules=NATIVE) == {"a": 1}


# U-22
def test_an_older_value_does_not_bring_back_what_was_removed_later() -> None:
    delete: dict[str, object] = {"a": {"$delete": 1}}
    assert properties_after((FIRST, {"a": 1}), (THIRD, delete), (SECOND, {"a": 2})) == {}
    # Nor if it was removed before anybody knew of it, or at the time of the first record.
    assert properties_after((THIRD, delete), (SECOND, {"a": 2})) == {}
    assert properties_after((THIRD, {"a": 1}), (THIRD, delete), (SECOND, {"a": 2})) == {}
    assert properties_after((THIRD, delete), (THIRD + 1, {"a": 1})) == {"a": 1}


# U-22
def test_a_value_that_was_said_again_later_is_as_new_as_that() -> None:
    assert properties_after((FIRST, {"a": 1}), (THIRD, {"a": 1}), (SECOND, {"a": 2})) == {"a": 1}


# U-22
def test_an_older_operator_is_stale_too() -> None:
    profile = begun(SECOND)
    write(profile, {"n": 5}, rules=LATE_LOSES, at=SECOND)
    changes = write(profile, {"n": {"$incr": 1}}, rules=LATE_LOSES, at=FIRST)
    assert changes.stale == ("n",)
    assert profile.document.properties == {"n": 5}


# U-22
def test_a_record_that_is_sent_again_changes_nothing_at_all() -> None:
    profile = begun(FIRST)
    for at in (FIRST, SECOND):
        data = {"a": at, "b": {"$delete": 1}}
        write(profile, data, rules=LATE_LOSES, at=at)
        before = profile.document_bytes()
        changes = write(profile, data, rules=LATE_LOSES, at=at)
        assert (changes.new, changes.confirmed, changes.stale) == ({}, (), ())
        assert profile.document_bytes() == before


# Few keys and values, so that records meet.
plain_records = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([1, 1.0, 2, "x"]) | values | st.just({"$delete": 1}),
    max_size=3,
)
timed_records = st.lists(
    st.tuples(st.integers(NOW - 10, NOW), plain_records),
    min_size=1,
    max_size=5,
    unique_by=lambda record: record[0],
)


# U-22
@given(timed_records, st.data())
def test_records_with_times_of_their_own_may_come_in_any_order(
    records: list[tuple[int, dict[str, object]]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(records))
    expected: dict[str, object] = {}
    for _, wanted in sorted(records, key=lambda record: record[0]):
        expected |= wanted
    left = {key: value for key, value in expected.items() if value != {"$delete": 1}}
    result = properties_after(*shuffled)
    assert result == left
    # By type too: True equals 1, and 1.0 as well.
    assert {key: type(value) for key, value in result.items()} == {
        key: type(value) for key, value in left.items()
    }


# U-22
@given(timed_records)
def test_what_is_newer_than_all_known_is_never_stale(
    records: list[tuple[int, dict[str, object]]],
) -> None:
    profile = begun(records[0][0])
    for at, wanted in records:
        write(profile, wanted, rules=LATE_LOSES, at=at)
    assert write(profile, {"a": 1, "b": 2}, rules=LATE_LOSES, at=NOW + 1).stale == ()
