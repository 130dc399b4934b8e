"""What the buttons of the builder do to its parts, and where the keyboard goes on after it."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from mien.domain.errors import InvalidInputError
from mien.web.builder.parts import FACT, FILTER, GROUPS, INSIDE, ITEM, Part, Path, id_of, path_of

Moved: TypeAlias = tuple[Part, str]
"""The whole as it is then, and the id of the element that gets the focus (empty: as it is)."""


def move(whole: Part, do: str) -> Moved:
    """Do what a button says, as `remove:p.0.1`, or raise `InvalidInputError` for what none says."""
    verb, _, name = do.partition(":")
    act = _MOVES.get(verb)
    if act is None:
        raise InvalidInputError(path="do", problem=f"{do[:40]!r} is nothing that a button does")
    path = path_of(name)
    if find(whole, path) is None or (not path and verb not in _OF_THE_WHOLE):
        raise InvalidInputError(path="do", problem=f"there is no part {name[:40]!r} for it")
    return act(whole, path)


def find(whole: Part, path: Path) -> Part | None:
    """Find a part."""
    for place in path:
        if place >= len(whole.parts):
            return None
        whole = whole.parts[place]
    return whole


def _get(whole: Part, path: Path) -> Part:
    found = find(whole, path)
    assert found is not None  # noqa: S101 - `move` looked
    return found


def _put(whole: Part, path: Path, *parts: Part) -> Part:
    """Put parts into the place of one."""
    if not path:
        return parts[0]
    place, rest = path[0], path[1:]
    inner = whole.parts
    instead = (_put(inner[place], rest, *parts),) if rest else parts
    return _with(whole, (*inner[:place], *instead, *inner[place + 1 :]))


def _with(part: Part, parts: tuple[Part, ...]) -> Part:
    return msgspec.structs.replace(part, parts=parts)


def _add(whole: Part, path: Path, kind: str) -> Moved:
    part = _get(whole, path)
    if kind not in INSIDE.get(part.kind, ()):
        raise InvalidInputError(path="do", problem="this part takes no such part")
    inner = Part(kind, parts=(Part("property"),) if kind in GROUPS else ())
    added = (*path, len(part.parts))
    focus = id_of((*added, 0)) if kind in GROUPS else id_of(added)
    return _put(whole, path, _with(part, (*part.parts, inner))), f"{focus}-{_first_field(inner)}"


def _first_field(part: Part) -> str:
    return "kind" if part.kind not in (FILTER, ITEM, FACT) else "name"


def _remove(whole: Part, path: Path) -> Moved:
    above = path[:-1]
    group = _get(whole, above)
    left = len(group.parts) - 1
    focus = f"{id_of((*above, min(path[-1], left - 1)))}-remove" if left else _adding(group, above)
    return _put(whole, path), focus


def _adding(part: Part, path: Path) -> str:
    """Give the id of the button that adds a part to one."""
    return f"{id_of(path)}-{_ADDS.get(part.kind, 'add')}"


def _step(by: int) -> Callable[[Part, Path], Moved]:
    def act(whole: Part, path: Path) -> Moved:
        above, place = path[:-1], path[-1]
        group = _get(whole, above)
        other = place + by
        if not 0 <= other < len(group.parts):
            return whole, f"{id_of(path)}-more"
        parts = list(group.parts)
        parts[place], parts[other] = parts[other], parts[place]
        return _put(whole, above, _with(group, tuple(parts))), f"{id_of((*above, other))}-more"

    return act


def _copy(whole: Part, path: Path) -> Moved:
    part = _get(whole, path)
    copied = (*path[:-1], path[-1] + 1)
    return _put(whole, path, part, part), f"{id_of(copied)}-{_first_field(part)}"


def _wrap(whole: Part, path: Path) -> Moved:
    part = _get(whole, path)
    return _put(whole, path, Part("any", parts=(part,))), f"{id_of(path)}-kind"


def _unwrap(whole: Part, path: Path) -> Moved:
    """Put the parts of a group into its place; one that is negated stays."""
    group = _get(whole, path)
    if group.kind not in GROUPS or group.nots:
        return whole, f"{id_of(path)}-kind"
    focus = f"{id_of(path)}-kind" if group.parts else f"{id_of(path[:-1])}-add"
    return _put(whole, path, *group.parts), focus


_MOVES: Mapping[str, Callable[[Part, Path], Moved]] = {
    "add": lambda whole, path: _add(whole, path, "property"),
    "group": lambda whole, path: _add(whole, path, "any"),
    "filter": lambda whole, path: _add(whole, path, FILTER),
    "item": lambda whole, path: _add(whole, path, ITEM),
    "fact": lambda whole, path: _add(whole, path, FACT),
    "remove": _remove,
    "up": _step(-1),
    "down": _step(1),
    "copy": _copy,
    "wrap": _wrap,
    "unwrap": _unwrap,
}
_ADDS = {"did": "filter", FILTER: "item", "device": "fact"}
_OF_THE_WHOLE = frozenset({"add", "group"})
