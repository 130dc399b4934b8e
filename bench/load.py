"""The load generator: one process, one job, everything prepared before the clock starts."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, cycle, repeat
from math import inf
from typing import assert_never

import msgspec
from msgspec import Struct

from bench import batches, handshake, pages
from bench.connections import Connection, ask, drive, drive_at
from bench.corpus import identity
from bench.jobs import (
    Counts,
    Events,
    Export,
    LoadOrder,
    Merges,
    Pages,
    Profiles,
    Reads,
    Report,
    Target,
    Views,
    Visitors,
)
from bench.wire import Request, get, get_as_page, post

UPLOAD = "/1/upload"
EXPORT = "/1/profiles.json"
MERGES = "/v1/merges"
COUNT = "/v1/segments/count"
COUNTED = re.compile(rb'^(?!.*"as_of").*"size"')
"""What a count says that lacks nothing."""

WHOLE_PAGE = re.compile(rb"<main .*</html>\s*$|<option .*</option>\s*$", re.DOTALL)
"""What a page of a member has, or the choices of a field: a page to sign in has no such part."""

MERGED = re.compile(rb'^(?!.*"done_before":true).*"survivor"')
"""What the answer says to a merge, or an undo, that was not done before."""


class Page(Struct, frozen=True):
    """What a page of an export holds; records stay unread."""

    records: list[msgspec.Raw] = []
    next_cursor: str | None = None


class Merged(Struct, frozen=True):
    """The answer to a merge."""

    id: int


class Started(Struct, frozen=True):
    """The answer that starts an export."""

    cursor: str


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(LoadOrder)
    connections = [Connection(order.target) for _ in range(order.target.connections)]
    match order.job:
        case Profiles() | Events() | Visitors() as job:
            report = send(connections, uploads(order.target, job), order.rate)
        case Pages() as job:
            report = send(connections, list(pages.requests(order.target, job)), order.rate)
        case Merges() as job:
            report = merge(connections[0], order.target, job)
        case Reads() as job:
            report = read(connections, [get(order.target, path) for path in job.paths], job.seconds)
        case Views() as job:
            report = read(connections, [view(order.target, job)], job.seconds)
        case Counts() as job:
            report = read(connections, [count(order.target, job)], inf)
        case Export() as job:
            report = export(connections[0], order.target, job)
        case _:
            assert_never(order.job)
    handshake.send(report)


def view(target: Target, job: Views) -> Request:
    """Give the request of a page, as a browser sends it."""
    headers = {"Cookie": f"mien_session={job.session}"}
    if "/choices?" in job.path:
        # A part of a page: by itself it would come with all that stands around pages.
        headers["HX-Request"] = "true"
    return get_as_page(target, job.path, headers, WHOLE_PAGE)


def uploads(target: Target, job: Profiles | Events | Visitors) -> list[Request]:
    """Make the calls of an upload job; each must say that it processed all its records."""
    return [
        post(target, UPLOAD, batches.body(records), processed=len(records))
        for records in batches.batches(job)
    ]


def send(connections: list[Connection], calls: list[Request], rate: float | None) -> Report:
    """Send all calls over the connections, as fast as they are answered or `rate` a second."""
    watch, stopped = handshake.wait_for_go(), handshake.listen_for_stop()
    if rate is None:
        drive(connections, iter(calls), seconds=inf, stopped=stopped)
    else:
        drive_at(rate, connections, iter(calls), stopped=stopped)
    return watch.report(
        records=sum(each.records for each in connections), call_seconds=_call_seconds(connections)
    )


def read(connections: list[Connection], calls: list[Request], seconds: float) -> Report:
    """Send the calls in a circle for the given time."""
    watch = handshake.wait_for_go()
    drive(connections, cycle(calls), seconds=seconds, stopped=handshake.listen_for_stop())
    calls_made = _call_seconds(connections)
    return watch.report(records=len(calls_made), call_seconds=calls_made)


def count(target: Target, job: Counts) -> Request:
    """Make the call of a count."""
    tree = {"did": job.event_name, "window": {"last_days": 30}}
    return post(target, COUNT, msgspec.json.encode({"tree": tree}), sign=COUNTED)


def merge(connection: Connection, target: Target, job: Merges) -> Report:
    """Merge people and take them apart again, on one connection; a record is a pair."""
    send = partial(ask, connection)
    pairs = [(identity(one), identity(one + 1)) for one in range(0, job.people, 2)]
    watch, stopped = handshake.wait_for_go(), handshake.listen_for_stop()
    for one, other in chain.from_iterable(repeat(pairs, job.times)):
        question = {"one": {"distinct_id": one}, "other": {"distinct_id": other}}
        merged = send(post(target, MERGES, msgspec.json.encode(question), sign=MERGED))
        number = msgspec.json.decode(merged, type=Merged).id
        send(post(target, f"{MERGES}/{number}/undo", b"", sign=MERGED))
        if stopped.is_set():
            break
    first = 0 if job.measures == "merge" else 1
    call_seconds = connection.call_seconds[first::2]
    return watch.report(records=len(call_seconds), call_seconds=call_seconds)


def export(connection: Connection, target: Target, job: Export) -> Report:
    """Walk all pages of an export on one connection; a call is one page."""
    watch = handshake.wait_for_go()
    records = sum(walk(connection, target, job))
    return watch.report(records=records, call_seconds=_call_seconds([connection]))


def walk(connection: Connection, target: Target, job: Export) -> Iterator[int]:
    """Give the number of records of each page."""
    send = partial(ask, connection)
    question = {"event_name": job.event_name, "from": job.first_day, "to": job.last_day}
    start = post(target, EXPORT, msgspec.json.encode(question), query={"batch_size": job.page_size})
    cursor: str | None = msgspec.json.decode(send(start), type=Started).cursor
    while cursor is not None:
        page = msgspec.json.decode(send(get(target, f"{EXPORT}?cursor={cursor}")), type=Page)
        yield len(page.records)
        cursor = page.next_cursor


def _call_seconds(connections: list[Connection]) -> list[float]:
    return [each for connection in connections for each in connection.call_seconds]


if __name__ == "__main__":
    main()
