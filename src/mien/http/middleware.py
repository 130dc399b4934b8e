"""What surrounds every request: a time limit, counting, the access log, a last answer.

Plain ASGI around the whole application, because it runs on each request: all of it
together costs a few microseconds.
"""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import Any, TypeAlias

from litestar.types import ASGIApp, Message, Receive, Send

from mien import clock
from mien.http.errors import Answer, OverTimeError, render_fault, render_known
from mien.http.metrics import UNKNOWN_ROUTE
from mien.http.state import Services
from mien.log import ENVIRONMENT, Outbox, RequestLine

_Scope: TypeAlias = Any
"""What is known of a request; the framework's own type leaves out what the server adds."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH_CHARACTERS = 200
_REFUSED = HTTPStatus.BAD_REQUEST.value
_LINGER_SECONDS = 10.0
_WATCH_SECONDS = 0.5


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
    """An ASGI application around another; `lines` take the access log, if it is wanted."""

    def __init__(self, app: ASGIApp, services: Services, lines: Outbox | None = None) -> None:
        self._app, self._services, self._lines = app, services, lines
        self._in_flight: set[Exchange] = set()
        self._count_request = services.metrics.count_request
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
            await self._app(scope, receive, exchange.send)
        except asyncio.CancelledError:
            if not exchange.is_cut:
                raise
            await self._refuse_late(exchange, scope)
        except Exception as error:  # noqa: BLE001 - the edge of the application
            await _answer(exchange, render_fault(scope["path"], error))
        finally:
            self._in_flight.discard(exchange)
            self._note(exchange, scope, method)
        if exchange.status >= _REFUSED and method not in _BODILESS:
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

    async def _refuse_late(self, exchange: Exchange, scope: _Scope) -> None:
        if exchange.task is not None:
            exchange.task.uncancel()
        error = OverTimeError(self._services.settings.request_seconds)
        await _answer(exchange, render_known(scope["path"], error))

    def _note(self, exchange: Exchange, scope: _Scope, method: str) -> None:
        seconds = time.perf_counter() - exchange.started_at
        self._count_request(
            scope.get("path_template") or UNKNOWN_ROUTE,
            method if method in _METHODS else "other",
            exchange.status,
            seconds,
        )
        if self._lines is not None:
            client = scope["client"]
            # The path alone: ids and cursors are in the query, which is nobody's business here.
            self._lines.write(
                RequestLine(
                    clock.now_ms(),
                    method,
                    scope["path"][:_PATH_CHARACTERS],
                    exchange.status,
                    seconds,
                    exchange.sent_bytes,
                    scope["state"].get(ENVIRONMENT, "-"),
                    client[0] if client else "-",
                )
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
