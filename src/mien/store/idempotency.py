"""First answers of requests that carried an Idempotency-Key, kept for a day (U-21)."""

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store.engine import RetryTransactionError, Transaction
from mien.store.schema import idempotency

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FIND = sa.select(idempotency.c.body_digest, idempotency.c.answer, idempotency.c.received_at).where(
    idempotency.c.environment_id == _ENVIRONMENT, idempotency.c.key == sa.bindparam("key")
)
_ANSWERS = sa.select(idempotency.c.key, idempotency.c.answer).where(
    idempotency.c.environment_id == _ENVIRONMENT
)
_DELETE = sa.delete(idempotency).where(
    idempotency.c.environment_id == _ENVIRONMENT, idempotency.c.key == sa.bindparam("key")
)
_DELETE_OLD = _DELETE.where(idempotency.c.received_at < sa.bindparam("before"))
_OLD = sa.delete(idempotency).where(
    idempotency.c.environment_id == _ENVIRONMENT,
    idempotency.c.received_at < sa.bindparam("before"),
)


def find(
    tx: Transaction, environment: EnvironmentId, key: str, *, since_ms: int
) -> tuple[bytes, bytes] | None:
    """Find the digest of the body and the answer that a key stands for."""
    row = tx.row(_FIND, environment=environment, key=key)
    return (row[0], row[1]) if row is not None and row[2] >= since_ms else None


def save(
    tx: Transaction,
    environment: EnvironmentId,
    key: str,
    *,
    digest: bytes,
    answer: bytes,
    now_ms: int,
    since_ms: int,
) -> None:
    """Keep the answer of a request, in the place of one that was given before `since_ms`.

    Raises `RetryTransactionError` if another process answered the same key meanwhile.
    """
    row = (environment, key, now_ms, digest, answer)
    if tx.insert_new(idempotency, [row]) == 1:
        return
    tx.run(_DELETE_OLD, environment=environment, key=key, before=since_ms)
    if tx.insert_new(idempotency, [row]) != 1:
        raise RetryTransactionError


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove answers that were given before a time."""
    return tx.run(_OLD, environment=environment, before=before_ms)


def erase_mentions(tx: Transaction, environment: EnvironmentId, needles: list[bytes]) -> int:
    """Remove the answers that hold any of these texts; a day of answers is few."""
    gone = 0
    for key, answer in tx.rows(_ANSWERS, environment=environment):
        if any(needle in answer for needle in needles):
            gone += tx.run(_DELETE, environment=environment, key=key)
    return gone
