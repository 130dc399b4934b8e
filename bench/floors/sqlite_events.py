"""Floor of uploading events: who was it, the event with an index by name and time, the summary.

Mien's record has no such index: its copy gives the events of a name by time. The floor has no copy.
"""

import sqlite3
from functools import partial

import msgspec
from msgspec import Struct

from bench import batches, corpus, handshake
from bench.floors import sqlite
from bench.jobs import Events, FloorOrder

SCHEMA = """
create table if not exists identities (
    value text primary key, profile_id integer not null
) without rowid;
create table if not exists event_names (name text primary key, name_id integer not null);
create table if not exists events (
    event_id integer primary key, profile_id integer not null, name_id integer not null,
    at integer not null, properties blob not null
);
create index if not exists events_by_name on events (name_id, at);
create table if not exists summaries (profile_id integer primary key, summary blob not null);
"""
FIND = "select value, profile_id from identities where value in (select value from json_each(?))"
LOAD = """select profile_id, summary from summaries
where profile_id in (select value from json_each(?))"""
ADD_IDENTITY = "insert or ignore into identities values (?, ?)"
ADD_EVENT = "insert into events (profile_id, name_id, at, properties) values (?, ?, ?, ?)"
SAVE = "insert into summaries values (?, ?) on conflict do update set summary = excluded.summary"
ADD_NAME = "insert or ignore into event_names values (?, ?)"

Summary = dict[str, tuple[int, int, int]]
"""Count, first and last time in epoch seconds, by event name."""


class EventRecord(Struct):
    """The parts of an event record that are used."""

    identity: str
    ts: int
    evtName: str  # noqa: N815 - the name on the wire
    evtData: msgspec.Raw  # noqa: N815


class EventBody(Struct):
    """The body of an upload call."""

    d: list[EventRecord]


encode = msgspec.json.Encoder().encode
decode_events = msgspec.json.Decoder(EventBody).decode
decode_summary = msgspec.json.Decoder(Summary).decode
name_ids = {name: place for place, name in enumerate((corpus.COMMON_EVENT, *corpus.OTHER_EVENTS))}


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    assert isinstance(order.job, Events)
    database = sqlite.connect(order.database, SCHEMA)
    people = ((corpus.identity(number), number) for number in range(order.job.people))
    database.execute("begin immediate")
    database.executemany(ADD_IDENTITY, people)
    database.executemany(ADD_NAME, name_ids.items())
    database.execute("commit")
    write = partial(write_batch, database)
    handshake.send(sqlite.run(database, batches.bodies(order.job), write))


def write_batch(database: sqlite3.Connection, body: bytes) -> int:
    """Write one upload body; gives its number of records."""
    records = decode_events(body).d
    owners = dict(database.execute(FIND, (encode([each.identity for each in records]).decode(),)))
    loaded = database.execute(LOAD, (encode(list(owners.values())).decode(),))
    summaries = {profile_id: decode_summary(blob) for profile_id, blob in loaded}
    rows = []
    for record in records:
        profile_id = owners[record.identity]
        rows.append((profile_id, name_ids[record.evtName], record.ts, bytes(record.evtData)))
        count_in(summaries.setdefault(profile_id, {}), record)
    database.executemany(ADD_EVENT, rows)
    database.executemany(SAVE, [(key, encode(value)) for key, value in summaries.items()])
    return len(records)


def count_in(summary: Summary, record: EventRecord) -> None:
    """Count an event in the summary of its profile."""
    count, first, last = summary.get(record.evtName, (0, record.ts, record.ts))
    summary[record.evtName] = (count + 1, min(first, record.ts), max(last, record.ts))


if __name__ == "__main__":
    main()
