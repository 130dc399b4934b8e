"""Signing keys: making, listing and revoking what customers sign their users' ids with.

Several are good at once, so that one takes the place of another without a gap.
"""

import msgspec

from mien import clock
from mien.domain.errors import LimitExceededError, NotFoundError
from mien.domain.ids import EnvironmentId
from mien.services.accounts import check_label
from mien.services.retrying import write_retried
from mien.store import signing
from mien.store.engine import Store, Transaction
from mien.store.signing import SigningKey

KEYS_IN_USE = 10


class NewSigningKey(msgspec.Struct, frozen=True):
    """A signing key as it is shown once: who has its secret can sign for everybody."""

    key_id: int
    label: str
    secret: str
    created_at: int


def add_signing_key(store: Store, environment: EnvironmentId, *, label: str) -> NewSigningKey:
    """Make a signing key; those that are there stay good.

    Raises `InvalidInputError` for a label of a wrong form, `LimitExceededError` when
    `KEYS_IN_USE` are in use already.
    """
    label = check_label(label)
    secret, now_ms = clock.new_signing_secret(), clock.now_ms()

    def add(tx: Transaction) -> SigningKey:
        in_use = len(_in_use(tx, environment))
        if in_use >= KEYS_IN_USE:
            what = "signing keys in use"
            raise LimitExceededError(what, limit=KEYS_IN_USE, size=in_use + 1)
        return signing.add(tx, environment, label=label, secret=secret.encode(), now_ms=now_ms)

    made = write_retried(store, add)
    return NewSigningKey(made.key_id, made.label, secret, made.created_at)


def list_signing_keys(store: Store, environment: EnvironmentId) -> list[SigningKey]:
    """Give the signing keys of an environment, revoked ones included."""
    with store.read() as tx:
        return signing.list_keys(tx, environment)


def keys_in_use(store: Store, environment: EnvironmentId) -> list[SigningKey]:
    """Give the signing keys whose signatures are taken."""
    with store.read() as tx:
        return _in_use(tx, environment)


def revoke_signing_key(store: Store, environment: EnvironmentId, key_id: int) -> SigningKey:
    """Revoke a signing key; servers refuse what it signed within a second.

    Raises `NotFoundError` for one that is not there, or was revoked before.
    """
    now_ms = clock.now_ms()

    def revoke(tx: Transaction) -> SigningKey:
        known = next((key for key in _in_use(tx, environment) if key.key_id == key_id), None)
        if known is None:
            msg = f"There is no signing key {key_id} that is in use."
            raise NotFoundError(msg)
        signing.revoke(tx, environment, key_id, now_ms=now_ms)
        return msgspec.structs.replace(known, revoked_at=now_ms)

    return write_retried(store, revoke)


def _in_use(tx: Transaction, environment: EnvironmentId) -> list[SigningKey]:
    return [key for key in signing.list_keys(tx, environment) if key.is_in_use]
