"""The payload of a request of the web SDK: JSON, compressed into one parameter of the URL."""

from collections.abc import Mapping
from typing import Any

from litestar import Request

from mien.http.body import MalformedBodyError, decode_json
from mien.http.sdk.lz import decompress
from mien.http.sdk.refusals import EncryptedPayloadError, MalformedPayloadError

PAYLOAD_CHARACTERS = 256 * 1024
"""What a payload holds at most: an event, which may be 128 KiB, and what the SDK adds to it."""


def read_payload(request: Request[Any, Any, Any]) -> Mapping[str, object]:
    """Give the payload of a request, or raise `MalformedPayloadError`, `EncryptedPayloadError`."""
    packed = request.query_params.get("d")
    if packed is None:
        problem = "d: is missing"
        raise MalformedPayloadError(problem)
    # A `+` that was not encoded arrives as a space.
    text = decompress(packed.replace(" ", "+"), limit=PAYLOAD_CHARACTERS)
    try:
        payload = decode_json(text.encode())
    except MalformedBodyError as error:
        problem = "d: does not hold JSON"
        raise MalformedPayloadError(problem) from error
    if not isinstance(payload, dict):
        problem = "d: needs to hold an object"
        raise MalformedPayloadError(problem)
    if payload.get("encrypted") is True:
        raise EncryptedPayloadError
    return payload


def account_of(payload: Mapping[str, object]) -> str:
    """Give the account id of a payload; empty, which no account has, if there is none."""
    account = payload.get("id")
    return account if isinstance(account, str) else ""
