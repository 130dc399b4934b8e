"""What a person gets: how they may be reached, what they agreed to, what was sent (D-04, U-13)."""

from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from mien.domain.errors import InvalidInputError
from mien.domain.members import Act, Role
from mien.domain.preferences import (
    ADDRESS_OF,
    FIELD_OF_ADDRESS,
    FLAG_OF_ADDRESS,
    FLAG_OF_CHANNEL,
    GROUP_KEYS,
    Channel,
    SubscriptionKind,
)
from mien.domain.reachability import Reach
from mien.domain.rejects import Reject
from mien.services.history import PersonView
from mien.services.receipts import Applied
from mien.web.person.seen import glance_of, path_of, view_of
from mien.web.person.writing import change_person, reason_of, told
from mien.web.routes import act, page
from mien.web.visit import Visit

_LABELS = {
    Channel.EMAIL: "E-mail",
    Channel.SMS: "SMS",
    Channel.WHATSAPP: "WhatsApp",
    Channel.PUSH: "App push",
    Channel.WEB_PUSH: "Web push",
}
_CHOICES: dict[str, object] = {"yes": True, "no": False, "nothing": {"$delete": 1}}
_BLOCKS = {
    SubscriptionKind.EMAIL: "E-mail to",
    SubscriptionKind.PHONE: "SMS and WhatsApp to",
    SubscriptionKind.WHATSAPP: "WhatsApp to",
}


class Way(msgspec.Struct, frozen=True):
    """A channel: whether it reaches the person, and what they said of it (None: nothing)."""

    label: str
    flag: str
    said: bool | None
    reach: Reach


class Block(msgspec.Struct, frozen=True):
    """An address, and whether something to it is blocked for everybody who has it."""

    label: str
    flag: str
    address: str
    is_blocked: bool


@page("/people/{object_id:str}/messages")
async def messages(visit: Visit, object_id: FromPath[str]) -> Response[bytes]:
    """Show how a person may be reached, what they agreed to, and what was sent to them."""
    view = await view_of(visit, object_id)
    properties = view.profile.properties
    ways = [
        Way(_LABELS[channel], flag, _flag(properties.get(flag)), view.reachable[channel])
        for channel, flag in FLAG_OF_CHANNEL.items()
    ]
    return visit.page(
        "person/messages.html",
        view=view,
        glance=glance_of(view, visit),
        ways=ways,
        blocks=_blocks(view),
    )


@act("/people/{object_id:str}/messages/choose", needs=Role.EDITOR)
async def choose(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Keep what a person says of a channel, or of an address for everybody who has it."""
    form = await visit.form()
    flag, choice = form.get("flag", ""), form.get("choice", "")
    is_channel, is_address = flag in FLAG_OF_CHANNEL.values(), flag in FLAG_OF_ADDRESS.values()
    if choice not in _CHOICES or not (is_channel or (is_address and choice != "nothing")):
        raise InvalidInputError(path="choice", problem="choose one of what the page offers")
    return await _keep(visit, object_id, {flag: _CHOICES[choice]}, flag)


@act("/people/{object_id:str}/messages/group", needs=Role.EDITOR)
async def change_group(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Let a person leave a subscription group of a channel, or join it again."""
    form = await visit.form()
    channel, group, is_in = form.get("channel", ""), form.get("group", ""), form.get("is_in")
    view = await view_of(visit, object_id)
    if group not in view.profile.groups.get(channel, {}):
        raise InvalidInputError(path="group", problem=f"nothing was said of the group '{group}'")
    key = next(key for key, joins in GROUP_KEYS.items() if joins is (is_in == "yes"))
    return await _keep(visit, object_id, {key: {channel: [group]}}, f"{channel}: {group}")


MESSAGE_HANDLERS: list[HTTPRouteHandler] = [messages, choose, change_group]


async def _keep(visit: Visit, object_id: str, data: dict[str, object], name: str) -> Response[Any]:
    """Write what a person agreed to, as a record would; the history shows it."""
    own_id = (await view_of(visit, object_id)).profile.object_id
    path = path_of(visit, own_id, "/messages")
    ahead = await change_person(visit, own_id, data, is_dry_run=True)
    if isinstance(ahead, Reject):
        return visit.back(path, f"{reason_of(ahead).rstrip('.')}.", kind="warning")
    says = told(Act.PREFERENCE_CHANGED, preference=name)
    result = await change_person(visit, own_id, data, says=says)
    if isinstance(result, Applied) and result.is_changed:
        return visit.back(path, f"'{name}' was saved; the history of changes says by whom.")
    return visit.back(path, f"'{name}' was like this already.", kind="info")


def _blocks(view: PersonView) -> list[Block]:
    """Give what may be blocked of the addresses of a person."""
    properties = view.profile.properties
    held = {kind: properties.get(FIELD_OF_ADDRESS[ADDRESS_OF[kind]]) for kind in _BLOCKS}
    return [
        Block(
            _BLOCKS[kind],
            FLAG_OF_ADDRESS[kind],
            str(address),
            properties.get(FLAG_OF_ADDRESS[kind]) is True,
        )
        for kind, address in held.items()
        if address is not None
    ]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
