"""What a person agreed to: flags of one profile, of an address, and subscription groups.

What all of it means for sending is told by `domain.reachability`. Source: U-13.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

from mien.domain.fields import normalise_email
from mien.domain.identities import AddressKind
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import Value, check_item


class Channel(StrEnum):
    """A way to reach a person; the values are those of the API."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PUSH = "push"
    WEB_PUSH = "webpush"


OPT_INS: dict[str, Channel] = {f"MSG-{channel}": channel for channel in Channel}
"""Flags of one profile: true takes messages on the channel, false does not."""

FLAG_OF_CHANNEL: dict[Channel, str] = {channel: flag for flag, channel in OPT_INS.items()}


OPT_OUT = "ct_optout"
"""The property that says whether a person opted out of being recorded by SDKs."""


DISABLED = "MSG-disabled"
"""The property that says whether a person is disabled: then nothing is sent to them, on no channel."""


REFUSALS: dict[str, bool] = {**dict.fromkeys(OPT_INS, False), OPT_OUT: True, DISABLED: True}
"""Properties by which a person refuses something, and the value that does."""


class SubscriptionKind(IntEnum):
    """What is said of an address: of an e-mail address, of a phone, of a phone on WhatsApp alone."""

    EMAIL = 1
    PHONE = 2
    WHATSAPP = 3


ADDRESS_OF: dict[SubscriptionKind, AddressKind] = {
    SubscriptionKind.EMAIL: AddressKind.EMAIL,
    SubscriptionKind.PHONE: AddressKind.PHONE,
    SubscriptionKind.WHATSAPP: AddressKind.PHONE,
}

SUBSCRIPTIONS_OF: dict[AddressKind, tuple[SubscriptionKind, ...]] = {
    address: tuple(kind for kind, of in ADDRESS_OF.items() if of is address)
    for address in AddressKind
}

ADDRESS_FLAGS: dict[str, SubscriptionKind] = {
    "MSG-dndEmail": SubscriptionKind.EMAIL,
    "MSG-dndPhone": SubscriptionKind.PHONE,
    "MSG-dndWhatsApp": SubscriptionKind.WHATSAPP,
    "MSG-dndSMS": SubscriptionKind.PHONE,
}
"""Flags that block an address for every profile that shares it.

`MSG-dndSMS` is an older name: read, never shown. Taken as any other property, it would
let messages through to somebody who asked for none.
"""

FLAG_OF_ADDRESS: dict[SubscriptionKind, str] = {
    SubscriptionKind.EMAIL: "MSG-dndEmail",
    SubscriptionKind.PHONE: "MSG-dndPhone",
    SubscriptionKind.WHATSAPP: "MSG-dndWhatsApp",
}
"""The flag under which a state is shown."""

FIELD_OF_ADDRESS: dict[AddressKind, str] = {AddressKind.EMAIL: "Email", AddressKind.PHONE: "Phone"}

Address: TypeAlias = tuple[AddressKind, str]
"""A kind, and a value in the form by which it is found."""

SubscriptionKey: TypeAlias = tuple[SubscriptionKind, str]
"""Of what something is said: a kind, and an address in the form by which it is found."""


def address(kind: AddressKind, value: object) -> Address:
    """Give an accepted value of `Email` or `Phone` in the form by which it is found."""
    return kind, normalise_email(str(value)) if kind is AddressKind.EMAIL else str(value)


def subscription_keys(properties: Mapping[str, Value | None]) -> list[SubscriptionKey]:
    """Give what may be blocked of the addresses among the properties of a profile."""
    held = dict(addresses(properties))
    return [(kind, held[address]) for kind, address in ADDRESS_OF.items() if address in held]


def addresses(properties: Mapping[str, Value | None]) -> list[Address]:
    """Give the addresses among the properties of a profile."""
    return [
        address(kind, value)
        for kind, field in FIELD_OF_ADDRESS.items()
        if (value := properties.get(field)) is not None
    ]


GROUP_KEYS: dict[str, bool] = {"category-unsubscribe": False, "category-resubscribe": True}
"""Keys of `profileData` that change subscription groups, and what they set."""


class GroupChange(NamedTuple):
    """One subscription group of one channel, taken or left."""

    channel: str
    group: str
    is_subscribed: bool


def parse_groups(key: str, raw: object) -> list[GroupChange]:
    """Read `{channel: [group, …]}`, or raise `Rejected` (617; 607 for a group that is no text)."""
    if not isinstance(raw, dict) or not all(isinstance(groups, list) for groups in raw.values()):
        raise Rejected(RejectCode.PREFERENCE, f"{key} needs to be an object of channel and groups")
    return [
        GroupChange(channel, check_item(key, group), GROUP_KEYS[key])
        for channel, groups in raw.items()
        for group in groups
    ]


def is_opted_out(properties: Mapping[str, Value]) -> bool:
    """Tell whether a person, by these properties, wants SDKs to keep nothing of them."""
    return properties.get(OPT_OUT) is True


def is_disabled(properties: Mapping[str, Value]) -> bool:
    """Tell whether a person, by these properties, is sent nothing at all (R12)."""
    return properties.get(DISABLED) is True


def strictest(one: Mapping[str, bool], other: Mapping[str, bool]) -> dict[str, bool]:
    """Give what holds for two that turn out to be one person: a no beats a yes (U-13).

    Of what only one of them said, that holds: to have said nothing is no refusal. The
    order does not matter. For flags by name, and for groups of one channel.
    """
    both = {name: one[name] and other[name] for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def strictest_groups(
    one: Mapping[str, Mapping[str, bool]], other: Mapping[str, Mapping[str, bool]]
) -> dict[str, dict[str, bool]]:
    """Give the subscription groups, by channel, of two that turn out to be one person."""
    return {
        channel: strictest(one.get(channel, {}), other.get(channel, {}))
        for channel in {**one, **other}
    }
