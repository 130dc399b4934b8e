"""Accounts, environments and keys: making them, and knowing who calls.

A passcode has 180 bits of chance, so one round of a keyed hash protects it at
rest and is cheap enough for every request (docs/adr/0004-passcodes.md).
"""

import hashlib
import hmac
import time
from zoneinfo import ZoneInfo

import msgspec

from mien import clock
from mien.domain.errors import (
    ChangedMeanwhileError,
    InvalidInputError,
    MienError,
    NotAllowedError,
    NotFoundError,
)
from mien.domain.ids import EnvironmentId
from mien.domain.members import Act
from mien.services import audit
from mien.services.local import LOCAL_KEY
from mien.services.retrying import write_retried
from mien.store import accounts, members
from mien.store.accounts import Account, ApiKey, Environment
from mien.store.engine import Store, Transaction
from mien.store.members import Member

_KINDS = ("live", "test")
_PREFIX = {"live": "", "test": "TEST-"}
_FRESH_SECONDS = 1.0
_NAME_CHARACTERS = 200
LABEL_CHARACTERS = 200


class NewKey(msgspec.Struct, frozen=True):
    """A key as it is shown once: afterwards only its digest is known."""

    account_id: str
    passcode: str
    key_id: int


class NewAccount(msgspec.Struct, frozen=True):
    """An account with the first key of each environment."""

    account: Account
    live: NewKey
    test: NewKey


class Caller(msgspec.Struct, frozen=True):
    """Who calls: an environment, and the key that opened it."""

    environment: EnvironmentId
    public_id: str
    time_zone: str
    key_id: int

    @property
    def source(self) -> str:
        """How changes name the caller."""
        return f"api:{self.key_id}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the account."""
        return ZoneInfo(self.time_zone)


class UnknownAccountError(NotAllowedError):
    """No environment has this account id."""

    code = "unknown_account"
    mend = "Use the id that `mien account list` shows, with its dashes."

    def __init__(self) -> None:
        msg = "Account ID is not valid"
        super().__init__(msg)


class WrongPasscodeError(NotAllowedError):
    """The passcode opens no key of this environment."""

    code = "wrong_passcode"
    mend = "Use a key of this environment, on a host of its region; `mien key add` makes a new one."

    def __init__(self) -> None:
        msg = "Invalid Credentials"
        super().__init__(msg)


def create_account(
    store: Store, *, name: str, region: str = "local", time_zone: str = "UTC"
) -> NewAccount:
    """Make an account with its two environments and a first key for each."""
    name, now = _check_name(name), clock.now_ms()
    _check_time_zone(time_zone)
    with store.write() as tx:
        account = accounts.add_account(
            tx, name=name, region=region, time_zone=time_zone, now_ms=now
        )
        public_id = clock.new_public_id()
        keys = {kind: _open(tx, account, kind, public_id, now) for kind in _KINDS}
    return NewAccount(account, keys["live"], keys["test"])


def change_account(
    store: Store, known: Account, *, name: str, time_zone: str, by: Member | None
) -> Account:
    """Give an account another name or time zone; `known` is as whoever changes it saw it.

    Raises `InvalidInputError`, and `ChangedMeanwhileError` if another was first.
    """
    changed = msgspec.structs.replace(known, name=_check_name(name), time_zone=time_zone)
    _check_time_zone(time_zone)
    details = {
        each: getattr(changed, each)
        for each in ("name", "time_zone")
        if getattr(changed, each) != getattr(known, each)
    }

    def change(tx: Transaction) -> Account:
        members.lock_account(tx, known.account_id)
        if accounts.get_account(tx, known.account_id) != known:
            what = "The account"
            raise ChangedMeanwhileError(what)
        accounts.change_account(tx, changed)
        if details:
            audit.note(tx, known.account_id, Act.ACCOUNT_CHANGED, by=by, details=details)
        return changed

    return write_retried(store, change)


def list_accounts(store: Store) -> list[tuple[Account, list[Environment]]]:
    """Give every account with its environments."""
    with store.read() as tx:
        environments = accounts.list_environments(tx)
        return [
            (account, [each for each in environments if each.account_id == account.account_id])
            for account in accounts.list_accounts(tx)
        ]


def get_environment(store: Store, public_id: str) -> Environment:
    """Give an environment by the id that clients send, or raise `NotFoundError`."""
    with store.read() as tx:
        return _get_environment(tx, public_id)


def add_key(store: Store, public_id: str, *, label: str) -> NewKey:
    """Make a further key of an environment; raises `InvalidInputError` for a label of a wrong form."""
    label, now = check_label(label), clock.now_ms()
    return write_retried(
        store, lambda tx: _add_key(tx, _get_environment(tx, public_id), label, now)
    )


def list_keys(store: Store, public_id: str) -> list[ApiKey]:
    """Give the keys of an environment."""
    with store.read() as tx:
        return accounts.list_keys(tx, _get_environment(tx, public_id).environment_id)


def revoke_key(store: Store, public_id: str, key_id: int) -> None:
    """Revoke a key; servers refuse it within a second."""
    now_ms = clock.now_ms()

    def revoke(tx: Transaction) -> None:
        environment = _get_environment(tx, public_id)
        if not accounts.revoke_key(tx, environment.environment_id, key_id, now_ms=now_ms):
            msg = f"{public_id} has no key {key_id} that is in use."
            raise NotFoundError(msg)

    write_retried(store, revoke)


def check_label(label: str) -> str:
    """Give what a key is for, or raise `InvalidInputError`."""
    label = label.strip()
    if not label or len(label) > LABEL_CHARACTERS:
        raise InvalidInputError(path="label", problem=f"needs 1 to {LABEL_CHARACTERS} characters")
    return label


class _Known(msgspec.Struct):
    """An environment and its keys in use, by digest, until they are read anew.

    `admitted` are the callers by the passcode that opened one of the keys, so that the
    thousands of requests of a second are not all hashed.
    """

    until: float
    environment: Environment
    keys: dict[bytes, int]
    admitted: dict[str, Caller] = {}


class Doorkeeper:
    """Tells who calls. Remembers keys for a second, so that a revoked one is soon refused."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.local_secret = clock.new_local_secret()
        """Opens every environment to commands on this machine (`admit_local`)."""
        self._known: dict[str, _Known] = {}
        self._used: dict[tuple[EnvironmentId, int], None] = {}
        with store.write() as tx:
            self._pepper = _pepper(tx)

    def admit(self, public_id: str | None, passcode: str | None) -> Caller:
        """Give the caller, or raise `NotAllowedError`."""
        if not public_id:
            raise UnknownAccountError
        known, passcode = self._get(public_id), passcode or ""
        if (caller := known.admitted.get(passcode)) is None:
            caller = known.admitted[passcode] = self._check(known, passcode)
        self._used[caller.environment, caller.key_id] = None
        return caller

    def note_uses(self) -> None:
        """Keep which keys were used since the last time, for members to see."""
        used, self._used = self._used, {}
        if not used:
            return
        now_ms = clock.now_ms()

        def keep(tx: Transaction) -> None:
            for environment, key_id in sorted(used):
                accounts.note_use(tx, environment, key_id, now_ms=now_ms)

        try:
            write_retried(self._store, keep)
        except MienError:
            self._used = used | self._used
            raise

    def admit_local(self, public_id: str, secret: str) -> Caller:
        """Give the caller who proved to be a command on this machine, or raise `NotAllowedError`."""
        if not hmac.compare_digest(self.local_secret.encode(), secret.encode()):
            raise WrongPasscodeError
        return _caller(self._get(public_id).environment, LOCAL_KEY)

    def recognise(self, public_id: str) -> Environment:
        """Give the environment that pages name by its id alone, or raise `UnknownAccountError`."""
        return self._get(public_id).environment

    def _check(self, known: "_Known", passcode: str) -> Caller:
        environment, digest = known.environment, _digest(self._pepper, passcode)
        # The digest is keyed and compared in constant time: neither says how near a guess was.
        for each, key_id in known.keys.items():
            if hmac.compare_digest(each, digest):
                return _caller(environment, key_id)
        raise WrongPasscodeError

    def _get(self, public_id: str) -> "_Known":
        now = time.monotonic()
        known = self._known.get(public_id)
        if known is None or known.until < now:
            with self._store.read() as tx:
                environment = accounts.find_environment(tx, public_id)
                if environment is None:
                    self._known.pop(public_id, None)
                    raise UnknownAccountError
                keys = accounts.list_keys(tx, environment.environment_id)
            good = {key.digest: key.key_id for key in keys if key.revoked_at is None}
            known = self._known[public_id] = _Known(now + _FRESH_SECONDS, environment, good)
        return known


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _NAME_CHARACTERS:
        raise InvalidInputError(path="name", problem=f"needs 1 to {_NAME_CHARACTERS} characters")
    return name


def _check_time_zone(time_zone: str) -> None:
    if time_zone not in clock.time_zones():
        raise InvalidInputError(
            path="time_zone", problem=f"'{time_zone}' is no time zone such as Europe/Paris"
        )


def _caller(environment: Environment, key_id: int) -> Caller:
    return Caller(environment.environment_id, environment.public_id, environment.time_zone, key_id)


def _open(tx: Transaction, account: Account, kind: str, public_id: str, now: int) -> NewKey:
    environment = accounts.add_environment(
        tx, account, kind=kind, public_id=_PREFIX[kind] + public_id
    )
    return _add_key(tx, environment, "first key", now)


def _add_key(tx: Transaction, environment: Environment, label: str, now: int) -> NewKey:
    passcode = clock.new_passcode()
    digest = _digest(_pepper(tx), passcode)
    key_id = accounts.add_key(
        tx, environment.environment_id, label=label, digest=digest, now_ms=now
    )
    return NewKey(environment.public_id, passcode, key_id)


def _get_environment(tx: Transaction, public_id: str) -> Environment:
    environment = accounts.find_environment(tx, public_id)
    if environment is None:
        msg = f"There is no environment {public_id}; `mien account list` shows them."
        raise NotFoundError(msg)
    return environment


def _pepper(tx: Transaction) -> bytes:
    return accounts.secret(tx, "passcodes", clock.new_secret())


def _digest(pepper: bytes, passcode: str) -> bytes:
    return hmac.digest(pepper, passcode.encode(), hashlib.sha256)
