"""Who a record means: identities, their normal form, and what ids that came together do.

Source: U-05, U-06, P-06, P-07, P-08; the refused values are those that imports refuse.
"""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec

from mien.domain.ids import ProfileId
from mien.domain.rejects import RejectCode, Rejected

IDENTITY_CHARACTERS = 1_024

REFUSED_VALUES = frozenset(
    {
        *("undefined", "null", "na", "n/a", "0", "nil", "-1", "none", "empty", "xxxxxx"),
        *("infinity", "-infinity", "inf", "-inf", "nan", "-nan"),
    }
)
"""Values that clients send when they do not know the person; they join nobody."""

SERVER_OBJECT_ID_PREFIX = "mien_"
"""Begins the objectId that the server makes for a profile without a device."""

_LONGEST_REFUSED = max(map(len, REFUSED_VALUES))

_OBJECT_ID = re.compile(r"(?:_w_|__h|-h)?[A-Za-z0-9()!:@$_-]{1,64}", re.ASCII)
"""SDKs put a mark of three characters before an id of up to 64 that an app chose itself."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class IdentityKind(IntEnum):
    """What kind of id a value is; each pair of kind and value means one profile at most.

    An e-mail address is an id only where the environment unifies on it (P-07).
    """

    IDENTITY = 1
    FBID = 2
    GPID = 3
    OBJECT_ID = 4
    PUSH_TOKEN = 5
    EMAIL = 6


class AddressKind(IntEnum):
    """Addresses find profiles but do not join them: two people may share a phone."""

    EMAIL = 1
    PHONE = 2


WIRE_NAMES: dict[IdentityKind, str] = {
    IdentityKind.IDENTITY: "identity",
    IdentityKind.FBID: "FBID",
    IdentityKind.GPID: "GPID",
    IdentityKind.OBJECT_ID: "objectId",
    IdentityKind.EMAIL: "email",
}

ALIASES: Mapping[str, IdentityKind] = {
    "identity": IdentityKind.IDENTITY,
    "Identity": IdentityKind.IDENTITY,
    "FBID": IdentityKind.FBID,
    "GPID": IdentityKind.GPID,
}
"""Keys of a profile's data that give the person a further id."""

PERSON_KINDS = (IdentityKind.IDENTITY, IdentityKind.FBID, IdentityKind.GPID)
"""Kinds that name a person, in the order in which a record is read."""

ONE_PER_PERSON = frozenset({IdentityKind.IDENTITY})
"""Kinds of which two different values never meet on one profile by themselves (P-07)."""


class Identity(NamedTuple):
    """A kind and a value that mean at most one profile in an environment."""

    kind: IdentityKind
    value: str


def person_identity(kind: IdentityKind, value: object) -> Identity:
    """Read an id of a person, or raise `Rejected` (523). An integer is taken as its text."""
    if type(value) is int:
        value = str(value)
    name = WIRE_NAMES[kind]
    if not isinstance(value, str):
        raise Rejected(RejectCode.IDENTITY, f"{name} needs to be a text")
    if len(value) > IDENTITY_CHARACTERS:
        reason = f"{name} is {len(value)} characters, the limit is {IDENTITY_CHARACTERS}"
        raise Rejected(RejectCode.IDENTITY, reason)
    bare = value.strip()
    if len(bare) <= _LONGEST_REFUSED and (not bare or bare.lower() in REFUSED_VALUES):
        raise Rejected(RejectCode.IDENTITY, f"{name} value cannot be {bare or 'blank'}")
    if not value.isprintable() and _CONTROL.search(value):
        raise Rejected(RejectCode.IDENTITY, f"{name} has a control character")
    return Identity(kind, value)


def object_identity(value: object) -> Identity:
    """Read an objectId, or raise `Rejected` (526). One leading `-` does not count."""
    if type(value) is int:
        value = str(value)
    if isinstance(value, str) and _OBJECT_ID.fullmatch(value) and value != "-":
        return Identity(IdentityKind.OBJECT_ID, value.removeprefix("-"))
    raise Rejected(
        RejectCode.OBJECT_ID, "objectId needs to be 1 to 64 of A-Z a-z 0-9 ( ) ! : @ $ _ -"
    )


def token_identity(token: str) -> Identity:
    """Give the id by which the profile with an active push token is found."""
    return Identity(IdentityKind.PUSH_TOKEN, token)


def server_object_id(profile: ProfileId) -> str:
    """Give the objectId that finds a profile without being a device (P-01)."""
    return f"{SERVER_OBJECT_ID_PREFIX}{profile:x}"


def own_id(profile: ProfileId) -> "Identity":
    """Give the objectId that the server made for a profile, as an identity."""
    return Identity(IdentityKind.OBJECT_ID, server_object_id(profile))


def profile_of_server_object_id(value: str) -> ProfileId | None:
    """Read the profile out of an objectId made by `server_object_id`; None for any other."""
    digits = value.removeprefix(SERVER_OBJECT_ID_PREFIX)
    if digits == value or not re.fullmatch(r"[1-9a-f][0-9a-f]{0,15}", digits):
        return None
    number = int(digits, 16)
    return ProfileId(number) if number < 2**63 else None


class Holder(msgspec.Struct, frozen=True):
    """The profile that holds an id now, as far as deciding needs to know it."""

    profile: ProfileId
    person_kinds: frozenset[IdentityKind]

    @property
    def is_anonymous(self) -> bool:
        """Is no id of a person known? Reachability does not matter here (P-04)."""
        return not self.person_kinds - {IdentityKind.EMAIL}


class Resolution(msgspec.Struct, frozen=True):
    """What a set of ids that arrived together means.

    `profile` is None when a new one is to be made. `attach` are ids that nobody
    held. `conflicts` are ids of the record that other people hold: they stay
    there, and a merge is suggested. `merges` are such ids whose holders are the same
    person. `moves_device` says that the device is
    bound to this profile from now on, and `device_from` whose it was.
    """

    profile: ProfileId | None
    attach: tuple[Identity, ...] = ()
    conflicts: tuple[tuple[Identity, ProfileId], ...] = ()
    merges: tuple[tuple[Identity, ProfileId], ...] = ()
    moves_device: bool = False
    device_from: ProfileId | None = None


def resolve(
    person: Sequence[tuple[Identity, Holder | None]],
    device: Holder | None,
    *,
    has_device: bool,
    alias_from: int,
    one_per_person: frozenset[IdentityKind] = ONE_PER_PERSON,
) -> Resolution:
    """Decide whom a record means.

    `person` are its ids of a person in reading order, each with its holder; from
    `alias_from` on they came inside `profileData`. `device` holds the record's
    objectId, if `has_device`.

    The first id names the person. If nobody holds it: a device of an anonymous
    visitor becomes this person's (P-04), or the holder of a further id takes it,
    unless that one has another value of a kind that is one per person (P-07).
    Holders of further ids are the same person, and merge, unless that would bring two
    values of such a kind together. An objectId never joins two people, it changes
    hands (P-06).
    """
    if not person:
        return Resolution(device.profile if device else None, moves_device=device is None)
    target = _target(person, device, alias_from=alias_from, alone=one_per_person)
    attach = tuple(identity for identity, holder in person if holder is None)
    merges, conflicts = _others(person, device, target, alone=one_per_person)
    moves = has_device and (device is None or device.profile != target)
    return Resolution(
        target,
        attach,
        conflicts,
        merges,
        moves_device=moves,
        device_from=device.profile if moves and device is not None else None,
    )


def _others(
    person: Sequence[tuple[Identity, Holder | None]],
    device: Holder | None,
    target: ProfileId | None,
    *,
    alone: frozenset[IdentityKind],
) -> tuple[tuple[tuple[Identity, ProfileId], ...], tuple[tuple[Identity, ProfileId], ...]]:
    """Give the ids that others hold: of those who merge into the target, and of those who do not."""
    merges: list[tuple[Identity, ProfileId]] = []
    conflicts: list[tuple[Identity, ProfileId]] = []
    holders = [*(holder for _, holder in person), device]
    kinds = {identity.kind for identity, holder in person if holder is None}
    for holder in holders:
        if holder is not None and holder.profile == target:
            kinds |= holder.person_kinds
    joined = {target}
    for identity, holder in person:
        if holder is None or holder.profile in joined:
            continue
        if target is None or kinds & holder.person_kinds & alone:
            conflicts.append((identity, holder.profile))
        else:
            joined.add(holder.profile)
            kinds |= holder.person_kinds
            merges.append((identity, holder.profile))
    return tuple(merges), tuple(conflicts)


def _target(
    person: Sequence[tuple[Identity, Holder | None]],
    device: Holder | None,
    *,
    alias_from: int,
    alone: frozenset[IdentityKind],
) -> ProfileId | None:
    lead, holder = person[0]
    if holder is not None:
        return holder.profile
    for _, further in person[1:]:
        if further is not None and _may_take(further, lead, alone):
            return further.profile
    if device is not None and (
        device.is_anonymous or (alias_from == 0 and _may_take(device, lead, alone))
    ):
        return device.profile
    return None


def _may_take(holder: Holder, lead: Identity, alone: frozenset[IdentityKind]) -> bool:
    """Tell whether an id fits beside those that a profile holds."""
    return lead.kind not in alone or lead.kind not in holder.person_kinds
