"""What visitors do before and after it is known who they are, as records of uploads.

Everybody looks around unknown and then logs in, which binds the device to a person. Some go
on with a second device, which did things before it was theirs; on some devices
another person logs in afterwards (P-05, P-06).
"""

from collections.abc import Iterator
from itertools import zip_longest

from bench.corpus import Record, event, identity, profile
from bench.jobs import Visitors

CROWD = 1_000
"""Visitors who are there at the same time: a step of each comes before the next of anybody."""

SECOND_DEVICE, SECOND_PERSON = 4, 5
"""One of so many visitors goes on with another device; on one of so many somebody else logs in."""

FAMILY = 500_000_000
"""Added to a visitor's number, the number of the other person on their device."""

STEP_SECONDS = 20
JOURNEY_SECONDS = 100 * STEP_SECONDS
"""Nobody's journey is longer, so that all of it is over at the time of the job."""


def journeys(job: Visitors) -> Iterator[Record]:
    """Give the records of a job, in the order in which they happen."""
    start, last = job.now - JOURNEY_SECONDS, job.first + job.count
    for first in range(job.first, last, CROWD):
        crowd = range(first, min(first + CROWD, last))
        for place, step in enumerate(zip_longest(*map(journey, crowd))):
            at = start + place * STEP_SECONDS
            yield from ({**record, "ts": at} for record in step if record is not None)


def journey(number: int) -> list[Record]:
    """Give what one visitor does, in order; times are still missing."""
    phone, laptop = device(number, 0), device(number, 1)
    steps = [*_looks_around(phone, number, 3), _logs_in(phone, number)]
    steps += _looks_around(phone, number, 2)
    if number % SECOND_DEVICE == 0:
        steps += [*_looks_around(laptop, number, 2), _logs_in(laptop, number)]
        steps += _looks_around(laptop, number, 1)
    if number % SECOND_PERSON == 0:
        steps += [_logs_in(phone, number + FAMILY), *_looks_around(phone, number, 1)]
    return steps


def device(number: int, place: int) -> str:
    """Give the objectId of a visitor's device."""
    return f"{identity(number)[5:]}{place:024x}"


def _looks_around(object_id: str, number: int, times: int) -> list[Record]:
    return [{"objectId": object_id, **event(number + turn)} for turn in range(times)]


def _logs_in(object_id: str, number: int) -> Record:
    return {"objectId": object_id, **profile(number, 0)}
