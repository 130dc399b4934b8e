"""Sessions: the visits of a device, one after the other, and what is told of each.

An SDK names the session that a record belongs to by the second in which it began. A later
one begins a new session, which ends the one before. Source: K-01.
"""

from collections.abc import Mapping

import msgspec

SESSION_ID = "session_id"
"""The property of a session by which it is known: when it began, in epoch seconds."""

AHEAD_SECONDS = 86_400
"""How far the clock of a device may be ahead of the record that names the session."""

LAST_SECOND = 253_402_300_799
"""The end of the year 9999: the next session ends one that is said to begin after it."""

SAME_SECONDS = 30
"""Sessions that begin so close to each other are one: a browser that has none asks for it with
each request that it sends before the first answer."""

LAUNCHED, CONCLUDED = "App Launched", "Session Concluded"
"""The events that a session begins and ends with."""


class Session(msgspec.Struct, omit_defaults=True, gc=False):
    """The visit that a device is on, or was on last; times are epoch seconds.

    `id` is when it began, `number` counts the visits of the device. `properties` are what
    was told of it once and holds for all of its events, as by which campaign it came.
    """

    id: int
    number: int = 1
    seen_at: int = 0
    properties: dict[str, str | int] = {}

    @property
    def seconds(self) -> int:
        """How long it was, from its beginning to when it was last seen."""
        return max(0, self.seen_at - self.id)

    def told(self) -> dict[str, str | int]:
        """Give what its events say of it."""
        return {**self.properties, SESSION_ID: self.id, "session_number": self.number}


def begun_of(told: Mapping[str, object], *, at: int) -> int | None:
    """Give when the session of a record began, None if it does not say, or names no such time.

    `at` is the time of the record; both are epoch seconds.
    """
    begun = told.get(SESSION_ID)
    return begun if isinstance(begun, int) and 0 <= begun <= at + AHEAD_SECONDS else None


def session_of(told: Mapping[str, str | int], former: Session | None, *, at: int) -> Session | None:
    """Give the session that a record belongs to, None for one that is over or has no name.

    `former` is the one that the device was on last; `at` is the time of the record, in
    epoch seconds. The session is `former` itself if that goes on.
    """
    begun = begun_of(told, at=at)
    if begun is None:
        return None
    if former is None:
        session = Session(begun)
    elif abs(begun - former.id) < SAME_SECONDS:
        session = former
    elif begun < former.id <= LAST_SECOND:
        return None
    else:
        session = Session(begun, former.number + 1)
    session.seen_at = max(session.seen_at, at)
    news = {name: value for name, value in told.items() if name != SESSION_ID}
    if not news.items() <= session.properties.items():
        session.properties = {**session.properties, **news}
    return session
