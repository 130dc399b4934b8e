"""Exports by a query: the set is worked out once, when the export begins, and kept for its pages.

So pages repeat whatever is uploaded meanwhile (G-07). Who was deleted since is left out;
who was merged since is shown once, as the profile that is shown for them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import TypeVar

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.services.exports import EventPage, views_of
from mien.services.reading import ProfileView, Reader
from mien.services.retrying import write_retried
from mien.store import export_pages, log, merges
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

KEPT_MS = 8 * 86_400_000
"""How long a set is kept: twice as long as a cursor lives, so that slow readers finish."""

T = TypeVar("T")
Place = tuple[int, int]
"""A page of the set, and how many of its ids come before."""

_CHUNK = 500
_PAGES_AT_ONCE = 20
"""Of a large set: so that nobody who uploads waits for all of it to be written."""


class ExportOverError(InvalidInputError):
    """The export began so long ago that what is in it is no longer kept."""

    code = "export_over"
    mend = "Begin the export again."

    def __init__(self) -> None:
        super().__init__("cursor", "the export began more than eight days ago; begin it again")


def keep(store: Store, environment: EnvironmentId, pages: Sequence[tuple[int, str]]) -> int:
    """Keep a set, and give the id of the export; 0 for the empty one."""
    if not pages:
        return 0
    export = int.from_bytes(clock.new_secret()[:8], "big") >> 2 | 1
    now_ms = clock.now_ms()
    for first in range(0, len(pages), _PAGES_AT_ONCE):
        some = pages[first : first + _PAGES_AT_ONCE]
        write_retried(store, partial(_save, environment, export, first, some, now_ms))
    return export


def _save(
    environment: EnvironmentId,
    export: int,
    first: int,
    pages: Sequence[tuple[int, str]],
    now_ms: int,
    tx: Transaction,
) -> None:
    export_pages.save(tx, environment, export, pages, first=first, now_ms=now_ms)


def profile_page(
    store: Store,
    reader: Reader,
    export: int,
    *,
    after: Place | None,
    count: int,
    today: date,
    render: Callable[[ProfileView], T],
) -> tuple[list[T], Place | None]:
    """Give the next profiles of a set, and where the page after begins."""
    with store.snapshot() as tx:
        shown = _shown(tx, reader.environment, export, after or (0, 0))
        page = list(islice(shown, count + 1))
        following = page[count][0] if len(page) > count else None
        profiles = deque(profile for _, profile in page[:count])
        return [render(view) for view in reader.each_view(tx, profiles, today=today)], following


def event_page(
    store: Store,
    reader: Reader,
    export: int,
    *,
    after: Place | None,
    count: int,
    today: date,
) -> EventPage:
    """Give the next events of a set, in the order of time."""
    with store.snapshot() as tx:
        places = list(islice(_places(tx, reader.environment, export, after or (0, 0)), count + 1))
        wanted = [sequence for _, sequence in places[:count]]
        found = log.load_events(tx, reader.environment, wanted)
        events = [found[each] for each in wanted if each in found]
        views = views_of(tx, reader, {event.profile for event in events}, today)
    following = places[count][0] if len(places) > count else None
    return EventPage([each for each in events if each.profile in views], views, following)


def _places(
    tx: Transaction, environment: EnvironmentId, export: int, start: Place
) -> Iterator[tuple[Place, int]]:
    """Give the ids of a set from a place on, each with its place."""
    page, before = start
    if export and not export_pages.load(tx, environment, export, 0):
        raise ExportOverError
    while ids := export_pages.load(tx, environment, export, page):
        for number, each in enumerate(ids[before:], before):
            yield (page, number), each
        page, before = page + 1, 0


def _shown(
    tx: Transaction, environment: EnvironmentId, export: int, start: Place
) -> Iterator[tuple[Place, Profile]]:
    """Give the profiles of a set that are there, from a place on, each person once."""
    places = _places(tx, environment, export, start)
    while chunk := list(islice(places, _CHUNK)):
        ids = [ProfileId(each) for _, each in chunk]
        profiles = profile_store.load(tx, environment, ids)
        roots = merges.find_roots(tx, environment, [each for each in ids if each not in profiles])
        profiles |= profile_store.load(tx, environment, sorted(set(roots.values())))
        merged = [each.id for each in profiles.values() if each.is_merged]
        parts = {
            root: sorted([root, *(leaf.id for leaf in leaves)])
            for root, leaves in merges.find_leaves(tx, environment, merged).items()
        }
        for (place, _), id_ in zip(chunk, ids, strict=True):
            root = roots.get(id_, id_)
            earlier = [part for part in parts.get(root, ()) if part < id_]
            if root in profiles and not any(
                export_pages.has(tx, environment, export, part) for part in earlier
            ):
                yield place, profiles[root]
