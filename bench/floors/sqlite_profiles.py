"""Floor of uploading profiles: who is it, merge, write document, ids, addresses and change."""

import sqlite3
import time
from collections.abc import Iterator
from functools import partial

from bench import batches, handshake
from bench.floors import sqlite
from bench.floors.merging import addresses, decode_document, decode_profiles, encode, merge
from bench.jobs import FloorOrder, Profiles

SCHEMA = """
create table if not exists profiles (profile_id integer primary key, document blob not null);
create table if not exists identities (
    value text primary key, profile_id integer not null
) without rowid;
create table if not exists addresses (
    kind integer, value text, profile_id integer, primary key (kind, value, profile_id)
) without rowid;
create table if not exists changes (
    change_id integer primary key, profile_id integer not null, at integer not null,
    source text not null, body blob not null
);
"""
FIND = "select value, profile_id from identities where value in (select value from json_each(?))"
LOAD = """select profile_id, document from profiles
where profile_id in (select value from json_each(?))"""
SAVE = "insert into profiles values (?, ?) on conflict do update set document = excluded.document"
ADD_IDENTITY = "insert into identities values (?, ?)"
ADD_ADDRESS = "insert or ignore into addresses values (?, ?, ?)"
ADD_CHANGE = "insert into changes (profile_id, at, source, body) values (?, ?, 'api', ?)"


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    assert isinstance(order.job, Profiles)
    database = sqlite.connect(order.database, SCHEMA)
    write = partial(write_batch, database, sqlite.new_profile_ids(database))
    handshake.send(sqlite.run(database, batches.bodies(order.job), write))


def write_batch(database: sqlite3.Connection, new_ids: Iterator[int], body: bytes) -> int:
    """Write one upload body; gives its number of records."""
    records = decode_profiles(body).d
    now = time.time_ns() // 1_000_000
    owners = dict(database.execute(FIND, (encode([each.identity for each in records]).decode(),)))
    loaded = database.execute(LOAD, (encode(list(owners.values())).decode(),))
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
    database.executemany(SAVE, [(key, encode(value)) for key, value in documents.items()])
    database.executemany(ADD_IDENTITY, identities)
    database.executemany(ADD_ADDRESS, reached)
    database.executemany(ADD_CHANGE, logged)
    return len(records)


if __name__ == "__main__":
    main()
