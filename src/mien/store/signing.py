"""Keys with which a customer's programs sign who their users are.

The secrets are kept as they are: the server computes the same signature with them
(docs/adr/0012-tokens.md).
"""

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store import numbers
from mien.store.account_schema import signing_keys
from mien.store.engine import Transaction


class SigningKey(msgspec.Struct, frozen=True):
    """A signing key of an environment; times are epoch milliseconds."""

    key_id: int
    label: str
    secret: bytes
    created_at: int
    revoked_at: int | None

    @property
    def is_in_use(self) -> bool:
        """Is what it signs taken?"""
        return self.revoked_at is None


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_KEYS = (
    sa.select(*[column for column in signing_keys.columns if column.name != "environment_id"])
    .where(signing_keys.c.environment_id == _ENVIRONMENT)
    .order_by(signing_keys.c.key_id)
)
_REVOKE = (
    sa.update(signing_keys)
    .values(revoked_at=sa.bindparam("now"))
    .where(
        signing_keys.c.environment_id == _ENVIRONMENT,
        signing_keys.c.key_id == sa.bindparam("key"),
        signing_keys.c.revoked_at.is_(None),
    )
)


def add(
    tx: Transaction, environment: EnvironmentId, *, label: str, secret: bytes, now_ms: int
) -> SigningKey:
    """Make a signing key."""
    number = numbers.reserve(tx, environment, "signing_key")[0]
    tx.insert(signing_keys, [(environment, number, label, secret, now_ms, None)])
    return SigningKey(number, label, secret, now_ms, None)


def list_keys(tx: Transaction, environment: EnvironmentId) -> list[SigningKey]:
    """Give the signing keys of an environment, revoked ones included, oldest first."""
    return [SigningKey(*row) for row in tx.rows(_KEYS, environment=environment)]


def revoke(tx: Transaction, environment: EnvironmentId, key: int, *, now_ms: int) -> None:
    """Revoke a signing key; one that was revoked before stays as it is."""
    tx.run(_REVOKE, environment=environment, key=key, now=now_ms)
