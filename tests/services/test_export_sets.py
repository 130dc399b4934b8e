"""Exports by a query: the set is that of the first call, whatever comes of the people in it (G-07)."""

from collections.abc import Sequence
from datetime import date

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.services import export_sets
from mien.services.erase import erase
from mien.services.export_sets import IDS_PER_PAGE, KEPT_MS, ExportOverError, Place
from mien.services.reading import ProfileView, Reader
from mien.store import export_pages, log
from tests.support.uploading import NOON_MS, Desk, event, profile

TODAY = date(2026, 6, 1)


def keep(desk: Desk, ids: Sequence[int]) -> int:
    """Keep ids as the set of an export, two on a page."""
    pages = [",".join(map(str, ids[start : start + 2])).encode() for start in range(0, len(ids), 2)]
    with desk.store.write() as tx:
        export_pages.save(tx, desk.environment, 7, pages, first=0, now_ms=NOON_MS)
    return 7


def read(desk: Desk, export: int, *, count: int) -> list[str]:
    """Take all pages of an export of profiles, each twice; gives a name of each."""
    given: list[str] = []
    after: Place | None = None
    while True:
        pages = [
            export_sets.profile_page(
                desk.store,
                Reader(desk.environment),
                export,
                after=after,
                count=count,
                today=TODAY,
                render=_name,
            )
            for _ in range(2)
        ]
        assert pages[0] == pages[1]
        found, after = pages[0]
        given += found
        if after is None:
            return given
        assert len(found) == count


def _name(view: ProfileView) -> str:
    return min(view.identities)[1]


def ids_of(desk: Desk, *people: str) -> list[ProfileId]:
    return [desk.get(each).id for each in people]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
async def test_a_set_is_given_in_pages_of_any_size(desk: Desk, count: int) -> None:
    """G-03, G-07."""
    people = [f"p{number}" for number in range(7)]
    await desk.send(*map(profile, people))
    export = keep(desk, ids_of(desk, *people))
    await desk.send(profile("later"))
    assert read(desk, export, count=count) == people


async def test_the_empty_set_gives_nothing(desk: Desk) -> None:
    """G-06."""
    kept = export_sets.keep(desk.store, desk.environment, iter(()))
    assert (kept.set_id, kept.total) == (0, 0)
    assert read(desk, 0, count=5) == []


@pytest.mark.parametrize("count", [1, IDS_PER_PAGE, 21 * IDS_PER_PAGE + 1])
def test_a_set_of_any_size_is_kept_in_whole_pages(desk: Desk, count: int) -> None:
    kept = export_sets.keep(desk.store, desk.environment, (b"%d\n" % n for n in range(count)))
    assert kept.total == count
    with desk.store.read() as tx:
        pages = [
            export_pages.load(tx, desk.environment, kept.set_id, page)
            for page in range(count // IDS_PER_PAGE + 2)
        ]
    assert [each for page in pages for each in page] == list(range(count))
    assert all(len(each) == IDS_PER_PAGE for each in pages[: count // IDS_PER_PAGE])


async def test_who_was_erased_since_is_left_out(desk: Desk) -> None:
    """G-07."""
    await desk.send(*map(profile, "abcde"))
    export = keep(desk, ids_of(desk, *"abcde"))
    for name in "ade":
        erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    assert read(desk, export, count=1) == ["b", "c"]


@pytest.mark.parametrize("with_root", [True, False])
async def test_who_was_merged_since_is_shown_once_as_who_is_shown_for_them(
    desk: Desk, *, with_root: bool
) -> None:
    """G-07, P-07."""
    parts = [{"type": "profile", "FBID": each, "profileData": {}} for each in "fgh"]
    await desk.send(profile("a"), *parts, profile("z"))
    of_parts = [desk.get(each, IdentityKind.FBID).id for each in "fgh"]
    root, last = ids_of(desk, "a", "z")
    ids = [*([root] if with_root else []), *of_parts, last]
    export = keep(desk, ids)
    await desk.send(
        *({"type": "profile", "FBID": e, "identity": "a", "profileData": {}} for e in "fg")
    )
    assert desk.get("f", IdentityKind.FBID).id == desk.get("a").id
    assert read(desk, export, count=1) == ["a", "h", "z"]


async def test_events_of_a_set_come_in_its_order_without_those_that_are_gone(desk: Desk) -> None:
    """G-10, G-14."""
    await desk.send(*(event(name, "Seen", at) for name, at in (("a", 3), ("b", 1), ("c", 2))))
    with desk.store.snapshot() as tx:
        sequences = [
            next(iter(log.walk_events(tx, desk.environment, desk.get(name).last_event))).sequence
            for name in "bca"
        ]
    export = keep(desk, sequences)
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "c"))
    given: list[int] = []
    after: Place | None = None
    for _ in range(2):
        page = export_sets.event_page(
            desk.store, Reader(desk.environment), export, after=after, count=1, today=TODAY
        )
        given += [each.occurred_at for each in page.events]
        after = page.after
    assert (given, after) == ([1, 3], None)


async def test_an_export_that_is_over_says_so(desk: Desk) -> None:
    """G-08: never an empty end in the place of what was in it."""
    await desk.send(profile("a"))
    export = keep(desk, ids_of(desk, "a"))
    with desk.store.write() as tx:
        assert export_pages.expire(tx, desk.environment, before_ms=0) == 0
        assert export_pages.expire(tx, desk.environment, before_ms=2**62) == 1
    with pytest.raises(ExportOverError):
        read(desk, export, count=1)
    assert KEPT_MS > 4 * 86_400_000
