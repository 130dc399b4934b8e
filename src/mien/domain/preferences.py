"""What a person agreed to: flags of one profile, of an address, and subscription groups.

Source: U-13. Defaults: e-mail, SMS, push and web push are on until opted out,
WhatsApp is off until opted in.
"""

from typing import NamedTuple

from mien.domain.identities import AddressKind
from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import check_item

ADDRESS_FLAGS: dict[str, AddressKind] = {
    "MSG-dndEmail": AddressKind.EMAIL,
    "MSG-dndPhone": AddressKind.PHONE,
}
"""Flags that block an address for every profile that shares it."""

FIELD_OF_ADDRESS: dict[AddressKind, str] = {AddressKind.EMAIL: "Email", AddressKind.PHONE: "Phone"}

FLAG_OF_ADDRESS: dict[AddressKind, str] = {kind: flag for flag, kind in ADDRESS_FLAGS.items()}

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
