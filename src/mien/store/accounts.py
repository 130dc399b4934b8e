"""Accounts, their two environments, and the keys that open these."""

import msgspec
import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.domain.keys import index_key
from mien.store import numbers
from mien.store.account_schema import accounts, api_keys, environments, secrets
from mien.store.engine import Transaction


class Account(msgspec.Struct, frozen=True):
    """One customer workspace."""

    account_id: int
    name: str
    region: str
    time_zone: str
    created_at: int


class Environment(msgspec.Struct, frozen=True):
    """The live or the test half of an account; `public_id` is what clients send."""

    environment_id: EnvironmentId
    account_id: int
    kind: str
    public_id: str
    time_zone: str


class ApiKey(msgspec.Struct, frozen=True):
    """A key of an environment; of its passcode only the digest is kept.

    Times are epoch milliseconds; `used_at` is when a server last noted that it was used.
    """

    key_id: int
    label: str
    digest: bytes
    created_at: int
    revoked_at: int | None
    used_at: int | None = None


_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_ACCOUNTS = sa.select(*accounts.columns).order_by(accounts.c.account_id)
_ENVIRONMENTS = (
    sa.select(
        environments.c.environment_id,
        environments.c.account_id,
        environments.c.kind,
        environments.c.public_id,
        accounts.c.time_zone,
    )
    .join_from(environments, accounts, environments.c.account_id == accounts.c.account_id)
    .order_by(environments.c.environment_id)
)
_OF_ACCOUNT = _ENVIRONMENTS.where(environments.c.account_id == sa.bindparam("account"))
_ACCOUNT = sa.select(*accounts.columns).where(accounts.c.account_id == sa.bindparam("account"))
_BY_PUBLIC_ID = _ENVIRONMENTS.where(environments.c.public_id == sa.bindparam("public_id"))
_KEYS = (
    sa.select(*[column for column in api_keys.columns if column.name != "environment_id"])
    .where(api_keys.c.environment_id == _ENVIRONMENT)
    .order_by(api_keys.c.key_id)
)
_REVOKE = (
    sa.update(api_keys)
    .values(revoked_at=sa.bindparam("now"))
    .where(
        api_keys.c.environment_id == _ENVIRONMENT,
        api_keys.c.key_id == sa.bindparam("key"),
        api_keys.c.revoked_at.is_(None),
    )
)
_USE = (
    sa.update(api_keys)
    .values(used_at=sa.bindparam("now"))
    .where(
        api_keys.c.environment_id == _ENVIRONMENT,
        api_keys.c.key_id == sa.bindparam("key"),
    )
)
_CHANGE = (
    sa.update(accounts)
    .values(name=sa.bindparam("new_name"), time_zone=sa.bindparam("new_zone"))
    .where(accounts.c.account_id == sa.bindparam("account"))
)
_SECRET = sa.select(secrets.c.value).where(secrets.c.name == sa.bindparam("name"))


def add_account(tx: Transaction, *, name: str, region: str, time_zone: str, now_ms: int) -> Account:
    """Make an account."""
    number = numbers.reserve(tx, numbers.EVERYWHERE, "account")[0]
    tx.insert(accounts, [(number, name, region, time_zone, now_ms)])
    return Account(number, name, region, time_zone, now_ms)


def add_environment(tx: Transaction, account: Account, *, kind: str, public_id: str) -> Environment:
    """Make an environment of an account."""
    number = EnvironmentId(numbers.reserve(tx, numbers.EVERYWHERE, "environment")[0])
    tx.insert(environments, [(number, account.account_id, kind, public_id)])
    return Environment(number, account.account_id, kind, public_id, account.time_zone)


def add_key(
    tx: Transaction, environment: EnvironmentId, *, label: str, digest: bytes, now_ms: int
) -> int:
    """Make a key and give its id."""
    number = numbers.reserve(tx, environment, "key")[0]
    tx.insert(api_keys, [(environment, number, label, digest, now_ms, None, None)])
    return number


def list_accounts(tx: Transaction) -> list[Account]:
    """Give all accounts, oldest first."""
    return [Account(*row) for row in tx.rows(_ACCOUNTS)]


def list_environments(tx: Transaction) -> list[Environment]:
    """Give all environments, oldest first."""
    return [Environment(*row) for row in tx.rows(_ENVIRONMENTS)]


def get_account(tx: Transaction, account: int) -> Account:
    """Give an account that is known to be there."""
    return Account(*tx.rows(_ACCOUNT, account=account)[0])


def change_account(tx: Transaction, account: Account) -> None:
    """Write the name and the time zone of an account anew."""
    tx.run(
        _CHANGE,
        account=account.account_id,
        new_name=account.name,
        new_zone=account.time_zone,
    )


def environments_of(tx: Transaction, account: int) -> list[Environment]:
    """Give the environments of an account, live first."""
    return [Environment(*row) for row in tx.rows(_OF_ACCOUNT, account=account)]


def find_environment(tx: Transaction, public_id: str) -> Environment | None:
    """Find an environment by the id that clients send."""
    row = tx.row(_BY_PUBLIC_ID, public_id=index_key(public_id))
    return Environment(*row) if row else None


def list_keys(tx: Transaction, environment: EnvironmentId) -> list[ApiKey]:
    """Give the keys of an environment, revoked ones included."""
    return [ApiKey(*row) for row in tx.rows(_KEYS, environment=environment)]


def revoke_key(tx: Transaction, environment: EnvironmentId, key: int, *, now_ms: int) -> bool:
    """Revoke a key; false if there is none, or it was revoked before."""
    return tx.run(_REVOKE, environment=environment, key=key, now=now_ms) == 1


def note_use(tx: Transaction, environment: EnvironmentId, key: int, *, now_ms: int) -> None:
    """Keep when a key was last used."""
    tx.run(_USE, environment=environment, key=key, now=now_ms)


def secret(tx: Transaction, name: str, fresh: bytes) -> bytes:
    """Give a secret of the store by name; `fresh` becomes it if there is none."""
    tx.insert_new(secrets, [(name, fresh)])
    row = tx.row(_SECRET, name=name)
    return row[0] if row else fresh
