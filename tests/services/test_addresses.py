"""Addresses are blocked, opened and taken away for all who share them (G-13, U-13)."""

import asyncio
import threading

from mien.domain.documents import NATIVE
from mien.domain.identities import AddressKind
from mien.domain.preferences import Address, SubscriptionKey, SubscriptionKind
from mien.services.addresses import By, release, subscribe, subscription_page, view_address
from mien.store import log, people
from mien.store.log import StoredChange
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, profile, run

MAIL: SubscriptionKey = (SubscriptionKind.EMAIL, "family@example.com")
PHONE: SubscriptionKey = (SubscriptionKind.PHONE, "+14155551234")
WHATSAPP: SubscriptionKey = (SubscriptionKind.WHATSAPP, "+14155551234")
NUMBER: Address = (AddressKind.PHONE, "+14155551234")
BY = By("api:7", NOON_MS + 60_000)


def say(desk: Desk, *said: tuple[SubscriptionKey, bool], by: By = BY) -> set[SubscriptionKey]:
    """Block or open addresses."""
    return subscribe(desk.store, desk.environment, dict(said), by=by)


def state(desk: Desk, key: SubscriptionKey) -> bool | None:
    """Tell what was said of an address."""
    with desk.store.read() as tx:
        return people.blocked_states(tx, desk.environment, [key[1]]).get(key)


def history(desk: Desk, name: str) -> list[StoredChange]:
    """Give the changes of a person, newest first."""
    with desk.store.read() as tx:
        return list(log.walk_changes(tx, desk.environment, desk.get(name).last_change))


def check(desk: Desk) -> None:
    """See that the environment does not contradict itself."""
    assert find_faults(desk.store, only=desk.environment) == []


async def fill(desk: Desk) -> None:
    """Send two who share both addresses, and one who shares none."""
    await desk.send(
        profile("ana", Email="Family@example.com", Phone="+14155551234"),
        profile("bo", Email="family@EXAMPLE.com", Phone="+14155551234"),
        profile("cy", Email="cy@example.com", Phone="+14155550000"),
    )


async def test_the_history_of_all_who_share_an_address_says_who_blocked_it(desk: Desk) -> None:
    await fill(desk)
    assert say(desk, (MAIL, True), (WHATSAPP, True), (PHONE, True)) == {MAIL, WHATSAPP, PHONE}
    for name in ("ana", "bo"):
        phone, mail, _ = history(desk, name)
        assert phone.change.flags == {"MSG-dndPhone": True, "MSG-dndWhatsApp": True}
        assert mail.change.flags == {"MSG-dndEmail": True}
        assert {(each.source, each.received_at) for each in (phone, mail)} == {
            (BY.source, BY.now_ms)
        }
    assert len(history(desk, "cy")) == 1
    check(desk)


async def test_saying_the_same_again_changes_nothing_and_leaves_no_trace(desk: Desk) -> None:
    await fill(desk)
    say(desk, (MAIL, True))
    assert say(desk, (MAIL, True), by=By("v1:9", BY.now_ms + 5)) == set()
    assert len(history(desk, "ana")) == 2
    [said] = view_address(desk.store, desk.environment, (AddressKind.EMAIL, MAIL[1])).said
    assert (said.source, said.changed_at, said.is_blocked) == (BY.source, BY.now_ms, True)
    assert say(desk, (MAIL, False)) == {MAIL}
    assert state(desk, MAIL) is False
    check(desk)


async def test_an_address_is_shown_with_who_said_what_and_how_many_have_it(desk: Desk) -> None:
    await fill(desk)
    say(desk, (PHONE, True))
    say(desk, (WHATSAPP, False), by=By("v1:1", BY.now_ms + 1))
    shown = view_address(desk.store, desk.environment, NUMBER)
    assert [(each.kind, each.is_blocked, each.source) for each in shown.said] == [
        (SubscriptionKind.PHONE, True, "api:7"),
        (SubscriptionKind.WHATSAPP, False, "v1:1"),
    ]
    assert shown.profiles == 2
    nobody = view_address(desk.store, desk.environment, (AddressKind.PHONE, "+14155559999"))
    assert (nobody.said, nobody.profiles) == ([], 0)


async def test_what_was_said_is_listed_by_kind_and_address(desk: Desk) -> None:
    said = [((SubscriptionKind.EMAIL, f"p{n}@example.com"), n % 2 == 0) for n in range(5)]
    say(desk, *reversed(said), (PHONE, True))
    seen: list[tuple[SubscriptionKey, bool]] = []
    after = (0, "")
    while found := subscription_page(desk.store, desk.environment, after=after, count=2).said:
        seen += [((each.kind, each.value), each.is_blocked) for each in found]
        after = (found[-1].kind, found[-1].value)
    assert seen == [*said, (PHONE, True)]


async def test_a_phone_that_is_taken_finds_nobody_and_the_histories_keep_it(desk: Desk) -> None:
    await fill(desk)
    other: Address = (AddressKind.PHONE, "+14155559999")
    taken = release(desk.store, desk.environment, [NUMBER, other, NUMBER], by=BY)
    assert taken == {NUMBER: 2}
    assert view_address(desk.store, desk.environment, NUMBER).profiles == 0
    for name in ("ana", "bo"):
        assert set(desk.get(name).document.properties) == {"Email"}
        last = history(desk, name)[0]
        assert (last.change.new, last.change.old) == ({"Phone": None}, {"Phone": "+14155551234"})
        assert last.source == BY.source
    assert desk.get("cy").document.properties["Phone"] == "+14155550000"
    check(desk)


async def test_late_data_does_not_bring_a_taken_phone_back(desk: Desk) -> None:
    await fill(desk)
    release(desk.store, desk.environment, [NUMBER], by=BY)
    late = {**profile("ana", Phone="+14155551234", plan="gold"), "ts": NOON_MS // 1_000}
    await desk.send(late, at_ms=BY.now_ms + 1, rules=NATIVE)
    assert set(desk.get("ana").document.properties) == {"Email", "plan"}


async def test_more_people_than_a_page_holds_share_an_address(desk: Desk) -> None:
    people_of_one = [profile(f"p{n}", Phone="+14155551234") for n in range(1_005)]
    await desk.send(*people_of_one[:1_000])
    await desk.send(*people_of_one[1_000:])
    say(desk, (PHONE, True))
    assert history(desk, "p1004")[0].change.flags == {"MSG-dndPhone": True}
    assert len(history(desk, "p0")) == 2
    assert release(desk.store, desk.environment, [NUMBER], by=BY) == {NUMBER: 1_005}
    check(desk)


def test_uploads_race_with_blocking_and_taking_away(desks: tuple[Desk, ...]) -> None:
    first = desks[0]
    first.upload(*(profile(f"p{n}", Phone="+14155551234") for n in range(20)))
    stop = threading.Event()

    def upload(desk: Desk, seed: int) -> None:
        async def send() -> None:
            for turn in range(1_000):
                if stop.is_set():
                    return
                number = "+14155551234" if turn % 2 else "+14155550000"
                flag = {"MSG-dndPhone": turn % 3 == 0}
                await asyncio.gather(
                    *(desk.send(profile(f"p{n}", Phone=number, **flag)) for n in range(seed, 20, 2))
                )

        run(send())

    threads = [threading.Thread(target=upload, args=(desks[n % len(desks)], n)) for n in range(2)]
    for thread in threads:
        thread.start()
    last = desks[-1]
    for turn in range(60):
        by = By("api:7", NOON_MS + 1 + turn)
        say(last, (PHONE, turn % 2 == 0), by=by)
        release(last.store, last.environment, [NUMBER], by=by)
    stop.set()
    for thread in threads:
        thread.join()
    release(last.store, last.environment, [NUMBER], by=BY)
    assert view_address(last.store, last.environment, NUMBER).profiles == 0
    check(first)
