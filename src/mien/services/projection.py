"""Keeping the analytics copy up with the record: from the change log, a step at a time.

A step reads what lies between two places of the log and writes it as absolute values:
the documents as they are by then. Taking a step twice is harmless, and the engine
keeps the place with the data. Source: S-04, B-03.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from mien import clock
from mien.analytics.catalog import Catalog
from mien.analytics.columns import make_catalog
from mien.analytics.engine import Analytics
from mien.analytics.step import Fill, Step
from mien.domain.errors import AnalyticsBehindError, AnalyticsUnavailableError
from mien.domain.ids import EnvironmentId
from mien.services.positions import settled_place
from mien.services.sights import Sights
from mien.services.steps import ENTRIES, NOBODY, StepReader, begin
from mien.store import definitions, feed, numbers
from mien.store.engine import Row, Store, Transaction

_PATIENCE_SECONDS = 0.25


class _Environment:
    """How far one environment is, what its tables shall have, and what they have by then."""

    def __init__(
        self, catalog: Catalog, version: int, place: int, fill: Fill | None = None
    ) -> None:
        self.catalog, self.version, self.place = catalog, version, place
        self.fill, self.told = fill or Fill(), NOBODY
        self.shown, self.shown_version = catalog, version
        self.as_of: int | None = None


class Look(msgspec.Struct, frozen=True):
    """What there is to ask of an environment; `as_of` (epoch ms) if it is not all up to now."""

    catalog: Catalog
    as_of: int | None = None


class State(msgspec.Struct, frozen=True):
    """How far the copy of an environment is: its place in the log, and how many entries it lacks.

    `is_open` is false until the first look at it, and while a new copy takes over.
    """

    place: int
    behind: int
    is_open: bool


class Projection:
    """Copies the record of a store into analytics, and tells how far it is.

    `advance` is called by one thread; any other may wait for what it copies.
    """

    def __init__(self, store: Store, analytics: Analytics, *, size: int = ENTRIES) -> None:
        """Copy from `store` to `analytics`, so many entries of the log in a step."""
        self.store, self.analytics, self.size = store, analytics, size
        self.may_write: Callable[[], bool] = lambda: True
        """Asked just before each write: another process may have taken over since a step was begun."""
        self._known: dict[EnvironmentId, _Environment] = {}
        self._had_all_at: tuple[str, Row | None] | None = None
        """The copy, and the moment of the record (`numbers.moment`) that it had all of."""
        self._moved = threading.Condition()
        self.wanted = threading.Event()
        """Set by who waits for a fresh copy."""
        self.sights = Sights(analytics, self.wanted)
        self.steps = 0
        """How many steps were taken."""
        self.is_following = False
        """Whether another process writes."""
        self._asked: set[EnvironmentId] = set()
        """Environments for whose copy somebody waits."""
        self._is_stopped = False

    def advance_all(self) -> bool:
        """Take a step in each environment that has anything new; true if one has more to copy.

        One that cannot be copied keeps no other one waiting; its error is raised at the end.
        Whoever begins to wait meanwhile comes next.
        """
        has_more, failure = False, None
        for each in self._to_do():
            # One of the others all the same: who is far behind must not be the only one.
            for environment in (*self._take_asked(), each):
                try:
                    has_more |= self.advance(environment)
                except Exception as error:  # noqa: BLE001 - raised below
                    failure = failure or error
        if failure is not None:
            raise failure
        return has_more

    def _take_asked(self) -> set[EnvironmentId]:
        asked = self._asked.copy()
        self._asked -= asked
        return asked

    def _to_do(self) -> list[EnvironmentId]:
        """Give the environments of which something is wanted, then those that have anything new.

        The store is asked once for them all, and not even that while nobody writes.
        """
        began, within = clock.now_ms(), self.analytics.within
        wanted = self.sights.wanted() | self._take_asked()
        with self.store.read() as tx:
            moment = (within, numbers.moment(tx))
            if moment == self._had_all_at:
                for known in self._known.values():
                    known.as_of = began
                return sorted(wanted)
            newest = feed.newest_of_all(tx)
        behind = {each for each, last in newest.items() if not self._has(each, last, within, began)}
        self._had_all_at = None if behind else moment
        return [*sorted(wanted), *sorted(behind - wanted)]

    def _has(self, environment: EnvironmentId, last: int, within: str, began: int) -> bool:
        """Tell whether a place of the log is copied; then all is, as of when that was asked."""
        known = self._known.get(environment)
        if known is None or known.place < last or known.catalog.within != within:
            return False
        known.as_of = began
        return True

    def advance(self, environment: EnvironmentId) -> bool:
        """Take one step, and gather what is wanted; true if there is more to copy."""
        has_more = self._copy(environment)
        self._gather(environment)
        return has_more

    def _copy(self, environment: EnvironmentId) -> bool:
        known, began = self._as_it_is(self._of(environment)), clock.now_ms()
        with self.store.read() as tx:
            # Asked again and again: only what is new is worth waiting for others' writes.
            is_new = feed.newest(tx, environment) > known.place
        if not is_new:
            known.as_of = began
            return False
        last = settled_place(self.store, environment)
        with self.store.snapshot() as tx:
            reader = StepReader(tx, environment, last, told=known.told, size=self.size)
            step = reader.read(known.place, known.fill)
            self._refresh(tx, environment, known)
        self._apply(known.catalog, step)
        known.catalog = self._with_facts(known.catalog, step)
        self._show(known, step)
        self.steps += 1
        with self._moved:
            known.place, known.fill, known.told = step.upto, step.fill, reader.told
            if step.upto == last:
                known.as_of = began
            self._moved.notify_all()
        return step.upto < last

    def _apply(self, catalog: Catalog, step: Step) -> None:
        """Write a step, unless that is another's by now: it might bring back who was erased since."""
        if not self.may_write():
            msg = "Another process writes the analytics copy by now; this one follows it."
            raise AnalyticsUnavailableError(msg)
        self.analytics.apply(catalog, step)

    def _as_it_is(self, known: _Environment) -> _Environment:
        """Look again where the copy is if others may write it too, as a command that makes it anew."""
        environment = known.catalog.environment
        if self.analytics.is_shared:
            place = self.analytics.position(environment)
            if (place, self.analytics.within) != (known.place, known.catalog.within):
                self._known.pop(environment, None)
                return self._of(environment)
        return known

    def follow_all(self) -> None:
        """Learn how far another process has copied each environment that has anything new."""
        self.analytics.renew()
        for environment in self._to_do():
            self.follow(environment)
            self._gather(environment)

    def follow(self, environment: EnvironmentId) -> None:
        """Learn how far another process has copied."""
        began, known = clock.now_ms(), self._known.get(environment)
        with self.store.read() as tx:
            last = feed.newest(tx, environment)
        place, within = self.analytics.position(environment), self.analytics.within
        if known is None or known.catalog.within != within:
            catalog = Catalog(environment, within=within)
            if not self.analytics.has_tables(catalog):
                return
            known = _Environment(catalog, -1, -1)
        if place != known.place:
            with self.store.snapshot() as tx:
                self._refresh(tx, environment, known)
            known.catalog = self._with_facts(known.catalog, None)
            self._show(known, None)
        if place >= last:
            known.as_of = began
        with self._moved:
            known.place = place
            self._known[environment] = known
            self._moved.notify_all()

    def lead(self, *, is_leading: bool) -> None:
        """Begin to write, from where the copy is by now, or to follow who does."""
        self.is_following = not is_leading
        self._look_again()

    def _gather(self, environment: EnvironmentId) -> None:
        if (known := self._known.get(environment)) is not None:
            self.sights.gather(known.catalog, known.place)

    def gathered(self, environment: EnvironmentId, *, seconds: float) -> int | None:
        """Have it gathered when people were seen, and wait a little for it.

        Gives None once all that is copied is in it; else as of when it was gathered last
        (epoch ms), 0 for never. Raises `AnalyticsBehindError` if nothing was ever copied whole.
        """
        self.look(environment, seconds=seconds)
        return self.sights.want(environment, self.state(environment).place, seconds=seconds)

    def open(self, environment: EnvironmentId) -> None:
        """Find how far an environment is, before the first step."""
        self._of(environment)

    def look(self, environment: EnvironmentId, *, seconds: float) -> Look:
        """Wait until all that is in the record now is copied, and give what there is then.

        When that takes longer, `as_of` tells which moment of the record was the last to be
        copied whole. Raises `AnalyticsBehindError` if none was yet (S-04).
        """
        try:
            return Look(self.fresh_catalog(environment, seconds=seconds))
        except AnalyticsBehindError:
            known = self._known.get(environment)
            if known is None or known.as_of is None:
                raise
            return Look(known.shown, known.as_of)

    def state(self, environment: EnvironmentId) -> State:
        """Tell how far an environment is, without waiting for what is being done."""
        with self.store.read() as tx:
            last = feed.newest(tx, environment)
        known = self._known.get(environment)
        place = 0 if known is None else known.place
        return State(place, max(0, last - place), is_open=known is not None)

    def behind(self) -> int:
        """Tell by how many entries of the log the environment that is furthest behind is."""
        known = dict(self._known)
        with self.store.read() as tx:
            newest = feed.newest_of_all(tx)
        return max([0, *(newest.get(each, 0) - of.place for each, of in known.items())])

    def fresh_catalog(self, environment: EnvironmentId, *, seconds: float) -> Catalog:
        """Wait until all that is in the record now is copied, and give what there is then.

        Raises `AnalyticsBehindError` when that takes longer (S-04).
        """
        with self.store.read() as tx:
            # What another writer has not committed yet is not in the record.
            wanted = feed.newest(tx, environment)
        deadline = time.monotonic() + seconds
        with self._moved:
            while (known := self._known.get(environment)) is None or known.place < wanted:
                self._asked.add(environment)
                self.wanted.set()
                rest = deadline - time.monotonic()
                if rest <= 0 or self._is_stopped:
                    place = 0 if known is None else known.place
                    raise AnalyticsBehindError(wanted - place)
                self._moved.wait(min(rest, _PATIENCE_SECONDS))
            return known.shown

    def stop(self) -> None:
        """Let nobody wait any longer: no step will be taken."""
        with self._moved:
            self._is_stopped = True
            self._moved.notify_all()

    def still_has(self, catalog: Catalog) -> bool:
        """Tell whether there are merged people and blocked addresses just when there were."""
        known = self._known.get(catalog.environment)
        if known is None:
            return False
        shown = self._with_facts(catalog, None) if self.is_following else known.shown
        return _facts(shown) == _facts(catalog)

    def take_over(self, fresh: Analytics) -> None:
        """Go on with the copy in another file."""
        self.analytics.replace_by(fresh)
        self._look_again()

    def recover(self) -> None:
        """Begin again from what is on disk, after a step that failed."""
        self.analytics.reopen()
        self._look_again()

    def _look_again(self) -> None:
        with self._moved:
            self._known.clear()
        self._had_all_at = None
        self.sights.forget()

    def _of(self, environment: EnvironmentId) -> _Environment:
        if (known := self._known.get(environment)) is None:
            place = self.analytics.position(environment)
            fill = self.analytics.filled(environment) or begin(self.store, environment)
            catalog = Catalog(environment, within=self.analytics.within)
            known = _Environment(catalog, -1, place, fill)
            with self.store.snapshot() as tx:
                self._refresh(tx, environment, known)
            self._apply(known.catalog, Step(place, fill=fill))
            known.catalog = self._with_facts(known.catalog, None)
            self._show(known, None)
            with self._moved:
                self._known[environment] = known
                self._moved.notify_all()
        return known

    def _refresh(self, tx: Transaction, environment: EnvironmentId, known: _Environment) -> None:
        """Learn what was defined since; read after the values, so that each has its column."""
        version = definitions.version(tx, environment)
        if version != known.version:
            made = make_catalog(environment, definitions.load_all(tx, environment))
            known.catalog = msgspec.structs.replace(
                known.catalog, properties=made.properties, events=made.events
            )
            known.version = version

    def _show(self, known: _Environment, step: Step | None) -> None:
        """Let readers see the tables and columns that there are by now."""
        tables = {table.definition for table in known.shown.events.values()}
        if (
            step is None
            or known.version != known.shown_version
            or not tables.issuperset(step.events)
        ):
            known.shown = self.analytics.trim(known.catalog)
            known.shown_version = known.version
        elif _facts(known.shown) != _facts(known.catalog):
            known.shown = msgspec.structs.replace(
                known.shown,
                has_merged=known.catalog.has_merged,
                has_blocks=known.catalog.has_blocks,
            )

    def _with_facts(self, catalog: Catalog, step: Step | None) -> Catalog:
        """Note whether there are merged profiles and blocked addresses, when a step may change it."""
        if step is not None and not step.touched:
            return catalog
        return msgspec.structs.replace(
            catalog,
            has_merged=self.analytics.has_rows(catalog.environment, "merged"),
            has_blocks=self.analytics.has_rows(catalog.environment, "blocks"),
        )


def _facts(catalog: Catalog) -> tuple[bool, bool]:
    return catalog.has_merged, catalog.has_blocks


def wish_of(data: Path) -> Path:
    """Give the file by which a command asks the server of a data folder to make the copy anew."""
    return data / "analytics.rebuild"


class Rebuild:
    """Makes the copy anew beside the one that answers, and lets it take its place."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        beside = projection.analytics.beside()
        self._fresh = Projection(projection.store, beside, size=projection.size)
        self._fresh.may_write = projection.may_write

    def advance(self) -> bool:
        """Take a step; true if there is more to copy."""
        return self._fresh.advance_all()

    def finish(self) -> None:
        """Let the new copy take the place of the old one."""
        self._projection.take_over(self._fresh.analytics)
