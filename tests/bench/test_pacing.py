"""Calls of a load that are paced come when they are due."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.connections import Connection, drive_at
from bench.jobs import Target
from bench.wire import get

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"success"}'


@contextmanager
def slow_server(seconds: float) -> Iterator[Target]:
    """Answer one connection, each request after so many seconds."""

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            while connection.recv(4_096):
                time.sleep(seconds)
                connection.sendall(ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,), daemon=True)
        thread.start()
        yield Target(listening.getsockname()[1])
        thread.join(timeout=10)


def test_who_waits_for_a_slow_server_is_counted_as_waiting() -> None:
    """Five calls are due at once and answered one by one: the last waited for all of them."""
    with slow_server(0.05) as target:
        connection = Connection(target)
        calls = (get(target, "/healthz") for _ in range(5))
        drive_at(1_000_000.0, [connection], calls, stopped=threading.Event())
        connection.socket.close()

    assert connection.records == 5
    assert connection.call_seconds == sorted(connection.call_seconds)
    assert connection.call_seconds[-1] >= 0.25


def test_a_stopped_load_ends_with_the_call_that_it_has_begun() -> None:
    """Once the parent says stop, what is next is the last."""
    stopped = threading.Event()
    stopped.set()
    with slow_server(0.0) as target:
        connection = Connection(target)
        calls = iter([get(target, "/healthz")] * 5)
        drive_at(1_000.0, [connection], calls, stopped=stopped)
        connection.socket.close()

    assert connection.records == 1
