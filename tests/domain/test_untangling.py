"""The history of somebody who was merged for a while, without whom they were merged with (P-15)."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.changes import Change
from mien.domain.identities import IdentityKind
from mien.domain.untangling import without_merges
from mien.domain.values import Value

BO = 7
"""The profile that is erased."""

names = st.sampled_from("pqrs")
steps = st.lists(st.tuples(st.sampled_from(["ana", "bo", "delete"]), names), max_size=12)
starts = st.dictionaries(names, st.just(0))


class Two:
    """Ana's history while she is herself, one with Bo, and herself again."""

    def __init__(self, own: Sequence[str]) -> None:
        self.own: dict[str, Value] = {}
        self.shown: dict[str, Value] = {}
        self.changes = [Change(created=True)]
        self._count = 0
        for name in own:
            self.step("ana", name)

    def step(self, who: str, name: str) -> None:
        """Let one of them set a property, or Ana remove one; only what Ana does is chained here."""
        self._count += 1
        if who == "bo":
            self.shown[name] = f"bo {self._count}"
            return
        value = None if who == "delete" else f"ana {self._count}"
        if value is not None or name in self.shown:
            old = {name: self.shown[name]} if name in self.shown else {}
            self.changes.append(Change(new={name: value}, old=old))
        for state in (self.own, self.shown):
            if value is None:
                state.pop(name, None)
            else:
                state[name] = value

    def join(self, brought: Sequence[str], *, as_survivor: bool) -> None:
        """Make them one."""
        before = dict(self.shown)
        for name in brought:
            self.step("bo", name)
        if as_survivor:
            change = self._difference(before, self.shown)
            attached = ((IdentityKind.IDENTITY, "bo"),)
            self._log(change, merge=3, absorbed=BO, attached=attached)
        else:
            self._log(Change(), merge=3, survivor=BO)

    def part(self) -> None:
        """Take them apart again."""
        self._log(self._difference(self.shown, self.own), merge=3, survivor=BO, is_undo=True)
        self.shown = dict(self.own)

    def _log(self, change: Change, **more: object) -> None:
        self.changes.append(msgspec.structs.replace(change, **more))

    def _difference(self, before: dict[str, Value], after: dict[str, Value]) -> Change:
        new: dict[str, Value | None] = {n: v for n, v in after.items() if before.get(n) != v}
        new |= {name: None for name in before if name not in after}
        return Change(new=new, old={name: before[name] for name in new if name in before})


@given(
    own=starts,
    brought=starts,
    together=steps,
    later=steps,
    as_survivor=st.booleans(),
    is_twice=st.booleans(),
)
def test_the_history_tells_of_its_own_profile_alone_and_adds_up(
    *,
    own: dict[str, int],
    brought: dict[str, int],
    together: list[tuple[str, str]],
    later: list[tuple[str, str]],
    as_survivor: bool,
    is_twice: bool,
) -> None:
    two = Two(list(own))
    for _ in range(1 + is_twice):
        two.join(list(brought), as_survivor=as_survivor)
        for who, name in together:
            two.step(who, name)
        two.part()
        for who, name in later:
            two.step("ana" if who == "bo" else who, name)
    told = without_merges(two.changes, two.own, {BO})
    assert len(told) == len(two.changes)
    state: dict[str, Value] = {}
    for change in told:
        assert change.old == {name: state[name] for name in change.new if name in state}
        assert (change.merge, change.absorbed, change.survivor, change.attached) == (0, 0, 0, ())
        for name, value in change.new.items():
            state.pop(name, None) if value is None else state.update({name: value})
    assert state == two.own
    assert "bo" not in str(told)


def test_a_merge_with_somebody_else_stays_as_it_is() -> None:
    two = Two(["p"])
    two.join(["q"], as_survivor=True)
    two.part()
    assert without_merges(two.changes, two.own, {BO + 1}) == two.changes
