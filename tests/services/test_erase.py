"""Erasing a person leaves no byte of them, and nothing brings them back (P-15)."""

import asyncio
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mien.domain.documents import COMPATIBLE, NATIVE
from mien.domain.errors import ConflictError
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.services.erase import ErasureReceipt, erase
from mien.services.ingest import Ingest
from mien.services.receipts import Batch, Idempotency, Receipt
from mien.services.rejects import Manner, Replay, list_rejects, replay
from mien.services.wires import Wire
from mien.store.columns import metadata
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.consistency import find_faults, rows_of
from tests.support.uploading import NOON_MS, Desk, Record, event, new_environment, profile

SECRETS = (
    *("Qsecretid", "Qsecretfb", "Qsecretdevice", "Qsecrettoken"),
    *("qsecretmail", "qformermail", "4155550199", "4155550142"),
    *("Qsecretname", "Qsecretvalue", "Qsecretgroup", "8675309"),
)
"""Bytes that only the person has who is erased, in any spelling."""

PERSON: list[Record] = [
    {"type": "event", "objectId": "Qsecretdevice", "evtName": "Seen"},
    {
        **profile("Qsecretid", Name="Qsecretname", Email="QformerMail@example.com"),
        "objectId": "Qsecretdevice",
        "FBID": "Qsecretfb",
    },
    profile("Qsecretid", Phone="+1 415 555 0142", **{"MSG-dndEmail": True, "MSG-dndPhone": 1}),
    profile("Qsecretid", Email="QsecretMail@example.com", Phone="+14155550199"),
    profile("Qsecretid", plan="Qsecretvalue", **{"MSG-dndEmail": True}),
    profile("Qsecretid", plan="gold", **{"category-unsubscribe": {"email": ["Qsecretgroup"]}}),
    event("Qsecretid", "Bought", what="Qsecretvalue"),
    {
        "type": "token",
        "objectId": "Qsecretdevice",
        "tokenData": {"id": "Qsecrettoken", "type": "fcm"},
    },
    {**profile("Qsecretid", plan="gold"), "GPID": 8675309},
]

REJECTED: list[Record] = [
    profile("Qsecretid", Email="none", Name="Qsecretname"),
    {"type": "profile", "FBID": "Qsecretfb", "profileData": {"Phone": "0", "plan": "Qsecretvalue"}},
    {
        "type": "event",
        "objectId": "-Qsecretdevice",
        "evtName": "",
        "evtData": {"a": "Qsecretvalue"},
    },
    {**profile("", Name="Qsecretname"), "objectId": "Qsecretdevice"},
    {**profile("null", Name="Qsecretname"), "FBID": "Qsecretfb"},
    {"type": "profile", "GPID": 8675309, "profileData": {"Age": "Qsecretvalue"}},
    profile("neighbour", identity="Qsecretid", Age="none"),
    {**profile("neighbour", Age="none"), "FBID": "Qsecretfb"},
    profile("neighbour", Email="QsecretMail@example.com", Age="none"),
    {**profile("", Name="Qsecretname"), "GPID": 8675309},
]

NEIGHBOURS: list[Record] = [
    profile("neighbour", plan="gold", Email="neighbour@example.com"),
    {**profile("neighbour", plan="silver"), "FBID": "Qsecretfb"},
    {**event("neighbour", "Seen"), "GPID": 8675309},
    {**profile("Qsecretid"), "GPID": "gp-of-neighbour"},
]


def remains(store: Store) -> list[str]:
    """Give each place of a store where a secret still stands."""
    with store.snapshot() as tx:
        rows = [(name, row) for name in metadata.tables for row in rows_of(tx, name)]
    return [
        f"{secret} in {name}.{column}: {value!r}"
        for name, row in rows
        for column, value in row.items()
        for secret in SECRETS
        if secret.lower() in _text(value).lower()
    ]


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def erase_person(desk: Desk) -> ErasureReceipt | None:
    """Erase the person by their identity."""
    return erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "Qsecretid"))


def told(desk: Desk, receipt: Receipt) -> bytes:
    """Write an answer as our own API does: by objectId, with what changed."""
    shown: list[Any] = []
    for each in receipt.results:
        entry = msgspec.to_builtins(each, str_keys=True)
        if "profile" in entry:
            entry["object_id"] = server_object_id(entry.pop("profile"))
        shown.append(entry)
    return msgspec.json.encode(shown)


async def send_with_key(desk: Desk, key: str, records: list[Record]) -> Receipt:
    """Send a batch with an Idempotency-Key."""
    digest = hashlib.sha256(repr(records).encode()).digest()
    idempotency = Idempotency(key, digest, partial(told, desk))
    batch = Batch(desk.environment, records, NOON_MS, "v1:1", NATIVE, idempotency=idempotency)
    return await desk.ingest.submit(batch)


async def fill(desk: Desk) -> None:
    """Send everything, as two APIs would."""
    await desk.send(profile("neighbour", plan="iron"))
    await desk.send(*PERSON)
    await desk.send(*REJECTED, *NEIGHBOURS)
    await send_with_key(desk, "all of it", [*PERSON, *REJECTED, *NEIGHBOURS])
    only_values: Record = {"type": "profile", "FBID": "Qsecretfb"}
    await send_with_key(desk, "v", [{**only_values, "profileData": {"plan": "Qsecretvalue"}}])
    await send_with_key(desk, "w", [{**only_values, "profileData": {"Name": "Qsecretname 2"}}])
    await send_with_key(desk, "neighbour", [profile("neighbour", plan="wood")])


async def test_after_an_erasure_no_byte_of_the_person_is_in_any_row(store: Store) -> None:
    ingest = Ingest(store)
    desk = Desk(store, ingest, new_environment(store))
    await fill(desk)
    assert {each.split(" in ")[0] for each in remains(store)} == set(SECRETS)
    receipt = erase_person(desk)
    ingest.close()
    assert receipt is not None
    assert remains(store) == []
    assert desk.find("Qsecretid") is None
    assert desk.find("Qsecretfb", IdentityKind.FBID) is None
    assert find_faults(store) == []
    assert desk.get("neighbour").document.properties["plan"] == "wood"


async def test_the_file_of_an_sqlite_store_keeps_no_byte_either(tmp_path: Path) -> None:
    path = tmp_path / "mien.db"
    store = prepare(f"sqlite:///{path}", may_migrate=True)
    ingest = Ingest(store)
    desk = Desk(store, ingest, new_environment(store))
    await fill(desk)
    await desk.send(*(event("Qsecretid", "Bought", what=f"Qsecretvalue {n}") for n in range(500)))
    erase_person(desk)
    ingest.close()
    store.close()
    assert [secret for secret in SECRETS if secret.lower().encode() in raw_bytes(tmp_path)] == []


def raw_bytes(folder: Path) -> bytes:
    """Give all bytes of the files of a store, in lower case."""
    return b"".join(each.read_bytes() for each in folder.glob("mien.db*")).lower()


async def test_the_receipt_counts_what_was_removed(desk: Desk) -> None:
    await fill(desk)
    found = desk.get("Qsecretid")
    receipt = erase_person(desk)
    assert receipt is not None
    assert receipt.object_id == server_object_id(found.id)
    counted = receipt.removed
    assert (counted["profiles"], counted["identities"], counted["addresses"]) == (1, 5, 2)
    assert counted["events"] == sum(each.count for each in found.activity.events.values())
    assert counted["rejects"] == 2 * len(REJECTED)
    assert counted["answers"] == 3
    assert receipt.hashes_kept == 6


async def test_neighbours_keep_what_is_theirs(desk: Desk) -> None:
    await fill(desk)
    await desk.send(profile("neighbour", Age="none"), at_ms=NOON_MS + 1)
    before = desk.get("neighbour").document_bytes()
    erase_person(desk)
    assert desk.get("neighbour").document_bytes() == before
    kept = list_rejects(desk.store, desk.environment, before=None, count=100)
    assert [each.received_at for each in kept] == [NOON_MS + 1]
    assert find_faults(desk.store, only=desk.environment) == []


@pytest.mark.parametrize("name", ["5", "12", "-5", "a"])
async def test_a_short_id_takes_no_rejects_of_others_along(desk: Desk, name: str) -> None:
    own = [profile(name, Age="none"), {"type": "event", "identity": name, "evtName": ""}]
    others = [profile("bo", n=5, m="12", o="a", p="-5", Age="none"), profile("55", Age="none")]
    await desk.send(profile(name), *own, *others)
    erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, name))
    kept = list_rejects(desk.store, desk.environment, before=None, count=100)
    assert [each.position for each in kept] == [5, 4]


async def test_the_erased_do_not_come_back_by_a_replay_of_rejects(desk: Desk) -> None:
    await desk.send(profile("Qsecretid", n=1), profile("Qsecretid", Email="none"))
    [kept] = list_rejects(desk.store, desk.environment, before=None, count=100)
    erase_person(desk)
    await replay(
        desk.store,
        desk.ingest,
        desk.environment,
        [Replay(kept.reject_id, mended=profile("Qsecretid", Email="a@example.com"))],
        manners=dict.fromkeys(Wire, Manner("api:1", COMPATIBLE)),
        now_ms=NOON_MS,
    )
    assert desk.find("Qsecretid") is None


async def test_the_erased_do_not_come_back_by_a_request_that_is_sent_again(desk: Desk) -> None:
    records = [profile("Qsecretid", Name="Qsecretname", n=1), profile("bo", n={"$incr": 1})]
    await send_with_key(desk, "k", records)
    erase_person(desk)
    with pytest.raises(ConflictError, match="'k'"):
        await send_with_key(desk, "k", records)
    assert desk.find("Qsecretid") is None
    assert desk.get("bo").document.properties == {"n": 1}


async def test_a_new_upload_makes_a_new_profile_with_no_old_data(desk: Desk) -> None:
    await fill(desk)
    before = desk.get("Qsecretid").id
    erase_person(desk)
    await desk.send(profile("Qsecretid", fresh=1), {**profile("Qsecretid"), "FBID": "Qsecretfb"})
    found = desk.get("Qsecretid")
    assert found.id != before
    assert found.document.properties == {"fresh": 1}
    assert found.activity.events == {}
    assert erase_person(desk) is not None
    assert erase_person(desk) is None
    assert find_faults(desk.store, only=desk.environment) == []


async def test_what_was_shared_stays_with_those_who_have_it_still(desk: Desk) -> None:
    shared = {"Email": "family@example.com", "MSG-dndEmail": True}
    await desk.send(profile("Qsecretid", **shared), profile("bo", Email="Family@example.com"))
    erase_person(desk)
    with desk.store.read() as tx:
        blocked = [r["value"] for r in rows_of(tx, "subscriptions", only=desk.environment)]
    assert blocked == ["family@example.com"]
    await desk.send(profile("bo", Email="other@example.com"))
    assert find_faults(desk.store, only=desk.environment) == []


async def test_erasing_waits_for_no_reader(desk: Desk) -> None:
    await desk.send(profile("Qsecretid", n=1))
    with desk.store.snapshot() as tx:
        before = rows_of(tx, "profiles", only=desk.environment)
        await asyncio.to_thread(erase_person, desk)
        assert rows_of(tx, "profiles", only=desk.environment) == before
    assert desk.find("Qsecretid") is None
