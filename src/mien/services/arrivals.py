"""What arrives in an environment, as it arrives: events, and records that were refused."""

from collections.abc import Sequence

import msgspec

from mien.domain.ids import EnvironmentId, ProfileId
from mien.services.reading import Reader
from mien.store import log, rejects
from mien.store.engine import Store

_NEWEST = 2**63 - 1


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A place in what arrives: the last event, and the last record that was refused, so far."""

    event: int
    reject: int


class Arrived(msgspec.Struct, frozen=True):
    """An event that arrived, and whose it is; `at` is when, in epoch milliseconds."""

    name: str
    profile: ProfileId
    at: int


class Refused(msgspec.Struct, frozen=True):
    """A record that was refused, and why."""

    code: int
    reason: str
    at: int


class Arrivals(msgspec.Struct, frozen=True):
    """What arrived behind a place, newest first."""

    events: Sequence[Arrived]
    refused: Sequence[Refused]


def mark_arrivals(store: Store, environment: EnvironmentId) -> Mark:
    """Give the place behind all that arrived so far."""
    with store.read() as tx:
        events = log.newest_events(tx, environment, after=0, count=1)
        refused = rejects.page(tx, environment, before=_NEWEST, count=1)
    return Mark(
        events[0].sequence if events else 0,
        refused[0].reject_id if refused else 0,
    )


def arrivals(store: Store, reader: Reader, after: Mark, *, count: int) -> Arrivals:
    """Give what arrived in the environment of a reader behind a place: at most `count` of each."""
    environment = reader.environment
    with store.snapshot() as tx:
        events = log.newest_events(tx, environment, after=after.event, count=count)
        names = reader.event_names(tx, {each.name for each in events})
        refused = rejects.page(tx, environment, before=_NEWEST, count=count)
    return Arrivals(
        [Arrived(names[each.name], each.profile, each.received_at) for each in events],
        [
            Refused(each.code, each.reason, each.received_at)
            for each in refused
            if each.reject_id > after.reject
        ],
    )
