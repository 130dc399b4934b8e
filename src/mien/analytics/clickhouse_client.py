"""The connection to ClickHouse: over HTTP, or in the process where `chdb` is installed."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from mien.analytics.clickhouse_rows import Rows
from mien.analytics.engine import Row
from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError

DEFAULT_DATABASE = "mien"

_SECURE, _PLAIN, _IN_PROCESS = "clickhouses", "clickhouse", "chdb"
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CONNECT_SECONDS, _WRITE_SECONDS = 5, 300

_SETTINGS: Mapping[str, Any] = {
    # Of rows with one key only the latest is seen, and what stands beside nothing is NULL.
    "final": 1,
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "transform_null_in": 0,
    # Of a cluster: ask all shards, and put an inner question to each of them.
    "distributed_product_mode": "global",
    "insert_distributed_sync": 1,
    # Large segments make long questions.
    "max_query_size": 64 * 1024 * 1024,
    "max_ast_elements": 10_000_000,
    "max_expanded_ast_elements": 10_000_000,
    "max_ast_depth": 10_000,
    "max_parser_depth": 10_000,
    "max_subquery_depth": 1_000,
}
_TIMED_OUT = (159, 160)
_NOT_THERE = (60, 81)
"""Codes of errors: it took too long; there is no such table, or database."""


class Address:
    """Where ClickHouse is: `clickhouse://user:password@host:8123/database`, `clickhouses://` with TLS.

    `chdb:///folder?database=name` is ClickHouse in this process. Raises `ValueError` for others.
    """

    def __init__(self, url: str) -> None:
        """Read an address."""
        self.parts: SplitResult = urlsplit(url)
        if self.parts.scheme == _IN_PROCESS:
            name = self.parts.query.removeprefix("database=")
        elif self.parts.scheme in (_PLAIN, _SECURE) and self.parts.hostname:
            name = self.parts.path.removeprefix("/")
        else:
            msg = "needs the form clickhouse://user:password@host:8123/database"
            raise ValueError(msg)
        self.database = name or DEFAULT_DATABASE
        if not _DATABASE.fullmatch(self.database):
            msg = f"names the database {self.database!r}: take letters, digits and _, at most 64"
            raise ValueError(msg)
        _ = self.parts.port

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it too."""
        return self.parts.scheme != _IN_PROCESS

    def connect(self) -> Client:
        """Connect."""
        if self.parts.scheme == _IN_PROCESS:
            return clickhouse_connect.get_client(interface="chdb", path=self.parts.path)
        is_secure = self.parts.scheme == _SECURE
        return clickhouse_connect.get_client(
            host=self.parts.hostname,
            port=self.parts.port or (8443 if is_secure else 8123),
            username=unquote(self.parts.username or "default"),
            password=unquote(self.parts.password or ""),
            interface="https" if is_secure else "http",
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=_WRITE_SECONDS,
            # One client serves many threads, and a session takes one question at a time.
            autogenerate_session_id=False,
        )


class Connection:
    """Asks and writes; connects when it is first needed, and again after a failure."""

    def __init__(self, address: Address) -> None:
        """Remember where; nothing is connected yet."""
        self._address = address
        self._turn = threading.Lock()
        self._client: Client | None = None

    def query(
        self, sql: str, values: Mapping[str, object] | None = None, *, seconds: float | None = None
    ) -> list[Row]:
        """Give the rows of an answer; `QueryTimeoutError` when it takes longer than so many seconds."""
        with _told(seconds):
            client, settings = self._connected(), _settings(seconds)
            found = client.query(sql, parameters=dict(values or {}), settings=settings)
            return list(map(tuple, found.result_rows))

    @contextmanager
    def lines(
        self, sql: str, values: Mapping[str, object], *, seconds: float
    ) -> Iterator[Iterator[bytes]]:
        """Give the one column of an answer, which has integers, a line each."""
        with _told(seconds):
            client, settings = self._connected(), _settings(seconds)
            found = client.query_column_block_stream(
                sql, parameters=dict(values), settings=settings
            )
            with found as blocks:
                yield (b"%d\n" % each for (column,) in blocks for each in column)

    def find(self, sql: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """Give the rows of an answer, none if there is no such table."""
        try:
            return self.query(sql, values)
        except AnalyticsUnavailableError as error:
            if getattr(error.__cause__, "code", None) in _NOT_THERE:
                return []
            raise

    def command(self, *statements: str) -> None:
        """Execute statements that answer nothing."""
        try:
            client = self._connected()
            for each in statements:
                client.command(each, settings={"mutations_sync": 2, "lightweight_deletes_sync": 2})
        except ClickHouseError as error:
            raise _unavailable(error) from error

    def insert(self, database: str, table: str, rows: Rows) -> None:
        """Write rows into a table."""
        if not rows.count:
            return
        names, types, cells = zip(*rows.columns(), strict=True)
        try:
            self._connected().insert(
                table,
                cells,
                database=database,
                column_names=names,
                column_type_names=types,
                column_oriented=True,
                settings={"insert_distributed_sync": 1},
            )
        except ClickHouseError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Let go of the connection; the next question makes another."""
        with self._turn:
            client, self._client = self._client, None
        if client is not None:
            with suppress(ClickHouseError):
                client.close()

    def _connected(self) -> Client:
        with self._turn:
            if self._client is None:
                self._client = self._address.connect()
            return self._client


def _settings(seconds: float | None) -> dict[str, Any]:
    if seconds is None:
        return dict(_SETTINGS)
    return {**_SETTINGS, "max_execution_time": seconds, "timeout_overflow_mode": "throw"}


@contextmanager
def _told(seconds: float | None) -> Iterator[None]:
    """Tell in our words why a question was not answered."""
    try:
        yield
    except ClickHouseError as error:
        if seconds is not None and getattr(error, "code", None) in _TIMED_OUT:
            raise QueryTimeoutError(seconds) from error
        raise _unavailable(error) from error


def _unavailable(error: ClickHouseError) -> AnalyticsUnavailableError:
    text = str(error).strip().partition("\n")[0]
    code = f"code {error.code}, " if isinstance(error, Error) and error.code is not None else ""
    return AnalyticsUnavailableError(f"ClickHouse cannot answer now ({code}{text}).")
