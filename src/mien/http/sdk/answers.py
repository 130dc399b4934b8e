"""What the web SDK is answered: a script for its script tags, JSON for its fetch mode.

Both say the same: `tr` with what the browser is to keep, and who the visitor is. What a
client sent comes back only as JSON text, a checked guid or a number, so that nothing of it
can become script.
"""

import base64
from collections.abc import Iterable
from itertools import cycle
from typing import Any

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse

from mien.http.answers import JSON
from mien.http.sdk.gate import PAGE_HEADERS

SCRIPT = "text/javascript"

_MASK = b"WZRK2014WZRK"
_LINE_ENDS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
"""Characters that JSON lets stand in a text, and older scripts do not."""

_encode = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """An answer to the SDK: `keep` is for the browser's store, the rest says who it is.

    `takes_over` tells the SDK to change its guid for this one. `is_opted_out` is None where
    nothing is to be said of it. `rejects` are the codes of records that were not taken.
    """

    guid: str
    session: int
    number: int
    takes_over: bool = False
    is_opted_out: bool | None = None
    keep: dict[str, object] = {}
    rejects: tuple[int, ...] = ()
    web_push_key: str = ""


def answer_script(answer: Answer) -> ASGIResponse:
    """Answer a script tag."""
    parts: list[bytes] = []
    if answer.web_push_key:
        # Before the rest: what is kept makes the SDK subscribe, if its page asked for it.
        parts.append(b"$WZRK_WR.enableWebPush(true,%b);" % _literal(answer.web_push_key))
    if answer.keep:
        parts.append(b"$WZRK_WR.tr(%b);" % _literal(answer.keep))
    said: list[object] = [answer.guid, answer.session, answer.takes_over, answer.number]
    if answer.is_opted_out is not None:
        said.append(answer.is_opted_out)
    parts.append(b"$WZRK_WR.s(%b);" % b",".join(map(_encode, said)))
    if answer.rejects:
        # For whoever looks at the network of a page; the SDK has no ear for it.
        parts.append(b"/* rejected: %b */" % _encode(answer.rejects))
    return script(b"".join(parts))


def answer_json(answer: Answer) -> ASGIResponse:
    """Answer fetch."""
    meta: dict[str, object] = {
        "g": answer.guid,
        "sid": answer.session,
        "rf": answer.takes_over,
        "rn": answer.number,
    }
    if answer.is_opted_out is not None:
        meta["optOut"] = answer.is_opted_out
    body: dict[str, object] = {"tr": answer.keep, "meta": meta}
    if answer.web_push_key:
        body["wpe"] = {"enabled": True, "key": answer.web_push_key}
    if answer.rejects:
        body["rejected"] = answer.rejects
    return ASGIResponse(body=_encode(body), media_type=JSON, headers=PAGE_HEADERS)


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the SDK is in its fetch mode: a script tag takes anything."""
    return "application/json" in request.headers.get("accept", "")


def script(body: bytes) -> ASGIResponse:
    """Answer with a script."""
    return ASGIResponse(body=body, media_type=SCRIPT, headers=PAGE_HEADERS)


def call(function: str, *given: object) -> bytes:
    """Write the call of a function that a page may have; what is given stands there as literals."""
    return b"typeof %b==='function'&&%b(%b);" % (
        function.encode(),
        function.encode(),
        b",".join(map(_literal, given)),
    )


def masked(names: Iterable[str]) -> list[str]:
    """Write names of events as the SDK keeps those that it need not send."""
    return [
        base64.b64encode(
            bytes(one ^ other for one, other in zip(name.encode(), cycle(_MASK), strict=False))
        ).decode()
        for name in names
    ]


def _literal(value: object) -> bytes:
    text = _encode(value)
    for found, escaped in _LINE_ENDS:
        text = text.replace(found, escaped)
    return text
