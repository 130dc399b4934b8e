"""What is wrong with a segment that is being built, at which part, so that all of it shows at once.

One parser decides, that of the language itself: each condition is read alone, then the whole.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from mien.domain.errors import InvalidSegmentError
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.web.builder.parts import AS_JSON, CONDITIONS, Part, Path, walk
from mien.web.builder.trees import Problem, write_json

_HERE = "it"
_INSIDE = re.compile(r"\.(?:where|has|device)\[(\d+)\]")
_ITEM = re.compile(r"\[(\d+)\]$")
_NAMES = frozenset({"property", "derived", "did", "fact", "session", "items"})
_WRONG_TYPE = re.compile(r"Expected `(\w+)[^`]*`(?:, got `\w+`| ([<>])= (\d+))?")
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "date": "a day such as 2026-03-29",
}


class Checked(msgspec.Struct, frozen=True):
    """A segment as it was read: its JSON, and the tree if nothing is wrong."""

    raw: object
    tree: Node | None
    problems: Sequence[Problem] = ()

    @property
    def are_missing(self) -> bool:
        """Is all that is wrong something that is not filled in yet?"""
        return bool(self.problems) and all(each.is_missing for each in self.problems)

    def at(self, path: Path) -> list[Problem]:
        """Give what is wrong at a part."""
        return [each for each in self.problems if each.path == path]

    def find(self, path: Path, field: str) -> Problem | None:
        """Find what is wrong with a field."""
        return next((each for each in self.at(path) if each.field == field), None)


def check(whole: Part) -> Checked:
    """Read a segment out of its parts."""
    raw, problems = write_json(whole)
    problems += _misread(whole, {each.path for each in problems})
    if problems:
        return Checked(raw, None, problems)
    return check_json(raw)


def check_json(raw: object) -> Checked:
    """Read a segment out of JSON; what is wrong is told of the whole, with its path."""
    try:
        return Checked(raw, parse_segment(raw))
    except InvalidSegmentError as error:
        return Checked(raw, None, [Problem((), "", str(error))])


def _misread(whole: Part, unclear: set[Path]) -> Iterator[Problem]:
    for path, part in walk(whole):
        if part.kind not in (*CONDITIONS, AS_JSON):
            continue
        if any(each[: len(path)] == path for each in unclear):
            continue
        try:
            parse_segment(write_json(part)[0], _HERE)
        except InvalidSegmentError as error:
            yield _problem(error, path)


def _problem(error: InvalidSegmentError, path: Path) -> Problem:
    """Say an error of the parser where it is, in words for who fills in a form."""
    text = _WRONG_TYPE.sub(_said, error.problem)
    path = (*path, *map(int, _INSIDE.findall(error.path)))
    last = error.path.removeprefix(_HERE).rpartition(".")[2]
    if item := _ITEM.search(last):
        last, text = last[: item.start()], f"line {int(item[1]) + 1}: {text}"
    field = "name" if last in _NAMES else last if last.isidentifier() else ""
    return Problem(path, field, f"{text[:1].upper()}{text[1:].rstrip('.')}.")


def _said(found: re.Match[str]) -> str:
    wanted = _WANTED.get(found[1], found[1])
    if found[2] is None:
        return f"{wanted} is needed"
    return f"{wanted} of {'at most' if found[2] == '<' else 'at least'} {int(found[3]):,} is needed"
