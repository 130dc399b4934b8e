"""Many writers at once: no update is lost, nobody is made twice, devices have one holder."""

import asyncio
import random
import threading
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from mien.domain.devices import DEVICES
from mien.domain.errors import StoreUnavailableError
from mien.domain.identities import Identity, IdentityKind
from mien.services.erase import erase
from mien.services.merges import merge_people, undo_merge
from mien.services.receipts import Applied
from mien.store import log, profiles
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.consistency import find_faults, rows_of
from tests.support.uploading import Desk, Record, event, profile, run

WRITERS = 200


def raced(desks: tuple[Desk, ...], records: list[Record]) -> None:
    """Send each record as a batch of its own, from as many loops as there are threads."""

    async def send_some(which: int) -> None:
        desk = desks[which % len(desks)]
        await asyncio.gather(*(desk.send(each) for each in records[which::8]))

    threads = [threading.Thread(target=run, args=(send_some(which),)) for which in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check(desk: Desk) -> None:
    """See that the environment does not contradict itself."""
    assert find_faults(desk.store, only=desk.environment) == []


def people(desk: Desk) -> int:
    """Count the profiles of the environment."""
    with desk.store.read() as tx:
        return len(rows_of(tx, "profiles", only=desk.environment))


def test_200_writers_of_one_key_each_leave_200_keys(desks: tuple[Desk, ...]) -> None:
    raced(desks, [profile("ana", **{f"key {n}": n}) for n in range(WRITERS)])
    found = desks[0].get("ana").document.properties
    assert found == {f"key {n}": n for n in range(WRITERS)}
    assert people(desks[0]) == 1
    check(desks[0])


def test_200_writers_of_one_more_add_200(desks: tuple[Desk, ...]) -> None:
    desks[0].upload(profile("ana", score=0))
    raced(desks, [profile("ana", score={"$incr": 1}) for _ in range(WRITERS)])
    assert desks[0].get("ana").document.properties == {"score": WRITERS}
    check(desks[0])


def test_each_change_has_as_old_what_the_one_before_left(desks: tuple[Desk, ...]) -> None:
    raced(desks, [profile("ana", n=n) for n in range(WRITERS)])
    desk, found = desks[0], desks[0].get("ana")
    with desk.store.read() as tx:
        walked = list(log.walk_changes(tx, desk.environment, found.last_change))
    values = [each.change.new["n"] for each in walked]
    assert sorted(map(int, values)) == list(range(WRITERS))  # type: ignore[arg-type]
    assert [each.change.old.get("n") for each in walked] == [*values[1:], None]
    assert found.document.properties == {"n": values[0]}


def test_an_unknown_identity_makes_one_profile_however_many_send_it(
    desks: tuple[Desk, ...],
) -> None:
    kinds: list[Record] = [
        profile("ana", n=1),
        event("ana", "Seen"),
        {**profile("ana"), "FBID": "fb"},
        {**event("ana", "Seen"), "GPID": "gp"},
    ]
    raced(desks, kinds * 25)
    assert people(desks[0]) == 1
    found = desks[0].get("ana")
    assert found.id == desks[0].get("fb", IdentityKind.FBID).id
    assert found.id == desks[0].get("gp", IdentityKind.GPID).id
    assert [each.count for each in found.activity.events.values()] == [50]
    check(desks[0])


def test_a_device_that_changes_hands_all_the_time_has_one_holder(desks: tuple[Desk, ...]) -> None:
    names = ["ana", "bo", "chi", "dee"]
    records: list[Record] = [
        {**profile(name, n=n), "objectId": "device"}
        for n, name in enumerate(random.Random(1).choices(names, k=WRITERS))
    ]
    raced(desks, [*records, *(event(name, "Seen") for name in names)])
    holder = desks[0].get("device", IdentityKind.OBJECT_ID)
    assert [each.object_id for each in holder.document.devices] == ["device"]
    check(desks[0])


def test_anonymous_visitors_who_log_in_at_once_are_taken_over_once(
    desks: tuple[Desk, ...],
) -> None:
    visits: list[Record] = [
        {"type": "event", "objectId": f"device{n}", "evtName": "Seen"} for n in range(20)
    ]
    logins: list[Record] = [
        {**profile(f"person{n % 5}", n=n), "objectId": f"device{n % 20}"} for n in range(60)
    ]
    raced(desks, [*visits, *logins, *visits])
    check(desks[0])


def test_a_person_who_logs_in_on_200_devices_at_once_is_one_and_nothing_is_lost(
    desks: tuple[Desk, ...],
) -> None:
    """P-04, P-05, P-08: one visitor becomes the person, the rests of the others are kept."""
    devices = [f"device{n}" for n in range(WRITERS)]
    desk = desks[0]
    visits: list[Record] = [
        {"type": "event", "objectId": each, "evtName": "Seen"} for each in devices
    ]
    desk.upload(*visits)
    logins: list[Record] = [
        {**profile("ana", **{each: True}), "objectId": each} for each in devices
    ]
    raced(desks, logins)
    ana = desk.get("ana")
    assert ana.document.properties == dict.fromkeys(devices, True)
    assert len(ana.document.devices) == DEVICES
    with desk.store.read() as tx:
        assert len(rows_of(tx, "events", only=desk.environment)) == WRITERS
    assert people(desk) == WRITERS
    check(desk)


def test_who_is_merged_and_taken_apart_while_uploads_go_on_loses_nothing(
    desks: tuple[Desk, ...],
) -> None:
    """P-07, B-01: in the end each has what was sent under its own id."""
    names = ("ana", "bo")
    ana, bo = (Identity(IdentityKind.IDENTITY, name) for name in names)
    desk, done = desks[0], threading.Event()
    desk.upload(*(profile(name, score=0) for name in names))
    merged: list[int] = []

    def merge_again_and_again() -> None:
        store = desks[-1].store
        while not (done.is_set() and merged):
            outcome = merge_people(store, desk.environment, ana, bo, source="v1:1")
            merged.append(outcome.merge)
            undo_merge(store, desk.environment, outcome.merge, source="v1:1")

    thread = threading.Thread(target=merge_again_and_again)
    thread.start()
    try:
        mixed = [
            record
            for n in range(100)
            for name in names
            for record in (
                profile(name, score={"$incr": 1}, **{f"{name} {n}": n}),
                event(name, f"Seen {name}"),
            )
        ]
        raced(desks, mixed)
    finally:
        done.set()
        thread.join()
    for name in names:
        found = desk.get(name)
        own = {f"{name} {n}": n for n in range(100)}
        assert found.document.properties == {"score": 100, **own}
        (seen,) = found.activity.events.values()
        assert seen.count == 100
    check(desk)


def test_an_object_id_that_the_server_made_is_written_by_all_and_lost_by_none(
    desks: tuple[Desk, ...],
) -> None:
    desks[0].upload({"type": "profile", "FBID": "fb", "profileData": {"score": 0}})
    made = f"mien_{desks[0].get('fb', IdentityKind.FBID).id:x}"
    record: Record = {"type": "profile", "objectId": made, "profileData": {"score": {"$incr": 1}}}
    raced(desks, [record] * 100)
    assert desks[0].get(made, IdentityKind.OBJECT_ID).document.properties == {"score": 100}
    check(desks[0])


def test_definitions_are_made_once_and_count_everything(desks: tuple[Desk, ...]) -> None:
    events = [event(f"p{n}", f"event {n % 7}", **{f"key {n % 5}": n}) for n in range(100)]
    raced(desks, [*events, *(profile(f"p{n}", **{f"key {n % 9}": n / 2}) for n in range(100))])
    check(desks[0])


def test_who_is_erased_while_uploads_go_on_is_whole_or_gone(desks: tuple[Desk, ...]) -> None:
    done = threading.Event()
    erased: list[int] = []

    def erase_again_and_again() -> None:
        while not done.is_set():
            receipt = erase(
                desks[-1].store, desks[0].environment, Identity(IdentityKind.IDENTITY, "ana")
            )
            if receipt is not None:
                erased.append(receipt.removed["profiles"])

    thread = threading.Thread(target=erase_again_and_again)
    thread.start()
    try:
        mixed: list[Record] = [
            {**profile("ana", n=1, Email="ana@example.com"), "objectId": "device"},
            event("ana", "Seen"),
            {**profile("bo", n=1), "objectId": "device", "FBID": "fb"},
            {**profile("ana", n=2), "FBID": "fb"},
        ]
        raced(desks, mixed * 40)
    finally:
        done.set()
        thread.join()
    check(desks[0])
    assert erased
    desks[0].upload(profile("ana", n=3), profile("bo", n=3))
    check(desks[0])


async def test_writers_in_the_way_for_too_long_are_told_to_send_again(
    two_desks: tuple[Desk, Desk],
) -> None:
    one, other = two_desks
    await one.send(profile("ana", n=1))
    await other.send(profile("bo", n=1))
    be_patient_for(other.store, "50ms")
    with one.store.write() as tx:
        tx._cursor.execute("LOCK TABLE profiles IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError, match="lock timeout"):
            await other.send(profile("ana", n=2))
    be_patient_for(other.store, "10s")
    assert one.get("ana").document.properties == {"n": 1}
    receipt = await other.send(profile("ana", n=3))
    assert isinstance(receipt.results[0], Applied)


def be_patient_for(store: Store, time: str) -> None:
    """Set how long the writer of a store waits for another's lock."""
    assert store._writer is not None
    store._writer.cursor().execute(f"SET lock_timeout = '{time}'")


async def until_waiting(desk: Desk, writers: int) -> None:
    """Wait until so many transactions wait for a lock that another holds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waiting = 0
    while waiting < writers:
        await asyncio.sleep(0)
        with desk.store.read() as tx:
            tx._cursor.execute(query)
            waiting = tx._cursor.fetchall()[0][0]


async def held_up(desk: Desk, name: str, calls: Sequence[Coroutine[Any, Any, object]]) -> None:
    """Make calls that all have looked up their people before any of them may write."""
    blocker = prepare(desk.store.url.render_as_string(hide_password=False), may_migrate=False)
    with blocker.write() as tx:
        profiles.lock(tx, desk.environment, [desk.get(name).id])
        waiting = [asyncio.ensure_future(call) for call in calls]
        await until_waiting(desk, len(calls))
    await asyncio.gather(*waiting)
    blocker.close()


def with_device(record: Record, device: str = "device") -> Record:
    """Give a record that also names a device."""
    return {**record, "objectId": device}


async def test_a_device_that_two_servers_hand_on_at_once_is_handed_on_twice(
    two_desks: tuple[Desk, Desk],
) -> None:
    one, other = two_desks
    await one.send(with_device(profile("ana")), profile("bo"), profile("chi"))
    calls = [one.send(with_device(profile("bo"))), other.send(with_device(profile("chi")))]
    await held_up(one, "ana", calls)
    holders = [name for name in ("ana", "bo", "chi") if one.get(name).document.devices]
    assert len(holders) == 1
    check(one)


async def test_an_event_of_a_device_that_is_handed_on_meanwhile_is_counted_once(
    two_desks: tuple[Desk, Desk],
) -> None:
    one, other = two_desks
    await one.send(with_device(profile("ana")), profile("bo"))
    seen: Record = {"type": "event", "objectId": "device", "evtName": "Seen"}
    await held_up(one, "ana", [one.send(with_device(profile("bo"))), other.send(seen)])
    assert len(one.get("ana").activity.events) + len(one.get("bo").activity.events) == 1
    check(one)


async def test_an_update_of_a_person_who_is_erased_meanwhile_makes_a_new_one(
    two_desks: tuple[Desk, Desk],
) -> None:
    one, other = two_desks
    await one.send(profile("ana", old=1))
    before = one.get("ana").id
    erasing = asyncio.to_thread(
        erase, one.store, one.environment, Identity(IdentityKind.IDENTITY, "ana")
    )
    await held_up(one, "ana", [erasing, other.send(profile("ana", new=1))])
    found = one.find("ana")
    assert found is None or (found.id != before and found.document.properties == {"new": 1})
    check(one)
