"""The list of people, from the copy as it follows the record (D-02, D-03)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mien.analytics.people_list import Order, Place, SortBy
from mien.domain.errors import AnalyticsBehindError
from mien.domain.segments import All, Disabled, Node
from mien.services.erase import erase
from mien.services.people_list import Listed, PeopleList
from mien.services.projection import Projection
from mien.services.reading import Reader
from tests.support.copies import Copier, open_copy
from tests.support.merging import join, person
from tests.support.uploading import NOON_MS, Desk, event, profile

ZONE = ZoneInfo("UTC")
NOON = NOON_MS // 1_000
EVERYBODY = All(())
BY_NAME = Order(SortBy.NAME, is_descending=False)


class Lists:
    """Lists people of one environment."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.projection = Projection(desk.store, open_copy("duckdb", folder))
        self.is_patient = False
        self.reader = Reader(desk.environment)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Keep the copy up, as a server does."""
        with Copier(self.projection, self.reader.environment):
            self.is_patient = True
            yield

    @property
    def people(self) -> PeopleList:
        """Lists that wait, once somebody is at work, for what there is to wait for."""
        seconds = 20.0 if self.is_patient else 0.05
        return PeopleList(self.projection, fresh_seconds=seconds, query_seconds=20)

    def page(
        self, order: Order, tree: Node = EVERYBODY, *, after: Place | None = None, count: int = 9
    ) -> Listed:
        return self.people.page(self.reader, tree, order, after=after, count=count, zone=ZONE)

    def ids(self, order: Order, tree: Node = EVERYBODY, *, count: int = 2) -> list[str]:
        """Give the distinct ids of everybody, a small page at a time."""
        found, after = list[str](), None
        while True:
            page = self.page(order, tree, after=after, count=count)
            assert page.as_of is None
            found += [value for each in page.people for _, value in each.identities]
            if page.rest is None:
                return found
            after = page.rest

    def named(self, text: str) -> list[str]:
        found = self.people.named(self.reader, text, after=None, count=9, zone=ZONE)
        return [str(each.properties["Name"]) for each in found.people]


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    """Give one whose store is copied as a whole."""
    return own_desk


@pytest.fixture
def lists(desk: Desk, tmp_path: Path) -> Iterator[Lists]:
    made = Lists(desk, tmp_path)
    yield made
    made.projection.analytics.close()


# D-03
async def test_a_list_has_the_last_upload_in_it_and_in_its_order(desk: Desk, lists: Lists) -> None:
    last, first = Order(), Order(SortBy.FIRST_SEEN, is_descending=False)
    with lists.copying():
        await desk.send(*(profile(name) for name in ("a", "b", "c")))
        await desk.send(*(event(name, "Seen", at=NOON + n) for n, name in enumerate("cab")))
        assert lists.ids(last) == ["b", "a", "c"]
        await desk.send(event("c", "Seen", at=NOON + 9), event("a", "Seen", at=NOON - 9))
        assert lists.ids(last) == ["c", "b", "a"]
        assert lists.ids(first) == ["a", "b", "c"]
        join(desk, "a", "c")
        assert lists.ids(last, count=1)[-1] == "b"


# D-03
async def test_disabled_people_are_just_those_of_the_filter(desk: Desk, lists: Lists) -> None:
    with lists.copying():
        await desk.send(profile("a", Name="Bo"), profile("b", **{"MSG-disabled": True}))
        assert lists.ids(BY_NAME) == ["a", "b"]
        assert lists.ids(BY_NAME, Disabled()) == ["b"]
        await desk.send(profile("b", **{"MSG-disabled": {"$delete": 1}}))
        assert lists.ids(BY_NAME, Disabled()) == []


# D-02
async def test_names_are_found_by_the_beginnings_of_their_words(desk: Desk, lists: Lists) -> None:
    with lists.copying():
        names = ("Ana Silva", "Élise O'Hara", "Silvana Ek", "Bo Anand")
        await desk.send(*(profile(f"p{n}", Name=name) for n, name in enumerate(names)))
        assert lists.named("ana") == ["Ana Silva", "Bo Anand"]
        assert lists.named("SIL ana") == ["Ana Silva"]
        assert lists.named("elise h") == ["Élise O'Hara"]
        assert lists.named("ilva") == []
        for nothing in ("", " - ", "%", "_", "' OR 1=1 --"):
            assert lists.named(nothing) == [], nothing


# P-15
async def test_who_is_erased_is_in_no_list(desk: Desk, lists: Lists) -> None:
    with lists.copying():
        await desk.send(profile("a", Name="Ana"), event("a", "Seen"), profile("b", Name="Bo"))
        assert lists.ids(Order(), count=9) == ["b", "a"]
        erase(desk.store, desk.environment, person("a"))
        assert lists.ids(Order()) == ["b"]
        assert lists.named("ana") == []


# D-03, S-04
async def test_a_list_says_as_of_when_it_is_and_keeps_nobody_waiting(
    desk: Desk, lists: Lists
) -> None:
    with pytest.raises(AnalyticsBehindError):
        lists.page(BY_NAME)
    await desk.send(profile("a", Name="Ana"))
    lists.projection.advance_all()
    lists.projection.advance_all()
    # Nobody gathers here: the order is that of their making.
    assert lists.page(Order()).as_of == 0
    assert lists.page(BY_NAME).as_of is None
    lists.projection.advance_all()
    assert lists.page(Order()).as_of is None
    await desk.send(profile("b", Name="Bo"), event("a", "Seen"))
    for order in (Order(), BY_NAME):
        page = lists.page(order)
        assert page.as_of
        assert [each.properties["Name"] for each in page.people] == ["Ana"]


# D-03
async def test_gathering_takes_a_small_part_of_the_time_of_the_copy(
    desk: Desk, lists: Lists
) -> None:
    await desk.send(event("a", "Seen", at=NOON))
    with lists.copying():
        assert lists.ids(Order()) == ["a"]
        known = lists.projection.sights._known[desk.environment]
        known.seconds = 60.0
        await desk.send(event("a", "Seen", at=NOON + 5))
        assert lists.page(BY_NAME).as_of is None
        lists.is_patient = False
        assert lists.page(Order()).as_of == known.at
        lists.is_patient = True
        known.seconds = 0.0
        assert lists.page(Order()).as_of is None


# D-03
async def test_a_list_does_not_wait_for_what_takes_longer(desk: Desk, lists: Lists) -> None:
    await desk.send(event("a", "Seen", at=NOON))
    with lists.copying():
        assert lists.ids(Order()) == ["a"]
        known = lists.projection.sights._known[desk.environment]
        known.seconds, known.ended = 60.0, -1_000.0
        await desk.send(event("a", "Seen", at=NOON + 5))
        assert lists.page(BY_NAME).as_of is None
        assert lists.page(Order()).as_of == known.at
