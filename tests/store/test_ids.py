"""Ids are compared byte by byte, on both engines alike."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.identities import AddressKind, Identity, IdentityKind
from mien.domain.ids import ProfileId
from mien.domain.schema import Definition, DefinitionKind
from mien.store import definitions, profiles
from mien.store.engine import RetryTransactionError, Store
from tests.support.consistency import rows_of
from tests.support.uploading import Desk, event, fresh_environment, profile

EMOJI = [chr(code) for code in range(0x1F300, 0x1F650)]


def emoji_id(seed: int, last: str) -> str:
    """Give 1,024 emoji, 4,096 bytes that no engine can make smaller."""
    return "".join(random.Random(seed).choices(EMOJI, k=1_023)) + last


PAIRS = {
    "case": ("ana", "Ana"),
    "accent": ("resume", "résumé"),
    "composed and decomposed": ("caf\u00e9", "cafe\u0301"),
    "trailing space": ("ana", "ana "),
    "leading space": ("ana", " ana"),
    "sharp s": ("strasse", "straße"),
    "Turkish i": ("\u0130", "i\u0307"),
    "width": ("A", "\uff21"),
    "emoji": ("\U0001f600", "\U0001f601"),
    "variation selector": ("\u2764", "\u2764\ufe0f"),
    "zero width joiner": ("\u200d", "\u200c"),
    "leading zero": ("7", "07"),
    "number and its text": ("1e3", "1000"),
    "1,024 emoji": (emoji_id(1, "\U0001f600"), emoji_id(1, "\U0001f601")),
    "1,024 of one letter": ("a" * 1_024, "a" * 1_023 + "b"),
    "a digest and its text": ("x" * 1_001, "\x01" + "0" * 64),
}

VALUES = tuple(dict.fromkeys(value for pair in PAIRS.values() for value in pair))


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("kind", [IdentityKind.IDENTITY, IdentityKind.OBJECT_ID])
def test_ids_that_differ_in_any_byte_are_of_two(
    shared_store: Store, pair: tuple[str, str], kind: IdentityKind
) -> None:
    first, second = (Identity(kind, value) for value in pair)
    with shared_store.write() as tx:
        environment = fresh_environment()
        profiles.add_identities(tx, environment, {first: ProfileId(1)})
        assert profiles.find_owners(tx, environment, [first, second]) == {first: 1}
        profiles.add_identities(tx, environment, {second: ProfileId(2)})
        assert profiles.find_owners(tx, environment, [second, first]) == {first: 1, second: 2}


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_an_id_is_held_once(shared_store: Store, value: str) -> None:
    environment, identity = fresh_environment(), Identity(IdentityKind.IDENTITY, value)
    with shared_store.write() as tx:
        profiles.add_identities(tx, environment, {identity: ProfileId(1)})
    with pytest.raises(RetryTransactionError), shared_store.write() as tx:
        profiles.add_identities(tx, environment, {identity: ProfileId(2)})
    with shared_store.read() as tx:
        assert profiles.find_owners(tx, environment, [identity]) == {identity: 1}


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(32)]),
    min_size=1,
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(held=st.lists(texts, unique=True, max_size=12), asked=st.lists(texts, max_size=6))
def test_any_texts_are_found_as_a_dict_finds_them(
    shared_store: Store, held: list[str], asked: list[str]
) -> None:
    environment = fresh_environment()
    owners = {
        Identity(IdentityKind.FBID, value): ProfileId(number)
        for number, value in enumerate(held, 1)
    }
    wanted = [Identity(IdentityKind.FBID, value) for value in (*held, *asked)]
    with shared_store.write() as tx:
        profiles.add_identities(tx, environment, owners)
        found = profiles.find_owners(tx, environment, wanted)
    assert found == {each: owners[each] for each in wanted if each in owners}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(keys=st.lists(texts, unique=True, min_size=1, max_size=12))
def test_definitions_are_sorted_by_bytes(shared_store: Store, keys: list[str]) -> None:
    environment = fresh_environment()
    with shared_store.write() as tx:
        for key in keys:
            made = Definition(0, DefinitionKind.PROPERTY, 0, key, key, None, 0, "")
            definitions.add(tx, environment, [made])
        listed = definitions.list_kind(tx, environment, DefinitionKind.PROPERTY)
    assert [each.key for each in listed] == sorted(keys, key=str.encode)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_addresses_that_differ_in_any_byte_find_different_profiles(
    shared_store: Store, pair: tuple[str, str]
) -> None:
    environment = fresh_environment()
    first, second = (value[-250:] for value in pair)
    with shared_store.write() as tx:
        held = {
            (AddressKind.EMAIL, value, ProfileId(n)): True for n, value in ((1, first), (2, second))
        }
        profiles.change_addresses(tx, environment, held)
        profiles.change_addresses(
            tx, environment, {(AddressKind.EMAIL, second, ProfileId(2)): False}
        )
        rows = [
            (row["value"], row["profile_id"]) for row in rows_of(tx, "addresses", only=environment)
        ]
    assert rows == [(first, 1)]


async def test_people_with_ids_of_any_bytes_are_kept_apart_from_upload_to_erasure(
    desk: Desk,
) -> None:
    values = [value for value in VALUES if value[0] != "\x01"]
    await desk.send(*(profile(each, own=number) for number, each in enumerate(values)))
    receipt = await desk.send(*(event(each, "Seen") for each in values))
    found = [desk.get(each) for each in values]
    assert [each.document.properties for each in found] == [{"own": n} for n in range(len(values))]
    assert [each.profile for each in receipt.results] == [each.id for each in found]  # type: ignore[union-attr]


async def test_event_names_of_any_bytes_are_told_apart(desk: Desk) -> None:
    names = [emoji_id(2, "\U0001f600"), emoji_id(2, "\U0001f601"), "é" * 1_024, "É" * 1_024]
    await desk.send(*(event("ana", name) for name in names))
    counts = sorted(each.count for each in desk.get("ana").activity.events.values())
    assert counts == [1, 1, 2], "names compare without case, and are the same only then"


async def test_a_rejected_record_with_an_endless_id_spoils_nothing(desk: Desk) -> None:
    receipt = await desk.send(profile("ana"), profile(emoji_id(3, "x") * 10), profile("bo"))
    assert [type(each).__name__ for each in receipt.results] == ["Applied", "Reject", "Applied"]
