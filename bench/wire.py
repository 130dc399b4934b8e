"""As much HTTP/1.1 as a light load generator needs: requests as bytes, answers checked."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from msgspec import Struct

from bench.jobs import Target

OK = 200

_HEAD_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
SUCCESS = re.compile(rb'"status"\s*:\s*"success"')
_PROCESSED = re.compile(rb'"processed"\s*:\s*(\d+)')
_SHOWN_BYTES = 500


class Request(Struct, frozen=True):
    """A request ready to send, and what its answer must hold.

    `processed` is what an upload's answer must say.
    """

    raw: bytes
    processed: int | None = None
    sign: re.Pattern[bytes] = SUCCESS

    @property
    def records(self) -> int:
        """How many records an answer stands for; one where they are not counted."""
        return 1 if self.processed is None else self.processed


class Answer(Struct, frozen=True):
    """A whole answer."""

    status: int
    body: bytes


class WrongAnswerError(Exception):
    """The server answered something else than success."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"HTTP {answer.status}: {answer.body[:_SHOWN_BYTES]!r}")


def get(target: Target, path: str) -> Request:
    """Give a GET request."""
    return Request(_head("GET", target, path) + _LINE_END)


def get_as_page(
    target: Target, path: str, headers: Mapping[str, str], sign: re.Pattern[bytes]
) -> Request:
    """Give a GET request of a page, which has no passcode."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    host = f"127.0.0.1:{target.port}"
    return Request(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode(), sign=sign)


def post(
    target: Target,
    path: str,
    body: bytes,
    *,
    query: Mapping[str, object] | None = None,
    processed: int | None = None,
    sign: re.Pattern[bytes] = SUCCESS,
) -> Request:
    """Give a POST request with a JSON body."""
    head = _head("POST", target, f"{path}?{urlencode(query)}" if query else path)
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return Request(head + fields.encode() + body, processed, sign)


def take_answer(buffer: bytes | bytearray) -> Answer | None:
    """Read an answer from what arrived so far; None while it is not whole.

    One request is in flight on a connection, so nothing follows the answer.
    """
    head_end = buffer.find(_HEAD_END)
    if head_end < 0:
        return None
    status, start = int(buffer[9:12]), head_end + len(_HEAD_END)
    length = _LENGTH.search(buffer, 0, head_end)
    if length is not None:
        end = start + int(length[1])
        return Answer(status, bytes(buffer[start:end])) if len(buffer) >= end else None
    if _CHUNKED.search(buffer, 0, head_end) is None:
        return Answer(status, b"")
    body = _unchunk(buffer, start)
    return None if body is None else Answer(status, body)


def check(request: Request, answer: Answer) -> None:
    """Raise WrongAnswerError unless the answer has its sign and counts every record."""
    if answer.status != OK or request.sign.search(answer.body) is None:
        raise WrongAnswerError(answer)
    if request.processed is None:
        return
    count = _PROCESSED.search(answer.body)
    if count is None or int(count[1]) != request.processed:
        raise WrongAnswerError(answer)


def _head(method: str, target: Target, path: str) -> bytes:
    keys = (
        f"X-CleverTap-Account-Id: {target.account_id}\r\n"
        f"X-CleverTap-Passcode: {target.passcode}\r\n"
        if target.account_id
        else ""
    )
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n{keys}".encode()


def _unchunk(buffer: bytes | bytearray, start: int) -> bytes | None:
    parts: list[bytes] = []
    while (line_end := buffer.find(_LINE_END, start)) >= 0:
        size = int(buffer[start:line_end].split(b";")[0], 16)
        start = line_end + len(_LINE_END)
        if size == 0:
            return b"".join(parts) if buffer.endswith(_HEAD_END) else None
        if len(buffer) < start + size:
            return None
        parts.append(bytes(buffer[start : start + size]))
        start += size + len(_LINE_END)
    return None
