"""What a person agreed to, as a record says it."""

import pytest

from mien.domain.identities import AddressKind
from mien.domain.preferences import (
    ADDRESS_FLAGS,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    GROUP_KEYS,
    GroupChange,
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
def test_every_kind_of_address_has_its_field_and_its_flag() -> None:
    assert set(FIELD_OF_ADDRESS) == set(FLAG_OF_ADDRESS) == set(AddressKind)
    assert {flag: kind for kind, flag in FLAG_OF_ADDRESS.items()} == ADDRESS_FLAGS
