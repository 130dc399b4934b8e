"""The requests of the API `/v1`, as data."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mien_client._version import __version__
from mien_client.batches import Batch

USER_AGENT = f"mien-client/{__version__}"
LONGEST_KEY = 200


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request; `key` is its Idempotency-Key, the same over all retries."""

    method: str
    path: str
    params: dict[str, str] = {}
    body: bytes | None = None
    key: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this request, beside those of every request."""
        content = {} if self.body is None else {"Content-Type": "application/json"}
        key = {} if self.key is None else {"Idempotency-Key": self.key}
        return {**content, **key}


def upload_batch(batch: Batch, *, key: str, dry_run: bool) -> Request:
    """Ask to apply a batch, or only to say what applying would do."""
    return Request(
        method="POST",
        path="/v1/batch",
        params={"dry_run": "true" if dry_run else "false"},
        body=batch.body("records"),
        key=None if dry_run else batch_key(key, batch),
    )


def replay_batch(batch: Batch, *, key: str) -> Request:
    """Ask to apply kept rejects again."""
    return Request(
        method="POST",
        path="/v1/rejects/replay",
        body=batch.body("rejects"),
        key=batch_key(key, batch),
    )


def find_profile(person: Mapping[str, str]) -> Request:
    """Ask for one profile."""
    return Request(method="GET", path="/v1/profile", params=dict(person))


def erase_profile(person: Mapping[str, str], *, key: str) -> Request:
    """Ask to remove all that is known of one profile, for ever."""
    return Request(method="DELETE", path="/v1/profile", params=dict(person), key=key)


def profile_token(person: Mapping[str, str], *, lifetime_seconds: int) -> Request:
    """Ask for a token that reads one profile."""
    body = msgspec.json.encode({**person, "lifetime_seconds": lifetime_seconds})
    return Request(method="POST", path="/v1/profile/token", body=body)


def environment_settings() -> Request:
    """Ask for the settings of the environment."""
    return Request(method="GET", path="/v1/environment/settings")


def change_settings(changes: Mapping[str, Any]) -> Request:
    """Ask to change settings of the environment."""
    return Request(
        method="PATCH", path="/v1/environment/settings", body=msgspec.json.encode(dict(changes))
    )


def history_page(person: Mapping[str, str], *, page_size: int) -> Request:
    """Ask for the first page of a profile's history."""
    params = {**person, "limit": str(page_size)}
    return Request(method="GET", path="/v1/profile/history", params=params)


def rejects_page(*, page_size: int) -> Request:
    """Ask for the first page of the rejects."""
    return Request(method="GET", path="/v1/rejects", params={"limit": str(page_size)})


def at_cursor(request: Request, cursor: str | None) -> Request:
    """Give the same request for a later page."""
    if cursor is None:
        return request
    return msgspec.structs.replace(request, params={**request.params, "cursor": cursor})


def person(*, distinct_id: str | None, object_id: str | None) -> dict[str, str]:
    """Give the parameters that name one profile; exactly one id, else ValueError."""
    ids = {"distinct_id": distinct_id, "object_id": object_id}
    given = {name: value for name, value in ids.items() if value is not None}
    if len(given) != 1:
        message = f"give distinct_id or object_id, one of the two; got {len(given)}"
        raise ValueError(message)
    return given


def checked_key(key: str) -> str:
    """Give the key back if it can stand in a header, else ValueError."""
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() and " " not in key):
        message = f"a key is 1 to {LONGEST_KEY} visible ASCII characters; got {key!r}"
        raise ValueError(message)
    return key


def batch_key(key: str, batch: Batch) -> str:
    """Give the idempotency key of one batch of an upload."""
    return f"{key}-{batch.number}"
