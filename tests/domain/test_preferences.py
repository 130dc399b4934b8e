"""What a person agreed to, as a record says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import AddressKind
from mien.domain.preferences import (
    ADDRESS_FLAGS,
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    GROUP_KEYS,
    OPT_INS,
    SUBSCRIPTIONS_OF,
    GroupChange,
    SubscriptionKind,
    addresses,
    strictest,
    strictest_groups,
    subscription_keys,
)
from mien.domain.rejects import RejectCode
from tests.domain.making import accepted_profile, code_of_data


# U-13
def test_groups_are_left_and_taken_by_channel() -> None:
    record = accepted_profile(
        {
            "category-unsubscribe": {"email": ["News", "Offers"], "sms": []},
            "category-resubscribe": {"email": ["Tips"]},
            "plan": "pro",
        }
    )
    assert record.groups == (
        GroupChange("email", "News", is_subscribed=False),
        GroupChange("email", "Offers", is_subscribed=False),
        GroupChange("email", "Tips", is_subscribed=True),
    )
    assert record.changes == {"plan": "pro"}


# U-13
@pytest.mark.parametrize("key", GROUP_KEYS)
@pytest.mark.parametrize(
    "value", [None, [], "News", 1, {"email": "News"}, {"email": None}], ids=repr
)
def test_groups_need_to_be_lists_by_channel(key: str, value: object) -> None:
    assert code_of_data(key, value) == RejectCode.PREFERENCE


# U-13
@pytest.mark.parametrize("group", [1, None, True, [], "x" * 513])
def test_a_group_needs_to_be_a_text(group: object) -> None:
    assert code_of_data("category-unsubscribe", {"email": [group]}) == RejectCode.LIST_INVALID


# U-13
def test_every_kind_of_address_has_its_field_and_every_subscription_its_flag() -> None:
    assert set(FIELD_OF_ADDRESS) == set(SUBSCRIPTIONS_OF) == set(AddressKind)
    assert set(FLAG_OF_ADDRESS) == set(ADDRESS_OF) == set(SubscriptionKind)
    assert {kind: ADDRESS_FLAGS[flag] for kind, flag in FLAG_OF_ADDRESS.items()} == {
        kind: kind for kind in SubscriptionKind
    }
    assert {*ADDRESS_FLAGS, *OPT_INS} <= set(STANDARD_FIELDS)


def test_the_numbers_that_are_stored_stay() -> None:
    kinds = {kind.name: int(kind) for kind in SubscriptionKind}
    assert kinds == {"EMAIL": 1, "PHONE": 2, "WHATSAPP": 3}


# U-13
def test_a_phone_may_be_blocked_as_such_and_on_whatsapp_alone() -> None:
    properties = {"Email": "Ana@Example.com", "Phone": "+14155551234", "plan": "pro"}
    assert addresses(properties) == [
        (AddressKind.EMAIL, "ana@example.com"),
        (AddressKind.PHONE, "+14155551234"),
    ]
    assert subscription_keys(properties) == [
        (SubscriptionKind.EMAIL, "ana@example.com"),
        (SubscriptionKind.PHONE, "+14155551234"),
        (SubscriptionKind.WHATSAPP, "+14155551234"),
    ]
    assert subscription_keys({"plan": "pro"}) == []


flags = st.dictionaries(st.sampled_from(sorted(OPT_INS)), st.booleans())
groups = st.dictionaries(
    st.sampled_from(["email", "sms"]), st.dictionaries(st.sampled_from("abc"), st.booleans())
)


# U-13
@given(flags, flags)
def test_of_two_answers_the_stricter_one_holds_and_silence_is_none(
    one: dict[str, bool], other: dict[str, bool]
) -> None:
    both = strictest(one, other)
    assert both.keys() == one.keys() | other.keys()
    for name, agreed in both.items():
        said = [each[name] for each in (one, other) if name in each]
        assert agreed is all(said)


# U-13
@given(groups, groups, groups)
def test_the_order_of_merges_changes_no_preference(
    a: dict[str, dict[str, bool]], b: dict[str, dict[str, bool]], c: dict[str, dict[str, bool]]
) -> None:
    assert strictest_groups(a, b) == strictest_groups(b, a)
    assert strictest_groups(strictest_groups(a, b), c) == strictest_groups(
        a, strictest_groups(b, c)
    )
    assert strictest_groups(a, a) == strictest_groups(a, {}) == a
