"""Exports: every match once, fixed at the first call, while uploads and erasures go on (G-07)."""

import threading
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.events import event_key
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.services import exports
from mien.services.definitions import unknown_event
from mien.services.erase import erase
from mien.services.exports import Window
from mien.services.ingest import Ingest
from mien.services.reading import Reader
from mien.store.engine import Store
from tests.support.consistency import rows_of
from tests.support.uploading import Desk, event, new_environment, profile

TODAY = date(2026, 6, 1)
NAMES = ("Seen", "Bought")
PEOPLE = ("ana", "bo", "chi", "dee", "eve")


@dataclass
class Export:
    """An export under way: what it gave so far, and from where it goes on."""

    desk: Desk
    window: Window
    size: int
    given: list[str] = field(default_factory=list)
    after: int | None = 0

    def take_page(self) -> None:
        """Take the next profiles, twice, since a page may be asked for again."""
        if self.after is None:
            return
        first, again = self._page(), self._page()
        assert first == again
        ids, self.after = first
        assert len(ids) <= self.size
        self.given += ids

    def _page(self) -> tuple[list[str], int | None]:
        reader = Reader(self.desk.environment)
        return exports.profile_page(
            self.desk.store,
            reader,
            self.window,
            after=self.after or 0,
            count=self.size,
            today=TODAY,
            render=lambda view: view.object_id,
        )

    def finish(self) -> list[str]:
        """Take all pages that are left, and give all that was given."""
        while self.after is not None:
            self.take_page()
        return self.given


@dataclass
class EventExport:
    """An export of events under way."""

    desk: Desk
    window: Window
    size: int
    given: list[tuple[int, str]] = field(default_factory=list)
    after: tuple[int, int] | None = None
    is_over: bool = False

    def take_page(self) -> None:
        """Take the next events, twice."""
        if self.is_over:
            return
        first, again = self._page(), self._page()
        assert first == again
        events, self.after = first
        assert len(events) <= self.size
        self.given += events
        self.is_over = self.after is None

    def _page(self) -> tuple[list[tuple[int, str]], tuple[int, int] | None]:
        page = exports.event_page(
            self.desk.store,
            Reader(self.desk.environment),
            self.window,
            after=self.after,
            count=self.size,
            today=TODAY,
        )
        return [(e.occurred_at, page.views[e.profile].object_id) for e in page.events], page.after

    def finish(self) -> list[tuple[int, str]]:
        """Take all pages that are left, and give all that was given."""
        while not self.is_over:
            self.take_page()
        return self.given


def window_of(desk: Desk, name: str, since: int, until: int) -> Window:
    """Fix the set of an export."""
    window = exports.open_window(desk.store, desk.environment, name, since=since, until=until)
    assert window is not None
    return window


def object_id(desk: Desk, name: str) -> str:
    """Give the objectId that the server made for a person."""
    return server_object_id(desk.get(name).id)


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
            erase(self.desk.store, self.desk.environment, Identity(IdentityKind.IDENTITY, act.name))
            self.erased.add(gone)
            self.log = [each for each in self.log if each[0] != gone]

    def matches(self, name: str, since: int, until: int) -> list[tuple[int, str]]:
        """Give time and profile of the events that match now, in order of time."""
        found = [(at, who) for who, what, at in self.log if what == name and since <= at < until]
        return sorted(found, key=lambda each: each[0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    before=acts,
    since=st.integers(0, 9),
    length=st.integers(1, 9),
    size=st.integers(1, 4),
    meanwhile=acts,
)
def test_every_match_of_the_first_call_is_given_once_unless_it_is_erased(
    shared_store: Store,
    before: list[Act],
    since: int,
    length: int,
    size: int,
    meanwhile: list[Act],
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    model = Model(desk)
    model.apply(Upload([("ana", name, 4) for name in NAMES]))
    for act in before:
        if not isinstance(act, Page):
            model.apply(act)
    erased_before = set(model.erased)
    matching = model.matches("Seen", since, since + length)
    window = window_of(desk, "Seen", since, since + length)
    people, done = Export(desk, window, size), EventExport(desk, window, size)
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


def test_an_export_while_servers_upload_gives_what_its_position_says(
    desks: tuple[Desk, ...],
) -> None:
    desk = desks[0]
    desk.upload(event("p0", "Seen", 1), event("p0", "Bought", 1))
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
    finished: list[tuple[Window, list[str], list[tuple[int, str]]]] = []
    for number in range(12):
        window = window_of(desk, "Seen", number, number + 8)
        people, done = Export(desk, window, 7), EventExport(desk, window, 11)
        finished.append((window, people.finish(), done.finish()))
    is_over.set()
    for thread in threads:
        thread.join()
    with desk.store.snapshot() as tx:
        rows = [row for row in rows_of(tx, "events") if row["environment_id"] == desk.environment]
    for window, people_given, given_events in finished:
        matching = [
            (row["occurred_at"], server_object_id(row["profile_id"]))
            for row in sorted(rows, key=lambda row: (row["occurred_at"], row["sequence"]))
            if row["name_id"] == window.name
            and row["sequence"] <= window.position
            and window.since <= row["occurred_at"] < window.until
        ]
        assert sorted(people_given) == sorted({who for _, who in matching})
        assert given_events == matching


def test_from_is_inclusive_and_to_is_not(desk: Desk) -> None:
    desk.upload(*(event(f"p{at}", "Seen", at) for at in range(1, 8)))
    given = Export(desk, window_of(desk, "Seen", 3, 5), 10).finish()
    assert given == [object_id(desk, "p3"), object_id(desk, "p4")]
    done = EventExport(desk, window_of(desk, "Seen", 3, 5), 10).finish()
    assert [at for at, _ in done] == [3, 4]


def test_who_did_it_only_before_and_after_a_window_is_not_in_it(desk: Desk) -> None:
    desk.upload(*(event("ana", "Seen", at) for at in (1, 2, 8, 9)))
    desk.upload(event("bo", "Seen", 5), *(event("bo", "Seen", at) for at in (1, 9)))
    assert Export(desk, window_of(desk, "Seen", 3, 7), 10).finish() == [object_id(desk, "bo")]
    assert EventExport(desk, window_of(desk, "Seen", 3, 7), 10).finish() == [
        (5, object_id(desk, "bo"))
    ]


def test_what_arrives_late_is_not_in_an_export_that_has_begun(desk: Desk) -> None:
    desk.upload(*(event("ana", "Seen", at) for at in (1, 9)), event("bo", "Seen", 5))
    window = window_of(desk, "Seen", 3, 7)
    desk.upload(event("ana", "Seen", 5), event("chi", "Seen", 5))
    assert Export(desk, window, 10).finish() == [object_id(desk, "bo")]
    later = Export(desk, window_of(desk, "Seen", 3, 7), 10).finish()
    assert later == [object_id(desk, name) for name in ("ana", "bo", "chi")]


def test_names_compare_without_case_and_spaces_and_unknown_ones_are_told_apart(desk: Desk) -> None:
    desk.upload(event("ana", "Item Seen", 5))
    here, store = desk.environment, desk.store
    window = window_of(desk, "ITEMSEEN", 0, 9)
    assert Export(desk, window, 10).finish() == [object_id(desk, "ana")]
    assert unknown_event(store, here, ["ITEMSEEN", "charged", "never"]) == "never"
    assert unknown_event(store, here, ["ITEMSEEN", "charged"]) is None
    standard = exports.open_window(store, here, "Charged", since=0, until=9)
    assert Export(desk, standard, 10).finish() == []
    assert EventExport(desk, standard, 10).finish() == []
    assert event_key("Item Seen") == event_key("item  seen")


async def test_a_large_export_is_given_in_pages_of_any_size(desk: Desk) -> None:
    await desk.send(*(event(f"p{n}", "Seen", n % 50 + 1) for n in range(1_000)))
    await desk.send(*(event(f"p{n}", "Seen", n % 7 + 1) for n in range(1_000, 2_000)))
    window = window_of(desk, "Seen", 2, 40)
    whole = Export(desk, window, 5_000).finish()
    assert len(whole) == len(set(whole)) > 1_000
    assert Export(desk, window, 137).finish() == whole
    events = EventExport(desk, window, 5_000).finish()
    assert EventExport(desk, window, 137).finish() == events
    assert sorted(who for _, who in events) == sorted(whole)
