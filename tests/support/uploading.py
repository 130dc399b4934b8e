"""Sending records to the services of one environment, without a server in between."""

import asyncio
import hashlib
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from mien.domain.documents import COMPATIBLE, Rules
from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.domain.profiles import Profile
from mien.services.accounts import create_account
from mien.services.ingest import Ingest
from mien.services.reading import find_in
from mien.services.receipts import Batch, Idempotency, Receipt
from mien.store import accounts
from mien.store.engine import Store

NOON_MS = 1_780_315_200_000
"""When records of tests come in unless they say otherwise: 2026-06-01 at noon, UTC."""

Record = dict[str, object]

T = TypeVar("T")

_fresh = itertools.count(1_000_000)


def profile(identity: str, /, **properties: object) -> Record:
    """Give a profile record."""
    return {"type": "profile", "identity": identity, "profileData": properties}


def event(identity: str, name: str, /, at: int | None = None, **properties: object) -> Record:
    """Give an event record; `at` is epoch seconds."""
    record: Record = {"type": "event", "identity": identity, "evtName": name, "evtData": properties}
    return record if at is None else {**record, "ts": at}


@dataclass
class Desk:
    """Sends records to one environment."""

    store: Store
    ingest: Ingest
    environment: EnvironmentId

    async def send(
        self,
        *records: object,
        at_ms: int = NOON_MS,
        key: str | None = None,
        source: str = "api:1",
        rules: Rules = COMPATIBLE,
        is_dry_run: bool = False,
        follows_sessions: bool = False,
    ) -> Receipt:
        """Apply one batch."""
        return await self.ingest.submit(
            Batch(
                self.environment,
                records,
                at_ms,
                source,
                rules,
                is_dry_run=is_dry_run,
                follows_sessions=follows_sessions,
                idempotency=_idempotency(key, records) if key is not None else None,
            )
        )

    def upload(self, *records: object, at_ms: int = NOON_MS) -> Receipt:
        """Apply one batch, from code that does not run in a loop."""
        return run(self.send(*records, at_ms=at_ms))

    def find(self, identity: str, kind: IdentityKind = IdentityKind.IDENTITY) -> Profile | None:
        """Find the profile that an id means."""
        return find_person(self.store, self.environment, identity, kind)

    def get(self, identity: str, kind: IdentityKind = IdentityKind.IDENTITY) -> Profile:
        """Give the profile that an id means."""
        found = self.find(identity, kind)
        assert found is not None, f"nobody is {identity}"
        return found


def find_person(
    store: Store,
    environment: EnvironmentId,
    identity: str,
    kind: IdentityKind = IdentityKind.IDENTITY,
) -> Profile | None:
    """Find the profile that an id means, in a store that others may be writing to."""
    with store.read() as tx:
        return find_in(tx, environment, Identity(kind, identity))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own."""
    return asyncio.run(work)


def fresh_environment() -> EnvironmentId:
    """Give the number of an environment that no account has and no other test uses."""
    return EnvironmentId(next(_fresh))


def new_environment(store: Store) -> EnvironmentId:
    """Make an account, and give its live environment."""
    made = create_account(store, name="Test")
    with store.read() as tx:
        found = accounts.find_environment(tx, made.live.account_id)
    assert found is not None
    return found.environment_id


def render(receipt: Receipt) -> bytes:
    """Write a receipt, so that the answers of tests can be told apart."""
    return msgspec.json.encode([each.position for each in receipt.results])


def _idempotency(key: str, records: tuple[object, ...]) -> Idempotency:
    return Idempotency(key, hashlib.sha256(repr(records).encode()).digest(), render)
