"""The checker of tests/support finds what a write that was applied in part would leave."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.ingest import Ingest
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.consistency import find_faults
from tests.support.uploading import Desk, Record, event, new_environment, profile

RECORDS: list[Record] = [
    {**profile("ana", plan="gold", Email="ana@example.com"), "objectId": "d1", "FBID": "f"},
    profile("ana", plan="silver", **{"MSG-dndEmail": True}),
    event("ana", "Seen", 5, n=1),
    event("ana", "Seen", 9, n=2),
    {**profile("bo", plan="gold"), "FBID": "f"},
    profile("ana", score=1, Phone="+14155551234"),
    event("bo", "Bought", 3),
    profile("bo", Email="none"),
    profile("gone", plan="gold"),
]

DAMAGES = {
    "a change is missing": "DELETE FROM changes WHERE sequence = 3",
    "the newest change is missing": "DELETE FROM changes WHERE sequence = "
    "(SELECT max(last_change) FROM profiles WHERE profile_id = 1)",
    "an event is missing": "DELETE FROM events WHERE sequence = 4",
    "a change belongs to another": "UPDATE changes SET profile_id = 2 WHERE sequence = 1",
    "a chain leaves out a row": "UPDATE events SET previous = 0 WHERE sequence = 5",
    "a chain leads on to itself": "UPDATE events SET previous = sequence WHERE sequence = 5",
    "a profile forgot its events": "UPDATE profiles SET last_event = 0 WHERE profile_id = 1",
    "a profile is missing": "DELETE FROM profiles WHERE profile_id = 2",
    "an identity is missing": "DELETE FROM identities WHERE value = 'ana'",
    "an identity means another": "UPDATE identities SET profile_id = 2 WHERE value = 'f'",
    "a device is bound to nobody": "DELETE FROM identities WHERE value = 'd1'",
    "an identity is too many": "INSERT INTO identities VALUES (1, 1, 'chi', 1)",
    "an address is missing": "DELETE FROM addresses WHERE kind = 1",
    "an address is too many": "INSERT INTO addresses VALUES (1, 1, 'x@example.com', 1)",
    "a document lags behind": "UPDATE profiles SET document = replace(CAST(document AS TEXT), "
    "'silver', 'gold') WHERE profile_id = 1",
    "a document is another's": "UPDATE profiles SET document = (SELECT document FROM profiles "
    "WHERE profile_id = 1) WHERE profile_id = 2",
    "an activity lags behind": "UPDATE profiles SET activity = '{}' WHERE profile_id = 1",
    "an event changed its time": "UPDATE events SET occurred_at = 4 WHERE sequence = 4",
    "a definition counts too little": "UPDATE definitions SET count = 0 WHERE key = 'plan'",
    "a definition is missing": "DELETE FROM definitions WHERE key = 'seen'",
    "a number may come again": "UPDATE counters SET value = 3 WHERE name = 'log'",
    "a profile id may come again": "UPDATE counters SET value = 1 WHERE name = 'profile'",
    "a place was handed out twice": "UPDATE rejects SET reject_id = 1",
    "what was said of an address has another's place": "UPDATE subscriptions SET sequence = 1",
    "a merge with nobody is suggested": "UPDATE merge_suggestions SET other_id = 99",
    "an erased profile has a tombstone too few": "DELETE FROM changes WHERE source = 'erasure'",
    "an erased profile has an event": "UPDATE events SET profile_id = 3 WHERE sequence = 8",
    "an environment has no account": "UPDATE profiles SET environment_id = 9",
}


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    """Give a store with a little of everything."""
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
    ingest = Ingest(store)
    desk = Desk(store, ingest, new_environment(store))
    for record in RECORDS:
        desk.upload(record)
    erase(store, desk.environment, Identity(IdentityKind.IDENTITY, "gone"))
    ingest.close()
    yield store
    store.close()


def test_a_whole_store_has_no_faults(filled: Store) -> None:
    assert find_faults(filled) == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damage_is_found(filled: Store, damage: str) -> None:
    assert filled.path is not None
    connection = sqlite3.connect(filled.path)
    with connection:
        assert connection.execute(damage).rowcount > 0
    connection.close()
    assert find_faults(filled) != []


def test_address_flags_that_lag_behind_are_found(filled: Store) -> None:
    # As if nobody had been erased: after an erasure the flags cannot be told from the log.
    assert filled.path is not None
    connection = sqlite3.connect(filled.path)
    with connection:
        connection.execute("DELETE FROM changes WHERE source = 'erasure'")
        connection.execute("DELETE FROM erasures")
        connection.execute("UPDATE definitions SET count = 2 WHERE key = 'plan'")
    connection.close()
    before = find_faults(filled)
    with filled.write() as tx:
        tx._cursor.execute("UPDATE subscriptions SET is_blocked = 0")
    assert len(find_faults(filled)) == len(before) + 1
