"""Members: roles, passwords, sessions, and the log of what they did (D-01)."""

from dataclasses import dataclass

import pytest

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.members import Role, check_password
from mien.services import audit, members, signing_in
from mien.services.accounts import create_account
from mien.services.members import LastAdminError, MemberExistsError, UnknownMemberError
from mien.services.signing_in import SignIns, TooManyAttemptsError, WrongPasswordError
from mien.store import members as member_store
from mien.store.engine import Store
from mien.store.members import Member
from tests.support.offices import PASSWORD, hashed

ANA, BEN = "ana@example.com", "ben@example.com"
OWN = PASSWORD
HERE = "203.0.113.7"


@dataclass
class Office:
    """An account with an admin who has chosen a password."""

    store: Store
    account: int
    sign_ins: SignIns
    admin: Member

    def add(self, email: str, role: Role) -> str:
        """Add a member, and give the password that Mien made."""
        made = members.add_member(
            self.store, self.account, email=email, name="Ben", role=role, by=self.admin
        )
        return made.password

    def member(self, token: str) -> Member:
        """Give who holds a token."""
        found = self.sign_ins.recognise(token)
        assert found is not None
        return found.member

    def acts(self) -> list[tuple[str, str]]:
        """Give what was done and by whom, oldest first."""
        page = audit.audit_page(self.store, self.account, count=100)
        return [(each.act, each.name) for each in reversed(page)]


@pytest.fixture
def office(store: Store) -> Office:
    account = create_account(store, name="Shop").account.account_id
    with store.write() as tx:
        number, now_ms = member_store.reserve_id(tx), clock.now_ms()
        admin = Member(
            number, account, ANA, "Ana", Role.ADMIN, hashed(), is_once=False, created_at=now_ms
        )
        member_store.add(tx, admin)
    return Office(store, account, SignIns(store, hours=1), admin)


# D-01
def test_a_role_may_do_all_that_those_before_it_may() -> None:
    assert [[one.includes(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


# D-01
def test_a_member_signs_in_and_belongs_to_both_environments(office: Office) -> None:
    found = office.sign_ins.recognise(office.sign_ins.sign_in("ANA@example.com", OWN, network=HERE))
    assert found is not None
    assert (found.member.email, found.member.role) == (ANA, Role.ADMIN)
    assert not found.member.is_once
    assert [each.kind for each in found.environments] == ["live", "test"]
    assert found.account.account_id == office.account


def test_a_made_password_has_to_be_changed_and_a_reset_ends_every_session(office: Office) -> None:
    token = office.sign_ins.sign_in(BEN, office.add(BEN, Role.VIEWER), network=HERE)
    assert office.member(token).is_once
    made = members.reset_password(office.store, BEN, by=office.admin)
    assert office.sign_ins.recognise(token) is None
    assert office.member(office.sign_ins.sign_in(BEN, made.password, network=HERE)).is_once


def test_choosing_a_password_ends_the_other_sessions(office: Office) -> None:
    here, there = (office.sign_ins.sign_in(ANA, OWN, network=HERE) for _ in range(2))
    found = office.sign_ins.recognise(here)
    assert found is not None
    members.choose_password(office.store, found.member, "another long one", session=found.session)
    assert office.sign_ins.recognise(there) is None
    assert office.member(here).email == ANA
    with pytest.raises(WrongPasswordError):
        office.sign_ins.sign_in(ANA, OWN, network=HERE)


@pytest.mark.parametrize("password", ["short", "x" * 257, "aaaaaaaaaaaaaaaa", ANA])
def test_a_password_that_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(InvalidInputError):
        check_password(password, email=ANA)


def test_a_password_is_the_same_however_its_letters_are_composed(office: Office) -> None:
    found = office.sign_ins.recognise(office.sign_ins.sign_in(ANA, OWN, network=HERE))
    assert found is not None
    members.choose_password(
        office.store, found.member, "caf\u00e9 au lait, deux", session=found.session
    )
    assert office.sign_ins.sign_in(ANA, "cafe\u0301 au lait, deux", network=HERE)


def test_a_role_changes_at_once_and_the_last_admin_stays(office: Office) -> None:
    token = office.sign_ins.sign_in(BEN, office.add(BEN, Role.VIEWER), network=HERE)
    with pytest.raises(LastAdminError):
        members.change_role(office.store, ANA, Role.EDITOR, by=office.admin)
    with pytest.raises(LastAdminError):
        members.remove_member(office.store, ANA, by=office.admin)
    members.change_role(office.store, BEN, Role.ADMIN, by=office.admin)
    assert office.member(token).role is Role.ADMIN
    members.change_role(office.store, ANA, Role.EDITOR, by=office.admin)


def test_who_was_removed_is_out_and_may_come_back_as_somebody_new(office: Office) -> None:
    password = office.add(BEN, Role.EDITOR)
    token = office.sign_ins.sign_in(BEN, password, network=HERE)
    first = office.member(token).member_id
    members.remove_member(office.store, BEN, by=office.admin)
    assert office.sign_ins.recognise(token) is None
    with pytest.raises(WrongPasswordError):
        office.sign_ins.sign_in(BEN, password, network=HERE)
    with pytest.raises(UnknownMemberError):
        members.reset_password(office.store, BEN, by=office.admin)
    office.add(BEN, Role.VIEWER)
    again = members.get_member(office.store, BEN)
    assert (again.member_id != first, again.role) == (True, Role.VIEWER)
    assert [each.email for each in members.list_members(office.store, office.account)] == [ANA, BEN]


def test_an_address_is_a_member_of_one_account(office: Office) -> None:
    other = create_account(office.store, name="Other").account.account_id
    with pytest.raises(MemberExistsError):
        members.add_member(office.store, other, email=ANA, name="A", role=Role.ADMIN, by=None)
    assert members.list_members(office.store, other) == []


@pytest.mark.parametrize(
    ("email", "name"),
    [("nobody", "Ben"), ("ben@example.com\n", "B\x00"), (BEN, " "), (BEN, "x" * 201)],
)
def test_a_member_needs_an_address_and_a_name(office: Office, email: str, name: str) -> None:
    with pytest.raises(InvalidInputError):
        members.add_member(
            office.store, office.account, email=email, name=name, role=Role.VIEWER, by=None
        )


def test_a_session_ends_unused_or_after_thirty_days(office: Office) -> None:
    token = office.sign_ins.sign_in(ANA, OWN, network=HERE)
    digest = signing_in.digest_of(token)
    assert office.sign_ins.recognise(token) is not None
    with office.store.write() as tx:
        session, _ = member_store.find_session(tx, digest) or pytest.fail("no session")
        member_store.see_session(tx, digest, now_ms=session.seen_at - 3_600_001)
    assert office.sign_ins.recognise(token) is None
    assert signing_in.expire_sessions(office.store, hours=1) == 1
    # The one in which the password was chosen is still good.
    assert signing_in.expire_sessions(office.store, hours=1) == 0


def test_using_a_session_keeps_it(office: Office) -> None:
    token = office.sign_ins.sign_in(ANA, OWN, network=HERE)
    digest = signing_in.digest_of(token)
    with office.store.write() as tx:
        session, _ = member_store.find_session(tx, digest) or pytest.fail("no session")
        member_store.see_session(tx, digest, now_ms=session.seen_at - 1_800_000)
    assert office.sign_ins.recognise(token) is not None
    with office.store.read() as tx:
        seen, _ = member_store.find_session(tx, digest) or pytest.fail("no session")
    assert seen.seen_at >= session.seen_at


def test_signing_out_ends_the_session_alone(office: Office) -> None:
    here, there = (office.sign_ins.sign_in(ANA, OWN, network=HERE) for _ in range(2))
    found = office.sign_ins.recognise(here)
    assert found is not None
    office.sign_ins.sign_out(found)
    assert office.sign_ins.recognise(here) is None
    assert office.sign_ins.recognise(there) is not None
    assert office.sign_ins.recognise("no such token") is None


# D-01
def test_guessing_is_bounded_for_a_pair_of_person_and_network(office: Office) -> None:
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            office.sign_ins.sign_in(ANA, "a wrong password", network=HERE)
    with pytest.raises(TooManyAttemptsError, match="in 15 minutes"):
        office.sign_ins.sign_in(ANA, OWN, network=HERE)
    # The one who is guessed at is not locked out elsewhere.
    assert office.sign_ins.sign_in(ANA, OWN, network="198.51.100.1")


def test_nobody_learns_whether_an_address_is_a_member(office: Office) -> None:
    said = set()
    for email in (ANA, "nobody@example.com", "\x00", "x" * 10_000):
        with pytest.raises(WrongPasswordError) as refused:
            office.sign_ins.sign_in(email, "a wrong password", network=HERE)
        said.add(str(refused.value))
    assert len(said) == 1


# D-01
def test_the_audit_log_tells_what_members_did(office: Office) -> None:
    made = members.add_member(
        office.store, office.account, email=" Dee@Example.com", name="Dee", role=Role.ADMIN, by=None
    )
    dee = office.sign_ins.recognise(
        office.sign_ins.sign_in("dee@example.com", made.password, network=HERE)
    )
    assert dee is not None
    members.choose_password(office.store, dee.member, OWN, session=dee.session)
    office.sign_ins.sign_in(BEN, office.add(BEN, Role.VIEWER), network=HERE)
    members.change_role(office.store, BEN, Role.EDITOR, by=office.admin)
    members.remove_member(office.store, BEN, by=office.admin)
    assert office.acts() == [
        ("member_added", "command line"),
        ("signed_in", "Dee"),
        ("password_chosen", "Dee"),
        ("member_added", "Ana"),
        ("signed_in", "Ben"),
        ("role_changed", "Ana"),
        ("member_removed", "Ana"),
    ]
    newest, change, *_ = audit.audit_page(office.store, office.account, count=10)
    assert change.details == {"role": "editor", "before": "viewer"}
    assert change.subject == newest.subject
    older = audit.audit_page(office.store, office.account, before=change.entry_id, count=1)
    assert [each.act for each in older] == ["signed_in"]
    assert audit.audit_page(office.store, office.account + 1, count=10) == []
