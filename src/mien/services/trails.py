"""All that a person did, or that became of them, read from the newest row on as one trail.

A profile has one chain of events and one of changes (docs/adr/0003-chains.md). Who took in
others has theirs too, and grey ones: what a device did before it was known whose it is
(P-05). A trail is a place in each of them, so it stays good however much is appended.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Chain, Profile
from mien.store import log, merges
from mien.store import profiles as profile_store
from mien.store.engine import Transaction
from mien.store.log import StoredChange, StoredEvent


class Thread(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A place in one chain. Of a grey one counts what `object_id` did up to `until` (epoch ms)."""

    start: int
    object_id: str = ""
    until: int = 0


Trail: TypeAlias = tuple[Thread, ...]
"""Places in chains; empty at the end."""


class _Row(Protocol):
    @property
    def sequence(self) -> int: ...


R = TypeVar("R", bound=_Row)

_STEP = 500
"""How many rows of a chain are read at once when some of them are looked for."""


def chains_of(tx: Transaction, environment: EnvironmentId, profile: Profile) -> Sequence[Chain]:
    """Give the chains of a profile, those of the profiles that it took in included."""
    if not profile.is_merged:
        return (profile,)
    return (profile, *merges.find_leaves(tx, environment, [profile.id]).get(profile.id, ()))


def change_trail(tx: Transaction, environment: EnvironmentId, profile: Profile) -> Trail:
    """Give where the changes of a profile begin."""
    chains = chains_of(tx, environment, profile)
    return tuple(Thread(each.last_change) for each in chains if each.last_change)


def event_trail(
    tx: Transaction, environment: EnvironmentId, profile: Profile, *, with_grey: bool
) -> Trail:
    """Give where the events of a profile begin."""
    chains = chains_of(tx, environment, profile)
    own = tuple(Thread(each.last_event) for each in chains if each.last_event)
    return own + _grey(tx, environment, [each.id for each in chains]) if with_grey else own


def read_changes(
    tx: Transaction, environment: EnvironmentId, trail: Trail, *, count: int
) -> tuple[list[StoredChange], Trail]:
    """Give the next changes, newest first, and where the ones after them begin."""

    def walk(thread: Thread) -> Iterator[StoredChange]:
        return log.walk_changes(tx, environment, thread.start, step=count)

    found, rest = _merge(trail, walk, count, within=count)
    return [row for row, _ in found], rest


def walk_changes(
    tx: Transaction, environment: EnvironmentId, trail: Trail
) -> Iterator[StoredChange]:
    """Give all changes from a place on, chain by chain."""
    for thread in trail:
        yield from log.walk_changes(tx, environment, thread.start)


def walk_events(tx: Transaction, environment: EnvironmentId, trail: Trail) -> Iterator[StoredEvent]:
    """Give all events from a place on, chain by chain; the trail is one without grey events."""
    for thread in trail:
        yield from log.walk_events(tx, environment, thread.start)


def read_events(
    tx: Transaction, environment: EnvironmentId, trail: Trail, *, count: int
) -> tuple[list[tuple[StoredEvent, bool]], Trail]:
    """Give the next events, last arrived first, each with whether it is grey, and the rest."""
    return find_events(tx, environment, trail, count=count, within=count, fits=_any)


def find_events(
    tx: Transaction,
    environment: EnvironmentId,
    trail: Trail,
    *,
    count: int,
    within: int,
    fits: Callable[[StoredEvent], bool],
    arrived_from: int = 0,
) -> tuple[list[tuple[StoredEvent, bool]], Trail]:
    """Give the next events that fit, as `read_events` does; looks at `within` events at most.

    What others did on a shared device is passed over and does not count. Those that arrived before `arrived_from` (epoch milliseconds) end what is read.
    """

    def walk(thread: Thread) -> Iterator[StoredEvent]:
        rows = log.walk_events(tx, environment, thread.start, step=min(within, _STEP))
        if arrived_from:
            rows = takewhile(lambda row: row.received_at >= arrived_from, rows)
        if not thread.object_id:
            return rows
        return (
            row
            for row in rows
            if row.object_id.removeprefix("-") == thread.object_id
            and row.received_at <= thread.until
        )

    found, rest = _merge(trail, walk, count, within=within, fits=fits)
    return [(row, bool(thread.object_id)) for row, thread in found], rest


def _any(_: object) -> bool:
    return True


def _grey(tx: Transaction, environment: EnvironmentId, own: list[ProfileId]) -> Trail:
    """Give the chains of what devices of these profiles did before, as profiles of their own."""
    # Of a link whose device was of somebody erased, nothing is shown: its events name none.
    links = [each for each in merges.find_grey_links(tx, environment, own) if each.object_id]
    if not links:
        return ()
    roots = merges.find_roots(tx, environment, {link.rest for link in links})
    shown = {roots.get(link.rest, link.rest) for link in links}
    known = profile_store.load(tx, environment, sorted(shown))
    chains = {
        chain.id: chain
        for profile in known.values()
        for chain in chains_of(tx, environment, profile)
    }
    return tuple(
        Thread(chains[link.rest].last_event, link.object_id, link.until)
        for link in links
        if link.rest in chains and link.rest not in own and chains[link.rest].last_event
    )


def _merge(
    trail: Trail,
    walk: Callable[[Thread], Iterator[R]],
    count: int,
    *,
    within: int,
    fits: Callable[[R], bool] = _any,
) -> tuple[list[tuple[R, Thread]], Trail]:
    """Take rows that fit from all chains in the order of the log, newest first."""
    heads: list[tuple[R, Thread, Iterator[R]]] = []
    for thread in trail:
        rows = walk(thread)
        if (first := next(rows, None)) is not None:
            heads.append((first, thread, rows))
    found: list[tuple[R, Thread]] = []
    while heads and within > 0 and len(found) < count:
        newest = max(range(len(heads)), key=lambda place: heads[place][0].sequence)
        row, thread, rows = heads.pop(newest)
        within -= 1
        if fits(row):
            found.append((row, thread))
        if (following := next(rows, None)) is not None:
            heads.insert(newest, (following, thread, rows))
    return found, tuple(
        msgspec.structs.replace(thread, start=row.sequence) for row, thread, _ in heads
    )
