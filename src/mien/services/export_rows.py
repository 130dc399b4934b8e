"""People and events as the rows of an exported table."""

import msgspec

from mien.domain.identities import WIRE_NAMES, IdentityKind
from mien.domain.tables import Row
from mien.services.reading import ProfileView
from mien.store.log import StoredEvent

_decode = msgspec.json.Decoder(dict[str, object]).decode


def person_row(view: ProfileView) -> Row:
    """Give a person as a row."""
    done = view.events.values()
    last = max((each.last for each in done), default=None)
    return Row(
        {
            "object_id": view.object_id,
            "distinct_id": _distinct_id(view),
            "identities": [
                f"{WIRE_NAMES[IdentityKind(kind)]}:{value}" for kind, value in view.identities
            ],
            "type": "identified" if view.is_identified else "anonymous",
            "age": view.age,
            "created_at": _moment(view.created_at // 1_000),
            "event_count": sum(each.count for each in done),
            "last_event_at": None if last is None else _moment(last),
        },
        view.properties,
    )


def event_row(event: StoredEvent, view: ProfileView, name: str) -> Row:
    """Give an event as a row, with who is shown for the one that it came with."""
    return Row(
        {
            "event": name,
            "at": _moment(event.occurred_at),
            "object_id": view.object_id,
            "distinct_id": _distinct_id(view),
            "device_id": event.object_id or None,
            "received_at": _moment(event.received_at // 1_000),
            "session": _decode(event.session) if event.session else None,
        },
        _decode(event.body),
    )


def _distinct_id(view: ProfileView) -> str | None:
    named = (value for kind, value in view.identities if kind == IdentityKind.IDENTITY)
    return next(named, None)


def _moment(seconds: int) -> str:
    return f"$D_{seconds}"
