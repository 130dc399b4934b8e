"""Values as fields of a form have them: written so that they are read as the same again.

A text stands as it is. One that a field could not keep, or that nobody could read there, stands
in quotation marks with its characters escaped, as in JSON: spaces around it, an end of a line,
what cannot be seen, nothing at all. Around other texts spaces do not count.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

import msgspec

from mien.domain.segments import DEPTH

_NUMBER = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LEADING_ZEROS = re.compile(r"^(-?)0+(?=\d)")
_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)
_BEYOND_ONE_UNIT = 0xFFFF

Reader: TypeAlias = Callable[[str], object]


class UnclearError(Exception):
    """A field cannot be read; `is_missing`: nothing is in it yet."""

    def __init__(self, problem: str, *, is_missing: bool = False) -> None:
        self.problem, self.is_missing = problem, is_missing
        super().__init__(problem)


def write_text(text: str) -> str:
    """Write a text for a field."""
    is_plain = text and text == text.strip() and text.isprintable() and not text.startswith('"')
    return text if is_plain else f'"{"".join(map(_escaped, text))}"'


def read_text(field: str) -> str:
    """Read a text out of a field; an empty field has none."""
    text = field.strip()
    if not text:
        problem = 'A value is needed; "" stands for the empty text.'
        raise UnclearError(problem, is_missing=True)
    if len(text) < len('""') or not (text.startswith('"') and text.endswith('"')):
        return text
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        problem = 'In quotation marks, " and \\ are written \\" and \\\\ as in JSON.'
        raise UnclearError(problem) from None


def read_name(field: str) -> str:
    """Read a name out of a field."""
    try:
        return read_text(field)
    except UnclearError as error:
        raise UnclearError(
            _NAME if error.is_missing else error.problem, is_missing=error.is_missing
        ) from None


def read_number(field: str) -> int | float:
    """Read a number out of a field."""
    text = _filled(field, "A number is needed.")
    if not _NUMBER.fullmatch(text):
        problem = "A number is needed, such as 25 or 0.5."
        raise UnclearError(problem)
    try:
        number: int | float = msgspec.json.decode(_LEADING_ZEROS.sub(r"\1", text))
    except msgspec.DecodeError:
        problem = "The number is too large."
        raise UnclearError(problem) from None
    return number


def read_whole(field: str) -> int:
    """Read a whole number out of a field."""
    text = _filled(field, "A whole number is needed.")
    if not _WHOLE.fullmatch(text):
        problem = "A whole number is needed, such as 30."
        raise UnclearError(problem)
    return int(text)


def read_day(field: str) -> str:
    """Read a day out of a field, as JSON has it."""
    text = _filled(field, "A day is needed.")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        problem = "A day such as 2026-03-29 is needed."
        raise UnclearError(problem) from None


def read_truth(field: str) -> bool:
    """Read true or false out of a field."""
    text = _filled(field, "Choose true or false.")
    if text not in ("true", "false"):
        problem = "Choose true or false."
        raise UnclearError(problem)
    return text == "true"


def write_scalar(value: object) -> str:
    """Write a value so that it tells what it is: texts that look like another are quoted."""
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    looks_like_another = value in ("true", "false") or _NUMBER.fullmatch(value)
    return f'"{value}"' if looks_like_another else write_text(value)


def read_scalar(field: str) -> object:
    """Read a value that is a number, true or false if it looks like one; other texts are texts."""
    text = field.strip()
    if text in ("true", "false"):
        return text == "true"
    return read_number(text) if _NUMBER.fullmatch(text) else read_text(field)


def lines_of(field: str) -> list[str]:
    """Give the lines of a field that have something in them."""
    lines = field.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line for line in lines if line.strip()]


def read_lines(field: str, read: Reader) -> list[object]:
    """Read a list out of a field, a value a line; says which line is none."""
    values: list[object] = []
    for place, line in enumerate(lines_of(field), start=1):
        try:
            values.append(read(line))
        except UnclearError as error:
            problem = f"Line {place}: {error.problem}"
            raise UnclearError(problem) from None
    if not values:
        problem = "At least one value is needed, a line each."
        raise UnclearError(problem, is_missing=True)
    return values


def read_json(text: str) -> object:
    """Read JSON out of a field."""
    if not text.strip():
        problem = "JSON is needed."
        raise UnclearError(problem, is_missing=True)
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        problem = f"This is no JSON: {error}."
        raise UnclearError(problem) from None
    except RecursionError:
        problem = f"Nodes nest deeper than {DEPTH} levels."
        raise UnclearError(problem) from None


_NAME = "A name is needed."


def _filled(field: str, problem: str) -> str:
    if not (text := field.strip()):
        raise UnclearError(problem, is_missing=True)
    return text


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    if code <= _BEYOND_ONE_UNIT:
        return f"\\u{code:04x}"
    pair = character.encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(pair[at : at + 2]):04x}" for at in (0, 2))
