"""What the properties of a person's events were last (P-12).

Computed when it is asked for, from the events themselves: the cost grows with the events
of that one person, and a call looks at so many of them at most.
"""

from collections.abc import Iterable, Sequence

import msgspec

from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.latest import LatestValue, LatestValues
from mien.domain.schema import DefinitionKind
from mien.services.reading import Reader
from mien.services.trails import Trail, event_trail, read_events
from mien.store import definitions
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

_AT_ONCE = 1_000


class LatestPage(msgspec.Struct, frozen=True):
    """The latest values among the events that were looked at, with the names of the events.

    `seen` are events looked at, `total` are all of the profile. `rest` is where to look on,
    empty when nothing older can change anything.
    """

    values: Sequence[tuple[str, LatestValue]]
    seen: int
    total: int
    rest: Trail


def latest_values(
    store: Store, reader: Reader, profile: ProfileId, trail: Trail | None, *, count: int
) -> LatestPage | None:
    """Look at up to `count` events of a profile, from a place in them or from its newest on.

    The values of a later page count where they have a later time than those before. None
    for a profile that is gone.
    """
    environment = reader.environment
    with store.snapshot() as tx:
        found = profile_store.find(tx, environment, profile)
        if found is None:
            return None
        done = found.activity.events
        names = reader.event_names(tx, map(EventNameId, done))
        latest = LatestValues(done, _properties_of(tx, reader, done))
        if trail is None:
            trail = event_trail(tx, environment, found, with_grey=False)
        rest = _look(tx, environment, latest, trail, count)
    values = [(names[EventNameId(each.event)], each) for each in latest.values()]
    return LatestPage(
        sorted(values, key=lambda each: (each[0], each[1].property)),
        latest.seen,
        sum(summary.count for summary in done.values()),
        rest,
    )


def _look(
    tx: Transaction, environment: EnvironmentId, latest: LatestValues, trail: Trail, count: int
) -> Trail:
    """Look at up to `count` events, and give where to look on; empty once all is settled."""
    while trail and count:
        events, trail = read_events(tx, environment, trail, count=min(count, _AT_ONCE))
        count -= len(events)
        for event, _ in events:
            latest.add(event.name, event.occurred_at, event.sequence, event.body)
            if latest.is_settled:
                return ()
    return trail


def _properties_of(tx: Transaction, reader: Reader, names: Iterable[int]) -> dict[int, list[str]]:
    """Give the properties that events of these names were ever seen with."""
    return {
        name: [
            each.name
            for each in definitions.list_kind(
                tx, reader.environment, DefinitionKind.EVENT_PROPERTY, parent=name
            )
        ]
        for name in names
    }
