"""A thinner floor of uploading profiles: documents and ids only, no addresses, no history."""

import sqlite3
from collections.abc import Iterator
from functools import partial

from bench import batches, handshake
from bench.floors import sqlite
from bench.floors.merging import decode_document, decode_profiles, encode
from bench.jobs import FloorOrder, Profiles

SCHEMA = """
create table if not exists profiles (profile_id integer primary key, document blob not null);
create table if not exists identities (
    value text primary key, profile_id integer not null
) without rowid;
"""
FIND = "select value, profile_id from identities where value in (select value from json_each(?))"
LOAD = """select profile_id, document from profiles
where profile_id in (select value from json_each(?))"""
SAVE = "insert into profiles values (?, ?) on conflict do update set document = excluded.document"
ADD_IDENTITY = "insert into identities values (?, ?)"


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
    owners = dict(database.execute(FIND, (encode([each.identity for each in records]).decode(),)))
    loaded = database.execute(LOAD, (encode(list(owners.values())).decode(),))
    documents = {profile_id: decode_document(blob) for profile_id, blob in loaded}
    identities = []
    for record in records:
        profile_id = owners.get(record.identity)
        if profile_id is None:
            profile_id = owners[record.identity] = next(new_ids)
            documents[profile_id] = {}
            identities.append((record.identity, profile_id))
        documents[profile_id].update(record.profileData)
    database.executemany(SAVE, [(key, encode(value)) for key, value in documents.items()])
    database.executemany(ADD_IDENTITY, identities)
    return len(records)


if __name__ == "__main__":
    main()
