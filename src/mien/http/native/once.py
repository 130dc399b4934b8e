"""Idempotency keys of calls that are no batches: their first answer, for a day (U-21)."""

from contextlib import suppress

from mien import clock
from mien.domain.errors import IdempotencyReusedError
from mien.http.state import Services
from mien.services.accounts import Caller
from mien.services.ingest import IDEMPOTENCY_MS
from mien.store import idempotency
from mien.store.engine import RetryTransactionError


async def given_before(services: Services, caller: Caller, key: str, digest: bytes) -> bytes | None:
    """Give the answer that a key stands for; raises `IdempotencyReusedError` for another call's."""

    def find() -> tuple[bytes, bytes] | None:
        with services.store.read() as tx:
            since = clock.now_ms() - IDEMPOTENCY_MS
            return idempotency.find(tx, caller.environment, key, since_ms=since)

    known = await services.run_short(find)
    if known is None:
        return None
    if known[0] != digest:
        raise IdempotencyReusedError(key)
    return known[1]


async def keep(services: Services, caller: Caller, key: str, digest: bytes, body: bytes) -> None:
    """Keep the answer of a call."""

    def save() -> None:
        now_ms = clock.now_ms()
        # Another process that was first has given the same answer, or none that differs in effect.
        with suppress(RetryTransactionError), services.store.write() as tx:
            idempotency.save(
                tx,
                caller.environment,
                key,
                digest=digest,
                answer=body,
                now_ms=now_ms,
                since_ms=now_ms - IDEMPOTENCY_MS,
            )

    await services.run_long(save)
