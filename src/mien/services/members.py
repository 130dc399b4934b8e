"""Members: adding them, their roles and passwords, removing them (D-01).

Passwords are kept as Argon2id hashes. Mien makes the first one; it is shown once and its
owner has to choose another before anything else. An e-mail address is a member of one
account.
"""

from collections.abc import Callable

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from mien import clock
from mien.domain.errors import ChangedMeanwhileError, ConflictError, NotFoundError
from mien.domain.members import (
    Act,
    Role,
    check_email,
    check_name,
    check_password,
    normal_password,
)
from mien.services import audit
from mien.services.retrying import write_retried
from mien.store import members
from mien.store.engine import Store, Transaction
from mien.store.members import Member

_hasher = PasswordHasher()


class LastAdminError(ConflictError):
    """An account keeps at least one member who may decide on members."""

    code = "last_admin"
    mend = "Make another member an admin first."

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the last admin of this account; make another one first.")


class MemberExistsError(ConflictError):
    """The e-mail address belongs to a member already."""

    code = "member_exists"
    mend = "Change the member that is there, or take another address."

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is a member already; an address is a member of one account.")


class UnknownMemberError(NotFoundError):
    """No member has this e-mail address."""

    code = "unknown_member"
    mend = "Look for a typing mistake; `mien member list` shows who is a member."

    def __init__(self, email: str) -> None:
        super().__init__(f"No member has the e-mail address {email}.")


class NewPassword(msgspec.Struct, frozen=True):
    """A password that Mien made for a member: shown once, and good until they choose their own."""

    member: Member
    password: str


def add_member(
    store: Store, account: int, *, email: str, name: str, role: Role, by: Member | None
) -> NewPassword:
    """Make somebody a member of an account; None as `by` is whoever ran a command.

    Raises `InvalidInputError` for an address or a name of a wrong form, `MemberExistsError`.
    """
    email, name, password = check_email(email), check_name(name), clock.new_password()
    hashed, now_ms = hash_password(password), clock.now_ms()

    def add(tx: Transaction) -> Member:
        known = members.find_by_email(tx, email)
        if known is not None and known.removed_at is None:
            raise MemberExistsError(email)
        # Who was removed comes back as somebody new: what they did before keeps its name.
        if known is not None:
            members.add(tx, msgspec.structs.replace(known, email=f"{email}#{known.member_id}"))
        number = members.reserve_id(tx)
        member = Member(number, account, email, name, role, hashed, is_once=True, created_at=now_ms)
        members.add(tx, member)
        _note(tx, Act.MEMBER_ADDED, member, by, role=role)
        return member

    return NewPassword(write_retried(store, add), password)


def list_members(store: Store, account: int) -> list[Member]:
    """Give the members of an account, by name."""
    with store.read() as tx:
        return members.list_members(tx, account)


def has_members(store: Store) -> bool:
    """Tell whether anybody can sign in at all."""
    with store.read() as tx:
        return members.has_any(tx)


def get_member(store: Store, email: str) -> Member:
    """Give a member by e-mail address, or raise `UnknownMemberError`."""
    with store.read() as tx:
        return _get(tx, email)


def change_role(
    store: Store, email: str, role: Role, *, by: Member | None, seen: Role | None = None
) -> Member:
    """Give a member another role; it counts from their next request on.

    `seen` is the role that was known when it was decided. Raises `UnknownMemberError`,
    `LastAdminError`, and `ChangedMeanwhileError` if another changed it since.
    """

    def change(tx: Transaction, member: Member) -> Member:
        if seen is not None and member.role is not seen:
            what = f"The role of {member.name}"
            raise ChangedMeanwhileError(what)
        if role is not Role.ADMIN:
            _keep_an_admin(tx, member)
        _note(tx, Act.ROLE_CHANGED, member, by, role=role, before=member.role)
        return msgspec.structs.replace(member, role=role)

    return _changed(store, email, change)


def reset_password(store: Store, email: str, *, by: Member | None) -> NewPassword:
    """Make a new password for a member, end their sessions and give it to be handed over."""
    password = clock.new_password()
    hashed = hash_password(password)

    def reset(tx: Transaction, member: Member) -> Member:
        members.end_sessions(tx, member.member_id)
        _note(tx, Act.PASSWORD_RESET, member, by)
        return msgspec.structs.replace(member, password_hash=hashed, is_once=True)

    return NewPassword(_changed(store, email, reset), password)


def choose_password(store: Store, member: Member, password: str, *, session: bytes) -> None:
    """Set the password that a member chose, and end their other sessions.

    Raises `InvalidInputError` for one that is too short, too long or too easy.
    """
    hashed = hash_password(check_password(password, email=member.email))

    def choose(tx: Transaction, current: Member) -> Member:
        members.end_sessions(tx, current.member_id, but=session)
        _note(tx, Act.PASSWORD_CHOSEN, current, current)
        return msgspec.structs.replace(current, password_hash=hashed, is_once=False)

    _changed(store, member.email, choose)


def end_sessions(store: Store, email: str, *, by: Member | None) -> Member:
    """Sign a member out everywhere; they come in again with their password."""

    def end(tx: Transaction, member: Member) -> Member:
        members.end_sessions(tx, member.member_id)
        _note(tx, Act.SESSIONS_ENDED, member, by)
        return member

    return _changed(store, email, end)


def remove_member(store: Store, email: str, *, by: Member | None) -> Member:
    """End a membership and its sessions. Raises `UnknownMemberError`, `LastAdminError`."""

    def remove(tx: Transaction, member: Member) -> Member:
        _keep_an_admin(tx, member)
        members.end_sessions(tx, member.member_id)
        _note(tx, Act.MEMBER_REMOVED, member, by)
        return msgspec.structs.replace(member, removed_at=clock.now_ms(), password_hash="")

    return _changed(store, email, remove)


def hash_password(password: str) -> str:
    """Hash a password; takes a twentieth of a second and 64 MiB, which is its point."""
    return _hasher.hash(normal_password(password))


def is_password(password: str, hashed: str) -> bool:
    """Tell whether a password has this hash; takes as long as hashing."""
    try:
        return _hasher.verify(hashed, normal_password(password))
    except VerificationError:
        return False


def _changed(store: Store, email: str, change: Callable[[Transaction, Member], Member]) -> Member:
    def work(tx: Transaction) -> Member:
        members.lock_account(tx, _get(tx, email).account_id)
        changed = change(tx, _get(tx, email))
        members.add(tx, changed)
        return changed

    return write_retried(store, work)


def _get(tx: Transaction, email: str) -> Member:
    found = members.find_by_email(tx, check_email(email))
    if found is None or found.removed_at is not None:
        raise UnknownMemberError(email)
    return found


def _keep_an_admin(tx: Transaction, leaving: Member) -> None:
    """Raise `LastAdminError` if nobody else could decide on members."""
    others = [
        each
        for each in members.list_members(tx, leaving.account_id)
        if each.role is Role.ADMIN and each.member_id != leaving.member_id
    ]
    if leaving.role is Role.ADMIN and not others:
        raise LastAdminError(leaving.name)


def _note(tx: Transaction, act: Act, member: Member, by: Member | None, **details: str) -> None:
    audit.note(tx, member.account_id, act, by=by, subject=member.source, details=details)
