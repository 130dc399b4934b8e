"""The order of checks is part of the API: the first failure in it names the code."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.rejects import RejectCode
from tests.domain.making import code_of, event, profile, reject_of

# From the first to the last check; those of the original first, then ours.
WRONG: list[tuple[str, object, RejectCode]] = [
    ("Email", "1234", RejectCode.EMAIL),
    ("Gender", "x", RejectCode.GENDER),
    ("Phone", "223", RejectCode.PHONE),
    ("Employed", "x", RejectCode.EMPLOYED),
    ("Education", "x", RejectCode.EDUCATION),
    ("Married", "x", RejectCode.MARRIED),
    ("identity", "null", RejectCode.IDENTITY),
    ("Age", "aa", RejectCode.AGE),
    ("DOB", "x", RejectCode.DATE_OF_BIRTH),
    ("Name", 1, RejectCode.NAME),
    ("Customer Type", 1, RejectCode.CUSTOMER_TYPE),
    ("MSG-email", "x", RejectCode.PREFERENCE),
    ("plan", None, RejectCode.VALUE_TYPE),
]


# U-08
@pytest.mark.parametrize(("first", "second"), [*pairwise(WRONG)], ids=lambda case: case[0])
def test_of_two_failures_the_earlier_check_is_told(
    first: tuple[str, object, RejectCode], second: tuple[str, object, RejectCode]
) -> None:
    assert code_of(profile({first[0]: first[1], second[0]: second[1]})) == first[2]
    assert code_of(profile({second[0]: second[1], first[0]: first[1]})) == first[2]


# U-08
@given(st.lists(st.sampled_from(range(len(WRONG))), min_size=1, unique=True))
def test_the_order_of_the_keys_does_not_matter(chosen: list[int]) -> None:
    data = {WRONG[each][0]: WRONG[each][1] for each in chosen}
    assert code_of(profile(data)) == WRONG[min(chosen)][2]


# U-08
def test_the_timestamp_is_checked_before_the_data() -> None:
    assert code_of(profile({"Email": "1234"}, ts=0)) == RejectCode.TIMESTAMP
    assert code_of(profile("no object", ts=0)) == RejectCode.TIMESTAMP
    assert code_of(event(ts=0, name="")) == RejectCode.TIMESTAMP


# U-05
def test_whom_the_record_means_is_checked_before_the_timestamp() -> None:
    assert code_of(profile({}, identity="null", ts=0)) == RejectCode.IDENTITY
    assert code_of(profile({}, objectId="a b", ts=0)) == RejectCode.OBJECT_ID


# U-05
def test_a_persons_id_is_checked_before_the_device() -> None:
    assert code_of(profile({}, identity="null", objectId="a b")) == RejectCode.IDENTITY


# U-08
def test_of_two_custom_properties_the_first_of_the_record_is_told() -> None:
    assert "'b'" in reject_of(profile({"b": None, "a": None})).reason


# U-14
def test_the_name_of_an_event_is_checked_before_its_properties() -> None:
    assert code_of(event({"a": None}, name="")) == RejectCode.EVENT_NAME_MISSING
