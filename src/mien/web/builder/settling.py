"""What parts begin with: fields that nobody has filled in yet get what is likeliest.

A condition whose name was changed to a property of another type gets an operator that fits, as
long as nothing was typed beside it.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.devices import FACT_NAMES
from mien.domain.events import event_key
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.segments import Figure
from mien.domain.values import ValueType
from mien.web.builder.fields import UnclearError, read_name
from mien.web.builder.labels import choices_of_operators, fixed_type
from mien.web.builder.parts import FACT, FILTER, ITEM, Part
from mien.web.builder.trees import ITEMS, NUMBER, OPERANDS, TEXT, TRUTH

Types: TypeAlias = Mapping[tuple[str, str], ValueType]
"""The types of properties by the key of their event (empty: of people) and their name."""

_DAYS = "30"
_VALUES = ("value", "values", "low", "high", "day", "days")
_LIKELY = {
    ValueType.INTEGER: "at_least",
    ValueType.FLOAT: "at_least",
    ValueType.DATE: "in_last",
    ValueType.LIST: "has_any",
}
VALUE_TYPES: Mapping[ValueType | None, str] = {
    ValueType.INTEGER: NUMBER,
    ValueType.FLOAT: NUMBER,
    ValueType.BOOLEAN: TRUTH,
    ValueType.STRING: TEXT,
}
"""What values are that are compared with a property of a type."""


_FIRST = {"derived": "Age"}
_PARTS = {FILTER: ITEM, "device": FACT}
"""Of what there is one part at least in a part."""


def settle(part: Part, types: Types, event: str = "") -> Part:
    """Give a part, and all in it, with what it begins with; `event` is the one it is within."""
    if part.kind == "did":
        event = event_key(plain_name(part))
    parts = tuple(settle(each, types, event) for each in part.parts)
    if part.kind == FILTER and part.get("told") != ITEMS:
        parts = ()
    elif (first := _PARTS.get(part.kind)) is not None and not parts:
        parts = (settle(Part(first), types),)
    part = msgspec.structs.replace(part, fields=_named(part)) if part.kind == "derived" else part
    fields = _settled(part, type_known(part, types, event))
    return msgspec.structs.replace(part, fields=fields, parts=parts)


def plain_name(part: Part) -> str:
    """Give the name in a part, empty if there is none."""
    try:
        return read_name(part.get("name"))
    except UnclearError:
        return ""


def type_known(part: Part, types: Types, event: str) -> ValueType | None:
    """Give the type of what a part compares, as the language or the data knows it."""
    if (fixed := fixed_type(part)) is not None:
        return fixed
    if part.kind == FILTER:
        return types.get((event, plain_name(part)))
    if part.kind == ITEM:
        return None
    standard = STANDARD_FIELDS.get(name := plain_name(part))
    return standard.type if standard is not None else types.get(("", name))


def _settled(part: Part, kind: ValueType | None) -> Mapping[str, str]:
    match part.kind:
        case "did":
            return _did(part, kind)
        case "channel":
            channel, state = part.get("channel") or "email", part.get("is") or "reachable"
            return {**part.fields, "channel": channel, "is": state}
        case "filter" if part.get("told") == ITEMS:
            return part.fields
        case "property" | "derived" | "filter" | "item" | "fact":
            return _condition(part, _named(part), kind)
        case _:
            return part.fields


def _named(part: Part) -> dict[str, str]:
    """Choose what the condition is on, where that is one of few."""
    if part.kind == FILTER:
        return {**part.fields, "told": part.get("told") or "property"}
    known = {"derived": list(DERIVED_FIELDS), FACT: list(FACT_NAMES)}.get(part.kind)
    if known is None or part.get("name") in known:
        return dict(part.fields)
    return {**part.fields, "name": _FIRST.get(part.kind, known[0])}


def _did(part: Part, kind: ValueType | None) -> Mapping[str, str]:
    fields = dict(part.fields)
    if (window := part.get("window")) in ("last_days", "last_hours"):
        fields.setdefault(window, _DAYS)
    return _condition(part, fields, kind) if part.get("figure") in list(Figure) else fields


def _condition(part: Part, fields: dict[str, str], kind: ValueType | None) -> dict[str, str]:
    """Choose the operator, and of which type a value is."""
    groups = choices_of_operators(part, kind)
    (_, fit), known = groups[0], [op for _, some in groups for op in some]
    is_filled = any(part.get(field).strip() for field in _VALUES)
    op = part.get("op")
    if op not in known or (op not in fit and not is_filled):
        likely = "equals" if kind is None else _LIKELY.get(kind, "equals")
        op = fields["op"] = likely if likely in fit else fit[0]
    if kind in VALUE_TYPES and not is_filled:
        fields["type"] = VALUE_TYPES[kind]
    return _carried(fields, op)


def _carried(fields: dict[str, str], op: str) -> dict[str, str]:
    """Let what was typed for one operator serve for the next."""
    taken = [field for field, _ in OPERANDS.get(op, ())]
    for field, other in (
        ("values", "value"),
        ("value", "values"),
        ("low", "value"),
        ("value", "low"),
    ):
        if field in taken and not fields.get(field) and "\n" not in fields.get(other, "").strip():
            fields[field] = fields.get(other, "").strip()
    return fields
