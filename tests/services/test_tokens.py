"""Push tokens: one device takes messages by a token, and whose it is follows from the last word."""

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.devices import DEVICES, TokenLoss
from mien.domain.documents import NATIVE, is_identified
from mien.domain.identities import Identity, IdentityKind, own_id
from mien.domain.rejects import Reject, RejectCode
from mien.services import erase
from mien.services.ingest import Ingest
from mien.services.merges import merge_people, undo_merge
from mien.services.receipts import Applied
from mien.store.engine import Store
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk, Record, event, new_environment, profile

NOON = NOON_MS // 1_000


def on(device: str, record: Record) -> Record:
    """Give a record that also names a device."""
    return {**record, "objectId": device}


def token(device: str, value: str | None, kind: str = "fcm") -> Record:
    """Give a token record; None gives the token up."""
    data = None if value is None else {"id": value, "type": kind}
    return {"type": "token", "objectId": device, "tokenData": data}


def states(desk: Desk, name: str) -> dict[str, tuple[str, str | None]]:
    """Give the tokens of a person by device, with the reason of those that are not active."""
    return {
        device.object_id: (device.token.id, device.token.inactive_reason)
        for device in desk.get(name).document.devices
        if device.token is not None
    }


def holder(desk: Desk, value: str) -> int | None:
    """Give the profile that a token finds."""
    found = desk.find(value, IdentityKind.PUSH_TOKEN)
    return None if found is None else found.id


# U-15
async def test_the_later_of_two_devices_with_one_token_has_it(desk: Desk) -> None:
    await desk.send(on("old", profile("ana")), on("new", profile("bo")), token("old", "t"))
    assert holder(desk, "t") == desk.get("ana").id
    await desk.send(token("new", "t"), at_ms=NOON_MS + 5_000)
    assert states(desk, "ana") == {"old": ("t", TokenLoss.MOVED)}
    assert states(desk, "bo") == {"new": ("t", None)}
    assert holder(desk, "t") == desk.get("bo").id
    lost = desk.get("ana").document.devices[0].token
    assert lost is not None
    assert lost.inactive_since == NOON + 5
    assert find_faults(desk.store, only=desk.environment) == []


# U-15
async def test_a_token_does_not_say_when_its_device_was_there(desk: Desk) -> None:
    await desk.send(on("d", event("ana", "Seen", at=NOON - 86_400)), token("d", "t"))
    [device] = desk.get("ana").document.devices
    assert device.active_token is not None
    assert device.seen_at == NOON - 86_400


# U-15
async def test_a_token_moves_between_two_devices_of_one_person_and_within_a_batch(
    desk: Desk,
) -> None:
    both = on("a", profile("ana")), on("b", profile("ana"))
    await desk.send(*both, token("a", "t"), token("b", "t"), token("a", "t"))
    assert states(desk, "ana") == {"a": ("t", None), "b": ("t", TokenLoss.MOVED)}
    assert find_faults(desk.store, only=desk.environment) == []


# U-15
async def test_a_new_token_of_a_device_takes_the_place_of_its_former_one(desk: Desk) -> None:
    await desk.send(on("a", profile("ana")), on("b", profile("bo")), token("a", "t1"))
    await desk.send(token("a", "t2"), token("b", "t1"))
    assert states(desk, "ana") == {"a": ("t2", None)}
    assert states(desk, "bo") == {"b": ("t1", None)}
    assert find_faults(desk.store, only=desk.environment) == []


# U-15, P-03
async def test_a_token_that_is_given_up_reaches_nobody_until_it_comes_again(desk: Desk) -> None:
    await desk.send(on("phone", {"type": "profile", "profileData": {}}), token("phone", "t"))
    visitor = desk.get("phone", IdentityKind.OBJECT_ID)
    assert is_identified(visitor.document)
    gone = await desk.send(token("phone", None), rules=NATIVE, at_ms=NOON_MS + 1_000)
    again = await desk.send(token("phone", None), rules=NATIVE)
    assert [_is_changed(each.results[0]) for each in (gone, again)] == [True, False]
    visitor = desk.get("phone", IdentityKind.OBJECT_ID)
    assert not is_identified(visitor.document)
    lost = visitor.document.devices[0].token
    assert lost is not None
    assert (lost.inactive_reason, lost.inactive_since) == (TokenLoss.UNREGISTERED, NOON + 1)
    assert holder(desk, "t") is None
    await desk.send(token("phone", "t"))
    visitor = desk.get("phone", IdentityKind.OBJECT_ID)
    assert is_identified(visitor.document)
    assert holder(desk, "t") == visitor.id
    assert find_faults(desk.store, only=desk.environment) == []


# U-15
async def test_the_compatible_api_takes_no_null_for_a_token(desk: Desk) -> None:
    await desk.send(on("phone", profile("ana")), token("phone", "t"))
    for device in ("phone", "unknown"):
        (result,) = (await desk.send(token(device, None))).results
        assert isinstance(result, Reject)
        assert result.code == RejectCode.TOKEN_DATA
    (result,) = (await desk.send(token("unknown", None), rules=NATIVE)).results
    assert isinstance(result, Reject)
    assert result.code == RejectCode.TOKEN_OBJECT_ID
    assert states(desk, "ana") == {"phone": ("t", None)}


# U-15
async def test_a_token_that_does_not_fit_takes_nothing_from_the_other_device(desk: Desk) -> None:
    await desk.send(
        on("phone", profile("ana")),
        on("pc", profile("bo")),
        token("phone", "t"),
        token("pc", "w", "wns"),
    )
    (result,) = (await desk.send(token("pc", "t"))).results
    assert isinstance(result, Reject)
    assert result.code == RejectCode.TOKEN_PLATFORM
    assert states(desk, "ana") == {"phone": ("t", None)}
    assert states(desk, "bo") == {"pc": ("w", None)}


# P-06, U-15
async def test_a_token_goes_with_its_device_and_is_found_there(desk: Desk) -> None:
    await desk.send(on("phone", profile("ana")), token("phone", "t"), on("phone", profile("bo")))
    assert holder(desk, "t") == desk.get("bo").id
    await desk.send(on("tablet", profile("chi")), token("tablet", "t"))
    assert states(desk, "bo") == {"phone": ("t", TokenLoss.MOVED)}
    await desk.send(on("phone", profile("ana")))
    assert states(desk, "ana") == {"phone": ("t", TokenLoss.MOVED)}
    assert holder(desk, "t") == desk.get("chi").id
    assert find_faults(desk.store, only=desk.environment) == []


# P-08
async def test_a_device_without_an_active_token_is_let_go_before_one_with_it(desk: Desk) -> None:
    for n in range(DEVICES):
        await desk.send(on(f"d{n}", profile("ana")), at_ms=NOON_MS + n * 1_000)
    await desk.send(token("d0", "t0"), token("d1", "t1"), token("d2", "t2"))
    # The three were seen when they got their tokens; make them the longest unseen again.
    later = NOON_MS + 86_400_000
    for n in range(3, DEVICES):
        await desk.send(on(f"d{n}", event("ana", "Seen")), at_ms=later + n * 1_000)
    await desk.send(token("d1", None), rules=NATIVE, at_ms=NOON_MS)
    await desk.send(on("e0", profile("ana")), at_ms=later + 100_000)
    assert "d1" not in {each.object_id for each in desk.get("ana").document.devices}
    await desk.send(on("e1", profile("ana")), at_ms=later + 101_000)
    left = {each.object_id for each in desk.get("ana").document.devices}
    assert {"d0", "d2", "e0", "e1"} <= left
    assert "d3" not in left
    assert find_faults(desk.store, only=desk.environment) == []


# P-08
async def test_when_all_devices_have_tokens_the_one_let_go_takes_its_token_along(
    desk: Desk,
) -> None:
    for n in range(DEVICES):
        await desk.send(on(f"d{n}", profile("ana")), token(f"d{n}", f"t{n}"), at_ms=NOON_MS + n)
    await desk.send(on("more", profile("ana")))
    assert holder(desk, "t0") is None
    await desk.send(on("other", profile("bo")), token("other", "t0"))
    assert holder(desk, "t0") == desk.get("bo").id
    assert find_faults(desk.store, only=desk.environment) == []


# P-15, U-15
async def test_the_token_of_an_erased_person_is_free(desk: Desk) -> None:
    await desk.send(on("phone", profile("ana")), token("phone", "t" * 2_000))
    erase.erase_part(desk.store, desk.environment, own_id(desk.get("ana").id))
    assert holder(desk, "t" * 2_000) is None
    await desk.send(on("phone", profile("bo")), token("phone", "t" * 2_000))
    assert holder(desk, "t" * 2_000) == desk.get("bo").id
    assert find_faults(desk.store, only=desk.environment) == []


DEVICE_NAMES, TOKEN_NAMES = ("d1", "d2", "d3"), ("t1", "t2")
PEOPLE = ("ana", "bo", "chi")
acts = st.one_of(
    st.builds(token, st.sampled_from(DEVICE_NAMES), st.sampled_from([*TOKEN_NAMES, None])),
    st.builds(
        lambda device, name: on(device, profile(name)),
        st.sampled_from(DEVICE_NAMES),
        st.sampled_from(("ana", "bo")),
    ),
)


# U-15, P-06
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(sent=st.lists(st.lists(acts, min_size=1, max_size=6), min_size=1, max_size=5))
def test_however_devices_and_tokens_change_hands_each_has_one_holder(
    shared_store: Store, sent: list[list[Record]]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    for batch in sent:
        asyncio.run(desk.send(*batch, rules=NATIVE))
    ingest.close()
    assert find_faults(shared_store, only=desk.environment) == []
    last = _last_holders(list(itertools.chain.from_iterable(sent)))
    for value in TOKEN_NAMES:
        found = desk.find(value, IdentityKind.PUSH_TOKEN)
        device = None if found is None else found.find_token(value)
        assert (None if device is None else device.object_id) == last.get(value)


turns = st.lists(
    st.one_of(
        acts.map(lambda record: ("send", record)),
        st.sampled_from([("merge", "ana bo"), ("merge", "bo chi"), ("undo", "")]),
    ),
    min_size=4,
    max_size=14,
)


# U-15, P-07, B-01
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(turns=turns)
def test_tokens_keep_one_holder_while_people_are_merged_and_taken_apart(
    shared_store: Store, turns: list[tuple[str, Any]]
) -> None:
    ingest = Ingest(shared_store)
    desk = Desk(shared_store, ingest, new_environment(shared_store))
    asyncio.run(desk.send(*[on(f"d{n}", profile(name)) for n, name in enumerate(PEOPLE, 1)]))
    merges: list[int] = []
    for act, what in turns:
        if act == "send":
            asyncio.run(desk.send(what, rules=NATIVE))
        elif act == "merge":
            one, other = (Identity(IdentityKind.IDENTITY, name) for name in what.split())
            report = merge_people(shared_store, desk.environment, one, other, source="test")
            if not report.is_done_before:
                merges.append(report.merge)
        elif merges:
            undo_merge(shared_store, desk.environment, merges.pop(), source="test")
        assert find_faults(shared_store, only=desk.environment) == []
    ingest.close()
    sent = [what for act, what in turns if act == "send"]
    last = _last_holders([on(f"d{n}", profile("x")) for n in (1, 2, 3)] + sent)
    for value in TOKEN_NAMES:
        found = desk.find(value, IdentityKind.PUSH_TOKEN)
        device = None if found is None else found.find_token(value)
        assert (None if device is None else device.object_id) == last.get(value)


def _last_holders(sent: list[Record]) -> dict[str, str]:
    """Go through the records, and give the device that each active token is on at the end."""
    known: set[object] = set()
    held: dict[object, str] = {}
    for record in sent:
        device = record["objectId"]
        if record["type"] == "profile":
            known.add(device)
        elif device in known:
            data = record["tokenData"]
            held.pop(device, None)
            if isinstance(data, dict):
                held = {key: value for key, value in held.items() if value != data["id"]}
                held[device] = data["id"]
    return {value: str(device) for device, value in held.items()}


# U-15
@pytest.mark.parametrize("round_", range(3))
async def test_two_servers_give_one_token_to_one_device(
    two_desks: tuple[Desk, Desk], round_: int
) -> None:
    one, other = two_desks
    value = f"t{round_}"
    await one.send(on("a", profile("ana")), on("b", profile("bo")))
    await asyncio.gather(one.send(token("a", value)), other.send(token("b", value)))
    active = [
        device.object_id
        for name in ("ana", "bo")
        for device in one.get(name).document.devices
        if device.active_token is not None and device.active_token.id == value
    ]
    assert len(active) == 1
    assert find_faults(one.store, only=one.environment) == []


def _is_changed(result: object) -> bool:
    assert isinstance(result, Applied)
    return result.is_changed
