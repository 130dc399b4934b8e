"""What is asked of addresses: to block one, to open it again, to take it from its profiles.

Source: G-13. An item of a call is read into what it means or a `Reject`, as records are.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import AddressKind
from mien.domain.preferences import (
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    Address,
    SubscriptionKey,
    SubscriptionKind,
    address,
)
from mien.domain.rejects import Reject, RejectCode, Rejected

ITEMS_PER_CALL = 1_000

SUBSCRIPTION_TYPES: dict[str, SubscriptionKind] = {
    kind.name.lower(): kind for kind in SubscriptionKind
}
"""Kinds of subscriptions by the words of the API: `email`, `phone`, `whatsapp`."""

ADDRESS_TYPES: dict[str, AddressKind] = {kind.name.lower(): kind for kind in AddressKind}

STATUSES: dict[str, bool] = {"Unsubscribe": True, "Resubscribe": False}
"""What may be said of an address, and whether that blocks it."""

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True):
    """An address that is to be blocked, or opened again."""

    position: int
    key: SubscriptionKey
    is_blocked: bool


class Taken(msgspec.Struct, frozen=True):
    """An address that is to find nobody any more."""

    position: int
    address: Address


def parse_said(raw: object, position: int) -> Said | Reject:
    """Read `{type, value, status}`; an item that is wrong is a `Reject`."""

    def read(item: dict[str, object]) -> Said:
        kind = _one_of(SUBSCRIPTION_TYPES, item, "type", RejectCode.ADDRESS_TYPE)
        value = read_address(ADDRESS_OF[kind], item.get("value"))[1]
        is_blocked = _one_of(STATUSES, item, "status", RejectCode.ADDRESS_STATUS)
        return Said(position, (kind, value), is_blocked)

    return _parse(raw, position, read)


def parse_taken(raw: object, position: int, *, types: Sequence[str]) -> Taken | Reject:
    """Read `{type, value}` with one of these types; an item that is wrong is a `Reject`."""

    def read(item: dict[str, object]) -> Taken:
        known = {name: ADDRESS_TYPES[name] for name in types}
        kind = _one_of(known, item, "type", RejectCode.ADDRESS_TYPE)
        return Taken(position, read_address(kind, item.get("value")))

    return _parse(raw, position, read)


def read_address(kind: AddressKind, value: object) -> Address:
    """Read an address as it is found by, or raise `Rejected` (515, 516)."""
    return address(kind, STANDARD_FIELDS[FIELD_OF_ADDRESS[kind]].check(value))


def _parse(raw: object, position: int, read: Callable[[dict[str, object]], T]) -> T | Reject:
    if not isinstance(raw, dict):
        reason = "An item needs to be an object"
        return Reject(position, RejectCode.ADDRESS_TYPE, reason, raw)
    try:
        return read(raw)
    except Rejected as rejected:
        return Reject(position, rejected.code, rejected.reason, raw)


def _one_of(known: dict[str, T], item: dict[str, object], key: str, code: RejectCode) -> T:
    """Read a word in any case."""
    word = item.get(key)
    if isinstance(word, str):
        for name, meaning in known.items():
            if name.lower() == word.strip().lower():
                return meaning
    raise Rejected(code, f"{key} needs to be {' or '.join(known)}")
