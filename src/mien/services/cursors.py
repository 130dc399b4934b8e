"""Cursors: opaque, signed, bound to an environment and a purpose, good for four days.

Made of `A-Z a-z 0-9 _ -` alone, so that every client's encoding of them works
(G-02), and they hold all that the next page needs, so they survive a restart (G-07).
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from mien import clock
from mien.domain.errors import InvalidInputError

LIFE_SECONDS = 4 * 86_400
_SIGNATURE_BYTES = 16

T = TypeVar("T")


class InvalidCursorError(InvalidInputError):
    """The cursor was not made by this server for this caller, or is too old."""

    code = "invalid_cursor"
    mend = "Begin the export again, with the keys and on the host that go on with it."

    def __init__(self, problem: str) -> None:
        super().__init__("cursor", problem)


def seal(key: bytes, environment: int, purpose: str, payload: object) -> str:
    """Write a payload as a cursor."""
    expires_at = clock.now_ms() // 1_000 + LIFE_SECONDS
    body = msgspec.msgpack.encode((expires_at, payload))
    signed = _signature(key, environment, purpose, body) + body
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def open_cursor(key: bytes, environment: int, purpose: str, text: str, kind: type[T]) -> T:
    """Read the payload of a cursor, or raise `InvalidCursorError`."""
    try:
        signed = base64.b64decode(_padded(text), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursorError(_NOT_OURS) from error
    signature, body = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(key, environment, purpose, body)):
        raise InvalidCursorError(_NOT_OURS)
    expires_at, payload = msgspec.msgpack.decode(body, type=tuple[int, Any])
    if expires_at < clock.now_ms() // 1_000:
        problem = "it is older than four days; begin the export again"
        raise InvalidCursorError(problem)
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        problem = "it was made by another version of the server; begin the export again"
        raise InvalidCursorError(problem) from error


_NOT_OURS = "it is not one that this server gave to this account for this request"


def _padded(text: str) -> bytes:
    bare = unquote(text).strip().rstrip("=")
    return (bare + "=" * (-len(bare) % 4)).encode("ascii")


def _signature(key: bytes, environment: int, purpose: str, body: bytes) -> bytes:
    head = f"{purpose}\n{environment}\n".encode()
    return hmac.digest(key, head + body, hashlib.sha256)[:_SIGNATURE_BYTES]
