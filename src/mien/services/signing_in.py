"""Signing in and out, and knowing who is signed in (D-01).

A browser holds a random token; the store keeps its digest. A session ends after a time
without use, after thirty days, when its member signs out, is removed, or gets a new password.
"""

import hashlib
import time

import msgspec

from mien import clock
from mien.domain.errors import NotAllowedError
from mien.domain.fields import normalise_email
from mien.domain.members import PASSWORD_MOST, Act
from mien.services import audit
from mien.services.attempts import Attempts
from mien.services.members import hash_password, is_password
from mien.services.retrying import write_retried
from mien.store import accounts, members
from mien.store.accounts import Account, Environment
from mien.store.engine import Store, Transaction
from mien.store.members import Member, Session

_HOUR_MS = 3_600_000
LONGEST_MS = 30 * 24 * _HOUR_MS
"""How long a session lasts at most, however much it is used."""

_SEEN_EVERY_MS = 60_000
_EMAIL_CHARACTERS = 254


class WrongPasswordError(NotAllowedError):
    """The e-mail address and the password do not belong together."""

    code = "wrong_password"
    mend = "Try again, or let an admin make a new one with `mien member password`."

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is not right.")


class TooManyAttemptsError(NotAllowedError):
    """Too many wrong passwords came for this address, or from this network."""

    code = "too_many_attempts"
    mend = "Wait as the sentence says, then try again."

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"Too many attempts; try again in {int(seconds // 60) + 1} minutes.")


class SignedIn(msgspec.Struct, frozen=True):
    """Who is signed in, in which account; `session` is the digest of the token."""

    session: bytes
    member: Member
    account: Account
    environments: list[Environment]


class SignIns:
    """Signs members in and out on one server."""

    def __init__(self, store: Store, *, hours: float) -> None:
        self._store, self._unused_ms = store, int(hours * _HOUR_MS)
        self._attempts = Attempts()
        # What is compared when nobody has the address: it takes as long as when somebody does.
        self._nobody = hash_password(clock.new_password())

    def sign_in(self, email: str, password: str, *, network: str) -> str:
        """Give the token of a new session. Takes a twentieth of a second, to slow guessing.

        Raises `WrongPasswordError`, `TooManyAttemptsError`; `network` is where the request
        came from.
        """
        email = normalise_email(email)[:_EMAIL_CHARACTERS].replace("\x00", "")
        with self._store.read() as tx:
            member = members.find_by_email(tx, email)
        known = None if member is None or member.removed_at is not None else member
        hashed = self._nobody if known is None else known.password_hash
        self._try(email, password, hashed, network)
        if known is None:
            raise WrongPasswordError
        return self._open(known)

    def confirm(self, member: Member, password: str, *, network: str) -> None:
        """Make sure that a member knows their password; raises what `sign_in` does."""
        self._try(member.email, password, member.password_hash, network)

    def recognise(self, token: str) -> SignedIn | None:
        """Give who holds a token; None once the session has ended. A point read."""
        digest, now_ms = digest_of(token), clock.now_ms()
        with self._store.read() as tx:
            found = members.find_session(tx, digest)
            if found is None or self._is_over(found[0], now_ms):
                return None
            session, member = found
            signed_in = SignedIn(
                digest,
                member,
                accounts.get_account(tx, member.account_id),
                accounts.environments_of(tx, member.account_id),
            )
        if now_ms - session.seen_at > min(_SEEN_EVERY_MS, self._unused_ms // 4):
            with self._store.write() as tx:
                members.see_session(tx, digest, now_ms=now_ms)
        return signed_in

    def is_still_in(self, signed_in: SignedIn) -> bool:
        """Tell whether a session goes on, with the role that it had; asking is no use of it."""
        with self._store.read() as tx:
            found = members.find_session(tx, signed_in.session)
        if found is None or self._is_over(found[0], clock.now_ms()):
            return False
        return found[1].role == signed_in.member.role

    def sign_out(self, signed_in: SignedIn) -> None:
        """End a session."""
        member = signed_in.member

        def end(tx: Transaction) -> None:
            members.end_session(tx, signed_in.session)
            audit.note(tx, member.account_id, Act.SIGNED_OUT, by=member)

        write_retried(self._store, end)

    def _try(self, email: str, password: str, hashed: str, network: str) -> None:
        if wait := self._attempts.begin(email, network, now=time.monotonic()):
            raise TooManyAttemptsError(wait)
        if not is_password(password[:PASSWORD_MOST], hashed):
            raise WrongPasswordError
        self._attempts.succeed(email, network)

    def _open(self, member: Member) -> str:
        token, now_ms = clock.new_session_token(), clock.now_ms()

        def keep(tx: Transaction) -> None:
            members.open_session(
                tx, Session(digest_of(token), member.member_id, now_ms, seen_at=now_ms)
            )
            members.note_sign_in(tx, member.member_id, now_ms=now_ms)
            audit.note(tx, member.account_id, Act.SIGNED_IN, by=member)

        write_retried(self._store, keep)
        return token

    def _is_over(self, session: Session, now_ms: int) -> bool:
        return (
            now_ms - session.seen_at > self._unused_ms or now_ms - session.created_at > LONGEST_MS
        )


def expire_sessions(store: Store, *, hours: float) -> int:
    """Remove the sessions that are over; give how many."""
    now_ms = clock.now_ms()
    with store.write() as tx:
        return members.expire_sessions(
            tx, seen_before=now_ms - int(hours * _HOUR_MS), made_before=now_ms - LONGEST_MS
        )


def digest_of(token: str) -> bytes:
    """Give what is kept of a token: it has so much chance that a plain hash protects it."""
    return hashlib.sha256(token.encode()).digest()
