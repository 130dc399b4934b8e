"""Keep-alive connections in one thread, each with one request in flight.

One loop over non-blocking sockets costs the second core the least, so that the
load does not slow down what it measures.
"""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator

from bench.jobs import Target
from bench.wire import Request, check, take_answer

RECEIVE_BYTES = 1 << 18
POLL_SECONDS = 0.5


class ConnectionLostError(Exception):
    """The server closed a connection before it answered."""

    def __init__(self) -> None:
        super().__init__("the server closed the connection before it answered")


class Connection:
    """A socket, the request in flight on it, and what of the answer has arrived."""

    def __init__(self, target: Target) -> None:
        self.socket = socket.create_connection(("127.0.0.1", target.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)  # never waits
        self.call_seconds: list[float] = []
        self.records = 0
        self._request = Request(b"")
        self._unsent = memoryview(b"")
        self._arrived = bytearray()
        self._sent_at = 0.0

    def start(self, request: Request, due_at: float | None = None) -> None:
        """Begin to send a request; the connection must be idle.

        The call counts from `due_at`, of `time.perf_counter`; without it from now.
        """
        self._request, self._unsent = request, memoryview(request.raw)
        self._arrived = bytearray()
        self._sent_at = time.perf_counter() if due_at is None else due_at
        self.push()

    def push(self) -> None:
        """Send as much as the socket takes."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return

    def wants(self) -> int:
        """Tell what to wait for: room to send, or an answer to read."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    def pull(self) -> bytes | None:
        """Take what arrived; gives the body of a whole, right answer, otherwise None."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionLostError
        self._arrived += data
        answer = take_answer(self._arrived)
        if answer is None:
            return None
        self.call_seconds.append(time.perf_counter() - self._sent_at)
        check(self._request, answer)
        self.records += self._request.records
        return answer.body


def drive(
    connections: list[Connection],
    requests: Iterator[Request],
    *,
    seconds: float,
    stopped: threading.Event,
) -> None:
    """Send the requests over the connections, each as soon as one is idle.

    Ends when all are answered, `seconds` are over or the event is set; requests in
    flight are always waited for.
    """
    end = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        busy = sum(_next(selector, each, requests) for each in connections)
        while busy:
            for key, _ in selector.select(POLL_SECONDS):
                if not _step(selector, key):
                    continue
                over = stopped.is_set() or time.perf_counter() > end
                selector.unregister(key.fileobj)
                busy -= over or not _next(selector, key.data, requests)


def drive_at(
    rate: float,
    connections: list[Connection],
    requests: Iterator[Request],
    *,
    stopped: threading.Event,
) -> None:
    """Send so many requests a second, whether or not the ones before are answered.

    A request that finds every connection busy waits, and its call counts from when it was
    due: who is kept waiting does not ask less often in life either. Ends as `drive` does.
    """
    # In turns: a connection that waits too long for its next request is closed by the server.
    idle, started = deque(connections), time.perf_counter()
    place, request = 0, next(requests, None)
    with selectors.DefaultSelector() as selector:
        while request is not None or len(idle) < len(connections):
            due_at = started + place / rate
            if request is not None and idle and due_at <= time.perf_counter():
                _begin(selector, idle.popleft(), request, due_at)
                request = None if stopped.is_set() else next(requests, None)
                place += 1
                continue
            waits = request is not None and bool(idle)
            pause = max(0.0, due_at - time.perf_counter()) if waits else POLL_SECONDS
            for key, _ in selector.select(pause):
                if _step(selector, key):
                    selector.unregister(key.fileobj)
                    idle.append(key.data)


def ask(connection: Connection, request: Request) -> bytes:
    """Send one request on an idle connection and give the body of its answer."""
    body: bytes | None = None
    connection.start(request)
    with selectors.DefaultSelector() as selector:
        key = selector.register(connection.socket, connection.wants(), connection)
        while body is None:
            selector.select()
            body = _step(selector, key)
            key = selector.get_key(connection.socket)
    return body


def _next(
    selector: selectors.BaseSelector, connection: Connection, requests: Iterator[Request]
) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    _begin(selector, connection, request)
    return True


def _begin(
    selector: selectors.BaseSelector,
    connection: Connection,
    request: Request,
    due_at: float | None = None,
) -> None:
    connection.start(request, due_at)
    selector.register(connection.socket, connection.wants(), connection)


def _step(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> bytes | None:
    connection: Connection = key.data
    if key.events == selectors.EVENT_READ:
        return connection.pull()
    connection.push()
    if connection.wants() == selectors.EVENT_READ:
        selector.modify(connection.socket, selectors.EVENT_READ, connection)
    return None
