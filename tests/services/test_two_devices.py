"""Whoever logs in where, in any order: the product agrees with a model of lists and dicts.

P-01, P-03 to P-07, P-15, B-01.
"""

import asyncio
import itertools
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mien.domain.documents import NATIVE, is_identified
from mien.domain.identities import ALIASES, WIRE_NAMES, Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.profiles import Profile
from mien.domain.schema import DefinitionKind
from mien.services.erase import erase
from mien.services.merges import list_merges
from mien.services.reading import find_in
from mien.services.receipts import Applied, Receipt
from mien.store import definitions, profiles
from tests.support.consistency import rows_of
from tests.support.merging import EVERY, done_by, faults, join, undo
from tests.support.people import Node, People, Said, Shown
from tests.support.uploading import NOON_MS, Desk, Record, new_environment

IDS = ["identity:x", "identity:y", "identity:z", "FBID:f", "FBID:g", "GPID:h"]
USERS = IDS[:3]
DEVICES = ["d1", "d2", "d3"]


def _by_kind(several: list[str]) -> list[str]:
    """Give the first id of each kind, in the order in which a record is read."""
    found: dict[str, str] = {}
    for each in several:
        found.setdefault(each.partition(":")[0], each)
    return sorted(found.values(), key=lambda each: list(ALIASES).index(each.partition(":")[0]))


devices = st.sampled_from(DEVICES)
users = st.sampled_from(USERS).map(lambda user: (user,))
names = st.sampled_from([*IDS, *DEVICES])
values = st.fixed_dictionaries({}, optional={"plan": st.just(""), "Email": st.just("@x.example")})
"""What is set, and how the value ends; each begins as no other does."""

_seen = st.builds(Said, device=devices, event=st.just("Seen"))
_logged_in = st.builds(Said, users, devices, values=values)
_aliased = st.builds(Said, users, devices, aliases=st.just(0), values=values)
_bought = st.builds(Said, users, devices, event=st.just("Bought"))
_counted = st.builds(Said, users, counters=st.just({"visits": 1}))
_told = st.builds(Said, device=devices, values=values)


@st.composite
def _several(draw: st.DrawFn) -> Said:
    """Name two or three ids, some of them inside the data."""
    drawn = draw(st.lists(st.sampled_from(IDS), min_size=2, max_size=3, unique=True))
    place = draw(st.integers(1, 3))
    top, data = _by_kind(drawn[:place]), _by_kind(drawn[place:])
    return Said((*top, *data), aliases=len(top), values=draw(values))


records = st.one_of(_seen, _logged_in, _aliased, _bought, _counted, _told, _several())


def identity_of(name: str) -> Identity:
    """Read the id of a name such as `FBID:f`; any other is of a device."""
    kind, _, value = name.partition(":")
    return Identity(IdentityKind[kind.upper()] if value else IdentityKind.OBJECT_ID, value or name)


class TwoDevices(RuleBasedStateMachine):
    """People, browsers, and those who merge them, at one environment and at a model of it."""

    def __init__(self, desks: tuple[Desk, ...]) -> None:
        super().__init__()
        environment = new_environment(desks[0].store)
        self.desks = [Desk(each.store, each.ingest, environment) for each in desks]
        self.people = People()
        self.waiting: list[Said] = []
        self.fresh = itertools.count(1)
        self.sent = self.erased = 0

    @property
    def desk(self) -> Desk:
        """Each time another one of the writers."""
        self.desks.append(self.desks.pop(0))
        return self.desks[0]

    @initialize(several=st.lists(records, min_size=3, max_size=6))
    def begin(self, several: list[Said]) -> None:
        self.hear(several)
        self._send_what_waits()

    @rule(several=st.lists(records, min_size=1, max_size=4))
    def hear(self, several: list[Said]) -> None:
        for said in several:
            values = {name: f"{self._value()}{end}" for name, end in said.values.items()}
            self.waiting.append(replace(said, values=values))

    @precondition(lambda self: self.waiting)
    @rule(alone=st.booleans())
    def send(self, *, alone: bool) -> None:
        """Send what waits: as one batch, or as batches that may join one commit."""
        at = NOON_MS + next(self.fresh)
        records = [_record(said) for said in self.waiting]
        batches = [records] if alone else [[each] for each in records]
        for receipt in asyncio.run(_send_together(self.desk, batches, at)):
            assert all(isinstance(each, Applied) for each in receipt.results)
        for said in self.waiting:
            self.people.hear(said, at)
            self.sent += bool(said.event)
        self.waiting.clear()

    @precondition(lambda self: len(self._found()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        self._send_what_waits()
        if len(found := self._found()) < 2:
            return
        one, other = data.draw(st.permutations(found))[:2]
        desk = self.desk
        named = [identity_of(each.some_id) for each in (one, other)]
        preview, done = join(desk, *named, is_preview=True), join(desk, *named)
        told = ("survivor", "absorbed", "moved", "conflicts", "changes", "events")
        assert [getattr(preview, each) for each in told] == [getattr(done, each) for each in told]
        self.people.join(one, other)

    @precondition(lambda self: any(each.parts for each in self._found()))
    @rule(data=st.data())
    def undo_a_merge(self, data: st.DataObject) -> None:
        self._send_what_waits()
        if not (merged := [each for each in self._found() if each.parts]):
            return
        node = data.draw(st.sampled_from(merged))
        desk = self.desk
        with desk.store.read() as tx:
            root = find_in(tx, desk.environment, identity_of(node.some_id))
        assert root is not None
        rows = list_merges(desk.store, desk.environment, before=2**60, count=EVERY)
        merge = next(row.id for row in rows if row.root == root.id and row.undone_at is None)
        undo(desk, merge)
        self.people.separate(node)

    @rule(name=names)
    def erase_somebody(self, name: str) -> None:
        self._send_what_waits()
        node = self.people.holder(name)
        desk = self.desk
        receipt = erase(desk.store, desk.environment, identity_of(name))
        assert (receipt is None) is (node is None)
        if node is not None and receipt is not None:
            self.erased += receipt.removed["events"]
            for trace in self.people.erase(node):
                text = f'"{trace}"'.encode()
                assert not any(text in row for row in self._rows()), f"{trace} is left"

    @invariant()
    def both_say_the_same(self) -> None:
        if self.waiting:
            return
        told, meant = self._told(), self.people.shown()
        assert Counter(told) == Counter(meant)
        assert sum(len(each.events) for each in told) == self.sent - self.erased

    @invariant()
    def every_id_finds_its_holder(self) -> None:
        if self.waiting:
            return
        desk = self.desk
        for name in (*IDS, *DEVICES):
            with desk.store.read() as tx:
                found = find_in(tx, desk.environment, identity_of(name))
            node = self.people.holder(name)
            assert (found is None) is (node is None)
            if found is not None and node is not None:
                assert (_ids(found), _devices(found)) == (node.ids, node.devices)

    def teardown(self) -> None:
        self._send_what_waits()
        self.both_say_the_same()
        assert faults(self.desk) == []

    def _found(self) -> list[Node]:
        """Give those who can be named."""
        return [each for each in self.people.roots if each.ids or each.devices]

    def _value(self) -> str:
        """Give a value that nobody sent before, and that is no part of another."""
        return f"v{next(self.fresh)}v"

    def _send_what_waits(self) -> None:
        if self.waiting:
            self.send(alone=False)

    def _rows(self) -> list[bytes]:
        """Give what is kept of the past and present of people."""
        with self.desk.store.snapshot() as tx:
            return [
                value
                for table in ("profiles", "changes", "merges")
                for row in rows_of(tx, table, only=self.desk.environment)
                for value in row.values()
                if isinstance(value, bytes)
            ]

    def _told(self) -> list[Shown]:
        desk = self.desk
        with desk.store.read() as tx:
            found = profiles.page(tx, desk.environment, after=ProfileId(0), count=EVERY)
            known = definitions.list_kind(tx, desk.environment, DefinitionKind.EVENT)
        kinds = {each.id: each.name for each in known}
        return [_shown(desk, each, kinds) for each in found]


def _shown(desk: Desk, found: Profile, kinds: dict[int, str]) -> Shown:
    rows = done_by(desk, found)
    own = sorted(kinds[row.name] for row, is_grey in rows if not is_grey)
    counted = {kinds[name]: done.count for name, done in found.activity.events.items()}
    assert counted == {name: own.count(name) for name in own}
    return Shown(
        frozenset(_ids(found)),
        frozenset(_devices(found)),
        tuple(sorted(found.document.properties.items())),  # type: ignore[arg-type]
        is_identified(found.document),
        tuple(own),
        tuple(sorted(kinds[row.name] for row, is_grey in rows if is_grey)),
    )


def _ids(found: Profile) -> set[str]:
    return {
        f"{WIRE_NAMES[IdentityKind(kind)]}:{value}" for kind, value in found.document.identities
    }


def _devices(found: Profile) -> set[str]:
    return {each.key for each in found.document.devices}


def _record(said: Said) -> Record:
    top = dict(each.split(":") for each in said.ids[: said.aliases])
    data = dict(each.split(":") for each in said.ids[said.aliases :])
    record: Record = {**top, **({"objectId": said.device} if said.device else {})}
    if said.event:
        return {"type": "event", "evtName": said.event, **record}
    counters = {name: {"$incr": more} for name, more in said.counters.items()}
    return {"type": "profile", "profileData": {**data, **said.values, **counters}, **record}


async def _send_together(desk: Desk, batches: list[list[Record]], at: int) -> list[Receipt]:
    """Send batches while the writer is held up, so that it takes all in one group."""
    with desk.store.write():
        calls = [desk.send(*each, at_ms=at, rules=NATIVE) for each in batches]
        waiting = [asyncio.ensure_future(each) for each in calls]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting)


def test_whoever_logs_in_where_the_model_agrees(desks: tuple[Desk, ...]) -> None:
    run_state_machine_as_test(
        lambda: TwoDevices(desks),  # type: ignore[arg-type]  # as documented, whatever makes one
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
