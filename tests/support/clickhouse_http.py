"""ClickHouse as a server of its own for tests: the engine in a process, its HTTP interface before it.

The engine is the real one (`chdb`, which has no server); what is ours here is how a request becomes
a call of it. So several processes can share one ClickHouse, over the client's real HTTP.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb
import httpx
import lz4.frame  # type: ignore[import-untyped]

from tests.support.servers import free_port

_OF_TRANSPORT = {
    "query", "database", "session_id", "query_id", "wait_end_of_query", "default_format", "compress",
    "client_protocol_version", "enable_http_compression", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "session_timeout", "session_check", "role",
}  # fmt: skip
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(rb"^(INSERT INTO .*?)\s+FORMAT (\w+) *\n", re.DOTALL)
_START_SECONDS = 60


@contextmanager
def running_clickhouse(folder: Path) -> Iterator[str]:
    """Run one in a process of its own, and give the address of a database of it."""
    port = free_port()
    with (folder / "clickhouse.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(port), str(folder / "clickhouse")],
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            assert process.poll() is None, (folder / "clickhouse.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"clickhouse://127.0.0.1:{port}/shared"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping").text == "Ok.\n"
    except httpx.TransportError:
        return False


class _Engine:
    def __init__(self, folder: str) -> None:
        self._connection = chdb.connect(folder)  # type: ignore[no-untyped-call]
        self._turn = threading.Lock()

    def run(self, sql: str, form: str, given: dict[str, str]) -> bytes:
        bound = {n.removeprefix("param_"): v for n, v in given.items() if n.startswith("param_")}
        settings = {
            name: value
            for name, value in given.items()
            if name not in _OF_TRANSPORT and not name.startswith("param_")
        }
        if settings and sql.lstrip().upper().startswith(("SELECT", "WITH")):
            sql += " SETTINGS " + ", ".join(
                f"{name} = '{value}'" for name, value in settings.items()
            )
        with self._turn:
            return bytes(self._connection.query(sql, form, params=bound).bytes())

    def insert(self, sql: str, form: str, rows: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file, self._turn:
            file.write(rows)
            file.flush()
            self._connection.query(f"{sql} FROM INFILE '{file.name}' FORMAT {form}", "TSV")


class _Handler(BaseHTTPRequestHandler):
    engine: _Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            whole = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
            for part in whole.walk():
                field = part.get_payload(decode=True)
                if isinstance(field, bytes):
                    name = part.get_param("name", header="content-disposition")
                    given[str(name)] = field.decode()
            body = b""
        try:
            self._answer(200, self._run(given, body))
        except RuntimeError as error:
            code = re.search(r"Code: (\d+)", str(error))
            self._answer(500, str(error).encode(), code[1] if code else "0")

    def _run(self, given: dict[str, str], body: bytes) -> bytes:
        whole = given.get("query", "").encode()
        whole = whole + b"\n" + body if whole else body
        if (insert := _INSERT.match(whole)) is not None:
            self.engine.insert(insert[1].decode(), insert[2].decode(), whole[insert.end() :])
            return b""
        sql = whole.decode().strip()
        found = _FORMAT.search(sql)
        form = found[1] if found else given.get("default_format", "TSV")
        return self.engine.run(_FORMAT.sub("", sql), form, given)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_compressed = self.headers.get("Content-Encoding") == "lz4"
        return bytes(lz4.frame.decompress(body)) if is_compressed else body

    def _answer(self, status: int, body: bytes, code: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    _Handler.engine = _Engine(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
