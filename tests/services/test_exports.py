"""Exports: every match once, fixed at the first call, while uploads and erasures go on (G-07, G-14)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.analytics.duckdb import DuckDB
from mien.domain.cql.query import Query
from mien.domain.errors import AnalyticsBehindError
from mien.domain.events import event_key
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.domain.schema import DefinitionKind
from mien.domain.segments import Did, Moments
from mien.services import export_sets
from mien.services.definitions import unknown_event
from mien.services.erase import erase
from mien.services.export_sets import EventPage, Place
from mien.services.ingest import Ingest
from mien.services.projection import Projection
from mien.services.questions import Questions
from mien.services.reading import Reader
from mien.services.reports import Asking, Reports
from mien.store import definitions
from mien.store.engine import Store
from tests.support.consistency import StoreRow, rows_of
from tests.support.copies import Copier
from tests.support.uploading import NOON_MS, Desk, event, new_environment, profile

TODAY = date(2026, 6, 1)
NOW = NOON_MS // 1_000
NAMES = ("Seen", "Bought")
PEOPLE = ("ana", "bo", "chi", "dee", "eve")


def did(name: str, since: int, until: int) -> Did:
    """Give the question for an event from a second to before another."""
    return Did(name, Moments(since, until))


class Clerk:
    """Begins exports of one environment; nobody but the test keeps the copy up."""

    def __init__(self, desk: Desk, copy: DuckDB, *, fresh_seconds: float = 0.01) -> None:
        self.desk = desk
        self.projection = Projection(desk.store, copy)
        self.reports = Reports(
            Questions(self.projection, fresh_seconds=fresh_seconds, query_seconds=10)
        )

    def ask(self, asked: Did) -> Asking:
        """Begin to ask about an event."""
        return self.reports.ask(self.desk.environment, Query(asked), NOW, UTC)

    def copy(self) -> None:
        """Let the copy have all."""
        while self.projection.advance(self.desk.environment):
            pass

    def keep(self, asked: Did) -> tuple[int, int]:
        """Keep the sets of an export of people, and of one of events."""
        keep = partial(export_sets.keep, self.desk.store, self.desk.environment)
        people, events = (
            self.reports.ids(self.desk.environment, Query(asked), event, NOW, UTC, keep)
            for event in (None, asked)
        )
        return people.set_id, events.set_id

    def begin(
        self, name: str, since: int, until: int, *, size: int = 10
    ) -> "tuple[Export, EventExport]":
        """Begin an export of people and one of events, in pages of a size, of all up to now."""
        self.copy()
        people, events = self.keep(did(name, since, until))
        return Export(self.desk, people, size), EventExport(self.desk, events, size)


@dataclass
class Export:
    """An export under way: what it gave so far, and from where it goes on."""

    desk: Desk
    set_id: int
    size: int
    given: list[str] = field(default_factory=list)
    after: Place | None = None
    is_over: bool = False

    def take_page(self) -> None:
        """Take the next profiles, twice, since a page may be asked for again."""
        if self.is_over:
            return
        first, again = self._page(), self._page()
        assert first == again
        ids, self.after = first
        assert len(ids) <= self.size
        self.given += ids
        self.is_over = self.after is None

    def _page(self) -> tuple[list[str], Place | None]:
        return export_sets.profile_page(
            self.desk.store,
            Reader(self.desk.environment),
            self.set_id,
            after=self.after,
            count=self.size,
            today=TODAY,
            render=lambda view: view.object_id,
        )

    def finish(self) -> list[str]:
        """Take all pages that are left, and give all that was given."""
        while not self.is_over:
            self.take_page()
        return self.given


@dataclass
class EventExport:
    """An export of events under way."""

    desk: Desk
    set_id: int
    size: int
    given: list[tuple[int, str]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    after: Place | None = None
    is_over: bool = False

    def take_page(self) -> None:
        """Take the next events, twice."""
        if self.is_over:
            return
        page, again = self._page(), self._page()
        assert (page.events, page.after) == (again.events, again.after)
        assert len(page.events) <= self.size
        self.given += [(e.occurred_at, page.views[e.profile].object_id) for e in page.events]
        self.places += [each.sequence for each in page.events]
        self.after = page.after
        self.is_over = self.after is None

    def _page(self) -> EventPage:
        return export_sets.event_page(
            self.desk.store,
            Reader(self.desk.environment),
            self.set_id,
            after=self.after,
            count=self.size,
            today=TODAY,
        )

    def finish(self) -> list[tuple[int, str]]:
        """Take all pages that are left, and give all that was given."""
        while not self.is_over:
            self.take_page()
        return self.given


@pytest.fixture(scope="module")
def shared_copy(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """Give the copy of the store that tests share."""
    del shared_store  # Of each store a copy of its own.
    opened = DuckDB(tmp_path_factory.mktemp("copy") / "analytics.duckdb", memory_mb=200)
    yield opened
    opened.close()


@pytest.fixture
def clerk(desk: Desk, shared_copy: DuckDB) -> Clerk:
    return Clerk(desk, shared_copy)


def object_id(desk: Desk, name: str, kind: IdentityKind = IdentityKind.IDENTITY) -> str:
    """Give the objectId that the server made for a person."""
    return server_object_id(desk.get(name, kind).id)


def remove(desk: Desk, name: str) -> None:
    """Erase a person."""
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))


@dataclass(frozen=True)
class Upload:
    """Events of one batch: who did what, and when."""

    events: list[tuple[str, str, int]]


@dataclass(frozen=True)
class Erase:
    """A person to be erased."""

    name: str


@dataclass(frozen=True)
class Page:
    """A further page of every export."""


Act: TypeAlias = Upload | Erase | Page

times = st.integers(1, 8)
done = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(NAMES), times)
uploads = st.builds(Upload, st.lists(done, min_size=1, max_size=6))
acts = st.lists(
    st.one_of(uploads, uploads, st.builds(Page), st.builds(Erase, st.sampled_from(PEOPLE))),
    max_size=8,
)


class Model:
    """What an environment holds, kept as a list of who did what and when."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.log: list[tuple[str, str, int]] = []
        self.erased: set[str] = set()

    def apply(self, act: Upload | Erase) -> None:
        """Do one thing, here and there."""
        if isinstance(act, Upload):
            self.desk.upload(*(event(who, what, at) for who, what, at in act.events))
            self.log += [(object_id(self.desk, who), what, at) for who, what, at in act.events]
            return
        found = self.desk.find(act.name)
        if found is not None:
            gone = server_object_id(found.id)
            remove(self.desk, act.name)
            self.erased.add(gone)
            self.log = [each for each in self.log if each[0] != gone]

    def matches(self, name: str, since: int, until: int) -> list[tuple[int, str]]:
        """Give time and profile of the events that match now, in order of time."""
        found = [(at, who) for who, what, at in self.log if what == name and since <= at < until]
        return sorted(found, key=lambda each: each[0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    before=acts,
    since=st.integers(0, 9),
    length=st.integers(1, 9),
    size=st.integers(1, 4),
    meanwhile=acts,
)
def test_every_match_of_the_first_call_is_given_once_unless_it_is_erased(
    shared_store: Store,
    shared_copy: DuckDB,
    before: list[Act],
    since: int,
    length: int,
    size: int,
    meanwhile: list[Act],
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    model, clerk = Model(desk), Clerk(desk, shared_copy)
    model.apply(Upload([("ana", name, 4) for name in NAMES]))
    for act in before:
        if not isinstance(act, Page):
            model.apply(act)
    erased_before = set(model.erased)
    matching = model.matches("Seen", since, since + length)
    people, done = clerk.begin("Seen", since, since + length, size=size)
    asking = clerk.ask(asked := did("Seen", since, since + length))
    assert asking.count_people() == len({who for _, who in matching})
    assert asking.count_events(asked) == len(matching)
    for act in meanwhile:
        if isinstance(act, Page):
            people.take_page()
            done.take_page()
        else:
            model.apply(act)
    ingest.close()
    erased = model.erased - erased_before
    given = people.finish()
    assert len(given) == len(set(given))
    assert {who for _, who in matching} - erased <= set(given) <= {who for _, who in matching}
    given_events = done.finish()
    lasting = [each for each in given_events if each[1] not in erased]
    assert lasting == [each for each in matching if each[1] not in erased]
    assert all(each in matching for each in given_events)


@contextmanager
def uploading(desks: tuple[Desk, ...]) -> Iterator[None]:
    """Let three threads upload events meanwhile."""
    is_over = threading.Event()

    def upload(which: int) -> None:
        number = 0
        while not is_over.is_set() and number < 300:
            number += 1
            people = [f"p{(number * 7 + which + n) % 40}" for n in range(5)]
            desks[which % len(desks)].upload(
                *(event(who, NAMES[n % 2], (number + n) % 20 + 1) for n, who in enumerate(people)),
                *(profile(who, n=number) for who in people),
            )

    threads = [threading.Thread(target=upload, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    yield
    is_over.set()
    for thread in threads:
        thread.join()


def test_an_export_while_servers_upload_is_of_one_moment(
    desks: tuple[Desk, ...], tmp_path: Path
) -> None:
    """S-04: it has all that was answered before; of what comes then, nothing but with all before it."""
    desk = desks[0]
    desk.upload(event("p0", "Seen", 1), event("p0", "Bought", 1))
    copy = DuckDB(tmp_path / "analytics.duckdb", memory_mb=200)
    clerk = Clerk(desk, copy, fresh_seconds=20)
    finished: list[tuple[int, int, Export, EventExport]] = []
    with uploading(desks), Copier(clerk.projection, desk.environment):
        for first in range(12):
            answered = max(row["sequence"] for row in events_of(desk))
            people, done = clerk.keep(did("Seen", first, first + 8))
            finished.append((first, answered, Export(desk, people, 7), EventExport(desk, done, 11)))
            finished[-1][2].finish()
            finished[-1][3].finish()
    copy.close()
    with desk.store.read() as tx:
        known = definitions.find(tx, desk.environment, DefinitionKind.EVENT, event_key("Seen"))
    assert known is not None
    seen = [row for row in events_of(desk) if row["name_id"] == known.id]
    seen.sort(key=lambda row: (row["occurred_at"], row["sequence"]))
    for since, answered, exported, found in finished:
        matching = [row for row in seen if since <= row["occurred_at"] < since + 8]
        upto = max([answered, *found.places])
        assert found.places == [row["sequence"] for row in matching if row["sequence"] <= upto]
        before = {row["profile_id"] for row in matching if row["sequence"] <= answered}
        assert set(map(server_object_id, before)) <= set(exported.given)
        assert set(exported.given) <= {who for _, who in found.given}
        assert len(exported.given) == len(set(exported.given))


def events_of(desk: Desk) -> list[StoreRow]:
    """Give the rows of the events of an environment."""
    with desk.store.snapshot() as tx:
        return rows_of(tx, "events", only=desk.environment)


def test_a_count_is_the_rows_of_an_export_whatever_comes_of_them(desk: Desk, clerk: Clerk) -> None:
    """G-07, G-14: of people who were merged and erased before and after it began, and events that come late."""
    of_part = {"type": "event", "evtName": "Seen", "evtData": {}}
    desk.upload(*({**of_part, "FBID": each, "ts": at} for each, at in (("f", 3), ("g", 4))))
    desk.upload(*(event(who, "Seen", at) for who, at in (("ana", 5), ("bo", 6), ("chi", 7))))
    join(desk, "f", "ana")
    remove(desk, "chi")
    people, done = clerk.begin("Seen", 1, 9, size=1)
    asked = did("Seen", 1, 9)
    assert clerk.ask(asked).count_people() == 3
    assert clerk.ask(asked).count_events(asked) == 4
    ana, bo, part = (
        object_id(desk, "ana"),
        object_id(desk, "bo"),
        object_id(desk, "g", IdentityKind.FBID),
    )
    again = Export(desk, people.set_id, 5), EventExport(desk, done.set_id, 5)
    assert sorted(again[0].finish()) == sorted([ana, bo, part])
    assert again[1].finish() == [(3, ana), (4, part), (5, ana), (6, bo)]
    desk.upload(event("ana", "Seen", 2), event("dee", "Seen", 3))
    join(desk, "g", "ana")
    remove(desk, "bo")
    assert people.finish() == [ana]
    assert done.finish() == [(3, ana), (4, ana), (5, ana)]
    people, done = clerk.begin("Seen", 1, 9)
    assert clerk.ask(asked).count_people() == len(people.finish()) == 2
    assert clerk.ask(asked).count_events(asked) == len(done.finish()) == 5


def join(desk: Desk, part: str, name: str) -> None:
    """Let who has an FBID be one with somebody."""
    desk.upload({"type": "profile", "FBID": part, "identity": name, "profileData": {}})
    assert desk.get(part, IdentityKind.FBID).id == desk.get(name).id


def test_an_export_that_has_begun_needs_no_copy(desk: Desk, tmp_path: Path) -> None:
    """G-07, S-04: while the copy is behind none begins, and what has begun goes on."""
    desk.upload(event("ana", "Seen", 4), event("bo", "Seen", 5))
    copy = DuckDB(tmp_path / "analytics.duckdb", memory_mb=200)
    clerk = Clerk(desk, copy)
    people, done = clerk.begin("Seen", 3, 7, size=1)
    people.take_page()
    desk.upload(event("chi", "Seen", 4))
    with pytest.raises(AnalyticsBehindError):
        clerk.keep(did("Seen", 3, 7))
    copy.close()
    assert people.finish() == [object_id(desk, "ana"), object_id(desk, "bo")]
    assert [at for at, _ in done.finish()] == [4, 5]


def test_from_is_inclusive_and_to_is_not(desk: Desk, clerk: Clerk) -> None:
    desk.upload(*(event(f"p{at}", "Seen", at) for at in range(1, 8)))
    people, done = clerk.begin("Seen", 3, 5)
    assert people.finish() == [object_id(desk, "p3"), object_id(desk, "p4")]
    assert [at for at, _ in done.finish()] == [3, 4]


def test_who_did_it_only_before_and_after_a_window_is_not_in_it(desk: Desk, clerk: Clerk) -> None:
    desk.upload(*(event("ana", "Seen", at) for at in (1, 2, 8, 9)))
    desk.upload(event("bo", "Seen", 5), *(event("bo", "Seen", at) for at in (1, 9)))
    people, done = clerk.begin("Seen", 3, 7)
    assert people.finish() == [object_id(desk, "bo")]
    assert done.finish() == [(5, object_id(desk, "bo"))]


def test_what_arrives_late_is_not_in_an_export_that_has_begun(desk: Desk, clerk: Clerk) -> None:
    desk.upload(*(event("ana", "Seen", at) for at in (1, 9)), event("bo", "Seen", 5))
    people, done = clerk.begin("Seen", 3, 7)
    desk.upload(event("ana", "Seen", 5), event("chi", "Seen", 5))
    assert people.finish() == [object_id(desk, "bo")]
    assert done.finish() == [(5, object_id(desk, "bo"))]
    people, _ = clerk.begin("Seen", 3, 7)
    assert people.finish() == [object_id(desk, name) for name in ("ana", "bo", "chi")]


async def test_an_export_after_the_clock_went_back_has_what_came_after_it(
    desk: Desk, clerk: Clerk
) -> None:
    await desk.send(event("ana", "Seen", at=NOW))
    back = NOON_MS - 24 * 3_600_000
    await desk.send(event("bo", "Seen"), at_ms=back)
    _, done = clerk.begin("Seen", 0, NOW + 1)
    assert [at for at, _ in done.finish()] == [back // 1_000, NOW]


def test_names_compare_without_case_and_spaces_and_unknown_ones_are_told_apart(
    desk: Desk, clerk: Clerk
) -> None:
    desk.upload(event("ana", "Item Seen", 5))
    here, store = desk.environment, desk.store
    people, _ = clerk.begin("ITEMSEEN", 0, 9)
    assert people.finish() == [object_id(desk, "ana")]
    assert unknown_event(store, here, ["ITEMSEEN", "charged", "never"]) == "never"
    assert unknown_event(store, here, ["ITEMSEEN", "charged"]) is None
    people, done = clerk.begin("Charged", 0, 9)
    assert (people.finish(), done.finish()) == ([], [])
    assert event_key("Item Seen") == event_key("item  seen")


async def test_a_large_export_is_given_in_pages_of_any_size(desk: Desk, clerk: Clerk) -> None:
    await desk.send(*(event(f"p{n}", "Seen", n % 50 + 1) for n in range(1_000)))
    await desk.send(*(event(f"p{n}", "Seen", n % 7 + 1) for n in range(1_000, 2_000)))
    people, done = clerk.begin("Seen", 2, 40, size=5_000)
    whole, events = people.finish(), done.finish()
    assert len(whole) == len(set(whole)) > 1_000
    assert Export(desk, people.set_id, 137).finish() == whole
    assert EventExport(desk, done.set_id, 137).finish() == events
    assert sorted(who for _, who in events) == sorted(whole)
