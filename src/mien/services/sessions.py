"""Following the sessions of devices: which one a record belongs to, and the events that they are."""

from collections.abc import Callable

import msgspec

from mien.domain.profiles import Profile
from mien.domain.records import EventRecord, ProfileRecord
from mien.domain.sessions import CONCLUDED, LAUNCHED, Session, session_of

_encode = msgspec.json.Encoder().encode


def follow_session(
    profile: Profile,
    record: ProfileRecord | EventRecord,
    *,
    at: int,
    raise_event: Callable[[EventRecord], None],
) -> dict[str, str | int] | None:
    """Note the session that a record of a device belongs to, and give all that is told of it.

    `at` is the time of the record, in epoch seconds. A new session ends the one before;
    both are raised as events. None for a record of no session, or of one that is over.
    """
    device = None if record.device is None else profile.find_device(record.device.value)
    if device is None or record.session is None:
        return None
    former = device.session
    session = session_of(record.session, former, at=at)
    if session is None:
        return None
    profile.change_device(device.key, session=session)
    if session is not former:
        if former is not None:
            length: dict[str, object] = {"Session Length": former.seconds}
            raise_event(_event(CONCLUDED, length, former, device.object_id))
        raise_event(_event(LAUNCHED, {}, session, device.object_id))
    return session.told()


def _event(
    name: str, properties: dict[str, object], session: Session, object_id: str
) -> EventRecord:
    return EventRecord(
        position=0,
        person=(),
        device=None,
        object_id=object_id,
        name=name,
        properties=properties,
        body=_encode(properties),
        at=session.seen_at,
        raw={},
        session=session.told(),
    )
