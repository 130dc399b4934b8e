"""The records that are uploaded: plausible, and the same in every run.

Ids, addresses and phone numbers are spread over their whole range, as they are in
life. Counting up would make every index append at its end and flatter the store.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from bench.jobs import STRIDE, Events, Export, Profiles, numbers

Record: TypeAlias = dict[str, object]

FIRST_NAMES = ("Asha", "Bruno", "Chloe", "Daniel", "Elif", "Farah", "Goran", "Hana")
LAST_NAMES = ("Martin", "Silva", "Sharma", "Novak", "Okafor", "Tanaka", "Weber")
CITIES = ("Paris", "Mumbai", "Lisbon", "Lagos", "Osaka", "Berlin", "Austin", "Sofia", "Quito")
PLANS = ("free", "silver", "gold", "platinum")
TAGS = ("sports", "news", "travel", "music", "books", "games", "food")
COMMON_EVENT = "Product Viewed"
OTHER_EVENTS = (
    "Product Searched",
    "Category Viewed",
    "Added To Cart",
    "Checkout Started",
    "Order Placed",
    "Video Played",
    "Review Written",
)
VISIT_EVENTS = 4
STORED_DAYS = 90

_SPREAD, _ID_RANGE = 2_654_435_761, 2**32
_PHONE_SPREAD, _PHONE_RANGE = 61_803_399, 10**8
_FIRST_BIRTH, _BIRTH_STEP, _BIRTH_SPAN = 10_000_000, 7_654_321, 1_100_000_000


def identity(number: int) -> str:
    """Give the id of a person, as an application would have it."""
    return f"user-{number * _SPREAD % _ID_RANGE:08x}"


def profile(number: int, version: int) -> Record:
    """Give the upload record of a person; versions differ in four properties of eleven."""
    mixed = number * _SPREAD % _ID_RANGE
    first, last = FIRST_NAMES[number % 8], LAST_NAMES[number % 7]
    return {
        "identity": f"user-{mixed:08x}",
        "type": "profile",
        "profileData": {
            "Name": f"{first} {last}",
            "Email": f"{first.lower()}.{mixed:08x}@example.com",
            "Phone": f"+9198{number * _PHONE_SPREAD % _PHONE_RANGE:08d}",
            "Gender": "F" if number % 2 else "M",
            "DOB": f"$D_{_FIRST_BIRTH + number * _BIRTH_STEP % _BIRTH_SPAN}",
            "plan": PLANS[(number + version) % 4],
            "score": (number * 37 + version * 11) % 1_000,
            "balance": (number * 13 + version * 7) % 100_000 / 100,
            "city": CITIES[number % 9],
            "tags": [TAGS[number % 7], TAGS[(number + version + 2) % 7]],
            "active": number % 3 != 0,
        },
    }


def profiles(job: Profiles) -> Iterator[Record]:
    """Give the records of a job, one for each person."""
    return (profile(number, job.version) for number in numbers(job.who))


def event(turn: int) -> Record:
    """Give an upload record without who it was and when."""
    is_first = turn % VISIT_EVENTS == 0
    return {
        "type": "event",
        "evtName": COMMON_EVENT if is_first else OTHER_EVENTS[turn % 7],
        "evtData": {
            "product": f"SKU-{turn * 31 % 5_000:04d}",
            "price": turn * 17 % 20_000 / 100,
            "quantity": turn % 5 + 1,
            "source": "search" if turn % 2 else "home page",
        },
    }


def events(job: Events) -> Iterator[Record]:
    """Let people come by one after the other, in an order that is spread like their ids.

    A visit is `VISIT_EVENTS` long and begins with `COMMON_EVENT`.
    """
    span = job.ends_at - job.starts_at
    for place in range(job.count):
        turn = job.first + place
        yield {
            "identity": identity(turn // VISIT_EVENTS * STRIDE % job.people),
            "ts": job.starts_at + place * span // job.count,
            **event(turn),
        }


def export_of_everybody(*, now: int, page_size: int) -> Export:
    """Give the walk over all who did the common event in the stored days; `now` in seconds."""
    today = datetime.fromtimestamp(now, tz=UTC)
    return Export(
        event_name=COMMON_EVENT,
        first_day=_day(today - timedelta(days=STORED_DAYS + 1)),
        last_day=_day(today + timedelta(days=1)),
        page_size=page_size,
    )


def _day(moment: datetime) -> int:
    return int(moment.strftime("%Y%m%d"))
