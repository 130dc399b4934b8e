"""What the reports of the original are asked beside a query: trends, top values, people now, messages.

Source: G-12; which limits stand is told by its documentation.
"""

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from mien.domain.cql.days import parse_day
from mien.domain.cql.parts import Raw, check_name, check_unicode, known_as, parse_list, parse_object
from mien.domain.cql.people import CHANNELS, FACTS, FIELD_OF_DEMOGRAPHIC
from mien.domain.errors import InvalidInputError
from mien.domain.segments import Did, Moments
from mien.domain.values import check_event_key, check_key

GROUPS = 5
"""How many groups of a trend are asked at once."""

TEXTS, ENUMERATED = "STR", "ENUM"
"""Types of texts in the answers of the original: any, and those of a technology."""

TOP_GROUPS = 20
TOP_DEFAULT, TOP_MAX = 10, 100
TREND_DAYS = 366

TOP_KEYS = frozenset({"groups"})
TREND_KEYS = TOP_KEYS | {"unique", "sum_event_prop"}
"""What is asked beside the query itself."""

_LABEL_CHARACTERS = 120
_TAKEN = ("status", "req_id")
"""What an answer has beside its labels."""
_DAY_SECONDS = 86_400


class Step(StrEnum):
    """How long each number of a trend is; the values are those of the API."""

    DAY = "daily"
    WEEK = "weekly"
    MONTH = "monthly"


class Measure(StrEnum):
    """What a trend shows of each day, week or month."""

    EVENTS = "events"
    PEOPLE = "people"
    SUM = "sum"


class Trend(msgspec.Struct, frozen=True):
    """A trend: what is measured, of which property if it is a sum, and the step of each label."""

    measure: Measure
    of: str | None
    steps: Mapping[str, Step]


class Side(StrEnum):
    """Where the values that are ranked come from."""

    EVENT = "event"
    SESSION = "session"
    PROPERTY = "property"
    DERIVED = "derived"
    FACT = "fact"
    CHANNEL = "channel"


class Ranked(msgspec.Struct, frozen=True):
    """What is ranked: a property of the events, of their session or of whoever did them."""

    side: Side
    name: str


class Top(msgspec.Struct, frozen=True):
    """The values that come most often, or least, and how many of them.

    `texts` is what clients call the type of those that are texts.
    """

    ranked: Ranked
    count: int = TOP_DEFAULT
    is_rising: bool = False
    texts: str = TEXTS


def parse_trend(whole: Raw, event: Did) -> Trend:
    """Read what a trend is asked of its event, or raise `InvalidInputError` with the path."""
    groups = _groups(whole, GROUPS)
    steps = {
        label: _step(parse_object(part, path, {"trend_type"}), path) for label, path, part in groups
    }
    is_unique = _flag(whole, "unique")
    of = whole.get("sum_event_prop")
    if of is not None:
        of = check_name(of, "sum_event_prop", check_event_key)
        if is_unique:
            problem = "a sum is of events; leave out unique, or this"
            raise InvalidInputError(path="sum_event_prop", problem=problem)
    if isinstance(event.window, Moments) and _days(event.window) > TREND_DAYS:
        raise InvalidInputError(path="to", problem=f"a trend spans at most {TREND_DAYS} days")
    measure = Measure.SUM if of is not None else Measure.PEOPLE if is_unique else Measure.EVENTS
    return Trend(measure, of, steps)


def parse_top(whole: Raw) -> dict[str, Top]:
    """Read which values are ranked, by label, or raise `InvalidInputError` with the path."""
    return {label: _top(part, path) for label, path, part in _groups(whole, TOP_GROUPS)}


_SPLITS = ("user_type", "session_source", "browser", "os", "device")


def parse_splits(raw: object) -> list[str]:
    """Read by what the people of now are counted too, or raise `InvalidInputError`."""
    part = parse_object(raw, "", _SPLITS)
    return [name for name in _SPLITS if _flag(part, name)]


class MessageReport(msgspec.Struct, frozen=True):
    """Which campaigns a report is asked of: begun within these days, and of these kinds."""

    first: date
    last: date
    is_daily: bool = False
    kinds: Mapping[str, tuple[str, ...]] = {}


_KINDS: Mapping[str, frozenset[str] | None] = {
    "channel": None,
    "delivery": frozenset(
        ["one_time", "inaction", "action", "recurring", "property_time", "api", "multiple_dates"]
    ),
    "status": frozenset(["scheduled", "running", "stopped", "completed"]),
    "message_type": frozenset(["single", "ab", "message_on_user_property"]),
    "label": None,
}


def parse_message_report(raw: object) -> MessageReport:
    """Read which campaigns are meant, or raise `InvalidInputError` with the path."""
    part = parse_object(raw, "", {"from", "to", "daily", *_KINDS})
    first, last = parse_day(part.get("from"), "from"), parse_day(part.get("to"), "to")
    if last < first:
        raise InvalidInputError(path="to", problem="it needs to be after from")
    kinds = {name: _kinds(part, name) for name in _KINDS if part.get(name) is not None}
    return MessageReport(first, last, _flag(part, "daily"), kinds)


def _kinds(part: Raw, name: str) -> tuple[str, ...]:
    known = _KINDS[name]

    def parse(each: object, path: str) -> str:
        if not isinstance(each, str):
            raise InvalidInputError(path, "a text is needed")
        if known is not None and each not in known:
            problem = f"{each[:40]!r} is not known; known are {', '.join(sorted(known))}"
            raise InvalidInputError(path, problem)
        return each

    return tuple(parse_list(part[name], name, parse))


def _groups(raw: Raw, limit: int) -> list[tuple[str, str, object]]:
    """Give the groups of a report: label, path, and what is asked."""
    groups = raw.get("groups")
    if not isinstance(groups, dict) or not 1 <= len(groups) <= limit:
        problem = f"an object of 1 to {limit} groups by their labels is needed"
        raise InvalidInputError(path="groups", problem=problem)
    for label in groups:
        check_unicode(label, "groups")
        if label in _TAKEN or not 1 <= len(label) <= _LABEL_CHARACTERS:
            problem = (
                f"a label has 1 to {_LABEL_CHARACTERS} characters and is not {' or '.join(_TAKEN)}"
            )
            raise InvalidInputError(path=f"groups.{label[:40]}", problem=problem)
    return [(label, f"groups.{label[:40]}", part) for label, part in groups.items()]


def _step(part: Raw, path: str) -> Step:
    said = part.get("trend_type")
    if not isinstance(said, str) or said not in list(Step):
        problem = f"it is one of {', '.join(Step)}"
        raise InvalidInputError(path=f"{path}.trend_type", problem=problem)
    return Step(said)


def _top(raw: object, path: str) -> Top:
    part = parse_object(raw, path, {"property_type", "name", "top_n", "order"})
    order = part.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidInputError(path=f"{path}.order", problem="it is asc or desc")
    count = part.get("top_n", TOP_DEFAULT)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= TOP_MAX:
        problem = f"a number from 1 to {TOP_MAX} is needed"
        raise InvalidInputError(path=f"{path}.top_n", problem=problem)
    texts = ENUMERATED if part.get("property_type") == "technographics" else TEXTS
    return Top(_ranked(part, path), count, is_rising=order == "asc", texts=texts)


def _ranked(part: Raw, path: str) -> Ranked:
    name, at = part.get("name"), f"{path}.name"
    match part.get("property_type"):
        case "event_properties":
            return Ranked(Side.EVENT, check_name(name, at, check_event_key))
        case "session_properties":
            return Ranked(Side.SESSION, check_name(name, at, check_event_key))
        case "profile_fields":
            return _of_person(check_name(name, at, check_key), derived=("Age",))
        case "demographics":
            named = known_as(name, at, FIELD_OF_DEMOGRAPHIC)
            return _of_person(named, derived=("Age", "Language"))
        case _:
            return _of_device(part, name, path)


def _of_device(part: Raw, name: object, path: str) -> Ranked:
    at = f"{path}.name"
    match part.get("property_type"):
        case "geo_fields":
            return Ranked(Side.DERIVED, known_as(name, at, _PLACES))
        case "technographics" | "app_fields":
            return Ranked(Side.FACT, known_as(name, at, FACTS))
        case "reachability":
            return Ranked(Side.CHANNEL, known_as(name, at, CHANNELS))
        case _:
            problem = f"it is one of {', '.join(_TYPES)}"
            raise InvalidInputError(path=f"{path}.property_type", problem=problem)


_PLACES = {"country": "Country", "region": "Region", "city": "City"}
_TYPES = (
    "event_properties",
    "session_properties",
    "profile_fields",
    "app_fields",
    "demographics",
    "technographics",
    "reachability",
    "geo_fields",
)


def _flag(raw: Raw, name: str) -> bool:
    """Read a flag; clients write it as a text too, and as null where it is not asked."""
    value = raw.get(name)
    if value is None:
        return False
    said = value.lower() if isinstance(value, str) else value
    if said not in (True, False, "true", "false"):
        raise InvalidInputError(name, "true or false is needed")
    return said in (True, "true")


def _days(window: Moments) -> int:
    return (window.until - window.since) // _DAY_SECONDS


def _of_person(name: str, *, derived: Collection[str]) -> Ranked:
    return Ranked(Side.DERIVED if name in derived else Side.PROPERTY, name)
