"""Who is who, in the plainest way: the rules of P-04 to P-07 on lists and dicts, told once more.

Nothing here is taken from the product; tests compare what both say.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

ONE_PER_PERSON = "identity"


@dataclass(frozen=True)
class Done:
    """An event: its name, the device that sent it, and when it came in."""

    name: str
    device: str
    at: int


@dataclass(frozen=True)
class Said:
    """A record: ids of a person in reading order, those from `aliases` on inside its data.

    It is an event if it has a name, else it sets `values` and adds to `counters`.
    """

    ids: tuple[str, ...] = ()
    device: str = ""
    aliases: int = 9
    event: str = ""
    values: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Node:
    """A person as shown, or as a part of a merge; what has no parts is a person from the start."""

    born: int
    ids: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    values: dict[str, str | int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    events: list[Done] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    survivor: "Node | None" = None
    absorbed: "Node | None" = None

    @property
    def parts(self) -> list["Node"]:
        """The two that it was made of, if any."""
        return [each for each in (self.absorbed, self.survivor) if each is not None]

    @property
    def tree(self) -> Iterator["Node"]:
        """It and all that it was made of."""
        yield self
        for part in self.parts:
            yield from part.tree

    @property
    def leaves(self) -> list["Node"]:
        """Those whom it was made of in the end."""
        return [each for each in self.tree if not each.parts]

    @property
    def first(self) -> "Node":
        """The leaf by whose number it goes."""
        return self if self.survivor is None else self.survivor.first

    @property
    def some_id(self) -> str:
        """An id or a device by which it is found."""
        return min(self.ids or self.devices)

    def has(self, name: str) -> bool:
        """Tell whether an id or a device is its own."""
        return name in self.ids or name in self.devices

    def path(self, senders: Iterable[str]) -> list["Node"]:
        """Give those, from itself down to a leaf, whose sender this is."""
        for sender in senders:
            if (found := self._down(sender)) is not None:
                return found
        return [self] if self.survivor is None else [self, *self.survivor.path(())]

    def _down(self, sender: str) -> list["Node"] | None:
        if not self.has(sender):
            return None
        if not self.parts:
            return [self]
        below = [found for part in self.parts if (found := part._down(sender)) is not None]
        return [self, *below[0]] if below else None


@dataclass(frozen=True, eq=False)
class Grey:
    """What `device` did as `rest` until it was known to be of `whom`."""

    whom: Node
    rest: Node
    device: str
    until: int


@dataclass(frozen=True)
class Shown:
    """All that is told of one profile; `grey` are events that are shown and do not count."""

    ids: frozenset[str]
    devices: frozenset[str]
    values: tuple[tuple[str, str | int], ...]
    is_identified: bool
    events: tuple[str, ...]
    grey: tuple[str, ...]


class People:
    """Everybody, and what was told of them."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.greys: list[Grey] = []
        self.apart: list[tuple[Node, Node]] = []
        self.born = itertools.count()

    def holder(self, name: str) -> Node | None:
        """Give who has an id or a device."""
        return next((each for each in self.roots if each.has(name)), None)

    def hear(self, said: Said, at: int) -> None:
        """Take a record that came in at a time."""
        person = self._meant(said)
        if person is None:
            person = Node(next(self.born))
            self.roots.append(person)
            joining = []
        else:
            joining = self._joining(said, person)
        for other in joining:
            person = self.join(person, other)
        path = person.path(said.ids if joining else (*said.ids, said.device))
        added = {name for name in said.ids if self.holder(name) is None}
        for each in path:
            each.ids |= added
            _write(each, said, at)
        if said.device:
            self._take_device(said.device, path, at)
        if said.event:
            path[-1].events.append(Done(said.event, said.device, at))
        path[-1].told |= set(said.values.values())

    def join(self, one: Node, other: Node) -> Node:
        """Make one of two: the identified before the anonymous, then the older survives."""
        survivor, absorbed = sorted((one, other), key=lambda each: (not each.ids, each.born))
        merged = Node(
            survivor.born,
            survivor.ids | absorbed.ids,
            survivor.devices | absorbed.devices,
            survivor=survivor,
            absorbed=absorbed,
        )
        for part in (survivor, absorbed):
            for name, when in part.written.items():
                if when > merged.written.get(name, 0):
                    merged.values[name], merged.written[name] = part.values[name], when
        self.roots = [each for each in self.roots if each not in (one, other)]
        self.roots.append(merged)
        return merged

    def separate(self, merged: Node) -> None:
        """Give both back, for good: no record joins them again."""
        assert merged.survivor is not None
        assert merged.absorbed is not None
        self.roots.remove(merged)
        self.roots += [merged.survivor, merged.absorbed]
        self.apart.append((merged.survivor.first, merged.absorbed.first))

    def erase(self, person: Node) -> set[str]:
        """Forget somebody, and what their devices did before if those are nobody else's now.

        Gives the texts that stand nowhere any more: ids, and values.
        """
        leaves = person.leaves
        gone = set().union(*(each.told for each in leaves)) | {
            n.partition(":")[2] for n in person.ids
        }
        devices = set().union(*(each.devices for each in person.tree))
        mine = [each for each in self.greys if each.whom in leaves]
        self.greys = [e for e in self.greys if e.whom not in leaves and e.rest not in leaves]
        self.roots.remove(person)
        for grey in mine:
            rest = next((each for each in self.roots if each.first is grey.rest), None)
            if rest is not None and not rest.ids and not rest.devices:
                gone |= self.erase(rest)
        for leaf in (leaf for root in self.roots for leaf in root.leaves):
            leaf.events = [
                Done(done.name, "" if done.device in devices else done.device, done.at)
                for done in leaf.events
            ]
        return gone

    def shown(self) -> list[Shown]:
        """Give what is told of each profile."""
        return [self._shown(each) for each in self.roots]

    def _shown(self, root: Node) -> Shown:
        leaves = root.leaves
        grey = [
            done.name
            for link in self.greys
            if link.whom in leaves and link.rest not in leaves
            for done in link.rest.events
            if done.device == link.device and done.at <= link.until
        ]
        return Shown(
            frozenset(root.ids),
            frozenset(root.devices),
            tuple(sorted(root.values.items())),
            bool(root.ids) or "Email" in root.values,
            tuple(sorted(done.name for leaf in leaves for done in leaf.events)),
            tuple(sorted(grey)),
        )

    def _meant(self, said: Said) -> Node | None:
        """Give whom a record means; None for somebody new."""
        if not said.ids:
            return self.holder(said.device)
        if (first := self.holder(said.ids[0])) is not None:
            return first
        for name in said.ids[1:]:
            further = self.holder(name)
            if further is not None and not _are_two([said.ids[0]], further.ids):
                return further
        visitor = self.holder(said.device)
        if visitor is None or (visitor.ids and said.aliases > 0):
            return None
        return None if _are_two([said.ids[0]], visitor.ids) else visitor

    def _joining(self, said: Said, person: Node) -> list[Node]:
        """Give those who are the same person: never two who have an id each that one has one of."""
        ids = {*person.ids, *(name for name in said.ids if self.holder(name) is None)}
        same: list[Node] = []
        for name in said.ids:
            other = self.holder(name)
            if other is None or other is person or other in same or _are_two(ids, other.ids):
                continue
            same.append(other)
            ids |= other.ids
        joined = [person]
        for other in same:
            if not any(self._were_separated(each, other) for each in joined):
                joined.append(other)
        return joined[1:]

    def _were_separated(self, one: Node, other: Node) -> bool:
        ones, others = one.leaves, other.leaves
        return any(
            (a in ones and b in others) or (b in ones and a in others) for a, b in self.apart
        )

    def _take_device(self, device: str, path: Sequence[Node], at: int) -> None:
        """Let a device be of a person, on the side that sends; what a stranger did before is grey."""
        former = self.holder(device)
        if former is not None and device not in path[-1].devices:
            part = former.path((device,))[-1]
            loser, taker = (part, path[-1]) if former is path[0] else (former, path[0])
            if taker.ids and not loser.ids:
                self.greys.append(Grey(path[-1], part, device, at))
            for each in former.tree:
                each.devices.discard(device)
        for each in path:
            each.devices.add(device)


def _are_two(ids: Iterable[str], others: Iterable[str]) -> bool:
    return all(
        any(name.startswith(f"{ONE_PER_PERSON}:") for name in each) for each in (ids, others)
    )


def _write(node: Node, said: Said, at: int) -> None:
    for name, value in said.values.items():
        node.values[name], node.written[name] = value, at
    for name, more in said.counters.items():
        before = node.values.get(name, 0)
        assert isinstance(before, int)
        node.values[name], node.written[name] = before + more, at
