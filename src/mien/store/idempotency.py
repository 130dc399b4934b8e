"""First answers of requests that carried an Idempotency-Key, kept for a day (U-21)."""

from collections.abc import Callable

import sqlalchemy as sa

from mien.domain.errors import AnswerErasedError
from mien.domain.ids import EnvironmentId
from mien.domain.keys import index_key
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
_BLANK = (
    sa.update(idempotency)
    .values(answer=sa.bindparam("blank", b""))
    .where(idempotency.c.environment_id == _ENVIRONMENT, idempotency.c.key == sa.bindparam("key"))
)
_DELETE_OLD = _DELETE.where(idempotency.c.received_at < sa.bindparam("before"))
_OLD = sa.delete(idempotency).where(
    idempotency.c.environment_id == _ENVIRONMENT,
    idempotency.c.received_at < sa.bindparam("before"),
)


def find(
    tx: Transaction, environment: EnvironmentId, key: str, *, since_ms: int
) -> tuple[bytes, bytes] | None:
    """Find the digest of the body and the answer that a key stands for.

    Raises `AnswerErasedError` if the answer went with a person who was erased.
    """
    row = tx.row(_FIND, environment=environment, key=index_key(key))
    if row is None or row[2] < since_ms:
        return None
    if not row[1]:
        raise AnswerErasedError(key)
    return row[0], row[1]


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
    key = index_key(key)
    row = (environment, key, now_ms, digest, answer)
    if tx.insert_new(idempotency, [row]) == 1:
        return
    tx.run(_DELETE_OLD, environment=environment, key=key, before=since_ms)
    if tx.insert_new(idempotency, [row]) != 1:
        raise RetryTransactionError


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove answers that were given before a time."""
    return tx.run(_OLD, environment=environment, before=before_ms)


def erase_answers(
    tx: Transaction, environment: EnvironmentId, is_erased: Callable[[bytes], bool]
) -> int:
    """Remove the answers that are to be erased; a day of answers is few.

    Their keys stay taken: a request that is sent again must not bring back what it wrote.
    """
    return sum(
        tx.run(_BLANK, environment=environment, key=key)
        for key, answer in tx.rows(_ANSWERS, environment=environment)
        if answer and is_erased(answer)
    )
