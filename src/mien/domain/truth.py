"""The truth table of sending, worked out by the rules of `domain.reachability` themselves.

Docs and screens show it, so that what they say is what is done (U-13).
"""

from collections.abc import Mapping
from itertools import product

import msgspec

from mien.domain.devices import Device, PushToken
from mien.domain.documents import Document
from mien.domain.preferences import (
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    FLAG_OF_CHANNEL,
    Channel,
    SubscriptionKey,
    address,
)
from mien.domain.reachability import (
    ADDRESS_OF_CHANNEL,
    BLOCKED_BY,
    WEB_PUSH_TOKEN,
    Reach,
    reachability,
)
from mien.domain.values import Value

_EXAMPLES = {"Email": "ana@example.com", "Phone": "+14155551234"}
_TOKENS = {Channel.PUSH: "fcm", Channel.WEB_PUSH: WEB_PUSH_TOKEN}
_GROUP = "News"
_FLAG_STATES: Mapping[str, bool | None] = {"true": True, "nothing": None, "false": False}
_BLOCK_STATES: Mapping[str, bool] = {"true": True, "else": False}


class Line(msgspec.Struct, frozen=True):
    """One line of the table: what was said, in the order of the columns, and what follows."""

    said: tuple[str, ...]
    reach: Reach


def columns_of(channel: Channel) -> tuple[str, ...]:
    """Name what decides on a channel: its contact, flags of the address, of the profile, groups."""
    blocks = [FLAG_OF_ADDRESS[kind] for kind in BLOCKED_BY.get(channel, ())]
    return (_contact(channel), *blocks, FLAG_OF_CHANNEL[channel], "group of the message")


def lines_of(channel: Channel) -> list[Line]:
    """Give the whole table of a channel."""
    blocks = len(BLOCKED_BY.get(channel, ()))
    nobody = Line(
        ("no", *["any"] * (blocks + 2)), reachability(Document(0), {}, group=_GROUP)[channel]
    )
    return [
        nobody,
        *(
            Line(("yes", *said, flag, group), _reach(channel, said, flag, group))
            for *said, flag, group in product(
                *[_BLOCK_STATES] * blocks, _FLAG_STATES, ("none, or not left", "left")
            )
        ),
    ]


def _contact(channel: Channel) -> str:
    if (kind := ADDRESS_OF_CHANNEL.get(channel)) is not None:
        return FIELD_OF_ADDRESS[kind]
    return "active token of an app" if channel is Channel.PUSH else "active token of a browser"


def _reach(channel: Channel, said: list[str], flag: str, group: str) -> Reach:
    properties: dict[str, Value] = dict(_EXAMPLES)
    if (is_opted_in := _FLAG_STATES[flag]) is not None:
        properties[FLAG_OF_CHANNEL[channel]] = is_opted_in
    token = PushToken("token", _TOKENS.get(channel, "fcm"))
    states: dict[SubscriptionKey, bool] = {}
    for kind, state in zip(BLOCKED_BY.get(channel, ()), said, strict=True):
        of = ADDRESS_OF[kind]
        found_by = address(of, _EXAMPLES[FIELD_OF_ADDRESS[of]])[1]
        states[kind, found_by] = _BLOCK_STATES[state]
    person = Document(
        0,
        properties=properties,
        devices=[Device("device", token=token)],
        groups={channel: {_GROUP: group != "left"}},
    )
    return reachability(person, states, group=_GROUP)[channel]
