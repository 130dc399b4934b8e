"""When a record says that it happened."""

import pytest

from mien.domain.rejects import RejectCode
from tests.domain.making import NOW, accepted_event, accepted_profile, event, profile, reject_of

RECORDED = "Timestamp should be present in the Unix Epoch format"
DAY = 24 * 60 * 60


# U-07
@pytest.mark.parametrize("ts", [1, 1468308340, NOW - 1, NOW, NOW + 1, NOW + DAY])
def test_whole_seconds_up_to_a_day_ahead_are_taken(ts: int) -> None:
    assert accepted_profile({}, ts=ts).at == ts
    assert accepted_event(ts=ts).at == ts


# U-07
def test_a_record_without_a_timestamp_is_of_now() -> None:
    assert accepted_profile({}).at is None
    assert accepted_event().at is None


# U-07
@pytest.mark.parametrize("ahead", [1, 60, 10**9])
def test_a_second_more_than_a_day_ahead_is_refused_and_says_so(ahead: int) -> None:
    for raw in (profile({}, ts=NOW + DAY + ahead), event(ts=NOW + DAY + ahead)):
        reject = reject_of(raw)
        assert reject.code == RejectCode.TIMESTAMP
        assert f"{NOW + DAY + ahead} is more than a day ahead" in reject.reason


# U-07
@pytest.mark.parametrize(
    "ts",
    [
        0,
        -1,
        -(10**12),
        None,
        True,
        False,
        "",
        "now",
        str(NOW),
        "2016-07-12T07:25:40Z",
        float(NOW),
        1.5,
        [],
        [NOW],
        {},
        10**30,
    ],
    ids=repr,
)
def test_what_is_no_whole_positive_number_is_refused_with_the_recorded_words(ts: object) -> None:
    for raw in (profile({}, ts=ts), event(ts=ts)):
        reject = reject_of(raw)
        assert (reject.code, reject.reason) == (RejectCode.TIMESTAMP, RECORDED)


# U-07
@pytest.mark.parametrize("ts", [NOW * 1_000, 10**11, 1468308340000, NOW * 1_000_000])
def test_milliseconds_are_refused_with_the_recorded_words(ts: int) -> None:
    assert reject_of(profile({}, ts=ts)).reason == RECORDED


# U-07
def test_milliseconds_of_1972_are_refused_as_a_time_far_ahead() -> None:
    reject = reject_of(profile({}, ts=10**11 - 1))
    assert reject.code == RejectCode.TIMESTAMP
    assert "ahead" in reject.reason
