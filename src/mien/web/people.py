"""People as lists show them: what to call one, and when one was seen."""

import msgspec

from mien.domain.identities import WIRE_NAMES, IdentityKind
from mien.services.reading import ProfileView


class Row(msgspec.Struct, frozen=True):
    """A person as a list shows one; `seen_at` is epoch milliseconds."""

    object_id: str
    name: str
    ids: list[tuple[str, str]]
    email: str
    phone: str
    is_identified: bool
    seen_at: int


def row_of(view: ProfileView) -> Row:
    """Give a person as a list shows one."""
    properties = view.properties
    return Row(
        view.object_id,
        name_of(view),
        _ids_of(view),
        str(properties.get("Email", "")),
        str(properties.get("Phone", "")),
        view.is_identified,
        last_seen(view) * 1_000,
    )


def _ids_of(view: ProfileView) -> list[tuple[str, str]]:
    """Give the ids of a person with their kinds; of somebody unknown those of devices."""
    if view.identities:
        return [(WIRE_NAMES[IdentityKind(kind)], value) for kind, value in view.identities]
    kind = WIRE_NAMES[IdentityKind.OBJECT_ID]
    return [(kind, device.object_id) for device in view.devices]


def name_of(view: ProfileView) -> str:
    """Give what to call a person: the name, else the best id."""
    name = view.properties.get("Name")
    if isinstance(name, str) and name.strip():
        return name
    email = view.properties.get("Email")
    named = [value for _, value in view.identities]
    return next(iter(named), str(email or "") or view.object_id)


def last_seen(view: ProfileView) -> int:
    """Give when a person was last seen, in epoch seconds."""
    seen = [done.last for done in view.events.values()]
    seen += [each.seen_at for each in view.devices]
    return max(seen, default=view.created_at // 1_000)


def first_seen(view: ProfileView) -> int:
    """Give when a person was first seen, in epoch seconds."""
    seen = [done.first for done in view.events.values()]
    seen += [each.first_seen_at for each in view.devices if each.first_seen_at]
    return min([view.created_at // 1_000, *seen])
