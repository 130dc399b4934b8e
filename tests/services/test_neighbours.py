"""Whoever shared a device or a push token with the erased tells nothing of them (P-15)."""

import json

import pytest

from mien.domain.changes import decode_change
from mien.domain.identities import Identity, IdentityKind, server_object_id
from mien.services.erase import ErasureReceipt, erase, erase_within, look_ahead
from mien.services.merges import merge_people, undo_merge
from mien.services.receipts import Receipt
from mien.store.columns import metadata
from tests.support.consistency import StoreRow, find_faults, rows_of
from tests.support.uploading import Desk, Record, event, profile

DEVICE, TOKEN = "Qdevice", "Qtoken"
ANA = Identity(IdentityKind.IDENTITY, "ana")


def on(device: str, record: Record) -> Record:
    """Give a record that also names a device."""
    return {**record, "objectId": device}


def token(device: str, value: str) -> Record:
    """Give a push token record."""
    return {"type": "token", "objectId": device, "tokenData": {"id": value, "type": "fcm"}}


def erase_ana(desk: Desk) -> ErasureReceipt:
    """Erase Ana, and see that the store does not contradict itself."""
    receipt = erase(desk.store, desk.environment, ANA)
    assert receipt is not None
    assert find_faults(desk.store, only=desk.environment) == []
    return receipt


def places_of(desk: Desk, text: str) -> set[str]:
    """Give the tables in which a text stands still."""
    with desk.store.snapshot() as tx:
        return {
            name
            for name in metadata.tables
            for row in rows_of(tx, name, only=desk.environment)
            if any(text in _text(value) for value in row.values())
        }


def numbers_of_others(desk: Desk) -> set[int]:
    """Give the profiles that histories lead to."""
    with desk.store.snapshot() as tx:
        bodies = [
            decode_change(row["body"]) for row in rows_of(tx, "changes", only=desk.environment)
        ]
    return {
        number
        for change in bodies
        for number in (change.device_from, change.device_to, change.absorbed, change.survivor)
        if number
    }


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def test_a_device_that_went_from_hand_to_hand_is_forgotten_by_all_who_had_it(
    desk: Desk,
) -> None:
    facts = {"model": "Qmodel"}
    await desk.send(on(DEVICE, profile("bo", n=1)), token(DEVICE, TOKEN))
    await desk.send({**on(DEVICE, event("bo", "Seen")), "device": facts}, event("bo", "Seen"))
    await desk.send(on(f"-{DEVICE}", profile("cy")), on(DEVICE, event("cy", "Seen")))
    await desk.send(on("other", profile("cy")), on("other", event("cy", "Seen")))
    await desk.send(on(DEVICE, profile("ana")), on(DEVICE, event("ana", "Seen")))
    for text in (DEVICE, TOKEN):
        assert "changes" in places_of(desk, text)
    number = desk.get("ana").id
    receipt = erase_ana(desk)
    assert receipt.removed["neighbours"] > 3
    for text in (DEVICE, TOKEN, facts["model"]):
        assert places_of(desk, text) == set(), text
    assert number not in numbers_of_others(desk)
    counts = {n: [e.count for e in desk.get(n).activity.events.values()] for n in ("bo", "cy")}
    assert counts == {"bo": [2], "cy": [2]}
    assert [each.object_id for each in desk.get("cy").document.devices] == ["other"]
    with desk.store.snapshot() as tx:
        devices = [row["object_id"] for row in rows_of(tx, "events", only=desk.environment)]
    assert sorted(devices) == ["", "", "", "other"]


async def test_a_device_that_another_has_now_stays_theirs(desk: Desk) -> None:
    await desk.send(on(DEVICE, profile("ana")), token(DEVICE, TOKEN))
    number = desk.get("ana").id
    await desk.send(on(DEVICE, profile("bo")), on(DEVICE, event("bo", "Seen")))
    assert numbers_of_others(desk) >= {number}
    receipt = erase_ana(desk)
    assert receipt.removed["neighbours"] == 1
    assert number not in numbers_of_others(desk)
    held = desk.get("bo").find_device(DEVICE)
    assert held is not None
    assert held.active_token is not None
    assert places_of(desk, DEVICE) == {"profiles", "identities", "changes", "events"}


async def test_a_push_token_that_came_from_another_device_is_forgotten_there(desk: Desk) -> None:
    await desk.send(on("old", profile("bo")), token("old", TOKEN))
    await desk.send(on(DEVICE, profile("ana")), token(DEVICE, TOKEN))
    assert "profiles" in places_of(desk, TOKEN)
    erase_ana(desk)
    assert places_of(desk, TOKEN) == set()
    [device] = desk.get("bo").document.devices
    assert (device.object_id, device.token) == ("old", None)
    await desk.send(token("old", TOKEN))
    assert desk.get("bo").find_token(TOKEN) is not None


async def test_a_push_token_that_another_has_now_stays_theirs(desk: Desk) -> None:
    await desk.send(on(DEVICE, profile("ana")), token(DEVICE, TOKEN))
    await desk.send(on("new", profile("bo")), token("new", TOKEN))
    erase_ana(desk)
    assert desk.get("bo").find_token(TOKEN) is not None
    assert places_of(desk, DEVICE) == set()


async def test_who_was_taken_in_by_another_since_is_cleansed_too(desk: Desk) -> None:
    await desk.send(on(DEVICE, profile("bo", n=1)), on(DEVICE, event("bo", "Seen")))
    await desk.send(on(DEVICE, profile("ana")), profile("cy"))
    joined = (Identity(IdentityKind.IDENTITY, name) for name in ("cy", "bo"))
    merge_people(desk.store, desk.environment, *joined, source="v1:1")
    erase_ana(desk)
    assert places_of(desk, DEVICE) == set()
    assert desk.get("bo").id == desk.get("cy").id


async def test_what_others_did_on_their_own_is_not_touched(desk: Desk) -> None:
    await desk.send(on("d1", profile("bo", n=1)), token("d1", "t1"), on("d1", event("bo", "Seen")))
    before = kept_of_bo(desk)
    await desk.send(on(DEVICE, profile("ana")), token(DEVICE, TOKEN))
    assert erase_ana(desk).removed["neighbours"] == 0
    assert kept_of_bo(desk) == before


def kept_of_bo(desk: Desk) -> list[StoreRow]:
    """Give all rows of Bo's profile, events and history."""
    number = desk.get("bo").id
    with desk.store.snapshot() as tx:
        return [
            row
            for table in ("changes", "events", "profiles")
            for row in rows_of(tx, table, only=desk.environment)
            if row["profile_id"] == number
        ]


def is_kept(desk: Desk) -> list[object]:
    """Give the ids that kept rejects name first."""
    with desk.store.read() as tx:
        return [
            json.loads(row["record"]).get("identity")
            for row in rows_of(tx, "rejects", only=desk.environment)
        ]


@pytest.mark.parametrize(
    "late", [profile("ana", Age="x"), profile("bo", Email="ana@example.com", Age="x")]
)
async def test_a_reject_that_comes_between_looking_and_erasing_goes_as_well(
    desk: Desk, late: Record
) -> None:
    await desk.send(profile("ana", Email="Ana@example.com"), profile("bo"), profile("bo", Age="x"))
    await desk.send(profile("bo", Email="Ana@example.com", Age="x"))
    ahead = look_ahead(desk.store, desk.environment, ANA)
    assert (ahead is not None) is desk.store.is_sqlite
    await desk.send(late)
    with desk.store.write() as tx:
        receipt = erase_within(tx, desk.environment, ANA, ahead=ahead)
    assert receipt is not None
    assert receipt.removed["rejects"] == 2
    assert is_kept(desk) == ["bo"]


async def test_what_was_found_before_counts_only_if_the_person_is_known_by_the_same_still(
    desk: Desk,
) -> None:
    await desk.send(profile("ana"), profile("bo", Email="ana@example.com", Age="x"))
    ahead = look_ahead(desk.store, desk.environment, ANA)
    await desk.send(profile("ana", Email="ana@example.com"))
    with desk.store.write() as tx:
        receipt = erase_within(tx, desk.environment, ANA, ahead=ahead)
    assert receipt is not None
    assert receipt.removed["rejects"] == 1
    assert is_kept(desk) == []


def test_nobody_is_looked_for_in_vain(desk: Desk) -> None:
    assert look_ahead(desk.store, desk.environment, ANA) is None
    assert erase(desk.store, desk.environment, ANA) is None


async def test_the_receipt_counts_devices_and_tokens(desk: Desk) -> None:
    sent: Receipt = await desk.send(on(DEVICE, profile("ana")), on("d2", profile("ana")))
    assert len(sent.results) == 2
    await desk.send(token(DEVICE, TOKEN))
    number = desk.get("ana").id
    receipt = erase_ana(desk)
    assert receipt.object_id == server_object_id(number)
    assert (receipt.removed["devices"], receipt.removed["tokens"]) == (2, 1)


@pytest.mark.parametrize("first", ["ana", "bo"])
async def test_who_was_merged_with_somebody_and_taken_apart_keeps_nothing_of_them(
    desk: Desk, first: str
) -> None:
    """P-15: of a merge that was undone, undo data and the values in both histories go."""
    ana = on(DEVICE, profile("ana", Name="Qname", plan="Qplan", Email="q@q.example", tags=["Qtag"]))
    bo = profile("bo", plan="gold", tags=["b"], n=1)
    for record in (ana, bo) if first == "ana" else (bo, ana):
        await desk.send(record)
    joined = (Identity(IdentityKind.IDENTITY, name) for name in ("ana", "bo"))
    merged = merge_people(desk.store, desk.environment, *joined, source="v1:1")
    await desk.send(profile("bo", plan="silver", own=1), profile("ana", plan="Qplan 2"))
    await desk.send(profile("bo", tags={"$add": ["c"]}, Name={"$delete": 1}))
    undo_merge(desk.store, desk.environment, merged.merge, source="v1:1")
    await desk.send(profile("bo", plan="iron"))
    before = desk.get("bo").document
    number = desk.get("ana").id
    erase_ana(desk)
    assert desk.get("bo").document == before
    for text in ("Qname", "Qplan", "q@q.example", "Qtag", DEVICE, '"ana"'):
        assert places_of(desk, text) == set(), text
    assert number not in numbers_of_others(desk)


async def test_a_part_that_had_the_device_is_found_though_the_whole_was_erased(desk: Desk) -> None:
    """P-15: the log names who had a device, not whom they were shown as for a while."""
    for each in ("other", DEVICE):
        await desk.send({"type": "event", "objectId": each, "evtName": "Seen"})
    whole, part = (Identity(IdentityKind.OBJECT_ID, each) for each in ("other", DEVICE))
    merged = merge_people(desk.store, desk.environment, whole, part, source="v1:1")
    for name in ("zoe", "ana"):
        await desk.send(profile(name), on(DEVICE, profile(name)))
    undo_merge(desk.store, desk.environment, merged.merge, source="v1:1")
    assert erase(desk.store, desk.environment, whole) is not None
    assert "events" in places_of(desk, DEVICE)
    erase_ana(desk)
    assert places_of(desk, DEVICE) == set()


async def test_what_a_person_did_before_goes_with_them_though_the_device_went_first(
    desk: Desk,
) -> None:
    """P-15: the next owner of a device is erased, then the one whose visits it was."""
    await desk.send({"type": "event", "objectId": DEVICE, "evtName": "Seen"}, profile("zoe"))
    for name in ("zoe", "ana"):
        await desk.send(on(DEVICE, profile(name)))
    erase_ana(desk)
    assert places_of(desk, DEVICE) == set()
    assert erase(desk.store, desk.environment, Identity(IdentityKind.IDENTITY, "zoe")) is not None
    with desk.store.snapshot() as tx:
        assert rows_of(tx, "events", only=desk.environment) == []
