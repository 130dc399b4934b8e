"""The parts of which the builder's page is made, and how a form names them.

A part is a group of parts, or a condition; conditions on events, on their items and on devices
have parts of their own. Part `p` is the whole, `p.0` the first part in it; a field of it is called `p.0:op`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from mien.domain.errors import InvalidInputError

ROOT = "p"

GROUPS = ("all", "any")
MARKS = ("test_user", "disabled")
CONDITIONS = ("property", "derived", "did", "device", "channel", "segment", *MARKS)
"""The conditions that a group may have, each called by its key in the JSON; marks have no fields."""

FILTER, ITEM, FACT, AS_JSON = "filter", "item", "fact", "json"
"""A condition on an event, on an item of it, on a fact of a device, and what has no form here."""

INSIDE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GROUPS, (*GROUPS, *CONDITIONS, AS_JSON)),
    "did": (FILTER,),
    FILTER: (ITEM,),
    "device": (FACT,),
}
"""Which parts a part may have; others have none."""

LEVELS = 20
"""How deep parts nest at most; the language allows less, and says so better."""

PARTS = 1_000
"""How many parts there are at most; the language allows less, and says so better."""

Path: TypeAlias = tuple[int, ...]

_FIELD = re.compile(rf"{ROOT}((?:\.\d{{1,4}})*):([a-z_]{{1,20}})", re.ASCII)


class Part(msgspec.Struct, frozen=True):
    """A part: its kind, its fields as texts, and the parts in it."""

    kind: str
    fields: Mapping[str, str] = {}
    parts: tuple["Part", ...] = ()

    def get(self, field: str) -> str:
        """Give what is in a field, empty if there is none; the kind is one too."""
        return self.kind if field == "kind" else self.fields.get(field, "")

    @property
    def nots(self) -> int:
        """How many times it is negated."""
        text = self.get("nots")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= len("16") else 0


EMPTY = Part("all", {"bare": "1"})
"""What a new segment begins with. A bare group stands for the part in it, if that is the only one."""


def name_of(path: Path) -> str:
    """Give how a form names a part."""
    return ".".join((ROOT, *map(str, path)))


def id_of(path: Path) -> str:
    """Give the id of the element that shows a part."""
    return name_of(path).replace(".", "-")


def path_of(name: str) -> Path:
    """Read the name of a part, or raise `InvalidInputError`."""
    if not (found := _FIELD.fullmatch(f"{name}:x")):
        raise InvalidInputError(path="do", problem="names no part of the segment")
    return tuple(int(each) for each in found[1].split(".")[1:])


def read_parts(form: Mapping[str, str]) -> Part:
    """Read the parts out of a form, or raise `InvalidInputError` if no page can have sent it."""
    found: dict[Path, dict[str, str]] = {}
    for name, text in form.items():
        if field := _FIELD.fullmatch(name):
            path = tuple(int(each) for each in field[1].split(".")[1:])
            found.setdefault(path, {})[field[2]] = text
    if len(found) > PARTS or max(map(len, found), default=0) > LEVELS:
        problem = f"has more than {PARTS} parts, or nests deeper than {LEVELS} levels"
        raise InvalidInputError(path="form", problem=problem)
    below: dict[Path, list[Path]] = {}
    for path in sorted(found):
        below.setdefault(path[:-1], []).append(path)
    return _part((), found, below) if () in found else EMPTY


def _part(
    path: Path, found: Mapping[Path, dict[str, str]], below: Mapping[Path, list[Path]]
) -> Part:
    fields = dict(found[path])
    kind = fields.pop("kind", "")
    known = (*GROUPS, *CONDITIONS, FILTER, ITEM, FACT, AS_JSON)
    if kind not in known or (not path and kind not in GROUPS):
        raise InvalidInputError(path="form", problem=f"{kind[:40]!r} is no kind of a part")
    parts = [_part(each, found, below) for each in below.get(path, []) if each]
    return Part(kind, fields, tuple(each for each in parts if each.kind in INSIDE.get(kind, ())))


def walk(part: Part, path: Path = ()) -> Iterator[tuple[Path, Part]]:
    """Give a part and all parts in it, each with its path."""
    yield path, part
    for place, inner in enumerate(part.parts):
        yield from walk(inner, (*path, place))
