"""TLS on loopback: a relay before a server, and a site with pages, as a browser needs them."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import trustme

_CHUNK = 64 * 1024
_ENDS = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
"""How a connection may end while a request is waited for."""

Connect = Callable[[asyncio.StreamReader, asyncio.StreamWriter], "asyncio.Future[None]"]


class Doors:
    """A thread with an event loop that serves TLS on ports of loopback until it is closed."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost", "shop.example").configure_cert(self._context)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []

    def relay_to(self, port: int) -> int:
        """Open a port before that of a server which speaks no TLS; gives the new port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                there = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

        return self._open(serve)

    def site(self, files: Mapping[str, tuple[str, bytes]]) -> int:
        """Open a port that gives files by path, each with its media type; others are a 404."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(*_ENDS):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                    path = head.split(" ", 2)[1].partition("?")[0]
                    kind, body = files.get(path, ("text/plain", b""))
                    status = "200 OK" if path in files else "404 Not Found"
                    writer.write(
                        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode()
                        + body
                    )
                    await writer.drain()

        return self._open(serve)

    def close(self) -> None:
        """Close all ports and end the thread."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            # Browsers connect ahead of need: of a connection without a handshake no task knows.
            for transport in list(getattr(self._loop, "_transports", {}).values()):
                transport.abort()
            await asyncio.sleep(0.01)  # the sockets are closed in the next turns of the loop

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _open(self, serve: Callable[..., object]) -> int:
        async def start() -> asyncio.Server:
            return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self._context)  # type: ignore[arg-type]

        server = asyncio.run_coroutine_threadsafe(start(), self._loop).result(10)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@contextmanager
def open_doors() -> Iterator[Doors]:
    """Open TLS on loopback for the time of a `with`."""
    doors = Doors()
    try:
        yield doors
    finally:
        doors.close()
