"""The story of Kettlewick: 90 days of an invented shop, told record by record.

Pure: the same seed, number of people and day give the same records. It is told
day by day, so that only the people and a day's records are in memory.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random

from demo.names import COUNTRIES, Draw
from demo.people import DAY_SECONDS, Kind, Person, card, device_properties, make_person
from demo.shop import SALE_DAYS
from demo.visits import (
    PLATINUM_ORDERS,
    POINTS_PER_ORDER,
    REGULAR_ORDERS,
    Step,
    Visit,
    after_delivery,
    make_token,
)
from mien_client import EventRecord, ProfileRecord

DAYS = 90
SEED = 1
"""The seed of `make demo`."""

_KIND = Draw(tuple(Kind), (0.35, 0.47, 0.18))
# Visits: at least this many, and a few people many times that (a Pareto tail).
_FEWEST_VISITS = {Kind.VISITOR: 1.0, Kind.JOINER: 2.9, Kind.CUSTOMER: 3.6}
_TAIL = {Kind.VISITOR: 1.9, Kind.JOINER: 1.32, Kind.CUSTOMER: 1.32}
_MOST_VISITS = 240
# How strongly visits crowd near the first one; 1.0 would spread them evenly.
_DECAY = {Kind.VISITOR: 3.0, Kind.JOINER: 2.4, Kind.CUSTOMER: 1.2}

# By local hour: nobody from one to six, a peak at lunch, a higher one in the evening.
_HOUR = Draw(
    range(24),
    (1, 0, 0, 0, 0, 0, 2, 5, 7, 6, 6, 7, 10, 9, 7, 6, 7, 9, 12, 15, 18, 17, 11, 5),
)
_WEEKEND, _WEEKDAY, _SALE = 0.8, 0.55, 1.0
_SATURDAY = 5
_EARLIEST_OFFSET_SECONDS = max(country.offset_seconds for country in COUNTRIES)

_when = attrgetter("at")


def tell(*, people: int, seed: int, now: datetime) -> Iterator[Step]:
    """Tell the story, oldest record first.

    It ends at the start of the UTC day of `now` and begins `DAYS` earlier with
    the cards of those who were customers before. A person's records name only
    ids that an earlier record made known.
    """
    story = _Story(people, seed, now)
    yield from story.opening()
    pending: list[Step] = []
    for day in range(DAYS):
        pending += story.steps_of(day)
        pending.sort(key=_when)
        # A later day's records begin no earlier than its first midnight, in the far east.
        settled = story.start + (day + 1) * DAY_SECONDS - _EARLIEST_OFFSET_SECONDS
        cut = bisect_left(pending, settled, key=_when)
        yield from pending[:cut]
        del pending[:cut]
    yield from pending[: bisect_left(pending, story.end, key=_when)]


class _Story:
    """The people, and in the diary who comes on which day."""

    def __init__(self, people: int, seed: int, now: datetime) -> None:
        self._rng = Random(seed)
        end = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        first_day = end - timedelta(days=DAYS)
        self.end = int(end.timestamp())
        self.start = int(first_day.timestamp())
        self._busy = [_busyness(first_day, day) for day in range(DAYS)]
        # The shop grows: towards the end more people come for the first time.
        self._first_day = Draw(
            range(DAYS), [busy * (1 + day / (2 * DAYS)) for day, busy in enumerate(self._busy)]
        )
        self._kinds = [_KIND.one(self._rng) for _ in range(people)]
        self._people: dict[int, Person] = {}
        self._diary = [array("l") for _ in range(DAYS)]
        for number, kind in enumerate(self._kinds):
            for day in self._visit_days(kind):
                self._diary[day].append(number)

    def _visit_days(self, kind: Kind) -> list[int]:
        """Choose on which days a person comes: at most once a day, fewer as time passes."""
        rng, busy = self._rng, self._busy
        first = self._first_day.one(rng)
        if kind is Kind.CUSTOMER:
            first = int(first * rng.random())
        wanted = min(int(_FEWEST_VISITS[kind] * rng.paretovariate(_TAIL[kind])), _MOST_VISITS)
        days = {first}
        for _ in range(wanted - 1):
            day = first + int((DAYS - first) * rng.random() ** _DECAY[kind])
            if rng.random() < busy[day]:
                days.add(day)
        return sorted(days)

    def opening(self) -> Iterator[Step]:
        """Tell of those who were customers before the first day."""
        for number, kind in enumerate(self._kinds):
            if kind is Kind.CUSTOMER:
                yield from self._known_customer(number)

    def _known_customer(self, number: int) -> Iterator[Step]:
        rng = self._rng
        person = self._people[number] = make_person(rng, number, Kind.CUSTOMER)
        device = person.devices[0]
        device.is_known, device.app_version = True, "5.1.4"
        person.is_logged_in = True
        person.orders = int(rng.expovariate(0.45))
        signed_up_at = self.start - int(rng.expovariate(1 / 300) * DAY_SECONDS) - DAY_SECONDS
        properties = {
            **card(rng, person, signed_up_at=signed_up_at),
            **device_properties(person, device),
            "Orders": person.orders,
            "Loyalty Points": 50 + POINTS_PER_ORDER * person.orders,
            "Lifetime Value": round(
                person.orders * (12 + 30 * rng.random()) * person.country.money, 2
            ),
            "Customer Type": _customer_type(person.orders),
        }
        record = ProfileRecord(
            distinct_id=person.distinct_id,
            object_id=device.object_id,
            properties=properties,
            at=self.start,
        )
        yield Step(self.start, number, record)
        if rng.random() < 0.5:
            yield Step(self.start, number, make_token(rng, device))

    def steps_of(self, day: int) -> Iterator[Step]:
        """Give what happens on a local day; some steps (deliveries) lie on later days."""
        for number in self._diary[day]:
            person = self._people.get(number)
            if person is None:
                person = make_person(self._rng, number, self._kinds[number])
                self._people[number] = person
            at = self._arrival(person, day)
            if at >= self.start:
                yield from self._visit(person, at, day)

    def _arrival(self, person: Person, day: int) -> int:
        """Choose the moment of a visit, by the clock where the person lives."""
        hour, second = _HOUR.one(self._rng), int(self._rng.random() * 3600)
        local_midnight = self.start + day * DAY_SECONDS - person.country.offset_seconds
        return local_midnight + hour * 3600 + second

    def _visit(self, person: Person, at: int, day: int) -> list[Step]:
        """Let a person come in, look around, perhaps say who they are, perhaps buy."""
        rng = self._rng
        device = person.devices[0]
        if person.is_logged_in and rng.random() < 0.35:
            device = person.devices[-1]
        visit = Visit(rng, person, device, at=at, day=day)
        visit.arrive()
        visit.browse()
        if person.is_logged_in and not visit.is_logged_in:
            visit.log_in()
        elif person.is_due_to_sign_up:
            visit.sign_up()
        for _ in range(int(rng.expovariate(1.1))):
            visit.browse()
        if (order := visit.check_out()) is not None:
            visit.steps += self._delivery(person, order, visit.at)
        if visit.is_logged_in:
            visit.reconsider()
        person.visits += 1
        return visit.steps

    def _delivery(self, person: Person, order: str, ordered_at: int) -> Iterator[Step]:
        """Tell of what the shop's own server reports some days later: no device takes part."""
        at = ordered_at + int((1.5 + 3 * self._rng.random()) * DAY_SECONDS)
        delivered, rating = after_delivery(self._rng, order)
        told = [("Order Delivered", delivered, at)]
        if rating is not None:
            told.append(("Order Rated", rating, at + int(self._rng.random() * 40_000)))
        for name, properties, moment in told:
            record = EventRecord(
                name, distinct_id=person.distinct_id, properties=properties, at=moment
            )
            yield Step(moment, person.number, record)


def _busyness(first_day: datetime, day: int) -> float:
    """Give how likely somebody who might come on a day does come, 0 to 1."""
    if day in SALE_DAYS:
        return _SALE
    return _WEEKEND if (first_day + timedelta(days=day)).weekday() >= _SATURDAY else _WEEKDAY


def _customer_type(orders: int) -> str:
    if orders >= PLATINUM_ORDERS:
        return "Platinum"
    return "Regular" if orders >= REGULAR_ORDERS else "New"
