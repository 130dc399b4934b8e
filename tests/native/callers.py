"""A caller of `/v1`, in a few words."""

from collections.abc import Iterator
from typing import Any

import httpx

from tests.support.servers import Key, Server

Json = dict[str, Any]


class Native:
    """Calls our own API with one key."""

    def __init__(self, server: Server, key: Key) -> None:
        self.key = key
        auth = (key.account_id, key.passcode)
        self.http = httpx.Client(base_url=server.url, auth=auth, timeout=60)

    def send(self, *records: object, dry_run: bool = False, key: str | None = None) -> Json:
        """Upload a batch and give the answer."""
        answer = self.http.post(
            "/v1/batch",
            params={"dry_run": dry_run},
            json={"records": records},
            headers={} if key is None else {"Idempotency-Key": key},
        )
        assert answer.status_code == 200, answer.text
        return _json(answer)

    def result(self, record: object) -> Json:
        """Upload one record and give its result."""
        (result,) = self.send(record)["results"]
        assert isinstance(result, dict)
        return result

    def get(self, path: str, **params: object) -> Json:
        """Read something that is there."""
        answer = self.http.get(f"/v1/{path}", params=_given(params))
        assert answer.status_code == 200, answer.text
        return _json(answer)

    def pages(self, path: str, field: str, **params: object) -> Iterator[list[Json]]:
        """Read a list page by page."""
        page = self.get(path, **params)
        yield page[field]
        while (cursor := page.get("next_cursor")) is not None:
            page = self.get(path, **params, cursor=cursor)
            yield page[field]

    def items(self, path: str, field: str, **params: object) -> list[Json]:
        """Read a whole list."""
        return [item for page in self.pages(path, field, **params) for item in page]

    def replay(self, *rejects: Json, key: str | None = None) -> Json:
        """Replay rejects and give the answer."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.http.post("/v1/rejects/replay", json={"rejects": rejects}, headers=headers)
        assert answer.status_code == 200, answer.text
        return _json(answer)

    def compatible(self, *records: object) -> Json:
        """Upload over the compatible API."""
        answer = self.http.post("/1/upload", json={"d": records}, headers=self.key.headers)
        assert answer.status_code == 200, answer.text
        return _json(answer)


def profile(distinct_id: str, at: int | None = None, /, **properties: object) -> Json:
    """Give a profile record."""
    record = {"type": "profile", "distinct_id": distinct_id, "properties": properties}
    return record if at is None else {**record, "at": at}


def event(distinct_id: str, name: str, at: int | None = None, /, **properties: object) -> Json:
    """Give an event record."""
    record = {
        "type": "event",
        "distinct_id": distinct_id,
        "name": name,
        "properties": properties,
    }
    return record if at is None else {**record, "at": at}


def problem(answer: httpx.Response, status: int) -> Json:
    """Read a refusal: problem details with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = _json(answer)
    assert found["status"] == status
    assert found["type"] == f"/docs/errors#{found['code']}"
    return found


def _json(answer: httpx.Response) -> Json:
    body = answer.json()
    assert isinstance(body, dict)
    return body


def _given(params: dict[str, object]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
