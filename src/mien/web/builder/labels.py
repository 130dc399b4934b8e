"""The words of the builder for what the language has: operators, windows, figures, channels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from mien.domain.condition_json import fitting
from mien.domain.conditions import OPERATORS
from mien.domain.derived import DERIVED_FIELDS
from mien.domain.preferences import Channel
from mien.domain.segments import OF_TIME, ChannelState, Figure
from mien.domain.values import ValueType
from mien.web.builder.parts import Part

Labels: TypeAlias = Mapping[str, str]

OPERATOR_LABELS: Labels = {
    "equals": "is",
    "any_of": "is one of",
    "exists": "is known",
    "contains": "contains",
    "starts_with": "starts with",
    "version_below": "is a version before",
    "version_at_least": "is version … or later",
    "less_than": "is less than",
    "at_most": "is at most",
    "more_than": "is more than",
    "at_least": "is at least",
    "between": "is between",
    "before": "is before",
    "on": "is on",
    "after": "is after",
    "in_last": "is in the last … days",
    "in_next": "is in the next … days",
    "anniversary": "has an anniversary within … days",
    "has_any": "has any of",
    "has_all": "has all of",
}
KIND_LABELS: Labels = {
    "property": "Property",
    "derived": "Age, place, more",
    "did": "Event",
    "device": "Device",
    "channel": "Channel",
    "segment": "Segment",
    "test_user": "Is a test user",
    "disabled": "Is disabled",
}
GROUP_LABELS: Labels = {"all": "All of these", "any": "At least one of these"}
WINDOW_LABELS: Labels = {
    "": "at any time",
    "last_days": "in the last … days",
    "last_hours": "in the last … hours",
    "days": "between two days",
    "moments": "between two moments",
}
FIGURE_LABELS: Labels = {
    "": "at least once",
    Figure.COUNT: "so many times",
    Figure.SUM: "with a sum of",
    Figure.AVERAGE: "with an average of",
    Figure.DISTINCT: "with different values of",
    Figure.FIRST: "with the first one",
    Figure.LAST: "with the last one",
}
TOLD_LABELS: Labels = {"property": "property", "session": "session", "items": "items"}
TOLD_NAMES: Labels = {
    "property": "Property of the event",
    "session": "Property of the session",
    "items": "List of items",
}
CHANNEL_LABELS: Labels = {
    Channel.EMAIL: "E-mail",
    Channel.SMS: "SMS",
    Channel.WHATSAPP: "WhatsApp",
    Channel.PUSH: "Push",
    Channel.WEB_PUSH: "Web push",
}
STATE_LABELS: Labels = {
    ChannelState.REACHABLE: "can be reached",
    ChannelState.OPTED_IN: "opted in",
    ChannelState.OPTED_OUT: "opted out",
    ChannelState.UNDECIDED: "said neither yes nor no",
}
PERSON_LABELS: Labels = {"": "choose", "identified": "identified", "anonymous": "anonymous"}
VALUE_LABELS: Labels = {"text": "text", "number": "number", "truth": "true or false"}
VALUES_LABELS: Labels = {"text": "texts", "number": "numbers", "mixed": "mixed"}

_SAME = ("equals", "any_of", "exists")
_FITTING: Mapping[ValueType, Iterable[str]] = {
    ValueType.STRING: fitting(ValueType.STRING),
    ValueType.INTEGER: fitting(ValueType.INTEGER),
    ValueType.FLOAT: fitting(ValueType.INTEGER),
    ValueType.DATE: fitting(ValueType.DATE),
    ValueType.BOOLEAN: _SAME,
    ValueType.LIST: ("has_any", "has_all", "exists"),
}
_ALWAYS_COUNTED = frozenset({Figure.COUNT, Figure.DISTINCT})


def operators_of(kind: ValueType | None) -> list[str]:
    """Give the operators that make sense of a type; of an unknown one all, the likeliest first."""
    known = OPERATORS if kind is None else _FITTING.get(kind, OPERATORS)
    return [op for op in OPERATOR_LABELS if op in known]


def fixed_type(part: Part) -> ValueType | None:
    """Give the type of what a part compares if the language knows it, else None."""
    match part.kind:
        case "derived":
            field = DERIVED_FIELDS.get(part.get("name"))
            return ValueType.STRING if field is None else field.type
        case "fact":
            return ValueType.STRING
        case "did":
            return ValueType.DATE if part.get("figure") in OF_TIME else ValueType.INTEGER
        case _:
            return None


def choices_of_operators(part: Part, kind: ValueType | None) -> list[tuple[str, Sequence[str]]]:
    """Give the operators that a part can have, in groups with a label; `kind` is its type.

    Where the language knows the type, others are wrong; where only the data says it, they are last.
    """
    if (fixed := fixed_type(part)) is not None:
        fit = operators_of(fixed)
        has_always = part.kind == "did" and part.get("figure") in _ALWAYS_COUNTED
        return [("", [op for op in fit if not (has_always and op == "exists")])]
    fit = operators_of(kind)
    rest = [op for op in OPERATOR_LABELS if op not in fit]
    return [
        (f"For {kind.lower()}" if rest and kind else "", fit),
        *([("Others", rest)] if rest else []),
    ]
