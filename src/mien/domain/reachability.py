"""May a message be sent to a person, channel by channel, and if not, why?

The rules stand in `reachability` alone; `docs/preferences.md` is made from it. Defaults
(U-13): e-mail, SMS, push and web push are on until opted out, WhatsApp is off until
opted in.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from mien.domain.devices import Device
from mien.domain.documents import Document
from mien.domain.identities import AddressKind
from mien.domain.preferences import (
    FIELD_OF_ADDRESS,
    FLAG_OF_CHANNEL,
    Channel,
    SubscriptionKey,
    SubscriptionKind,
    address,
    is_disabled,
)

WEB_PUSH_TOKEN = "chrome"  # noqa: S105 - a type of push token, no secret


class Reason(StrEnum):
    """Why nothing may be sent; the first that holds is told."""

    DISABLED = "disabled"
    NO_ADDRESS = "no_address"
    NO_TOKEN = "no_token"  # noqa: S105 - no secret
    ADDRESS_BLOCKED = "address_blocked"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    GROUP_LEFT = "group_left"


class Reach(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a message may be sent on a channel, and the reason if not."""

    can: bool
    reason: Reason | None = None


BLOCKED_BY: Mapping[Channel, tuple[SubscriptionKind, ...]] = {
    Channel.EMAIL: (SubscriptionKind.EMAIL,),
    Channel.SMS: (SubscriptionKind.PHONE,),
    Channel.WHATSAPP: (SubscriptionKind.PHONE, SubscriptionKind.WHATSAPP),
}
"""Channels that reach an address, and what blocks it for them."""

ADDRESS_OF_CHANNEL: Mapping[Channel, AddressKind] = {
    Channel.EMAIL: AddressKind.EMAIL,
    Channel.SMS: AddressKind.PHONE,
    Channel.WHATSAPP: AddressKind.PHONE,
}

NEEDS_OPT_IN = frozenset({Channel.WHATSAPP})
"""Channels that are off until a profile opts in."""


def reachability(
    document: Document, states: Mapping[SubscriptionKey, bool], *, group: str | None = None
) -> dict[Channel, Reach]:
    """Say for each channel whether a message may be sent to a person.

    `states` is what was said of the addresses of the profile: true blocks. `group` is
    the subscription group that the message belongs to, if any.
    """
    return {
        channel: Reach(can=reason is None, reason=reason)
        for channel in Channel
        for reason in [_objection(document, states, channel, group)]
    }


def _objection(
    document: Document, states: Mapping[SubscriptionKey, bool], channel: Channel, group: str | None
) -> Reason | None:
    """Give the first reason not to send on a channel, None if there is none."""
    if is_disabled(document.properties):
        return Reason.DISABLED
    if (reason := _unreachable(document, states, channel)) is not None:
        return reason
    flag = document.properties.get(FLAG_OF_CHANNEL[channel])
    if flag is False:
        return Reason.OPTED_OUT
    if flag is None and channel in NEEDS_OPT_IN:
        return Reason.NOT_OPTED_IN
    if group is not None and document.groups.get(channel, {}).get(group) is False:
        return Reason.GROUP_LEFT
    return None


def _unreachable(
    document: Document, states: Mapping[SubscriptionKey, bool], channel: Channel
) -> Reason | None:
    """Give the reason that lies in the address or in the devices."""
    kind = ADDRESS_OF_CHANNEL.get(channel)
    if kind is None:
        has_token = any(_takes(device, channel) for device in document.devices)
        return None if has_token else Reason.NO_TOKEN
    value = document.properties.get(FIELD_OF_ADDRESS[kind])
    if value is None:
        return Reason.NO_ADDRESS
    _, found_by = address(kind, value)
    is_blocked = any(states.get((each, found_by)) is True for each in BLOCKED_BY[channel])
    return Reason.ADDRESS_BLOCKED if is_blocked else None


def _takes(device: Device, channel: Channel) -> bool:
    """Tell whether a device has an active token of a channel: a browser's for web push, an app's for push."""
    token = device.active_token
    return token is not None and (token.type == WEB_PUSH_TOKEN) is (channel is Channel.WEB_PUSH)
