"""Parts as the JSON of the segment language, and that as parts.

Neither loses anything: what is wrong in a field stays in the JSON as far as JSON can have it,
and what no form can show becomes a part that shows its JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.segments import DEPTH, OF_A_PROPERTY, Figure
from mien.domain.values import ValueType
from mien.web.builder import fields as f
from mien.web.builder.fields import Reader, UnclearError
from mien.web.builder.parts import (
    AS_JSON,
    CONDITIONS,
    FACT,
    FILTER,
    GROUPS,
    ITEM,
    MARKS,
    Part,
    Path,
)

Raw: TypeAlias = dict[str, object]

TEXT, NUMBER, TRUTH, MIXED = "text", "number", "truth", "mixed"
"""What a value that is compared is, as the field `type` says."""

_BY_TYPE: Mapping[str, Reader] = {
    TEXT: f.read_text,
    NUMBER: f.read_number,
    TRUTH: f.read_truth,
    MIXED: f.read_scalar,
}

SCALAR: Reader = f.read_scalar
"""Stands for the reader of the type that the part says."""

_LIMIT = (("value", f.read_number),)
_TEXT = (("value", f.read_text),)
_DAY = (("day", f.read_day),)
_COUNT = (("days", f.read_whole),)
OPERANDS: Mapping[str, Sequence[tuple[str, Reader]]] = {
    "exists": (),
    "equals": (("value", SCALAR),),
    "any_of": (("values", SCALAR),),
    **dict.fromkeys(("contains", "starts_with", "version_below", "version_at_least"), _TEXT),
    **dict.fromkeys(("less_than", "at_most", "more_than", "at_least"), _LIMIT),
    "between": (("low", f.read_number), ("high", f.read_number)),
    **dict.fromkeys(("before", "on", "after"), _DAY),
    **dict.fromkeys(("in_last", "in_next", "anniversary"), _COUNT),
    **dict.fromkeys(("has_any", "has_all"), (("values", f.read_text),)),
}
"""What each operator takes, and how it is read out of the field of that name."""

WINDOWS: Mapping[str, Sequence[tuple[str, Reader]]] = {
    "last_days": (("last_days", f.read_whole),),
    "last_hours": (("last_hours", f.read_whole),),
    "days": (("from", f.read_day), ("to", f.read_day)),
    "moments": (("since", f.read_whole), ("until", f.read_whole)),
}
"""What each window takes besides none, in the same way; of `days` one may be missing."""

ITEMS = "items"
"""What the field `told` of a filter says that is on items and has parts, one on each item."""

NOTS = DEPTH
"""How many times a part is negated at most."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a field of a part, or with the part (`field` empty)."""

    path: Path
    field: str
    text: str
    is_missing: bool = False
    """It is only not filled in yet."""


class _Writer:
    """Writes parts as JSON, and keeps what is wrong in their fields."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def part(self, part: Part, path: Path) -> object:
        raw = self._plain(part, path)
        for _ in range(min(part.nots, NOTS)):
            raw = {"not": raw}
        return raw

    def _plain(self, part: Part, path: Path) -> object:
        match part.kind:
            case "all" | "any":
                return self._group(part, path)
            case "filter" if part.get("told") == ITEMS:
                return {ITEMS: self._name(part, path), "has": self._inside(part, path)}
            case "property" | "derived" | "filter" | "item" | "fact":
                name = self._name(part, path)
                return {_KEYS.get(part.kind, part.get("told") or "property"): name} | (
                    self._condition(part, path)
                )
            case "did":
                return self._did(part, path)
            case _:
                return self._other(part, path)

    def _group(self, part: Part, path: Path) -> object:
        inner = [self.part(each, (*path, place)) for place, each in enumerate(part.parts)]
        return inner[0] if part.get("bare") and len(inner) == 1 else {part.kind: inner}

    def _other(self, part: Part, path: Path) -> object:
        match part.kind:
            case "device":
                return {"device": self._inside(part, path)}
            case "channel":
                group = {"group": self._name(part, path, "group")} if part.get("group") else {}
                return {"channel": part.get("channel"), "is": part.get("is"), **group}
            case kind if kind in MARKS:
                return {kind: True}
            case "segment":
                return self._take({}, part, path, (("segment", _segment),))
            case _:
                return self._json(part, path)

    def _did(self, part: Part, path: Path) -> Raw:
        raw: Raw = {"did": self._name(part, path)}
        if (window := part.get("window")) in WINDOWS:
            taken = WINDOWS[window]
            if window == "days" and (part.get("from") or part.get("to")):
                taken = [each for each in taken if part.get(each[0])]
            raw["window"] = self._take({}, part, path, taken)
        if part.parts:
            raw["where"] = self._inside(part, path)
        if part.get("first_time"):
            raw["first_time"] = True
        if (figure := part.get("figure")) in list(Figure):
            of = {"of": self._name(part, path, "of")} if figure in OF_A_PROPERTY else {}
            raw[figure] = of | self._condition(part, path)
        return raw

    def _inside(self, part: Part, path: Path) -> list[object]:
        return [self.part(each, (*path, place)) for place, each in enumerate(part.parts)]

    def _condition(self, part: Part, path: Path) -> Raw:
        op = part.get("op")
        return self._take({"op": op}, part, path, OPERANDS.get(op, ()))

    def _take(self, raw: Raw, part: Part, path: Path, taken: Sequence[tuple[str, Reader]]) -> Raw:
        for field, reader in taken:
            read = _BY_TYPE[type_of(part)] if reader is SCALAR else reader
            whole = _listing(read) if field == "values" else read
            value = self._read(part.get(field), path, field, whole)
            if value is not None:
                raw[field] = value
        return raw

    def _name(self, part: Part, path: Path, field: str = "name") -> object:
        return self._read(part.get(field), path, field, f.read_name) or ""

    def _read(self, text: str, path: Path, field: str, read: Reader) -> object:
        """Read a field; what cannot be read is given as it is, None for nothing."""
        try:
            return read(text)
        except UnclearError as error:
            self.problems.append(Problem(path, field, error.problem, error.is_missing))
            return text.strip() or None

    def _json(self, part: Part, path: Path) -> object:
        return self._read(part.get("json"), path, "json", f.read_json)


_KEYS = {"property": "property", "derived": "derived", FACT: "fact"}


def type_of(part: Part) -> str:
    """Give what the values are with which a part compares: its kind, or the field says it."""
    match part.kind:
        case "derived":
            field = DERIVED_FIELDS.get(part.get("name"))
            return NUMBER if field is not None and field.type is ValueType.INTEGER else TEXT
        case "did":
            return NUMBER
        case "property" | "filter" | "item":
            of_many = part.get("op") == "any_of"
            known = (TEXT, NUMBER, MIXED) if of_many else (TEXT, NUMBER, TRUTH)
            return part.get("type") if part.get("type") in known else TEXT
        case _:
            return TEXT


def write_json(part: Part, path: Path = ()) -> tuple[object, list[Problem]]:
    """Write a part, and what is in it, as JSON; gives what is wrong in its fields too."""
    writer = _Writer()
    raw = writer.part(part, path)
    return raw, writer.problems


def read_json(raw: object) -> Part:
    """Give the parts that show a tree, or what somebody takes for one; written, it is the same."""
    part = _read_part(raw, level=1)
    return part if part.kind in GROUPS and not part.nots else Part("all", {"bare": "1"}, (part,))


def pretty(raw: object) -> str:
    """Write JSON for people."""
    return msgspec.json.format(msgspec.json.encode(raw), indent=2).decode()


def _read_part(raw: object, *, level: int) -> Part:
    inner, nots = raw, 0
    while isinstance(inner, dict) and list(inner) == ["not"] and nots < NOTS:
        inner, nots = inner["not"], nots + 1
    part = _read_plain(inner, level) if isinstance(inner, dict) else None
    if part is None:
        return Part(AS_JSON, {"json": pretty(raw)})
    return _negated(part, nots)


def _read_plain(raw: Raw, level: int) -> Part | None:
    """Give the part that shows an object, None if there is none."""
    kind = next((each for each in (*GROUPS, *CONDITIONS) if each in raw), "")
    if kind in GROUPS:
        nodes = raw[kind]
        if not isinstance(nodes, list) or len(raw) > 1 or level > DEPTH:
            return None
        return Part(kind, {}, tuple(_read_part(each, level=level + 1) for each in nodes))
    if kind not in _READERS:
        return None
    return _same(_READERS[kind](raw), raw)


def _same(part: Part | None, raw: object) -> Part | None:
    """Give a part if what it says is all of it."""
    return part if part is not None and _form(write_json(part)[0]) == _form(raw) else None


def _form(raw: object) -> bytes:
    return msgspec.json.encode(raw, order="sorted")


def _negated(part: Part, nots: int) -> Part:
    fields = {**part.fields, "nots": str(nots)} if nots else part.fields
    return msgspec.structs.replace(part, fields=fields)


def _read_named(kind: str) -> Callable[[Raw], Part]:
    return lambda raw: Part(kind, {"name": _shown(raw.get(kind)), **_condition(raw)})


def _read_mark(kind: str) -> Callable[[Raw], Part]:
    return lambda _: Part(kind)


def _read_did(raw: Raw) -> Part | None:
    fields = {"name": _shown(raw.get("did")), **_window(raw.get("window"))}
    if "first_time" in raw:
        fields["first_time"] = "1"
    figure = next((each for each in Figure if each in raw), None)
    told = None if figure is None else raw[figure]
    if figure is not None and isinstance(told, dict):
        of = {"of": _shown(told["of"])} if "of" in told else {}
        fields |= {"figure": str(figure), **of, **_condition(told)}
    parts = _several(raw.get("where", []), _read_filter)
    return None if parts is None else Part("did", fields, parts)


def _window(raw: object) -> dict[str, str]:
    if not isinstance(raw, dict):
        return {}
    for kind, taken in WINDOWS.items():
        if raw.keys() & {field for field, _ in taken}:
            return {"window": kind, **{field: _shown(each) for field, each in raw.items()}}
    return {}


def _read_filter(raw: object) -> Part | None:
    inner, nots = _without_not(raw)
    if not isinstance(inner, dict):
        return None
    if ITEMS in inner:
        return _read_items(inner, nots)
    told = "session" if "session" in inner else "property"
    fields = {"told": told, "name": _shown(inner.get(told)), **_condition(inner)}
    return _negated(Part(FILTER, fields), nots)


def _read_items(raw: Raw, nots: int) -> Part | None:
    parts = _several(raw.get("has"), _read_item)
    fields = {"told": ITEMS, "name": _shown(raw[ITEMS])}
    return None if parts is None else _negated(Part(FILTER, fields, parts), nots)


def _read_item(raw: object) -> Part | None:
    inner, nots = _without_not(raw)
    if not isinstance(inner, dict):
        return None
    fields = {"name": _shown(inner.get("property")), **_condition(inner)}
    return _negated(Part(ITEM, fields), nots)


def _without_not(raw: object) -> tuple[object, int]:
    """Give what is negated, and how many times; what is not, as it is."""
    return (raw["not"], 1) if isinstance(raw, dict) and list(raw) == ["not"] else (raw, 0)


def _read_device(raw: Raw) -> Part | None:
    parts = _several(raw["device"], _read_fact)
    return None if parts is None else Part("device", {}, parts)


def _read_fact(raw: object) -> Part | None:
    if not isinstance(raw, dict):
        return None
    return Part(FACT, {"name": _shown(raw.get("fact")), **_condition(raw)})


def _several(raw: object, read: Callable[[object], Part | None]) -> tuple[Part, ...] | None:
    parts = [read(each) for each in raw] if isinstance(raw, list) else [None]
    known = tuple(each for each in parts if each is not None)
    return known if len(known) == len(parts) else None


def _read_channel(raw: Raw) -> Part:
    group = {"group": _shown(raw["group"])} if "group" in raw else {}
    return Part(
        "channel", {"channel": _shown(raw["channel"]), "is": _shown(raw.get("is")), **group}
    )


_READERS: Mapping[str, Callable[[Raw], Part | None]] = {
    "property": _read_named("property"),
    "derived": _read_named("derived"),
    "did": _read_did,
    "device": _read_device,
    "channel": _read_channel,
    **{kind: _read_mark(kind) for kind in MARKS},
    "segment": lambda raw: Part("segment", {"segment": _shown(raw["segment"])}),
}


def _condition(raw: Raw) -> dict[str, str]:
    """Give the fields of a condition."""
    fields = {"op": _shown(raw.get("op"))}
    for field in ("value", "low", "high", "day", "days"):
        if field in raw:
            fields[field] = _shown(raw[field])
    if "value" in raw:
        fields["type"] = _type_of(raw["value"])
    if isinstance(values := raw.get("values"), list) and values:
        types = {_type_of(each) for each in values}
        fields["type"] = types.pop() if len(types) == 1 and types <= {TEXT, NUMBER} else MIXED
        write = f.write_scalar if fields["type"] == MIXED else _shown
        fields["values"] = "\n".join(map(write, values))
    return fields


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return TRUTH
    return NUMBER if isinstance(value, int | float) else TEXT


def _shown(value: object) -> str:
    """Write a value for a field whose type is told elsewhere."""
    if value is None:
        return ""
    return f.write_text(value) if isinstance(value, str) else f.write_scalar(value)


def _segment(text: str) -> str:
    if not text.strip():
        problem = "Choose a segment."
        raise UnclearError(problem, is_missing=True)
    return text.strip()


def _listing(read: Reader) -> Reader:
    return lambda field: f.read_lines(field, read)
