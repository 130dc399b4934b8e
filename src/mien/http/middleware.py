"""What surrounds every request: a time limit, counting, the access log, a last answer.

Plain ASGI around the whole application, because it runs on each request: all of it
together costs some ten microseconds, a twentieth of a read.
"""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import Any, TypeAlias

import structlog
from litestar.types import ASGIApp, Message, Receive, Send

from mien.http.errors import Answer, OverTimeError, render_fault, render_known
from mien.http.metrics import UNKNOWN_ROUTE
from mien.http.state import ENVIRONMENT, Services

_Scope: TypeAlias = Any
"""What is known of a request; the framework's own type leaves out what the server adds."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH_CHARACTERS = 200
_LINGER_SECONDS = 10.0
_WATCH_SECONDS = 0.5

_log = structlog.get_logger()


class Exchange:
    """One request and what became of it; `status` is 0 until an answer begins."""

    __slots__ = ("_send", "is_cut", "sent_bytes", "started_at", "status", "task")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started_at = time.perf_counter()
        self.task = asyncio.current_task()
        self.status = self.sent_bytes = 0
        self.is_cut = False

    def send(self, message: Message) -> Any:
        """Pass a message of the answer on; not a coroutine of its own, to save its cost."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.sent_bytes += len(message["body"])
        return self._send(message)

    def cut(self) -> None:
        """End a request that takes too long."""
        if self.task is not None:
            self.is_cut = True
            self.task.cancel()


class Surroundings:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services
        self._in_flight: set[Exchange] = set()
        services.metrics.in_flight.set_function(self.count_in_flight)

    def count_in_flight(self) -> int:
        """Give how many requests are being served."""
        return len(self._in_flight)

    async def __call__(self, scope: _Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange, method = Exchange(send), scope["method"]
        if method == "HEAD":
            scope["method"] = "GET"  # the server leaves the body out
        self._in_flight.add(exchange)
        try:
            await self._serve(exchange, scope, receive)
        finally:
            self._in_flight.discard(exchange)
            self._note(exchange, scope, method)
        if exchange.status >= HTTPStatus.BAD_REQUEST and method not in _BODILESS:
            await self._linger(exchange, receive)

    async def watch(self) -> None:
        """Cut off requests that take too long to begin their answer; runs until cancelled."""
        limit = self._services.settings.request_seconds
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            latest_start = time.perf_counter() - limit
            late = [each for each in self._in_flight if each.started_at < latest_start]
            for exchange in late:
                if exchange.status == 0 and not exchange.is_cut:
                    exchange.cut()

    async def _serve(self, exchange: Exchange, scope: _Scope, receive: Receive) -> None:
        try:
            await self._app(scope, receive, exchange.send)
        except asyncio.CancelledError:
            if not exchange.is_cut or exchange.task is None:
                raise
            exchange.task.uncancel()
            error = OverTimeError(self._services.settings.request_seconds)
            await _answer(exchange, render_known(scope["path"], error))
        except Exception as error:  # noqa: BLE001 - the edge of the application
            await _answer(exchange, render_fault(scope["path"], error))

    def _note(self, exchange: Exchange, scope: _Scope, method: str) -> None:
        seconds = time.perf_counter() - exchange.started_at
        self._services.metrics.count_request(
            scope.get("path_template") or UNKNOWN_ROUTE,
            method if method in _METHODS else "other",
            exchange.status,
            seconds=seconds,
        )
        if self._services.settings.access_log:
            client = scope["client"]
            # The path alone: ids and cursors are in the query, which is nobody's business here.
            _log.info(
                "request",
                method=method,
                path=scope["path"][:_PATH_CHARACTERS],
                status=exchange.status,
                seconds=round(seconds, 6),
                bytes=exchange.sent_bytes,
                environment=scope["state"].get(ENVIRONMENT, "-"),
                client=client[0] if client else "-",
            )

    async def _linger(self, exchange: Exchange, receive: Receive) -> None:
        """Read the rest of a body whose request was refused early.

        A connection that is closed with unread data is reset, and the client that
        is still sending would never see the answer.
        """
        if exchange.status == HTTPStatus.REQUEST_TIMEOUT:
            return
        size, limit = 0, 4 * self._services.settings.body_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while size < limit:
                    message = await receive()
                    if message["type"] != "http.request" or not message["more_body"]:
                        return
                    size += len(message["body"])


async def _answer(exchange: Exchange, answer: Answer) -> None:
    """Send an answer, unless another has begun."""
    if exchange.status:
        return
    headers = {
        "content-type": answer.media_type,
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await exchange.send(
        {"type": "http.response.start", "status": int(answer.status), "headers": raw}
    )
    await exchange.send({"type": "http.response.body", "body": answer.body, "more_body": False})
