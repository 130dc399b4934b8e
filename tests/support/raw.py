"""HTTP by hand, for clients that behave as no library does."""

import http.client
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.support.servers import Key, Server

_SECONDS = 20.0


@dataclass(frozen=True)
class RawAnswer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Give the body decoded."""
        return json.loads(self.body)


class Wire:
    """One connection to a server."""

    def __init__(self, server: Server, *, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(_SECONDS)
        try:
            self.socket.connect(("127.0.0.1", server.port))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def head(self, line: str, key: Key | None = None, **headers: object) -> "Wire":
        """Send the head of a request; `content_length=3` becomes `content-length: 3`."""
        lines = [f"{line} HTTP/1.1", "host: test"]
        lines += [f"{name}: {value}" for name, value in (key.headers if key else {}).items()]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes) -> "Wire":
        """Send bytes as they are."""
        self.socket.sendall(data)
        return self

    def chunk(self, data: bytes) -> "Wire":
        """Send a piece of a body whose length was not said."""
        return self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self) -> RawAnswer:
        """Read one answer."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, headers, response.read())

    def is_closed(self) -> bool:
        """Wait until the server closes the connection without another word."""
        with suppress(ConnectionResetError):
            return self.socket.recv(1) == b""
        return True
