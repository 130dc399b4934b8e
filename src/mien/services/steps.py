"""Reading a step of the record for the analytics copy: what lies between two places of the log."""

from collections.abc import Sequence

import msgspec

from mien.analytics.step import Fill, Step
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import subscription_keys
from mien.domain.values import Value
from mien.services.positions import settled_place
from mien.store import feed, merges, people
from mien.store.engine import Store, Transaction

ENTRIES = 20_000
"""Entries of the log in a step."""

_BYTES = 64 * 1024 * 1024
"""What the log tells of in a step takes no more than this, and people who fill a new copy beside it
neither, unless it is a single one."""


class _Reached(msgspec.Struct, gc=False):
    """The part of a document that has addresses."""

    properties: dict[str, Value] = {}


_decode_reached = msgspec.json.Decoder(_Reached).decode


def begin(store: Store, environment: EnvironmentId) -> Fill:
    """Tell what there is to fill a new copy with.

    To be noted in it before anybody is: of who is there, only the log after that place tells
    what became.
    """
    at = settled_place(store, environment)
    with store.read() as tx:
        return Fill(at, last=feed.last_profile(tx, environment))


class Told(msgspec.Struct, frozen=True):
    """Of whom an entry of the log tells, those up to `after` are copied; `upto` is its place, or 0."""

    upto: int = 0
    after: ProfileId = ProfileId(0)


NOBODY = Told()


class StepReader:
    """Reads steps of one environment, up to a place before which all is decided.

    A step is of `size` entries of the log and as many people at most, and of `room` bytes of each.
    `told` is for the reader of the next step.
    """

    def __init__(
        self,
        tx: Transaction,
        environment: EnvironmentId,
        last: int,
        *,
        told: Told = NOBODY,
        size: int = ENTRIES,
        room: int = _BYTES,
    ) -> None:
        self._tx, self._environment = tx, environment
        self.told = told
        self._last, self._size, self._room = last, size, room

    def read(self, place: int, fill: Fill) -> Step:
        """Read what comes after a place of the log in a copy that is filled so far.

        A new copy is filled first: that costs the people there are, and not all that ever
        became of them.
        """
        people: list[ProfileId] = []
        if not fill.is_whole:
            people = self._next_people(fill)
            after = people[-1] if people else fill.last
            fill = msgspec.structs.replace(fill, after=after)
        step = self._read_log(place, fill, people) if fill.is_whole else self._of(place, people)
        step.fill = fill
        return step

    def _next_people(self, fill: Fill) -> list[ProfileId]:
        found = feed.next_profiles(
            self._tx, self._environment, after=fill.after, upto=fill.last, count=self._size
        )
        return self._fitting(found)

    def _fitting(self, people: list[ProfileId]) -> list[ProfileId]:
        """Give as many of the first people as there is room for, and one at least."""
        while len(people) > 1:
            if feed.document_bytes(self._tx, self._environment, people) <= self._room:
                break
            people = people[: len(people) // 2]
        return people

    def _read_log(self, after: int, fill: Fill, people: Sequence[ProfileId]) -> Step:
        """Read what comes after a place of the log, with the documents as they are now, and people.

        A single entry may tell of many: who has an address. They are written a few at a time, and
        the place stays until all are.
        """
        upto, touched = self._reach(after, fill)
        touched = [each for each in touched if each > self.told.after]
        page = self._fitting(touched) if upto == after + 1 else touched
        if len(page) < len(touched):
            self.told = Told(upto, page[-1])
            return self._of(after, sorted({*people, *page}))
        self.told = NOBODY
        step = self._of(upto, sorted({*people, *page}))
        step.events = feed.new_events(self._tx, self._environment, after, upto)
        return step

    def _reach(self, after: int, fill: Fill) -> tuple[int, list[ProfileId]]:
        """Give the place at which a step ends, so that it holds what it may, and whom it tells of."""
        tx, environment = self._tx, self._environment
        since = max(after, fill.at)
        if self.told.upto:
            return self.told.upto, self._touched(since, self.told.upto)
        upto = min(
            feed.end_of_events(tx, environment, after, self._last, count=self._size),
            feed.end_of_changes(tx, environment, since, self._last, count=self._size),
        )
        while True:
            touched = self._touched(since, upto)
            held = feed.event_bytes(tx, environment, after, upto)
            held += feed.document_bytes(tx, environment, touched)
            if held <= self._room or upto <= after + 1:
                return upto, touched
            upto = after + (upto - after) // 2

    def _touched(self, after: int, upto: int) -> list[ProfileId]:
        changed = feed.touched(self._tx, self._environment, after, upto)
        # The log names the very part that a record came for; it may have changed the whole.
        roots = merges.find_roots(self._tx, self._environment, sorted(changed))
        return sorted({*changed, *roots.values()})

    def _of(self, upto: int, touched: Sequence[ProfileId]) -> Step:
        """Read a step that writes these profiles anew."""
        if not touched:
            return Step(upto)
        tx, environment = self._tx, self._environment
        lines, shown = feed.profile_lines(tx, environment, touched)
        merged = feed.merged_into(tx, environment, touched)
        there = {*shown, *(part for part, _ in merged)}
        gone = [each for each in touched if each not in there]
        return Step(upto, touched, gone, lines, merged, _blocks(tx, environment, lines))


def _blocks(tx: Transaction, environment: EnvironmentId, lines: str) -> list[tuple[int, int]]:
    """Give which of the profiles have an address that is blocked, and for what."""
    if not lines or not people.blocks_any(tx, environment):
        return []
    held = [
        (int(profile), key)
        for profile, _, document in (line.split(feed.FIELD) for line in lines.split(feed.LINE))
        for key in subscription_keys(_decode_reached(document).properties)
    ]
    states = people.blocked_states(tx, environment, [value for _, (_, value) in held])
    return [(profile, int(key[0])) for profile, key in held if states.get(key)]
