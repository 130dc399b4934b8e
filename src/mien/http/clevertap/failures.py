"""What the original refuses with a 200: its clients read `status` in the body (G-06, G-12)."""

import msgspec

from mien.http.errors import Failure

_encode = msgspec.json.Encoder().encode


def failed(error: str) -> bytes:
    """Write a refusal."""
    return _encode(Failure("fail", error, 400))


def invalid_event(name: str) -> bytes:
    """Write that nobody ever heard of an event: the sentence is a JSON list inside the text."""
    return failed(_encode([f"Invalid event : {name}"]).decode())
