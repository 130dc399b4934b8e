"""Floor of uploading profiles on PostgreSQL: the work of `sqlite_profiles` through psycopg."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import psycopg

from bench import batches, handshake
from bench.floors.merging import addresses, decode_document, decode_profiles, encode, merge
from bench.jobs import FloorOrder, Profiles, Report

SCHEMA = """
create table if not exists profiles (profile_id bigint primary key, document bytea not null);
create table if not exists identities (
    value text collate "C" primary key, profile_id bigint not null
);
create table if not exists addresses (
    kind smallint, value text collate "C", profile_id bigint,
    primary key (kind, value, profile_id)
);
create table if not exists changes (
    change_id bigint generated always as identity primary key, profile_id bigint not null,
    at bigint not null, source text not null, body bytea not null
);
"""
FIND = "select value, profile_id from identities where value = any(%s)"
LOAD = "select profile_id, document from profiles where profile_id = any(%s)"
SAVE = """insert into profiles values (%s, %s)
on conflict (profile_id) do update set document = excluded.document"""
ADD_IDENTITY = "insert into identities values (%s, %s)"
ADD_ADDRESS = "insert into addresses values (%s, %s, %s) on conflict do nothing"
ADD_CHANGE = "insert into changes (profile_id, at, source, body) values (%s, %s, 'api', %s)"

Cursor = psycopg.Cursor[tuple[Any, ...]]


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    assert isinstance(order.job, Profiles)
    with psycopg.connect(order.database) as database, database.cursor() as cursor:
        cursor.execute(SCHEMA)
        cursor.execute("select coalesce(max(profile_id), 0) from profiles")
        newest = next(row[0] for row in cursor)
        database.commit()
        handshake.send(run(database, cursor, list(batches.bodies(order.job)), newest))


def run(database: psycopg.Connection, cursor: Cursor, bodies: list[bytes], newest: int) -> Report:
    """Write each body in a transaction of its own."""
    write = partial(write_batch, cursor, count(newest + 1))
    records, call_seconds = 0, []
    watch = handshake.wait_for_go()
    for body in bodies:
        started = time.perf_counter()
        records += write(body)
        database.commit()
        call_seconds.append(time.perf_counter() - started)
    return watch.report(records=records, call_seconds=call_seconds)


def write_batch(cursor: Cursor, new_ids: Iterator[int], body: bytes) -> int:
    """Write one upload body; gives its number of records."""
    records = decode_profiles(body).d
    now = time.time_ns() // 1_000_000
    owners: dict[str, int] = dict(cursor.execute(FIND, ([each.identity for each in records],)))
    loaded = cursor.execute(LOAD, (list(owners.values()),)) if owners else ()
    documents = {profile_id: decode_document(blob) for profile_id, blob in loaded}
    identities, reached, logged = [], [], []
    for record in records:
        profile_id = owners.get(record.identity)
        if profile_id is None:
            profile_id = owners[record.identity] = next(new_ids)
            documents[profile_id] = {}
            identities.append((record.identity, profile_id))
        changes = merge(documents[profile_id], record)
        reached += [(kind, value, profile_id) for kind, value in addresses(changes)]
        logged.append((profile_id, now, encode(changes)))
    cursor.executemany(SAVE, [(key, encode(value)) for key, value in documents.items()])
    cursor.executemany(ADD_IDENTITY, identities)
    cursor.executemany(ADD_ADDRESS, reached)
    cursor.executemany(ADD_CHANGE, logged)
    return len(records)


if __name__ == "__main__":
    main()
