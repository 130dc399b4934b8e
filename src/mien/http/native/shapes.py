"""What a body could have had where it has a name or a value that is not known."""

import re

from msgspec import inspect

_STEP = re.compile(r"\.?([^.\[\]]+)|\[[^\]]*\]")
_UNKNOWN = ("Invalid enum value", "Object contains unknown field")


def known_at(shape: object, path: str, problem: str) -> str:
    """Give what to add to a problem that is told of a place in a body of a shape; nothing if that helps nobody."""
    if not problem.startswith(_UNKNOWN):
        return ""
    kinds = [inspect.type_info(shape)]
    for step in _STEP.finditer(path):
        kinds = [inside for kind in _each(kinds) for inside in _inside(kind, step[1])]
    names = [name for kind in _each(kinds) for name in _names(kind)]
    return f"; known are {', '.join(names)}" if names else ""


def _each(kinds: list[inspect.Type]) -> list[inspect.Type]:
    """Give the kinds, and in place of a union all that are in it."""
    return [
        each
        for kind in kinds
        for each in (kind.types if isinstance(kind, inspect.UnionType) else (kind,))
    ]


def _inside(kind: inspect.Type, name: str | None) -> list[inspect.Type]:
    """Give what is under a name of an object, or, for None, what each item of a list is."""
    match kind:
        case inspect.StructType(fields=fields):
            return [each.type for each in fields if each.encode_name == name]
        case inspect.CollectionType(item_type=item):
            return [item]
        case inspect.DictType(value_type=value):
            return [value]
        case _:
            return []


def _names(kind: inspect.Type) -> list[str]:
    match kind:
        case inspect.StructType(fields=fields):
            return [each.encode_name for each in fields]
        case inspect.EnumType(cls=members):
            return [str(each.value) for each in members]
        case inspect.LiteralType(values=values):
            return list(map(str, values))
        case _:
            return []
