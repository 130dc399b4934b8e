"""A history without somebody with whom it was merged for a while (P-15).

While two profiles were one, the changes of either were told of both together: their
values are of both. When one of them is erased after the merge was undone, the history of
the other is told as if there had been no merge.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from mien.domain.changes import Change
from mien.domain.values import Value

_replace = msgspec.structs.replace


def without_merges(
    changes: Sequence[Change], own: Mapping[str, Value], erased: Collection[int]
) -> list[Change]:
    """Give the changes of a profile, oldest first, without what merges with `erased` brought.

    `own` are the properties that the profile has now. What others than the erased changed
    while the two were one, and was not theirs together, stays where it stands; the rest
    is told in one change, at the time when the merge was undone.
    """
    told = list(changes)
    for start, end in reversed(_spans(changes, erased)):
        after = _rewound(own, told[end + 1 :])
        told[start : end + 1] = _untangled(_replayed(told[:start]), told[start : end + 1], after)
    return told


def _spans(changes: Sequence[Change], erased: Collection[int]) -> list[tuple[int, int]]:
    """Give from where to where a profile was one with others; a merge that lasts is no span."""
    begun: dict[int, int] = {}
    spans: list[tuple[int, int]] = []
    for place, change in enumerate(changes):
        if change.merge and (change.absorbed in erased or change.survivor in erased):
            if change.is_undo:
                spans.append((begun.pop(change.merge, place), place))
            else:
                begun[change.merge] = place
    return spans


def _untangled(
    state: dict[str, Value], span: Sequence[Change], after: Mapping[str, Value]
) -> list[Change]:
    """Tell a span, from its merge to the undoing of that, between two states that are known."""
    undo = span[-1]
    shared = {*span[0].new, *undo.new, *undo.old}
    told: list[Change] = []
    for change in span[:-1]:
        new = {name: value for name, value in change.new.items() if name not in shared}
        told.append(_replace(change, new=new, old=_olds(state, new)))
        _apply(state, new)
    if told:
        told[0] = _unmarked(_replace(told[0], attached=(), new={}, old={}))
    new = {name: value for name, value in after.items() if not _is_same(state.get(name), value)}
    new |= {name: None for name in state if name not in after}
    return [*told, _unmarked(_replace(undo, new=new, old=_olds(state, new)))]


def _unmarked(change: Change) -> Change:
    return _replace(change, merge=0, absorbed=0, survivor=0, is_undo=False)


def _replayed(changes: Sequence[Change]) -> dict[str, Value]:
    state: dict[str, Value] = {}
    for change in changes:
        _apply(state, change.new)
    return state


def _rewound(own: Mapping[str, Value], later: Sequence[Change]) -> dict[str, Value]:
    """Give the properties before later changes were made."""
    state = dict(own)
    for change in reversed(later):
        _apply(state, {name: change.old.get(name) for name in change.new})
    return state


def _apply(state: dict[str, Value], new: Mapping[str, Value | None]) -> None:
    for name, value in new.items():
        if value is None:
            state.pop(name, None)
        else:
            state[name] = value


def _olds(state: Mapping[str, Value], new: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: state[name] for name in new if name in state}


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
