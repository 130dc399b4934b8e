"""The sets of exports: worked out once by the copy, when an export begins, and kept for its pages.

So pages repeat whatever is uploaded meanwhile (G-07), and are read from the record alone. Who was
deleted since is left out; who was merged since is shown once, as the profile that is shown for them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import TypeVar

import msgspec

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.profiles import Profile
from mien.services.reading import ProfileView, Reader
from mien.services.retrying import write_retried
from mien.store import export_pages, log, merges
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction
from mien.store.log import StoredEvent

KEPT_MS = 8 * 86_400_000
"""How long a set is kept: twice as long as a cursor lives, so that slow readers finish."""

T = TypeVar("T")
Place = tuple[int, int]
"""A page of the set, and how many of its ids come before."""

IDS_PER_PAGE = 5_000
"""Of every page of a set but the last."""

_CHUNK = 501
"""How many are read at a time: a page, as large as most are, and the one with which the next begins."""

_PAGES_AT_ONCE = 20
"""Of a large set: so that nobody who uploads waits for all of it to be written."""


class Kept(msgspec.Struct, frozen=True):
    """A set that is kept: its id, 0 for the empty one, and how many ids are in it."""

    set_id: int
    total: int


class EventPage(msgspec.Struct, frozen=True):
    """Events of a page with the profiles they belong to, and where the next page begins."""

    events: Sequence[StoredEvent]
    views: dict[ProfileId, ProfileView]
    after: Place | None


class ExportOverError(InvalidInputError):
    """The export began so long ago that what is in it is no longer kept."""

    code = "export_over"
    mend = "Begin the export again."

    def __init__(self) -> None:
        super().__init__("cursor", "the export began more than eight days ago; begin it again")


def keep(store: Store, environment: EnvironmentId, lines: Iterator[bytes]) -> Kept:
    """Keep a set, given as a line an id.

    What is kept of one that is not given to its end expires like any other.
    """
    set_id = int.from_bytes(clock.new_secret()[:8], "big") >> 2 | 1
    now_ms, first, total = clock.now_ms(), 0, 0
    while pages := [ids for _ in range(_PAGES_AT_ONCE) if (ids := _next_page(lines))]:
        write_retried(store, partial(_save, environment, set_id, first, pages, now_ms))
        first += len(pages)
        total += IDS_PER_PAGE * (len(pages) - 1) + pages[-1].count(b",") + 1
    return Kept(set_id if total else 0, total)


def _next_page(lines: Iterator[bytes]) -> bytes:
    """Take the next ids, and write them between commas; nothing once there are none."""
    return b"".join(islice(lines, IDS_PER_PAGE)).rstrip().replace(b"\n", b",")


def _save(
    environment: EnvironmentId,
    export: int,
    first: int,
    pages: Sequence[bytes],
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
        shown = _shown(tx, reader.environment, export, after or (0, 0), min(_CHUNK, count + 1))
        # Let go one by one as they are rendered: a page of decoded profiles is never piled up.
        profiles = deque(profile for _, profile in islice(shown, count))
        following = next((place for place, _ in shown), None)
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
        found = _events(tx, reader.environment, export, after or (0, 0), min(_CHUNK, count + 1))
        events = [event for _, event in islice(found, count)]
        following = next((place for place, _ in found), None)
        views = _views_of(tx, reader, {event.profile for event in events}, today)
    # Of somebody each is, unless the store is damaged: then one event is missing, not the page.
    return EventPage([each for each in events if each.profile in views], views, following)


def _views_of(
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


def _events(
    tx: Transaction, environment: EnvironmentId, export: int, start: Place, at_once: int
) -> Iterator[tuple[Place, StoredEvent]]:
    """Give the events of a set that are there, from a place on; an erasure takes them with their person."""
    places = _places(tx, environment, export, start)
    while chunk := list(islice(places, at_once)):
        found = log.load_events(tx, environment, [sequence for _, sequence in chunk])
        yield from ((place, found[sequence]) for place, sequence in chunk if sequence in found)


def _shown(
    tx: Transaction, environment: EnvironmentId, export: int, start: Place, at_once: int
) -> Iterator[tuple[Place, Profile]]:
    """Give the profiles of a set that are there, from a place on, each person once."""
    places = _places(tx, environment, export, start)
    while chunk := list(islice(places, at_once)):
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
