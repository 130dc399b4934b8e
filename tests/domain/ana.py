"""Somebody who is made for one question, and the time of Paris at which it is asked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from mien.domain.devices import Device
from mien.domain.documents import Document
from mien.domain.ids import ProfileId
from mien.domain.matching import Occurrence, Person, matches
from mien.domain.preferences import SubscriptionKey
from mien.domain.segment_json import parse_segment
from mien.domain.values import Value
from tests.domain.crowd import MOMENT

PARIS = ZoneInfo("Europe/Paris")
NOW = MOMENT
"""2026-03-29 01:30 in Paris: half an hour before clocks go from 2 to 3."""


def ana(
    *events: Occurrence,
    devices: list[Device] | None = None,
    groups: dict[str, dict[str, bool]] | None = None,
    states: dict[SubscriptionKey, bool] | None = None,
    known: dict[str, Value] | None = None,
    **properties: Value,
) -> Person:
    """Give a person with these properties and events."""
    document = Document(
        0, properties=properties | (known or {}), devices=devices or [], groups=groups or {}
    )
    return Person(ProfileId(7), document, NOW * 1_000, events, states or {})


def is_in(raw: object, person: Person, *, now: int = NOW) -> bool:
    """Ask whether a person is in a segment, by the time of Paris."""
    return matches(parse_segment(raw), person, now, PARIS)


def at(text: str) -> int:
    """Give a moment of Paris in epoch seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp())
