"""A profile as the compatible API writes it (G-05)."""

import msgspec

from mien.domain.devices import Device
from mien.domain.identities import WIRE_NAMES, IdentityKind
from mien.services.reading import ProfileView

_TOP_LEVEL = {"Email": "email", "Name": "name", "Phone": "phone"}
"""Properties that stand beside `profileData`, and under which key."""


class _Done(msgspec.Struct, frozen=True, gc=False):
    """How often an event was done, and when first and last (epoch seconds).

    A class and not a dict, since a page has tens of thousands of them.
    """

    count: int
    first_seen: int
    last_seen: int


def render_profile(
    view: ProfileView,
    *,
    with_app: bool = False,
    with_events: bool = True,
    with_profile: bool = True,
) -> dict[str, object]:
    """Write a profile; parts that are unknown or not wanted are left out."""
    record = _named(view)
    if with_profile:
        record["profileData"] = _data(view)
        if view.groups:
            record["subscriptionGroups"] = _groups(view)
    if with_events:
        record["events"] = {
            name: _Done(done.count, done.first, done.last) for name, done in view.events.items()
        }
    phone = view.properties.get("Phone")
    record["platformInfo"] = [_platform(device, phone) for device in view.devices]
    if with_app and view.devices:
        record |= _device(max(view.devices, key=lambda device: device.seen_at))
    return record


def _named(view: ProfileView) -> dict[str, object]:
    """Write who it is: the first identity, all of them if there are more, and the top fields."""
    record: dict[str, object] = {}
    for kind, value in view.identities:
        if kind == IdentityKind.IDENTITY:
            record["identity"] = value
            break
    if len(view.identities) > 1:
        record["all_identities"] = [value for _, value in view.identities]
    for name, key in _TOP_LEVEL.items():
        if (known := view.properties.get(name)) is not None:
            record[key] = known
    return record


def _data(view: ProfileView) -> dict[str, object]:
    data: dict[str, object] = dict(view.properties)
    for name in _TOP_LEVEL:
        data.pop(name, None)
    if view.age is not None:
        data["Age"] = view.age
    for kind, value in view.identities:
        if kind not in (IdentityKind.IDENTITY, IdentityKind.EMAIL):
            data[WIRE_NAMES[IdentityKind(kind)]] = value
    return data


def _groups(view: ProfileView) -> dict[str, str]:
    return {
        group: "Subscribed" if is_subscribed else "Unsubscribed"
        for groups in view.groups.values()
        for group, is_subscribed in groups.items()
    }


def _platform(device: Device, phone: object) -> dict[str, object]:
    token = device.active_token.id if device.active_token is not None else None
    shown = {
        "platform": device.platform,
        "objectId": device.object_id,
        "phone": phone,
        "push_token": token,
    }
    return {name: value for name, value in shown.items() if value is not None} | _device(device)


def _device(device: Device) -> dict[str, object]:
    shown = {
        "os_version": device.os_version,
        "app_version": device.app_version,
        "make": device.make,
        "model": device.model,
    }
    return {name: value for name, value in shown.items() if value is not None}
