"""Finding people by whatever somebody has of them: any id, an e-mail address, a phone (D-02)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

import msgspec

from mien.domain.fields import normalise_email, normalise_phone
from mien.domain.identities import (
    PERSON_KINDS,
    AddressKind,
    Identity,
    IdentityKind,
    object_identity,
    person_identity,
    token_identity,
)
from mien.domain.ids import ProfileId
from mien.domain.keys import index_key
from mien.domain.profiles import Profile
from mien.domain.rejects import Rejected
from mien.services.reading import ProfileView, Reader, find_in
from mien.store import profiles as profile_store
from mien.store.engine import Store, Transaction

LONGEST = 4_096
"""Characters of a text that can find somebody: as many as a push token has at most."""

_NEWEST = ProfileId(2**63 - 1)


class PeoplePage(msgspec.Struct, frozen=True):
    """People, and after whom there are more (None: that is all)."""

    people: Sequence[ProfileView]
    rest: ProfileId | None = None


def find_people(store: Store, reader: Reader, text: str, *, today: date, count: int) -> PeoplePage:
    """Give who has this text as an id, an address or a push token; those named by an id first.

    Several people may share an address; `rest` is set when more than `count` do.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > LONGEST:
        return PeoplePage(())
    with store.read() as tx:
        found = {each.id: each for each in _named(tx, reader, wanted)}
        shared = _reached(tx, reader, wanted, count=count + 1)
        found |= {id_: each for id_, each in shared.items() if id_ not in found}
        shown = list(found.values())[:count]
        rest = shown[-1].id if len(found) > count else None
        return PeoplePage(reader.views(tx, shown, today=today), rest)


def newest_people(
    store: Store, reader: Reader, *, before: ProfileId | None, today: date, count: int
) -> PeoplePage:
    """Give people, those who were met last first, of those who were met before one."""
    with store.read() as tx:
        found = profile_store.newest(
            tx, reader.environment, before=before or _NEWEST, count=count + 1
        )
        shown = found[:count]
        rest = shown[-1].id if len(found) > count else None
        return PeoplePage(reader.views(tx, shown, today=today), rest)


def _named(tx: Transaction, reader: Reader, text: str) -> Iterator[Profile]:
    for identity in _identities(text):
        if (found := find_in(tx, reader.environment, identity)) is not None:
            yield found


def _reached(tx: Transaction, reader: Reader, text: str, *, count: int) -> dict[ProfileId, Profile]:
    found: dict[ProfileId, Profile] = {}
    for kind, value in _addresses(text):
        ids = profile_store.holders(
            tx,
            reader.environment,
            kind,
            [index_key(value)],
            after=ProfileId(0),
            count=count,
        )
        found |= profile_store.load(tx, reader.environment, ids)
    return found


def _identities(text: str) -> Iterator[Identity]:
    """Give the ids that a text can be."""
    for kind in PERSON_KINDS:
        with suppress(Rejected):
            yield person_identity(kind, text)
    with suppress(Rejected):
        yield object_identity(text)
    yield Identity(IdentityKind.EMAIL, normalise_email(text))
    yield token_identity(text)


def _addresses(text: str) -> Iterator[tuple[AddressKind, str]]:
    """Give the addresses that a text can be; a phone also without its plus."""
    if "@" in text:
        yield AddressKind.EMAIL, normalise_email(text)
    bare = f"+{text.removeprefix('00')}"
    if phone := normalise_phone(text) or normalise_phone(bare):
        yield AddressKind.PHONE, phone
