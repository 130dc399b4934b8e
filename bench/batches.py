"""Records as the bodies of upload calls."""

from collections.abc import Iterator
from itertools import islice
from typing import assert_never

import msgspec

from bench import corpus
from bench.corpus import Record
from bench.jobs import Events, Profiles, Visitors
from bench.journeys import journeys

_encode = msgspec.json.Encoder().encode


def bodies(job: Profiles | Events) -> Iterator[bytes]:
    """Give the bodies of the upload calls of a job."""
    return map(body, batches(job))


def batches(job: Profiles | Events | Visitors) -> Iterator[list[Record]]:
    """Give the records of each upload call of a job, up to `per_call` of them."""
    records = _records(job)
    while batch := list(islice(records, job.per_call)):
        yield batch


def body(records: list[Record]) -> bytes:
    """Give the body of one upload call."""
    return _encode({"d": records})


def _records(job: Profiles | Events | Visitors) -> Iterator[Record]:
    match job:
        case Profiles():
            return corpus.profiles(job)
        case Events():
            return corpus.events(job)
        case Visitors():
            return journeys(job)
        case _:
            assert_never(job)
