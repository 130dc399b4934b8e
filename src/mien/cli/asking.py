"""Asking analytics from a command: the server that has the data folder, or without one oneself."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TypeVar
from urllib.parse import urlsplit

import click
import msgspec

from mien.cli.options import open_existing
from mien.cli.printing import progress_bar
from mien.config import Settings
from mien.domain.ids import EnvironmentId
from mien.services import local
from mien.services.copies import open_projection
from mien.services.local import SCHEME, LocalServer
from mien.services.projection import Projection
from mien.store.engine import Store

T = TypeVar("T")

_MORE_SECONDS = 10.0
"""How much longer than the server's own bound an answer is waited for."""


class ServerRefusedError(click.ClickException):
    """The server did not do what it was asked; the sentence is its own, as is the status, if any."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _Problem(msgspec.Struct):
    detail: str


class Remote:
    """The running server, asked over its `/v1`."""

    def __init__(self, server: LocalServer, settings: Settings) -> None:
        parts = urlsplit(server.url)
        self._secret, self._url = server.secret, server.url
        self._host, self._port = parts.hostname or "", parts.port
        self._seconds = settings.request_seconds + _MORE_SECONDS

    def ask(
        self, account_id: str, method: str, path: str, shape: type[T], body: object = None
    ) -> T:
        """Call as an environment, and give the answer in a shape that has a part of it."""
        with self.open(account_id, method, path, body) as answer:
            return msgspec.json.decode(answer.read(), type=shape)

    @contextmanager
    def open(
        self,
        account_id: str,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] = {},
    ) -> Iterator[HTTPResponse]:
        """Call as an environment; raises `ServerRefusedError` with the sentence of a refusal."""
        sent = None if body is None else msgspec.json.encode(body)
        all_headers = {**self._headers(account_id), **headers}
        with self._request(method, f"/v1/{path}", sent, all_headers) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise ServerRefusedError(_sentence(answer.status, answer.read()), answer.status)
            yield answer

    def check(self) -> None:
        """Raise `ServerRefusedError` if the server is gone."""
        with self._request("GET", "/healthz", None, {}):
            pass

    @contextmanager
    def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[HTTPResponse]:
        with closing(HTTPConnection(self._host, self._port, timeout=self._seconds)) as connection:
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
            except (OSError, HTTPException) as error:
                msg = f"The server at {self._url} does not answer ({str(error) or type(error).__name__})."
                raise ServerRefusedError(msg) from error
            yield answer

    def _headers(self, account_id: str) -> Mapping[str, str]:
        proof = base64.b64encode(f"{account_id}:{self._secret}".encode()).decode()
        return {"Authorization": f"{SCHEME} {proof}", "Content-Type": "application/json"}


class Alone:
    """The process of the command itself, which has the data folder alone."""

    def __init__(self, store: Store, projection: Projection) -> None:
        self.store, self.projection = store, projection

    def catch_up(self, environment: EnvironmentId) -> None:
        """Copy what the analytics copy of an environment lacks, and show how far that is."""
        with progress_bar() as progress:
            self.projection.advance(environment)
            first = self.projection.state(environment)
            while self.projection.advance(environment):
                behind = self.projection.state(environment).behind
                progress("Copying for analytics", first.behind - behind, first.behind)


@contextmanager
def asking(settings: Settings) -> Iterator[Remote | Alone]:
    """Give whom to ask about the data folder: its server, or this process alone.

    Raises `StoreRefusedError` if there is no store, `NoServerToAskError` if another command has
    the folder.
    """
    folder = local.folder_of(settings.data, settings.store)
    with closing(open_existing(settings)) as store, local.reach(folder) as server:
        if server is not None:
            yield Remote(server, settings)
            return
        projection = open_projection(store, settings)
        with closing(projection.analytics):
            yield Alone(store, projection)


def _sentence(status: int, body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Problem).detail
    except msgspec.DecodeError:
        return f"The server refused, with status {status}."
