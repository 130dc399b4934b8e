"""A page that sends as our own SDK does, in a few words."""

from types import TracebackType
from typing import Any, Self

import httpx
import jwt
import msgspec

from mien import clock
from tests.native.callers import Json, Native
from tests.support.servers import Server

DEVICE = "d-1"


class Page:
    """Sends records of one device, without a passcode."""

    def __init__(self, server: Server, account: str, device: str = DEVICE) -> None:
        self.account, self.device = account, device
        self.http = httpx.Client(
            base_url=server.url, headers={"Origin": "https://shop.example"}, timeout=30
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def post(self, body: object, **params: Any) -> httpx.Response:
        """Send a body as a beacon does: as text, which needs no preflight."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.http.post(
            "/sdk/v1/batch",
            params={"account": self.account, **params},
            content=content,
            headers={"Content-Type": "text/plain;charset=UTF-8"},
        )

    def send(self, *records: object, sent_at: int | None = None, **body: object) -> Json:
        """Send a batch and give the answer."""
        params = {} if sent_at is None else {"sent_at": sent_at}
        answer = self.post({"object_id": self.device, "records": records, **body}, **params)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def results(self, *records: object, **body: Any) -> list[Json]:
        """Send a batch and give the result of each record."""
        results = self.send(*records, **body)["results"]
        assert isinstance(results, list)
        return results


def profile(distinct_id: str | None = None, /, **properties: object) -> Json:
    """Give a profile record of a person, or of the device alone."""
    named = {} if distinct_id is None else {"distinct_id": distinct_id}
    return {"type": "profile", **named, "properties": properties}


def event(name: str, at: int | None = None, /, **properties: object) -> Json:
    """Give an event record of the device."""
    record = {"type": "event", "name": name, "properties": properties}
    return record if at is None else {**record, "at": at}


class Signer:
    """An environment that requires signed identities, and the customer's server that signs."""

    def __init__(self, native: Native, **settings: object) -> None:
        required = {"requires_signed_identities": True, **settings}
        changed = native.http.patch("/v1/environment/settings", json=required)
        assert changed.status_code == 200, changed.text
        made = native.http.post("/v1/signing-keys", json={"label": "shop"}).json()
        self.secret, self.account = made["secret"], native.key.account_id

    def sign(self, distinct_id: str, **claims: object) -> str:
        """Sign an identity token."""
        usual = {"sub": distinct_id, "aud": self.account, "exp": clock.now_ms() // 1_000 + 600}
        return jwt.encode({**usual, **claims}, self.secret, "HS256")
