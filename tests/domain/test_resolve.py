"""Whom a record means: a decision table, and what holds for every combination of holders.

In the table a person id is a letter and who holds it: `i` identity, `f` FBID, `g` GPID;
`-` is nobody. X and Y have an identity, F has an FBID and no identity, A is anonymous.
A device is told by its holder alone; "" is a record without an objectId.
"""

from itertools import product

import msgspec
import pytest

from mien.domain.identities import (
    ONE_PER_PERSON,
    Holder,
    Identity,
    IdentityKind,
    Resolution,
    resolve,
)
from mien.domain.ids import ProfileId

HOLDERS = {
    "X": Holder(ProfileId(1), frozenset({IdentityKind.IDENTITY})),
    "Y": Holder(ProfileId(2), frozenset({IdentityKind.IDENTITY, IdentityKind.FBID})),
    "F": Holder(ProfileId(3), frozenset({IdentityKind.FBID})),
    "A": Holder(ProfileId(4), frozenset()),
}
NAMES: dict[ProfileId | None, str] = {holder.profile: name for name, holder in HOLDERS.items()}
KINDS = {"i": IdentityKind.IDENTITY, "f": IdentityKind.FBID, "g": IdentityKind.GPID}
LETTERS = {kind: letter for letter, kind in KINDS.items()}


class Row(msgspec.Struct, frozen=True):
    """One row: the ids at the top, the device, the ids inside profileData; then the outcome."""

    top: str
    device: str
    data: str
    profile: str
    attach: str = ""
    conflicts: str = ""
    from_whom: str | None = None
    merges: str = ""

    def __repr__(self) -> str:
        return f"{self.top or '.'} {self.device or '.'} {self.data or '.'}"


# fmt: off
TABLE = [
    # A person id alone.
    Row("i-", "", "", "new", attach="i"),
    Row("iX", "", "", "X"),
    Row("f-", "", "", "new", attach="f"),
    Row("fF", "", "", "F"),
    Row("fX", "", "", "X"),
    # A device alone (U-06): its profile, whoever that is, or a new anonymous one.
    Row("", "-", "", "new", from_whom="-"),
    Row("", "A", "", "A"),
    Row("", "X", "", "X"),
    Row("", "F", "", "F"),
    # A first login: the anonymous visitor becomes this person (P-04).
    Row("i-", "A", "", "A", attach="i"),
    Row("f-", "A", "", "A", attach="f"),
    Row("i- f-", "A", "", "A", attach="i f"),
    Row("i-", "-", "", "new", attach="i", from_whom="-"),
    # A login of somebody known: the device is theirs now, the visitor stays who it was (P-05).
    Row("iX", "A", "", "X", from_whom="A"),
    Row("fF", "A", "", "F", from_whom="A"),
    Row("iX", "-", "", "X", from_whom="-"),
    Row("iX", "X", "", "X"),
    # Switching users on one device never mixes them (P-06).
    Row("i-", "X", "", "new", attach="i", from_whom="X"),
    Row("f-", "X", "", "new", attach="f", from_whom="X"),
    Row("i-", "F", "", "new", attach="i", from_whom="F"),
    Row("f-", "F", "", "new", attach="f", from_whom="F"),
    Row("iX", "Y", "", "X", from_whom="Y"),
    Row("iX", "F", "", "X", from_whom="F"),
    Row("fF", "X", "", "F", from_whom="X"),
    # A further id that nobody holds is attached (P-07).
    Row("iX f-", "", "", "X", attach="f"),
    Row("iX", "", "i-", "X", attach="i"),
    Row("iX", "", "f- g-", "X", attach="f g"),
    Row("i-", "", "i-", "new", attach="i i"),
    Row("iX f-", "A", "", "X", attach="f", from_whom="A"),
    # A further id of a person without a value of the first kind takes the first (P-07).
    Row("i- fF", "", "", "F", attach="i"),
    Row("i-", "", "fF", "F", attach="i"),
    Row("i- fF", "A", "", "F", attach="i", from_whom="A"),
    Row("i- fF", "X", "", "F", attach="i", from_whom="X"),
    Row("i- fF", "F", "", "F", attach="i"),
    Row("f- gX", "", "", "X", attach="f"),
    Row("f-", "", "iX", "X", attach="f"),
    Row("f- gX", "A", "", "X", attach="f", from_whom="A"),
    # But not one with another value of a kind that is one per person: the first id wins (P-07).
    Row("i- fY", "", "", "new", attach="i", conflicts="fY"),
    Row("i-", "", "iX", "new", attach="i", conflicts="iX"),
    Row("i- fY", "A", "", "A", attach="i", conflicts="fY"),
    Row("i- fY", "Y", "", "new", attach="i", conflicts="fY", from_whom="Y"),
    Row("i- fY gF", "", "", "F", attach="i", conflicts="fY"),
    Row("iX fY", "", "", "X", conflicts="fY"),
    # One without a value of such a kind is the same person: the two merge (P-07).
    Row("iX fF", "", "", "X", merges="fF"),
    Row("iX", "", "iY", "X", conflicts="iY"),
    Row("iX fF gY", "A", "", "X", conflicts="gY", from_whom="A", merges="fF"),
    Row("fF gX", "", "", "F", merges="gX"),
    Row("fF gX", "", "iY", "F", conflicts="iY", merges="gX"),
    # Ids only inside profileData: the person of the device says who they are.
    Row("", "A", "i-", "A", attach="i"),
    Row("", "-", "i-", "new", attach="i", from_whom="-"),
    Row("", "F", "i-", "F", attach="i"),
    Row("", "X", "f-", "X", attach="f"),
    Row("", "X", "i-", "new", attach="i", from_whom="X"),
    Row("", "X", "i- f-", "new", attach="i f", from_whom="X"),
    Row("", "X", "iX", "X"),
    Row("", "A", "iX", "X", from_whom="A"),
    Row("", "Y", "iX", "X", from_whom="Y"),
    Row("", "A", "i- fY", "A", attach="i", conflicts="fY"),
    Row("", "A", "i- fF", "F", attach="i", from_whom="A"),
]
# fmt: on


def ids(text: str, *, first: int = 0) -> list[tuple[Identity, Holder | None]]:
    return [
        (Identity(KINDS[each[0]], f"{each[0]}{number}"), HOLDERS.get(each[1]))
        for number, each in enumerate(text.split(), first)
    ]


def resolved(top: str, device: str, data: str) -> Resolution:
    person = ids(top) + ids(data, first=len(top.split()))
    return resolve(
        person,
        HOLDERS.get(device),
        has_device=device != "",
        alias_from=len(top.split()),
    )


def as_row(top: str, device: str, data: str) -> Row:
    resolution = resolved(top, device, data)
    former = resolution.device_from
    return Row(
        top,
        device,
        data,
        "new" if resolution.profile is None else NAMES[resolution.profile],
        " ".join(LETTERS[kind] for kind, _ in resolution.attach),
        " ".join(LETTERS[kind] + NAMES[other] for (kind, _), other in resolution.conflicts),
        ("-" if former is None else NAMES[former]) if resolution.moves_device else None,
        " ".join(LETTERS[kind] + NAMES[other] for (kind, _), other in resolution.merges),
    )


# P-04, P-05, P-06, P-07
@pytest.mark.parametrize("row", TABLE, ids=repr)
def test_a_record_means_whom_the_table_says(row: Row) -> None:
    assert as_row(row.top, row.device, row.data) == row


def _combinations() -> list[tuple[str, str, str]]:
    """Every record of up to three person ids, two of them of one kind at most in profileData."""
    tops = [
        " ".join(each for each in chosen if each)
        for chosen in product(
            ("", "i-", "iX", "iY"), ("", "f-", "fX", "fF"), ("", "g-", "gX", "gF")
        )
    ]
    inner = ["", "i-", "iX", "iY", "f-", "fF", "fY", "i- f-", "i- fF", "iX fY"]
    return [
        (top, device, data)
        for top, device, data in product(tops, ("", "-", "A", "X", "Y", "F"), inner)
        if top or device
    ]


COMBINATIONS = _combinations()


# P-07
def test_the_first_id_wins_in_every_combination() -> None:
    for top, device, data in COMBINATIONS:
        person = ids(top) + ids(data)
        if person and person[0][1] is not None:
            assert resolved(top, device, data).profile == person[0][1].profile


# P-07
def test_an_id_is_attached_if_nobody_holds_it_and_else_stays_in_every_combination() -> None:
    for top, device, data in COMBINATIONS:
        resolution = resolved(top, device, data)
        person = ids(top) + ids(data, first=len(top.split()))
        assert resolution.attach == tuple(each for each, holder in person if holder is None)
        joined = {resolution.profile, *(other for _, other in resolution.merges)}
        others = [
            (each, holder.profile)
            for each, holder in person
            if holder is not None and holder.profile != resolution.profile
        ]
        assert resolution.conflicts == tuple(each for each in others if each[1] not in joined)
        assert set(resolution.merges) <= set(others)


# P-07
def test_a_merge_never_brings_two_values_of_a_kind_together_that_is_one_per_person() -> None:
    holders = {holder.profile: holder for holder in HOLDERS.values()}
    for top, device, data in COMBINATIONS:
        resolution = resolved(top, device, data)
        if not resolution.merges:
            continue
        assert resolution.profile is not None
        people = {resolution.profile, *(other for _, other in resolution.merges)}
        with_kind = sum(IdentityKind.IDENTITY in holders[each].person_kinds for each in people)
        assert with_kind <= 1
        if with_kind:
            assert IdentityKind.IDENTITY not in {kind for kind, _ in resolution.attach} or (
                IdentityKind.IDENTITY in holders[resolution.profile].person_kinds
            )


# P-06
def test_the_device_ends_with_the_person_of_the_record_in_every_combination() -> None:
    for top, device, data in COMBINATIONS:
        resolution = resolved(top, device, data)
        former = HOLDERS.get(device)
        is_theirs = former is not None and former.profile == resolution.profile
        assert resolution.moves_device == (device != "" and not is_theirs)
        if resolution.moves_device and former is not None:
            assert resolution.device_from == former.profile
        else:
            assert resolution.device_from is None


# P-06, P-07
def test_nobody_gets_a_first_id_of_a_kind_that_they_have_in_every_combination() -> None:
    for top, device, data in COMBINATIONS:
        lead, holder = [*ids(top), *ids(data)][0] if top or data else (None, None)
        target = HOLDERS.get(NAMES.get(resolved(top, device, data).profile, ""))
        if lead is not None and holder is None and target is not None:
            assert lead.kind not in ONE_PER_PERSON or lead.kind not in target.person_kinds


# P-06
def test_a_device_alone_lends_a_person_of_the_top_only_an_anonymous_profile() -> None:
    for top, device, data in COMBINATIONS:
        if not top or device not in ("X", "Y", "F"):
            continue
        holders = {holder.profile for _, holder in ids(top) + ids(data) if holder is not None}
        target = resolved(top, device, data).profile
        assert target is None or target in holders


# P-01
def test_an_object_id_made_by_the_server_finds_a_profile_and_is_no_device() -> None:
    x, a = HOLDERS["X"], HOLDERS["A"]
    found = resolve([], x, has_device=False, alias_from=0)
    assert found == Resolution(x.profile)
    person = [(Identity(IdentityKind.IDENTITY, "i"), None)]
    first = resolve(person, a, has_device=False, alias_from=1)
    assert first == Resolution(a.profile, attach=(person[0][0],))
    other = resolve(person, x, has_device=False, alias_from=1)
    assert other == Resolution(None, attach=(person[0][0],))


# P-04
def test_who_is_reachable_but_has_no_person_id_is_anonymous() -> None:
    assert HOLDERS["A"].is_anonymous
    assert not HOLDERS["F"].is_anonymous
