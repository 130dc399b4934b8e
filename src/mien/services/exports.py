"""Exports by event: every profile that did it, or every time it was done, in pages.

The set is fixed at the first call by a place in the log (`position`): what came
later is left out, so pages repeat and nothing is given twice while uploads go on
(G-07). A page is a short read that begins where the one before ended, so memory
does not grow with what matches.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from mien.domain.events import Activity, event_key
from mien.domain.ids import EnvironmentId, EventNameId, ProfileId
from mien.domain.merged_profiles import MergedProfile
from mien.domain.profiles import Chain, Profile
from mien.domain.schema import DefinitionKind
from mien.services.positions import settled_place
from mien.services.reading import ProfileView, Reader
from mien.store import definitions, log, merges
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction
from mien.store.log import StoredEvent

T = TypeVar("T")

_CHUNK = 2_000
_SCANNED_PER_PAGE = 50_000


class Window(msgspec.Struct, frozen=True):
    """Which events an export is of: their name, time, and place in the log.

    From `since` to before `until` (epoch seconds), and up to `position`. The name is 0
    for an event that is known but was never done. `picked` is the set of an export by a query,
    which stands for all of it (`services.export_sets`).
    """

    name: EventNameId
    since: int
    until: int
    position: int
    picked: int | None = None


class EventPage(msgspec.Struct, frozen=True):
    """Events of a page with the profiles they belong to, and where the next page begins."""

    events: Sequence[StoredEvent]
    views: dict[ProfileId, ProfileView]
    after: tuple[int, int] | None


def open_window(
    store: Store, environment: EnvironmentId, name: str, *, since: int, until: int
) -> Window:
    """Fix what an export of an event gives."""
    with store.read() as tx:
        known = definitions.find(tx, environment, DefinitionKind.EVENT, event_key(name))
    if known is None:
        return Window(EventNameId(0), since, until, 0)
    return Window(EventNameId(known.id), since, until, settled_place(store, environment))


def profile_page(
    store: Store,
    reader: Reader,
    window: Window,
    *,
    after: int,
    count: int,
    today: date,
    render: Callable[[ProfileView], T],
) -> tuple[list[T], int | None]:
    """Give the next profiles that did the event, and the id after which the next page begins.

    Each is rendered as soon as it is read, so that no page of decoded profiles piles up.
    """
    with store.snapshot() as tx:
        found, last = _next_matching(tx, reader.environment, window, after=after, count=count)
        return [render(view) for view in reader.each_view(tx, found, today=today)], last


def event_page(
    store: Store,
    reader: Reader,
    window: Window,
    *,
    after: tuple[int, int] | None,
    count: int,
    today: date,
) -> EventPage:
    """Give the next events in order of time."""
    start = after or (window.since, 0)
    with store.snapshot() as tx:
        rows = _events(tx, reader.environment, window, start, count + 1)
        shown = rows[:count]
        by_profile = views_of(tx, reader, {event.profile for event in shown}, today)
    last = (shown[-1].occurred_at, shown[-1].sequence) if len(rows) > count else None
    return EventPage([event for event in shown if event.profile in by_profile], by_profile, last)


def views_of(
    tx: Transaction, reader: Reader, wanted: set[ProfileId], today: date
) -> dict[ProfileId, ProfileView]:
    """Show profiles by id; one that is part of another is shown as that."""
    loaded = profile_store.load(tx, reader.environment, sorted(wanted))
    roots = merges.find_roots(tx, reader.environment, wanted - loaded.keys())
    loaded |= profile_store.load(
        tx, reader.environment, sorted(set(roots.values()) - loaded.keys())
    )
    views = dict(zip(loaded, reader.views(tx, list(loaded.values()), today=today), strict=True))
    return views | {part: views[root] for part, root in roots.items() if root in views}


def _next_matching(
    tx: Transaction, environment: EnvironmentId, window: Window, *, after: int, count: int
) -> tuple[deque[Profile], int | None]:
    found: deque[Profile] = deque()
    last = after
    for scanned, (place, profile) in enumerate(_matching(tx, environment, window, after), 1):
        if profile is None:
            if scanned >= _SCANNED_PER_PAGE and found:
                return found, place
        elif len(found) == count:
            return found, last
        else:
            found.append(profile)
            last = place
    return found, None


def _matching(
    tx: Transaction, environment: EnvironmentId, window: Window, after: int
) -> Iterator[tuple[ProfileId, Profile | None]]:
    """Give each candidate after an id: the profile if it matches, None if it does not.

    Who did the event under several profiles that are one by now stands where the first of
    these stands, so that a merge in the middle of an export shows nobody twice (G-07).
    """
    while True:
        ids = log.profiles_of_event(tx, environment, window.name, after=after, count=_CHUNK)
        if not ids:
            return
        loaded = profile_store.load(tx, environment, ids)
        merged = _merged(tx, environment, ids, loaded)
        for profile in ids:
            known = merged.get(profile) or loaded.get(profile)
            if isinstance(known, MergedProfile):
                is_shown = _first_match(tx, environment, window, known) == profile
            else:
                is_shown = known is not None and _matches(
                    tx, environment, window, known.activity, known
                )
            yield profile, known if is_shown else None
        after = ids[-1]


def _merged(
    tx: Transaction,
    environment: EnvironmentId,
    ids: Sequence[ProfileId],
    loaded: dict[ProfileId, Profile],
) -> dict[ProfileId, MergedProfile]:
    """Give the profiles that took in others, by each id that is part of one."""
    missing = [each for each in ids if each not in loaded]
    roots = merges.find_roots(tx, environment, missing)
    shown = {each.id: each for each in loaded.values() if each.is_merged}
    shown |= profile_store.load(tx, environment, sorted(set(roots.values()) - shown.keys()))
    merged = {each.id: each for each in merges.load_merged(tx, environment, list(shown.values()))}
    return {**merged, **{part: merged[root] for part, root in roots.items() if root in merged}}


def _first_match(
    tx: Transaction, environment: EnvironmentId, window: Window, profile: MergedProfile
) -> ProfileId | None:
    for chain in sorted(profile.chains, key=lambda chain: chain.id):
        if _matches(tx, environment, window, profile.alone(chain.id).activity, chain):
            return chain.id
    return None


def _matches(
    tx: Transaction, environment: EnvironmentId, window: Window, activity: Activity, chain: Chain
) -> bool:
    summary = activity.events.get(window.name)
    if summary is None or summary.last < window.since or summary.first >= window.until:
        return False
    if chain.last_event <= window.position:
        if summary.first >= window.since or summary.last < window.until:
            return True
        if summary.count <= 2:  # noqa: PLR2004 - the first and the last lie outside
            return False
    return any(
        event.name == window.name
        and event.sequence <= window.position
        and window.since <= event.occurred_at < window.until
        for event in log.walk_events(tx, environment, chain.last_event)
    )


def _events(
    tx: Transaction, environment: EnvironmentId, window: Window, start: tuple[int, int], count: int
) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    while len(found) < count:
        rows = log.events_by_time(
            tx, environment, window.name, after=start, until=window.until, count=count
        )
        found += [event for event in rows if event.sequence <= window.position]
        if len(rows) < count:
            break
        start = (rows[-1].occurred_at, rows[-1].sequence)
    return found[:count]
