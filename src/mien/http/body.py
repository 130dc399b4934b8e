"""Reading request bodies: in time, within the size limit, decompressed, decoded."""

import asyncio
import json
import zlib
from collections import Counter
from typing import Any

import msgspec
from litestar import Request

from mien.config import Settings
from mien.domain.errors import InvalidInputError, LimitExceededError, MienError

_decode = msgspec.json.Decoder().decode

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_SHORT_BYTES = 64 * 1024
"""Bodies up to here decompress in well under a millisecond, on the event loop."""


class SlowBodyError(MienError):
    """The client did not send its body in time."""

    code = "body_timeout"
    mend = "Send again, over a faster connection or in smaller batches."


class ClientGoneError(MienError):
    """The client closed the connection before its body was whole; only the log shows this."""

    code = "client_gone"
    mend = "Send again."


class MalformedBodyError(InvalidInputError):
    """The body is not the JSON that was asked for."""

    code = "malformed_request"
    mend = "Send JSON in UTF-8, without comments, NaN or Infinity, in the documented shape."

    def __init__(self, problem: str = "Malformed request") -> None:
        super().__init__("", problem)


class UnknownEncodingError(InvalidInputError):
    """The body has a Content-Encoding that the server does not read."""

    code = "unknown_encoding"
    mend = "Compress once, with gzip or deflate, or not at all."

    def __init__(self, encoding: str) -> None:
        super().__init__("Content-Encoding", f"'{encoding}' is not gzip, deflate or identity")


class BodyTooLargeError(LimitExceededError):
    """The body is larger than the server takes, before or after decompression."""

    code = "body_too_large"
    mend = "Send fewer records in one request."


async def read_body(
    request: Request[Any, Any, Any], settings: Settings, *, limit: int | None = None
) -> bytes:
    """Give the body, decompressed.

    Raises `BodyTooLargeError` when it is larger than `settings.body_bytes`, or `limit` if
    that is less, before or after decompression, `SlowBodyError` when it takes too long,
    `ClientGoneError` when it ends too soon, `MalformedBodyError` when it cannot be decompressed.
    """
    limit = min(limit or settings.body_bytes, settings.body_bytes)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(int(declared), limit)
    try:
        async with asyncio.timeout(settings.body_seconds):
            raw = await _receive(request, limit)
    except TimeoutError as error:
        msg = f"The body did not arrive within {settings.body_seconds:g} seconds."
        raise SlowBodyError(msg) from error
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return raw
    if len(raw) <= _SHORT_BYTES:
        return _decompress(raw, encoding, limit)
    return await asyncio.to_thread(_decompress, raw, encoding, limit)


def decode_json(body: bytes) -> object:
    """Decode JSON, or raise `MalformedBodyError`. NaN and Infinity are not JSON."""
    try:
        decoded: object = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError from error
    check_depth(body, decoded)
    return decoded


def check_depth(body: bytes, decoded: object) -> None:
    """Raise `MalformedBodyError` for a body that nests deeper than can be written again.

    An answer that echoes a record nests deeper than the body, and so does what is kept of it.
    """
    if body.count(b"[") + body.count(b"{") > _SURELY_SHALLOW:
        try:
            msgspec.json.encode(_nested(decoded))
        except RecursionError as error:
            raise MalformedBodyError from error


async def _receive(request: Request[Any, Any, Any], limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            msg = "The connection was closed before the body was whole."
            raise ClientGoneError(msg)
        chunks.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise _too_large(size, limit)
        if not message["more_body"]:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _decompress(raw: bytes, encoding: str, limit: int) -> bytes:
    if (window := _WINDOWS.get(encoding)) is None:
        raise UnknownEncodingError(encoding)
    try:
        return _inflate(raw, window, limit)
    except zlib.error as error:
        # Some clients send bare deflate data without the zlib frame.
        if encoding != "deflate":
            raise MalformedBodyError from error
    try:
        return _inflate(raw, _RAW_DEFLATE, limit)
    except zlib.error as error:
        raise MalformedBodyError from error


def _inflate(raw: bytes, window: int, limit: int) -> bytes:
    inflater = zlib.decompressobj(window)
    body = inflater.decompress(raw, limit + 1)
    if len(body) > limit:
        raise _too_large(len(body), limit)
    if not inflater.eof or inflater.unused_data:
        raise MalformedBodyError
    return body


def _too_large(size: int, limit: int) -> BodyTooLargeError:
    return BodyTooLargeError("bytes of body", limit=limit, size=size)


_SPARE_LEVELS = 100
"""More than what an answer puts around a record, and a deeper stack takes, together."""

_SURELY_SHALLOW = 500
"""A body with fewer brackets than this nests far less than can be written."""


class LostKeys(msgspec.Struct, frozen=True):
    """Keys that stood twice in one object, so that only the last value counts.

    `of_records` is by the position of the record, from 1; `of_body` are those beside
    the records. Keys are written as paths: `properties.plan`, `Items[0].price`.
    """

    of_records: dict[int, tuple[str, ...]] = {}
    of_body: tuple[str, ...] = ()


def lost_keys(body: bytes, decoded: object, *, records: str) -> LostKeys:
    """Tell which keys of a body were lost when it was decoded to `decoded`.

    `records` is the key of the list of records (`d`, `records`). A body has as many
    texts as what it decodes to, unless keys were lost: so nearly always two counts
    tell that nothing was, and only else is the body read again, slowly.

    Raises `MalformedBodyError` for a body that nests nearly as deep as can be decoded:
    an answer that echoes it nests deeper still, and could not be written.
    """
    try:
        if _texts(body) == _texts(msgspec.json.encode(_nested(decoded))):
            return LostKeys()
        again = _decode_all(body)
    except RecursionError as error:
        problem = "The body nests too deeply"
        raise MalformedBodyError(problem) from error
    items = again.get(records)
    if not isinstance(items, list):
        return LostKeys(of_body=tuple(_lost(again)))
    found = {position: tuple(_lost(item)) for position, item in enumerate(items, 1)}
    of_records = {position: paths for position, paths in found.items() if paths}
    again[records] = None
    return LostKeys(of_records, tuple(_lost(again)))


def _nested(value: object) -> object:
    for _ in range(_SPARE_LEVELS):
        value = [value]
    return value


def _texts(body: bytes) -> int:
    """Count the quotes that begin or end a text of valid JSON."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return body.count(b'"')


class _Repeating(dict[str, Any]):
    """An object of which some keys stood twice."""

    __slots__ = ("twice",)
    twice: list[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    counts = Counter(key for key, _ in pairs)
    repeating = _Repeating(made)
    repeating.twice = [key for key, count in counts.items() if count > 1]
    return repeating


def _decode_all(body: bytes) -> dict[str, Any]:
    """Decode an object again, noting the keys that stood twice; numbers do not matter here."""
    decoded = json.loads(
        body.decode(),
        object_pairs_hook=_object,
        parse_int=lambda _: 0,
        parse_float=lambda _: 0,
    )
    return decoded if isinstance(decoded, dict) else {}


def _lost(value: object) -> list[str]:
    """Give the paths of all keys that stood twice; not recursive, since bodies may nest deeply."""
    paths: list[str] = []
    waiting: list[tuple[str, object]] = [("", value)] if _nests(value) else []
    while waiting:
        path, each = waiting.pop()
        dot = f"{path}." if path else ""
        if isinstance(each, _Repeating):
            paths += [f"{dot}{key}" for key in each.twice]
        if isinstance(each, dict):
            inside = [(f"{dot}{key}", inner) for key, inner in each.items() if _nests(inner)]
        else:
            assert isinstance(each, list)  # noqa: S101 - nothing else is waiting
            inside = [(f"{path}[{n}]", inner) for n, inner in enumerate(each) if _nests(inner)]
        waiting += inside
    return sorted(paths)


def _nests(value: object) -> bool:
    return isinstance(value, (dict, list))
