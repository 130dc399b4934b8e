"""Members of accounts, their sessions, and the audit log of what they did."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from mien.domain.members import Role
from mien.store import numbers
from mien.store.account_schema import accounts, audit_log, member_sessions, members
from mien.store.engine import Transaction
from mien.store.statements import OneOf


class Member(msgspec.Struct, frozen=True):
    """A member of an account; times are epoch milliseconds.

    `is_once`: the password was made by Mien, and its owner has to choose another first.
    """

    member_id: int
    account_id: int
    email: str
    name: str
    role: Role
    password_hash: str
    is_once: bool
    created_at: int
    signed_in_at: int | None = None
    removed_at: int | None = None

    @property
    def source(self) -> str:
        """How changes name the member."""
        return f"member:{self.member_id}"


class Session(msgspec.Struct, frozen=True):
    """That a member is signed in; of the token in their browser only the digest is kept."""

    digest: bytes
    member_id: int
    created_at: int
    seen_at: int


class AuditEntry(msgspec.Struct, frozen=True):
    """What a member did; member 0 is whoever ran a command, environment 0 the account itself."""

    account_id: int
    entry_id: int
    at: int
    member_id: int
    environment_id: int
    act: str
    subject: str
    details: bytes


_MEMBER: sa.BindParameter[int] = sa.bindparam("member")
_ACCOUNT: sa.BindParameter[int] = sa.bindparam("account")
_DIGEST: sa.BindParameter[bytes] = sa.bindparam("session_digest")

_ALL = sa.select(*members.columns)
_ANY = sa.select(members.c.member_id).where(members.c.removed_at.is_(None)).limit(1)
_BY_EMAIL = _ALL.where(members.c.email == sa.bindparam("address"))
_OF_ACCOUNT = _ALL.where(members.c.account_id == _ACCOUNT, members.c.removed_at.is_(None)).order_by(
    members.c.name, members.c.member_id
)
_LOCK_ACCOUNT = (
    sa.select(accounts.c.account_id).where(accounts.c.account_id == _ACCOUNT).with_for_update()
)
_NAMES = sa.select(members.c.member_id, members.c.name).where(OneOf(members.c.member_id))
_SEEN_SIGNING_IN = (
    sa.update(members)
    .values(signed_in_at=sa.bindparam("now"))
    .where(members.c.member_id == _MEMBER)
)
_SESSION = (
    sa.select(*member_sessions.columns, *members.columns)
    .join_from(member_sessions, members, member_sessions.c.member_id == members.c.member_id)
    .where(member_sessions.c.digest == _DIGEST, members.c.removed_at.is_(None))
)
_SEE = (
    sa.update(member_sessions)
    .values(seen_at=sa.bindparam("now"))
    .where(member_sessions.c.digest == _DIGEST)
)
_END = sa.delete(member_sessions).where(member_sessions.c.digest == _DIGEST)
_END_ALL = sa.delete(member_sessions).where(
    member_sessions.c.member_id == _MEMBER, member_sessions.c.digest != _DIGEST
)
_EXPIRE = sa.delete(member_sessions).where(
    sa.or_(
        member_sessions.c.seen_at < sa.bindparam("seen_before"),
        member_sessions.c.created_at < sa.bindparam("made_before"),
    )
)
_ALL_OF_ACCOUNT = _ALL.where(members.c.account_id == _ACCOUNT).order_by(
    members.c.name, members.c.member_id
)
_AUDIT = (
    sa.select(*audit_log.columns)
    .where(audit_log.c.account_id == _ACCOUNT, audit_log.c.entry_id < sa.bindparam("before"))
    .order_by(audit_log.c.entry_id.desc())
    .limit(sa.bindparam("count"))
)
_BY_MEMBER = audit_log.c.member_id == _MEMBER
_BY_ACT = audit_log.c.act == sa.bindparam("wanted")
_AUDITS = {
    (False, False): _AUDIT,
    (True, False): _AUDIT.where(_BY_MEMBER),
    (False, True): _AUDIT.where(_BY_ACT),
    (True, True): _AUDIT.where(_BY_MEMBER, _BY_ACT),
}
"""By what is asked for: a member, an act."""

_SESSION_COLUMNS = len(member_sessions.columns)


def add(tx: Transaction, member: Member) -> None:
    """Insert a member, or write one anew."""
    row = (*msgspec.structs.astuple(member),)
    tx.upsert(members, [tuple(int(each) if isinstance(each, bool) else each for each in row)])


def reserve_id(tx: Transaction) -> int:
    """Hand out the id of a new member."""
    return numbers.reserve(tx, numbers.EVERYWHERE, "member")[0]


def find_by_email(tx: Transaction, email: str) -> Member | None:
    """Find a member by e-mail address, one who was removed included."""
    row = tx.row(_BY_EMAIL, address=email)
    return _member(row) if row else None


def list_members(tx: Transaction, account: int) -> list[Member]:
    """Give the members of an account, by name."""
    return [_member(row) for row in tx.rows(_OF_ACCOUNT, account=account)]


def lock_account(tx: Transaction, account: int) -> None:
    """Keep others from changing who is a member of an account."""
    tx.rows(_LOCK_ACCOUNT, account=account)


def has_any(tx: Transaction) -> bool:
    """Tell whether any account has a member."""
    return tx.row(_ANY) is not None


def names(tx: Transaction, wanted: Sequence[int]) -> dict[int, str]:
    """Give the names of members, also of those who were removed."""
    return dict(tx.rows(_NAMES, values=list(wanted))) if wanted else {}


def note_sign_in(tx: Transaction, member: int, *, now_ms: int) -> None:
    """Keep when a member last signed in."""
    tx.run(_SEEN_SIGNING_IN, member=member, now=now_ms)


def open_session(tx: Transaction, session: Session) -> None:
    """Keep that a member is signed in."""
    tx.insert(member_sessions, [msgspec.structs.astuple(session)])


def find_session(tx: Transaction, digest: bytes) -> tuple[Session, Member] | None:
    """Find a session with its member, whatever its age."""
    row = tx.row(_SESSION, session_digest=digest)
    if row is None:
        return None
    session = Session(bytes(row[0]), *row[1:_SESSION_COLUMNS])
    return session, _member(row[_SESSION_COLUMNS:])


def see_session(tx: Transaction, digest: bytes, *, now_ms: int) -> None:
    """Keep when a session was last used."""
    tx.run(_SEE, session_digest=digest, now=now_ms)


def end_session(tx: Transaction, digest: bytes) -> None:
    """End a session."""
    tx.run(_END, session_digest=digest)


def end_sessions(tx: Transaction, member: int, *, but: bytes = b"") -> None:
    """End the sessions of a member, except one."""
    tx.run(_END_ALL, member=member, session_digest=but)


def expire_sessions(tx: Transaction, *, seen_before: int, made_before: int) -> int:
    """Remove sessions that were last used, or begun, before these times; give how many."""
    return tx.run(_EXPIRE, seen_before=seen_before, made_before=made_before)


def append_audit(tx: Transaction, entry: AuditEntry) -> None:
    """Append to the audit log of an account; its number is handed out here."""
    number = numbers.reserve(tx, numbers.EVERYWHERE, f"audit:{entry.account_id}")[0]
    numbered = msgspec.structs.replace(entry, entry_id=number)
    tx.insert(audit_log, [msgspec.structs.astuple(numbered)])


def list_all(tx: Transaction, account: int) -> list[Member]:
    """Give everybody who is or was a member of an account, by name."""
    return [_member(row) for row in tx.rows(_ALL_OF_ACCOUNT, account=account)]


def audit_page(
    tx: Transaction,
    account: int,
    *,
    before: int,
    count: int,
    member: int | None = None,
    act: str | None = None,
) -> list[AuditEntry]:
    """Give the entries of an account's audit log before one, newest first.

    With `member` or `act` those of one member, or of one kind, alone.
    """
    statement = _AUDITS[member is not None, act is not None]
    asked = {"member": member, "wanted": act}
    given = {name: value for name, value in asked.items() if value is not None}
    rows = tx.rows(statement, account=account, before=before, count=count, **given)
    return [AuditEntry(*row) for row in rows]


def _member(row: Sequence[object]) -> Member:
    return msgspec.convert(
        dict(zip(Member.__struct_fields__, row, strict=True)), Member, strict=False
    )
