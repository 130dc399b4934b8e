"""Devices, ids that belong to two people, and rejects: what the store keeps of them."""

from mien.domain.devices import DEVICES
from mien.domain.identities import IdentityKind
from mien.domain.rejects import Reject, RejectCode
from mien.services.receipts import Applied
from mien.services.rejects import list_rejects
from mien.store import people
from mien.store.people import MergeSuggestion
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, Record, event, profile


def on(device: str, record: Record) -> Record:
    """Give a record that also names a device."""
    return {**record, "objectId": device}


def seen(device: str) -> Record:
    """Give an event that names a device and nobody."""
    return {"type": "event", "objectId": device, "evtName": "Seen"}


def times_seen(desk: Desk, name: str) -> int:
    """Count the events of a person."""
    return sum(each.count for each in desk.get(name).activity.events.values())


def suggestions(desk: Desk) -> list[MergeSuggestion]:
    """Give the merges that are suggested."""
    with desk.store.read() as tx:
        return people.merge_suggestion_page(tx, desk.environment, after=(0, 0), count=100)


async def test_users_who_switch_on_one_device_are_never_mixed(desk: Desk) -> None:
    await desk.send(on("phone", profile("ana", n=1)), seen("phone"))
    await desk.send(on("phone", profile("bo", n=2)), seen("phone"), seen("phone"))
    await desk.send(on("phone", profile("ana")), seen("phone"))
    assert (times_seen(desk, "ana"), times_seen(desk, "bo")) == (2, 2)
    assert desk.get("phone", IdentityKind.OBJECT_ID).id == desk.get("ana").id
    assert desk.get("bo").document.devices == []
    assert desk.get("ana").document.properties == {"n": 1}
    assert desk.get("bo").document.properties == {"n": 2}
    assert find_faults(desk.store, only=desk.environment) == []


async def test_a_push_token_goes_with_its_device(desk: Desk) -> None:
    token = {"type": "token", "objectId": "phone", "tokenData": {"id": "t", "type": "fcm"}}
    await desk.send(on("phone", profile("ana")), token, on("phone", profile("bo")))
    assert desk.get("ana").document.devices == []
    held = desk.get("bo").document.devices[0].token
    assert held is not None
    assert held.id == "t"


async def test_beyond_50_devices_the_longest_unseen_is_let_go_and_free_again(desk: Desk) -> None:
    for n in range(DEVICES + 2):
        await desk.send(on(f"device{n}", profile("ana")), at_ms=NOON_MS + n * 1_000)
    await desk.send(seen("device0"), seen("device1"))
    assert len(desk.get("ana").document.devices) == DEVICES
    found = [desk.get(f"device{n}", IdentityKind.OBJECT_ID).id for n in range(3)]
    assert len(set(found)) == 3
    assert found[2] == desk.get("ana").id
    assert find_faults(desk.store, only=desk.environment) == []


async def test_more_devices_than_a_profile_may_have_fit_into_one_batch(desk: Desk) -> None:
    await desk.send(*(on(f"device{n % 60}", profile("ana")) for n in range(150)))
    assert len(desk.get("ana").document.devices) == DEVICES
    assert find_faults(desk.store, only=desk.environment) == []


async def test_ids_of_two_people_stay_where_they_are_and_a_merge_is_suggested_once(
    desk: Desk,
) -> None:
    await desk.send(profile("ana", n=1), {**profile("bo"), "FBID": "fb"})
    mixed = {**profile("ana", n=2), "FBID": "fb"}
    receipts = [await desk.send(mixed, mixed) for _ in range(2)]
    ana, bo = desk.get("ana"), desk.get("bo")
    for result in (result for receipt in receipts for result in receipt.results):
        assert isinstance(result, Applied)
        assert result.conflicts == ((IdentityKind.FBID, "fb"),)
    noted = suggestions(desk)
    assert [(each.profile, each.other, each.value) for each in noted] == [(ana.id, bo.id, "fb")]
    assert ana.document.properties == {"n": 2}
    assert desk.get("fb", IdentityKind.FBID).id == bo.id
    assert find_faults(desk.store, only=desk.environment) == []


async def test_rejects_are_kept_with_their_source_position_and_reason(desk: Desk) -> None:
    bad = profile("bo", Email="none")
    await desk.send(profile("ana"), bad, event("chi", ""), source="api:7", at_ms=NOON_MS + 5)
    await desk.send(bad, source="v1:8", at_ms=NOON_MS + 6)
    kept = list_rejects(desk.store, desk.environment, before=None, count=10)
    shown = [(each.source, each.position, each.code, each.received_at) for each in kept]
    assert shown == [
        ("v1:8", 1, RejectCode.EMAIL, NOON_MS + 6),
        ("api:7", 3, RejectCode.EVENT_NAME_MISSING, NOON_MS + 5),
        ("api:7", 2, RejectCode.EMAIL, NOON_MS + 5),
    ]
    assert b'"Email":"none"' in bytes(kept[2].record)
    assert "Email" in kept[2].reason


async def test_what_a_full_profile_had_no_room_for_is_kept_as_a_reject(desk: Desk) -> None:
    await desk.send(profile("ana", **{f"key {n}": n for n in range(256)}))
    receipt = await desk.send(profile("ana", **{"key 0": "new", "one more": 1}))
    assert not isinstance(receipt.results[0], Reject)
    kept = list_rejects(desk.store, desk.environment, before=None, count=10)
    assert [each.code for each in kept] == [RejectCode.TOO_MANY_KEYS]
    assert b"one more" in bytes(kept[0].record)
    assert b"key 0" not in bytes(kept[0].record)
    assert find_faults(desk.store, only=desk.environment) == []
