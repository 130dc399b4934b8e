"""What all parts of a query share: objects without unknown keys, lists, names, each with its path."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, TypeVar

from mien.domain.errors import InvalidInputError
from mien.domain.rejects import Rejected

Raw: TypeAlias = Mapping[str, object]

T = TypeVar("T")


def parse_object(raw: object, path: str, known: Collection[str]) -> Raw:
    """Take an object that has no other keys than the known ones."""
    if not isinstance(raw, dict):
        raise InvalidInputError(path, "an object is needed" if path else _QUERY)
    for key in raw:
        if key not in known:
            at = f"{path}.{key[:40]}" if path else key[:40]
            raise InvalidInputError(at, f"unknown here; known are {', '.join(sorted(known))}")
    return raw


_QUERY = "The query needs to be an object"


def parse_list(raw: object, path: str, parse: Callable[[object, str], T]) -> list[T]:
    """Read each item of a list; what is absent or null has none."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise InvalidInputError(path, "a list is needed")
    return [parse(each, f"{path}[{place}]") for place, each in enumerate(raw)]


def parse_name(raw: Raw, path: str, check: Callable[[str], str]) -> str:
    """Read the `name` of a filter, one that data could have."""
    return check_name(raw.get("name"), f"{path}.name", check)


def check_name(name: object, path: str, check: Callable[[str], str]) -> str:
    """Take a name that data could have."""
    if not isinstance(name, str):
        raise InvalidInputError(path, "a text is needed")
    check_unicode(name, path)
    try:
        return check(name)
    except Rejected as rejected:
        raise InvalidInputError(path, rejected.reason) from None


def check_unicode(text: str, path: str) -> None:
    """Refuse a text with half a character, which no name and no value has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(path, "the text has half a character (a surrogate)") from None


def known_as(name: object, path: str, known: Mapping[str, T]) -> T:
    """Find what a name of a fixed list means; case, and `_` for a space, do not matter."""
    key = name.strip().casefold().replace("_", " ") if isinstance(name, str) else ""
    if key in known:
        return known[key]
    said = "a name is missing" if name is None else f"{str(name)[:40]!r} is not known"
    raise InvalidInputError(path, f"{said}; known are {', '.join(known)}")
