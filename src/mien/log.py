"""Logs: events with fields, one line each, never sentences with values in them.

Lines wait in memory for a few hundredths of a second and leave in one write, from
a thread of their own: a slow terminal or a full pipe never holds a request up. The
lines of requests, of which there are thousands a second, are written out there too,
without the steps that other events pass through.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO, TypeAlias

import msgspec
import structlog

ENVIRONMENT = "environment"
"""Where a request's state keeps the public id of its caller's environment, for the log."""

_SECRET_FIELDS = frozenset({"passcode", "authorization", "secret"})
_WAIT_SECONDS = 0.05
_LINES_WAITING = 100_000

_Event: TypeAlias = MutableMapping[str, Any]

_encode = msgspec.json.Encoder(enc_hook=repr).encode


class RequestLine(msgspec.Struct, gc=False):
    """A request that was answered, for the access log; the time is epoch milliseconds."""

    at_ms: int
    method: str
    path: str
    status: int
    seconds: float
    sent_bytes: int
    environment: str
    client: str

    def as_json(self) -> str:
        """Write it as `as_line_of_json` writes events."""
        line = {
            "timestamp": _moment(self.at_ms),
            "level": "info",
            "event": "request",
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "seconds": round(self.seconds, 6),
            "bytes": self.sent_bytes,
            "environment": self.environment,
            "client": self.client,
        }
        return f"{_encode(line).decode()}\n"

    def as_text(self) -> str:
        """Write it as `as_text` writes events."""
        return (
            f"{_moment(self.at_ms)} info    request method={_shown(self.method)} "
            f"path={_shown(self.path)} status={self.status} seconds={self.seconds:.6f} "
            f"bytes={self.sent_bytes} environment={self.environment} client={self.client}\n"
        )


class Outbox:
    """Lines on their way to a file; what finds no room is counted and dropped."""

    def __init__(self, file: TextIO, *, as_json: bool = False, room: int = _LINES_WAITING) -> None:
        self._file, self._room = file, room
        self._render = RequestLine.as_json if as_json else RequestLine.as_text
        self._lines: deque[str | RequestLine] = deque()
        self._has_lines = threading.Event()
        self._writing = threading.Lock()
        self._dropped = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, line: str | RequestLine) -> None:
        """Take a line; it is in the file after a moment, or the next `drain`."""
        if len(self._lines) >= self._room:
            self._dropped += 1
            return
        self._lines.append(line)
        if not self._has_lines.is_set():
            self._has_lines.set()

    def flush(self) -> None:
        """Do nothing: structlog calls this after each line."""

    def drain(self) -> None:
        """Write all that waits."""
        with self._writing:
            self._has_lines.clear()
            waiting = [self._lines.popleft() for _ in range(len(self._lines))]
            render = self._render
            lines = [each if isinstance(each, str) else render(each) for each in waiting]
            dropped, self._dropped = self._dropped, 0
            if lines:
                self._file.write("".join(lines))
                self._file.flush()
        if dropped:
            structlog.get_logger().warning("log.dropped", lines=dropped)

    def _run(self) -> None:
        while True:
            self._has_lines.wait()
            time.sleep(_WAIT_SECONDS)
            self.drain()


def set_up(*, as_json: bool) -> Outbox:
    """Write logs to standard error: as JSON for programs, as text for people.

    What libraries log through `logging` goes the same way. Call `drain` of what
    is returned before the process ends.
    """
    outbox = Outbox(sys.stderr, as_json=as_json)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.format_exc_info,
            as_line_of_json if as_json else as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(outbox),  # type: ignore[arg-type]  # writes only
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    return outbox


class _Forward(logging.Handler):
    """Hands over what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.name, message=record.getMessage(), exc_info=record.exc_info
        )


def mask(_logger: object, _method: str, event: _Event) -> _Event:
    """Hide what opens doors."""
    for name in _SECRET_FIELDS & event.keys():
        event[name] = "***"
    return event


def as_line_of_json(_logger: object, _method: str, event: _Event) -> str:
    """Write an event as JSON."""
    fields = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), **event}
    return _encode(fields).decode()


def as_text(_logger: object, _method: str, event: _Event) -> str:
    """Write an event for people; a trace follows on lines of its own."""
    timestamp, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    exception = event.pop("exception", None)
    fields = " ".join([f"{key}={_shown(value)}" for key, value in event.items()])
    line = f"{timestamp} {level:<7} {name} {fields}".rstrip()
    return f"{line}\n{exception}" if exception else line


def _shown(value: object) -> str:
    """Write a value so that it stays one word on one line."""
    text = f"{value:.6f}" if isinstance(value, float) else str(value)
    return text if text.isprintable() and text and " " not in text else repr(text)


def _moment(at_ms: int) -> str:
    return f"{_second(at_ms // 1_000)}.{at_ms % 1_000:03}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"
