"""Items about addresses are read one by one (G-13)."""

import pytest
from hypothesis import given

from mien.domain.identities import AddressKind
from mien.domain.preferences import SubscriptionKind
from mien.domain.rejects import Reject, RejectCode
from mien.domain.subscriptions import Said, Taken, parse_said, parse_taken
from tests.domain.strategies import any_json

CODES = RejectCode
ITEM = {"type": "email", "value": "ana@example.com", "status": "Unsubscribe"}


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        ("email", " Ana@Example.com ", (SubscriptionKind.EMAIL, "ana@example.com")),
        ("EMAIL", "ana@example.com", (SubscriptionKind.EMAIL, "ana@example.com")),
        ("phone", "+1 (415) 555-1234", (SubscriptionKind.PHONE, "+14155551234")),
        ("WhatsApp", "+14155551234", (SubscriptionKind.WHATSAPP, "+14155551234")),
    ],
)
def test_an_address_is_read_in_the_form_by_which_it_is_found(
    kind: str, value: str, key: tuple[SubscriptionKind, str]
) -> None:
    for status, is_blocked in (("Unsubscribe", True), ("resubscribe ", False)):
        item = {"type": kind, "value": value, "status": status}
        assert parse_said(item, 3) == Said(3, key, is_blocked)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (None, CODES.ADDRESS_TYPE),
        ([ITEM], CODES.ADDRESS_TYPE),
        ("ana@example.com", CODES.ADDRESS_TYPE),
        ({**ITEM, "type": "push"}, CODES.ADDRESS_TYPE),
        ({**ITEM, "type": 1}, CODES.ADDRESS_TYPE),
        ({**ITEM, "value": None}, CODES.EMAIL),
        ({**ITEM, "value": "ana"}, CODES.EMAIL),
        ({**ITEM, "type": "phone", "value": "14155551234"}, CODES.PHONE),
        ({**ITEM, "type": "whatsapp", "value": 14155551234}, CODES.PHONE),
        ({**ITEM, "status": "Blocked"}, CODES.ADDRESS_STATUS),
        ({**ITEM, "status": True}, CODES.ADDRESS_STATUS),
        ({}, CODES.ADDRESS_TYPE),
    ],
)
def test_the_first_thing_that_is_wrong_names_the_code(item: object, code: RejectCode) -> None:
    reject = parse_said(item, 2)
    assert isinstance(reject, Reject)
    assert (reject.position, reject.code, reject.record) == (2, code, item)


def test_only_the_types_that_a_call_takes_are_taken_away() -> None:
    phone = {"type": "phone", "value": "+14155551234"}
    address = (AddressKind.PHONE, "+14155551234")
    assert parse_taken(phone, 1, types=["phone"]) == Taken(1, address)
    for item in (ITEM, {**phone, "type": "whatsapp"}):
        reject = parse_taken(item, 1, types=["phone"])
        assert isinstance(reject, Reject)
        assert reject.code == CODES.ADDRESS_TYPE
        assert reject.reason == "type needs to be phone"


@given(any_json)
def test_no_item_breaks_the_reading(item: object) -> None:
    assert isinstance(parse_said(item, 1), Said | Reject)
    assert isinstance(parse_taken(item, 1, types=["phone", "email"]), Taken | Reject)
